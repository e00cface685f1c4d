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
 * Weights.  For records without checksum they are sums of what speaks for one;
 * the checksum outweighs all of them that a plan can hold, which are of 8
 * bytes or more.
 */
#define DANGLING	1U	/* nothing, but a record ends where it begins */
#define FOLLOWED	2U	/* by a record, or the end of the log */
#define SAME		1U	/* by a record with the same header */
#define KNOWN		2U	/* the log has had this header before */
#define CHECKED		(1U << 16)

_Static_assert((SCAN_WINDOW + SCAN_MARGIN) / STORE_HEADER_LEN *
    (FOLLOWED + SAME + KNOWN) < CHECKED,
    "records without checksum may outweigh one with it");
_Static_assert((SCAN_WINDOW + SCAN_MARGIN) / (STORE_HEADER_LEN + CRC_LEN) <
    UINT32_MAX / CHECKED - 1, "weights may overflow");

static inline uint32_t
version_bit(const uint8_t *record)
{
	return (1U << (record[0] & 0x1f));
}

static inline uint32_t
fields_of(const uint8_t *record)
{
	return (be32(record + 4));
}

void
scan_init(struct scan *s)
{
	s->versions = 1U << STORE_VER_MINOR;
	memset(s->known, 0, sizeof(s->known));
	s->next_known = 0;
	s->at = s->end = s->nspots = 0;
	s->in_step = false;
}

static bool
is_known(const struct scan *s, const uint8_t *record)
{
	size_t i;

	for (i = 0; i < SCAN_KNOWN; i++) {
		if (s->known[i] == be64(record))
			return (true);
	}
	return (false);
}

bool
scan_learn(struct scan *s, const uint8_t *record)
{
	const uint32_t versions = s->versions;

	s->versions |= version_bit(record);
	if ((fields_of(record) & STORE_FIELD_CRC32) != 0 ||
	    is_known(s, record))
		return (s->versions != versions);
	s->known[s->next_known] = be64(record);
	s->next_known = (s->next_known + 1) % SCAN_KNOWN;
	return (true);
}

/*
 * Of a record without checksum only the header and what follows can be judged.
 * A minor version that the log is not known to have has to be confirmed there
 * as well: with it nearly any length would do.  So would it with no fields.
 */
static uint32_t
weigh_plain(const struct scan *s, const uint8_t *data, size_t size, size_t len)
{
	const uint8_t *next = data + len;
	const uint32_t known = is_known(s, data) ? KNOWN : 0;
	const bool has_version = (s->versions & version_bit(data)) != 0;
	size_t next_len;

	if (size == len)
		return (has_version ? known + FOLLOWED : 0);
	if (store_check_header(next, size - len, &next_len) != 0)
		return (known != 0 ? known : has_version &&
		    fields_of(data) != 0 ? DANGLING : 0);
	if (memcmp(data, next, STORE_HEADER_LEN) == 0)
		return (known + FOLLOWED + SAME);
	return (has_version || data[0] == next[0] ? known + FOLLOWED : 0);
}

static uint32_t
weigh(const struct scan *s, const uint8_t *data, size_t size, uint32_t *lenp)
{
	size_t len;

	*lenp = 0;
	if (store_check_header(data, size, &len) != 0 || len > size)
		return (0);
	*lenp = (uint32_t)len;
	if ((fields_of(data) & STORE_FIELD_CRC32) == 0)
		return (weigh_plain(s, data, size, len));
	return (flowd_crc32(0, data, len - CRC_LEN) ==
	    be32(data + len - CRC_LEN) ? CHECKED : 0);
}

bool
scan_undoubted(const struct scan *s, const uint8_t *data, size_t size,
    size_t len)
{
	return (weigh_plain(s, data, size, len) > FOLLOWED);
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
	    DANGLING + best_from(s, i + s->spots[i].len) > s->spots[i].best);
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

static bool
is_chosen(const struct scan *s, size_t i)
{
	if (s->in_step && take_dangling(s, i))
		return (true);
	return (s->spots[i].weight > DANGLING &&
	    best_taking(s, i) > best_from(s, i + 1));
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

static void
weigh_window(struct scan *s, const uint8_t *data, size_t size)
{
	struct scan_spot *spot;
	size_t i;

	for (i = s->nspots; i-- > 0;) {
		spot = &s->spots[i];
		spot->weight = weigh(s, data + i, size - i, &spot->len);
		spot->best = best_from(s, i + 1);
		if (spot->weight > DANGLING &&
		    best_taking(s, i) > spot->best)
			spot->best = best_taking(s, i);
	}
}

static void
start_window(struct scan *s, bool in_step)
{
	s->at = 0;
	s->in_step = in_step;
}

/* Whether the records of the plan say anything new of the log. */
static bool
learn_from_window(struct scan *s, const uint8_t *data)
{
	size_t skip, len;
	bool learned = false;

	while (scan_next(s, &skip, &len)) {
		if (s->spots[s->at - len].weight > DANGLING &&
		    scan_learn(s, data + s->at - len))
			learned = true;
	}
	return (learned);
}

bool
scan_window(struct scan *s, const uint8_t *data, size_t size, bool in_step)
{
	s->nspots = size;
	if (s->nspots > SCAN_WINDOW + SCAN_MARGIN)
		s->nspots = SCAN_WINDOW + SCAN_MARGIN;
	s->end = size == s->nspots ? size : SCAN_WINDOW;
	weigh_window(s, data, size);
	start_window(s, in_step);
	if (learn_from_window(s, data))
		weigh_window(s, data, size);
	start_window(s, in_step);
	return (best_from(s, 0) > 0 || (in_step && take_dangling(s, 0)));
}
