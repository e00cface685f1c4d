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
 * Answers of collectors, in memory and checked: control-msg.h has what they are
 * made of.  Several collectors' become one: sums are added up, lists joined.
 */
#ifndef CTL_ANSWER_H
#define CTL_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "control/control-msg.h"

#define ANSWER_WORKERS_MAX 64

/* Records of one type, of the layout's size each. */
struct answer_list {
	void *records;
	size_t n, room;
};

/* Zeroed is empty. */
struct answer {
	struct answer_list lists[CONTROL_TYPES];
	uint8_t *data[ANSWER_WORKERS_MAX]; /* which texts lead to */
	size_t ndata;
};

/*
 * Adds a whole answer, in data, which is owned from here on.  FLOWD_ESHORT
 * where it is not whole, FLOWD_EVERSION for a flowd of another version,
 * FLOWD_EINVAL for what is no answer, FLOWD_ENOMEM.  After a failure the answer
 * can only be freed.
 */
int answer_add(struct answer *a, uint8_t *data, size_t len)
    __attribute__((warn_unused_result));
void answer_free(struct answer *a);

/* Record i of a list, or NULL behind the last. */
const void *answer_record(const struct answer *a, enum control_type type,
    size_t i);

/* Puts what is of exporters into the order of their addresses. */
void answer_sort(struct answer *a);

/*
 * A sorted answer's records of one exporter, the first where *i is ANSWER_FIRST
 * and else the next; NULL behind the last.
 */
#define ANSWER_FIRST SIZE_MAX

const void *answer_record_of(const struct answer *a, enum control_type type,
    const struct addr *exporter, size_t *i);

#endif
