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
 * Answers of collectors, checked and in memory.  control-msg.h defines their
 * records.  The answers of several collectors become one: numbers of the
 * summary, memory and rules are added, and lists are joined.
 */
#ifndef CTL_ANSWER_H
#define CTL_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "control/control-msg.h"

#define ANSWER_WORKERS_MAX 64

/* Records of one type.  Each has the size in its layout. */
struct answer_list {
	void *records;
	size_t n, room;
};

/* All zero: no answer yet. */
struct answer {
	struct answer_list lists[CONTROL_TYPES];
	uint8_t *data[ANSWER_WORKERS_MAX]; /* owned; texts point into it */
	size_t ndata;
};

/*
 * Adds the answer of a collector.  a owns data from then on, even after an
 * error.  FLOWD_ESHORT: the answer is incomplete; FLOWD_EVERSION: it is of
 * another release; FLOWD_EINVAL: it is invalid; FLOWD_ENOMEM.  After an error,
 * the only valid call is answer_free.
 */
int answer_add(struct answer *a, uint8_t *data, size_t len)
    __attribute__((warn_unused_result));
void answer_free(struct answer *a);

/* Returns record i of a list.  NULL: there are fewer. */
const void *answer_record(const struct answer *a, enum control_type type,
    size_t i);

/* Sorts exporters and their records by address. */
void answer_sort(struct answer *a);

/*
 * Returns the first record of an exporter in a sorted answer if *i is
 * ANSWER_FIRST, else the next one.  NULL: there are no more.
 */
#define ANSWER_FIRST SIZE_MAX

const void *answer_record_of(const struct answer *a, enum control_type type,
    const struct addr *exporter, size_t *i);

#endif
