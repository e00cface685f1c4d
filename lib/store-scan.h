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

/*
 * Finds the records among bytes of which some are damaged.  flowd-log(5),
 * "Damage", defines which records are credible.
 *
 * Bytes that look like a record may be part of another record.  The scanner
 * therefore plans a window of the log as a whole: of all sets of credible
 * records that do not overlap, it chooses the one with the greatest weight.  A
 * matching checksum outweighs everything else; among records without checksums
 * the larger number wins.  If two records have the same weight, the later one
 * is chosen, since a record that was cut off extends into the next one.
 */
#ifndef STORE_SCAN_H
#define STORE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

#define SCAN_WINDOW 16384 /* bytes */
#define SCAN_MARGIN 4096  /* after the window, weighed with it */

/* The bytes that scan_window needs, unless the log ends before. */
#define SCAN_BYTES \
	(SCAN_WINDOW + SCAN_MARGIN + STORE_RECORD_MAX + STORE_HEADER_LEN)

#define SCAN_KNOWN 16 /* headers */

#define SCAN_RUN (128 * 1024) /* bytes of records that need no anchor */

/* Where records are credible. */
enum scan_trust { TRUST_NOWHERE, TRUST_IN_STEP, TRUST_ANYWHERE };

struct scan_spot {
	uint32_t len;          /* bytes of the record here; 0: none */
	uint32_t weight;       /* 0: credible only after another record */
	uint32_t best;         /* weight of the best choice from here */
	uint32_t best_in_step; /* the same if a record ends here */
};

struct scan {
	enum scan_trust plain; /* in records without checksum */
	bool strict;           /* short records may be values of long ones */
	bool has_long;
	uint32_t versions;          /* minor versions the log has, as bits */
	uint64_t known[SCAN_KNOWN]; /* headers of some without checksum */
	size_t next_known;          /* index that is replaced next */
	size_t at, end;             /* in the window */
	bool in_step;               /* a record ends at at */
	size_t nspots;
	struct scan_spot spots[SCAN_WINDOW + SCAN_MARGIN];
};

void scan_init(struct scan *s);

/*
 * Learns from a record that is certain and in no plan.  Returns whether
 * anything was new.
 */
bool scan_learn(struct scan *s, const uint8_t *record);

/*
 * Returns whether the record of len bytes at data is certain without weighing
 * it against others.  Its checksum, if it has one, is right.  It begins at the
 * end of the record before it.  size includes the next header, and the next
 * record if scan_needs_next, unless the log ends before.
 */
bool scan_needs_next(const struct scan *s, const uint8_t *record);
bool scan_undoubted(const struct scan *s, const uint8_t *data, size_t size,
    size_t len);

/* Kinds of records that a stretch of a log has. */
#define SCAN_CHECKED 1U
#define SCAN_PLAIN   2U

/*
 * Returns the kinds of records in the size bytes at data, as certain as they
 * can be without a plan.  Records without checksum count if nothing but records
 * is between them and, on both sides, an anchor: a record with a checksum, the
 * beginning of the log or its end.  A long run needs no anchor at its end.
 * in_step: data begins at an anchor.  ends: the log ends after these bytes.
 *
 * Sets *known to the number of bytes after which nothing is known: others may
 * have to follow.
 */
unsigned int scan_kinds(const uint8_t *data, size_t size, bool in_step,
    bool ends, size_t *known);

/*
 * If the first bytes are records that are damaged only inside, so that an
 * intact record or the end of the log follows them where it should, returns
 * their length, and otherwise 0.  A record inside them would be a value.
 */
size_t scan_damaged_inside(const struct scan *s, const uint8_t *data,
    size_t size, bool ends);

/*
 * Plans a window.  in_step means that a record ends, or the log begins, at
 * data.  Returns whether the plan has any record.
 */
bool scan_window(struct scan *s, const uint8_t *data, size_t size,
    bool in_step);

/*
 * Returns the next record of the plan: it has len bytes, and begins skip bytes
 * after the end of the record before it.  Returns false if there is none; skip
 * is then the rest of the window.
 */
bool scan_next(struct scan *s, size_t *skip, size_t *len);

#endif
