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

struct scan_spot {
	uint32_t len;          /* bytes of the record here; 0: none */
	uint32_t weight;       /* 0: credible only after another record */
	uint32_t best;         /* weight of the best choice from here */
	uint32_t best_in_step; /* the same if a record ends here */
};

struct scan {
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
 * it against others.  It has no checksum, and begins at the end of the record
 * before it.  size includes the next header, unless the log ends before.
 */
bool scan_undoubted(const struct scan *s, const uint8_t *data, size_t size,
    size_t len);

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
