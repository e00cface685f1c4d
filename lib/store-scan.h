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
 * Finding the records among bytes of which some are damaged: flowd-log(5)
 * says under "Damage" what makes a record credible.
 *
 * What looks like a record may be part of one.  A window of the log is
 * therefore planned as a whole: of all choices of credible records that do not
 * overlap, that of the greatest weight is taken.  A checksum that holds
 * outweighs everything; of records without one, the greater number wins.  Of
 * two that weigh the same the later is taken, since a record that was cut off
 * reaches into the next.
 */
#ifndef STORE_SCAN_H
#define STORE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

#define SCAN_WINDOW 16384 /* bytes */
#define SCAN_MARGIN 4096  /* that follow, and are weighed with it */

/* What scan_window is to be given, unless the log ends before. */
#define SCAN_BYTES \
	(SCAN_WINDOW + SCAN_MARGIN + STORE_RECORD_MAX + STORE_HEADER_LEN)

#define SCAN_KNOWN 16 /* headers */

struct scan_spot {
	uint32_t len;          /* bytes of the record here; 0: none */
	uint32_t weight;       /* 0: credible behind another only */
	uint32_t best;         /* weight of the best choice from here */
	uint32_t best_in_step; /* where a record ends here */
};

struct scan {
	uint32_t versions;          /* minor versions the log has, as bits */
	uint64_t known[SCAN_KNOWN]; /* headers of some without checksum */
	size_t next_known;          /* to be replaced */
	size_t at, end;             /* in the window */
	bool in_step;               /* a record is known to end at at */
	size_t nspots;
	struct scan_spot spots[SCAN_WINDOW + SCAN_MARGIN];
};

void scan_init(struct scan *s);

/*
 * To be told of records that are beyond doubt and in no plan.  Returns whether
 * there was anything to learn.
 */
bool scan_learn(struct scan *s, const uint8_t *record);

/*
 * Whether the record of len bytes at data, without checksum and where one is
 * expected, need not be weighed against others.  size bytes are there, the
 * next header among them unless the log ends before.
 */
bool scan_undoubted(const struct scan *s, const uint8_t *data, size_t size,
    size_t len);

/*
 * Plans a window.  in_step: a record ends where data begin, or the log begins
 * there.  Returns whether the plan has any record.
 */
bool scan_window(struct scan *s, const uint8_t *data, size_t size,
    bool in_step);

/*
 * The next record of the plan: it has len bytes, and begins skip bytes behind
 * the end of the one before.  False where there is none; skip is then what is
 * left of the window.
 */
bool scan_next(struct scan *s, size_t *skip, size_t *len);

#endif
