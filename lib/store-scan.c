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
#include "lib/cursor.h"
#include "lib/store-scan.h"

#define CRC_LEN   4
#define SHORT_LEN 32 /* bytes of two addresses, which others can choose */

/*
 * Weights.  The weight of a record without checksum is the sum of its evidence.
 * A checksum outweighs the largest sum in a plan, whose records have at least 8
 * bytes each.
 */
#define IN_STEP  1U /* a record ends where this one begins */
#define FOLLOWED 2U /* by a record, or the end of the log */
#define SAME     1U /* by a record with the same header */
#define KNOWN    2U /* the log has had this header before */
#define CHECKED  (1U << 16)

_Static_assert((SCAN_WINDOW + SCAN_MARGIN) / STORE_HEADER_LEN *
	    (IN_STEP + FOLLOWED + SAME + KNOWN) <
	CHECKED,
    "records without checksum may outweigh one with it");
_Static_assert((SCAN_WINDOW + SCAN_MARGIN) / STORE_HEADER_LEN <
	UINT32_MAX / (2 * CHECKED),
    "weights may overflow");

static inline uint32_t
version_bit(const uint8_t *record)
{
	return (1U << (record[0] & 0x1f));
}

static bool
has_version(const struct scan *s, const uint8_t *record)
{
	return ((s->versions & version_bit(record)) != 0);
}

static inline uint32_t
fields_of(const uint8_t *record)
{
	return (be32(record + 4));
}

static bool
has_checksum(const uint8_t *record)
{
	return ((fields_of(record) & STORE_FIELD_CRC32) != 0);
}

/* Returns whether the values of another record may contain this one. */
static bool
is_short(const uint8_t *record)
{
	return (record[1] <= (SHORT_LEN - STORE_HEADER_LEN) / 4);
}

void
scan_init(struct scan *s)
{
	s->plain = TRUST_ANYWHERE;
	s->strict = s->has_long = false;
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
	const bool had_long = s->has_long;

	s->versions |= version_bit(record);
	s->has_long = had_long || !is_short(record);
	if ((has_checksum(record) && !is_short(record)) || is_known(s, record))
		return (s->versions != versions || s->has_long != had_long);
	s->known[s->next_known] = be64(record);
	s->next_known = (s->next_known + 1) % SCAN_KNOWN;
	return (true);
}

/* Weighs what follows a record: another record, or the end of the log. */
static uint32_t
weigh_next(const struct scan *s, const uint8_t *data, size_t size, size_t len)
{
	const uint8_t *next = data + len;
	size_t next_len;

	if (size == len)
		return (has_version(s, data) ? FOLLOWED : 0);
	if (store_check_header(next, size - len, &next_len) != 0)
		return (0);
	if (memcmp(data, next, STORE_HEADER_LEN) == 0)
		return (FOLLOWED + SAME);
	if (data[0] == next[0] ||
	    (has_version(s, data) && has_version(s, next)))
		return (FOLLOWED);
	return (0);
}

/*
 * In a record without checksum, the header and the bytes after the record are
 * the only evidence.  If the log has no other record of the minor version, the
 * header alone is none: such a header is consistent with nearly any length.
 */
static uint32_t
weigh_plain(const struct scan *s, const uint8_t *data, size_t size, size_t len)
{
	if (size == len && !has_version(s, data))
		return (0);
	return (
	    weigh_next(s, data, size, len) + (is_known(s, data) ? KNOWN : 0));
}

bool
scan_needs_next(const struct scan *s, const uint8_t *record)
{
	return (s->strict && has_checksum(record) && is_short(record) &&
	    !is_known(s, record));
}

static bool
is_right(const uint8_t *record, size_t len)
{
	return (flowd_crc32(0, record, len - CRC_LEN) ==
	    be32(record + len - CRC_LEN));
}

/* Returns whether a record with a right checksum begins at data. */
static bool
is_checked(const uint8_t *data, size_t size, size_t *len)
{
	return (store_check_header(data, size, len) == 0 && *len <= size &&
	    has_checksum(data) && is_right(data, *len));
}

/*
 * A checksum is evidence enough, but not in a short record that is like none
 * before: that may be a value.  If one that is like it follows, it is none.
 * After a record, which a value does not follow, it counts if any record or the
 * end of the log follows, or if the log has no long records.
 */
static enum scan_trust
trust_checked(const struct scan *s, const uint8_t *data, size_t size,
    size_t len)
{
	const uint8_t *next = data + len;
	size_t next_len;
	bool followed;

	if (!scan_needs_next(s, data))
		return (TRUST_ANYWHERE);
	followed = is_checked(next, size - len, &next_len);
	if (followed && 2 * len > SHORT_LEN &&
	    memcmp(data, next, STORE_HEADER_LEN) == 0)
		return (TRUST_ANYWHERE);
	return (followed || size == len || !s->has_long ? TRUST_IN_STEP :
							  TRUST_NOWHERE);
}

/* Returns where a consistent record is credible, and weighs it. */
static enum scan_trust
trust(const struct scan *s, const uint8_t *data, size_t size, size_t len,
    uint32_t *weight)
{
	*weight = CHECKED;
	if (has_checksum(data))
		return (is_right(data, len) ?
			trust_checked(s, data, size, len) :
			TRUST_NOWHERE);
	if (s->plain == TRUST_NOWHERE)
		return (TRUST_NOWHERE);
	*weight = weigh_plain(s, data, size, len);
	if (s->plain == TRUST_IN_STEP && weigh_next(s, data, size, len) == 0)
		return (TRUST_NOWHERE);
	return (s->plain);
}

/* Weighs the bytes at data as a record. */
static void
weigh(const struct scan *s, const uint8_t *data, size_t size,
    struct scan_spot *spot)
{
	enum scan_trust where;
	uint32_t weight;
	size_t len;

	spot->len = spot->weight = 0;
	if (store_check_header(data, size, &len) != 0 || len > size ||
	    (where = trust(s, data, size, len, &weight)) == TRUST_NOWHERE)
		return;
	if (where == TRUST_ANYWHERE)
		spot->weight = weight;
	/* Many places look like a record of 8 bytes without fields. */
	if (weight != 0 || (has_version(s, data) && fields_of(data) != 0))
		spot->len = (uint32_t)len;
}

bool
scan_undoubted(const struct scan *s, const uint8_t *data, size_t size,
    size_t len)
{
	if (has_checksum(data))
		return (trust_checked(s, data, size, len) != TRUST_NOWHERE);
	return (weigh_plain(s, data, size, len) > FOLLOWED);
}

unsigned int
scan_kinds(const uint8_t *data, size_t size, bool in_step, bool ends,
    size_t *known)
{
	unsigned int kinds = 0;
	size_t at = 0, len, run = 0; /* where records without checksum begin */
	int error;

	while (size - at >= STORE_HEADER_LEN) {
		error = store_check_header(data + at, size - at, &len);
		if (error == 0 && len > size - at) {
			if (in_step)
				break;
			error = FLOWD_ESHORT;
		}
		if (error == 0 && has_checksum(data + at) &&
		    is_right(data + at, len)) {
			kinds |= SCAN_CHECKED;
			kinds |= in_step && run < at ? SCAN_PLAIN : 0;
			in_step = true;
			run = at += len;
		} else if (error == 0 && in_step && !has_checksum(data + at)) {
			at += len;
		} else {
			kinds |=
			    in_step && at - run >= SCAN_RUN ? SCAN_PLAIN : 0;
			/* No anchor follows the run: search it, too. */
			at = in_step ? run + 1 : at + 1;
			in_step = false;
		}
	}
	*known = at;
	if (!in_step || at == run)
		return (kinds);
	if ((ends && at == size) || at - run >= SCAN_RUN)
		return (kinds | SCAN_PLAIN);
	if (run > 0)
		*known = run;
	return (kinds);
}

/* Returns whether a record that no values can contain is in the bytes. */
static bool
has_record(const uint8_t *data, size_t size)
{
	size_t at, len;

	for (at = 1; size - at >= STORE_HEADER_LEN; at++) {
		if (is_checked(data + at, size - at, &len) &&
		    !is_short(data + at))
			return (true);
	}
	return (false);
}

size_t
scan_damaged_inside(const struct scan *s, const uint8_t *data, size_t size,
    bool ends)
{
	size_t at = 0, len;

	while (at < SCAN_WINDOW &&
	    store_check_header(data + at, size - at, &len) == 0 &&
	    len <= size - at && has_checksum(data + at) &&
	    has_version(s, data + at)) {
		if (is_right(data + at, len))
			return (scan_needs_next(s, data + at) ? 0 : at);
		if (has_record(data + at, len))
			return (0);
		at += len;
	}
	return (ends && at == size ? at : 0);
}

/* Returns the greatest weight from i on.  in_step: a record ends there. */
static uint32_t
best_from(const struct scan *s, size_t i, bool in_step)
{
	if (i >= s->nspots)
		return (0);
	return (in_step ? s->spots[i].best_in_step : s->spots[i].best);
}

/*
 * Returns the greatest weight with the record at i; 0 if there is no record.
 */
static uint32_t
best_taking(const struct scan *s, size_t i, bool in_step)
{
	const struct scan_spot *spot = &s->spots[i];

	if (spot->len == 0 || (spot->weight == 0 && !in_step))
		return (0);
	return (spot->weight + (in_step ? IN_STEP : 0) +
	    best_from(s, i + spot->len, true));
}

static bool
is_chosen(const struct scan *s, size_t i, bool in_step)
{
	return (best_taking(s, i, in_step) > best_from(s, i + 1, false));
}

bool
scan_next(struct scan *s, size_t *skip, size_t *len)
{
	const size_t from = s->at;

	for (; s->at < s->end; s->at++, s->in_step = false) {
		if (!is_chosen(s, s->at, s->in_step))
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

static uint32_t
max(uint32_t a, uint32_t b)
{
	return (a > b ? a : b);
}

static void
weigh_window(struct scan *s, const uint8_t *data, size_t size)
{
	struct scan_spot *spot;
	uint32_t skipping;
	size_t i;

	for (i = s->nspots; i-- > 0;) {
		spot = &s->spots[i];
		weigh(s, data + i, size - i, spot);
		skipping = best_from(s, i + 1, false);
		spot->best = max(skipping, best_taking(s, i, false));
		spot->best_in_step = max(skipping, best_taking(s, i, true));
	}
}

static void
start_window(struct scan *s, bool in_step)
{
	s->at = 0;
	s->in_step = in_step;
}

/* Learns from the records of the plan.  Returns whether anything was new. */
static bool
learn_from_window(struct scan *s, const uint8_t *data)
{
	size_t skip, len;
	bool learned = false;

	while (scan_next(s, &skip, &len)) {
		if (s->spots[s->at - len].weight != 0 &&
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
	return (best_from(s, 0, in_step) != 0);
}
