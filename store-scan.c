/*
 * Copyright (c) 2026 The flowd authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

#include <string.h>

#include "crc32.h"
#include "cursor.h"
#include "store-scan.h"

#define CRC_LEN		4

/*
 * Weights.  The checksum outweighs all other records that a plan can hold,
 * which are of 8 bytes or more.
 */
#define DANGLING	1U	/* credible only right behind another record */
#define PLAIN		2U	/* no checksum; followed as it should be */
#define PLAIN_SAME	3U	/* the same, and by one with the same fields */
#define CHECKED		(1U << 16)

_Static_assert((SCAN_WINDOW + SCAN_MARGIN) / STORE_HEADER_LEN * PLAIN_SAME <
    CHECKED, "records without checksum may outweigh one with it");
_Static_assert((SCAN_WINDOW + SCAN_MARGIN) / (STORE_HEADER_LEN + CRC_LEN) <
    UINT32_MAX / CHECKED - 1, "weights may overflow");

static inline uint32_t
version_bit(const uint8_t *record)
{
	return (1U << (record[0] & 0x1f));
}

void
scan_init(struct scan *s)
{
	s->versions = 1U << STORE_VER_MINOR;
	memset(s->last, 0, sizeof(s->last));
	s->at = s->end = s->nspots = 0;
	s->in_step = false;
}

void
scan_take(struct scan *s, const uint8_t *record)
{
	s->versions |= version_bit(record);
	memcpy(s->last, record, sizeof(s->last));
}

/*
 * Of a record without checksum only what follows can be judged.  A minor
 * version that the log is not known to have has to be confirmed there as well:
 * with it nearly any length would do.
 */
static uint32_t
weigh_plain(const struct scan *s, const uint8_t *data, size_t size, size_t len)
{
	const uint8_t *next = data + len;
	const bool known = (s->versions & version_bit(data)) != 0;
	size_t next_len;

	if (size == len)
		return (known ? PLAIN : 0);
	if (store_check_header(next, size - len, &next_len) != 0)
		return (known ? DANGLING : 0);
	if (memcmp(data, next, STORE_HEADER_LEN) == 0)
		return (PLAIN_SAME);
	return (known || data[0] == next[0] ? PLAIN : 0);
}

static uint32_t
weigh(const struct scan *s, const uint8_t *data, size_t size, uint32_t *lenp)
{
	size_t len;

	*lenp = 0;
	if (store_check_header(data, size, &len) != 0 || len > size)
		return (0);
	*lenp = (uint32_t)len;
	if ((be32(data + 4) & STORE_FIELD_CRC32) == 0)
		return (weigh_plain(s, data, size, len));
	return (flowd_crc32(0, data, len - CRC_LEN) ==
	    be32(data + len - CRC_LEN) ? CHECKED : 0);
}

bool
scan_undoubted(const struct scan *s, const uint8_t *data, size_t size,
    size_t len)
{
	switch (weigh_plain(s, data, size, len)) {
	case PLAIN_SAME:
		return (true);
	case PLAIN:
		return (memcmp(data, s->last, STORE_HEADER_LEN) == 0);
	default:
		return (false);
	}
}

/* The weight of the best choice from i, where no record is known to end. */
static uint32_t
best_from(const struct scan *s, size_t i)
{
	return (i < s->nspots ? s->spots[i].best : 0);
}

/* Whether to take a dangling record at i, where a record ends. */
static bool
take_dangling(const struct scan *s, size_t i)
{
	return (i < s->nspots && s->spots[i].weight == DANGLING &&
	    DANGLING + best_from(s, i + s->spots[i].len) >= s->spots[i].best);
}

/* The weight of the best choice that takes the record at i. */
static uint32_t
best_taking(const struct scan *s, size_t i)
{
	const size_t next = i + s->spots[i].len;

	return (s->spots[i].weight + (take_dangling(s, next) ?
	    DANGLING + best_from(s, next + s->spots[next].len) :
	    best_from(s, next)));
}

bool
scan_window(struct scan *s, const uint8_t *data, size_t size, bool in_step)
{
	struct scan_spot *spot;
	size_t i;

	s->at = 0;
	s->in_step = in_step;
	s->nspots = size;
	if (s->nspots > SCAN_WINDOW + SCAN_MARGIN)
		s->nspots = SCAN_WINDOW + SCAN_MARGIN;
	s->end = size == s->nspots ? size : SCAN_WINDOW;
	for (i = s->nspots; i-- > 0;) {
		spot = &s->spots[i];
		spot->weight = weigh(s, data + i, size - i, &spot->len);
		spot->best = best_from(s, i + 1);
		if (spot->weight > DANGLING &&
		    best_taking(s, i) > spot->best)
			spot->best = best_taking(s, i);
	}
	return (best_from(s, 0) > 0 || (in_step && take_dangling(s, 0)));
}

static bool
is_chosen(const struct scan *s, size_t i)
{
	if (s->in_step && take_dangling(s, i))
		return (true);
	return (s->spots[i].weight > DANGLING &&
	    best_taking(s, i) == s->spots[i].best);
}

bool
scan_next(struct scan *s, size_t *skip, size_t *len)
{
	const size_t from = s->at;

	for (; s->at < s->end; s->at++, s->in_step = false) {
		if (!is_chosen(s, s->at))
			continue;
		*skip = s->at - from;
		*len = s->spots[s->at].len;
		s->at += *len;
		s->in_step = true;
		return (true);
	}
	*skip = s->at - from;
	*len = 0;
	return (false);
}
