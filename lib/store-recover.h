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
 * Reads the intact records of a damaged log.  flowd-log(5), "Damage", defines
 * which records are intact.
 */
#ifndef STORE_RECOVER_H
#define STORE_RECOVER_H

#include <stdbool.h>

#include "lib/store-input.h"
#include "store.h"

struct recovery;

/* report is called for damage.  FLOWD_ENOMEM. */
int recovery_new(store_damage_fn *report, void *arg, struct input *in,
    struct recovery **recovery) __attribute__((warn_unused_result));
void recovery_free(struct recovery *v);

/* Begins again after input_restart. */
void recovery_restart(struct recovery *v);

/*
 * Reads the next intact record, and moves in to its end.  *offset is where it
 * begins, or where the error is.  follow: the log may grow.  FLOWD_EEOF,
 * FLOWD_ETORN (with follow), the errors of input_fill and input_other_format.
 */
int recovery_read(struct recovery *v, bool follow, struct flow *flow,
    uint64_t *offset) __attribute__((warn_unused_result));

/* Returns whether the next record is not buffered. */
bool recovery_drained(const struct recovery *v);

#endif
