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
 * Runs the programs of templates on data records.
 */
#ifndef TEMPLATE_RUN_H
#define TEMPLATE_RUN_H

#include <stddef.h>

#include "decode/ie.h"
#include "decode/tmpl.h"
#include "lib/cursor.h"
#include "store.h"

/*
 * Reads n records at the front of data into as many flows and values; members
 * that the template does not fill stay as they are.  FLOWD_ESHORT if data
 * ends inside them.  Records of variable length are read one at a time.
 */
int template_run(const struct tmpl *t, struct cursor *data, size_t n,
    struct flow *flows, struct ie_values *values)
    __attribute__((warn_unused_result));

/*
 * Reads the values about sampling of n records of flows that template_run has
 * read, from the first one on.
 */
void template_run_sampling(const struct tmpl *t, struct cursor data, size_t n,
    struct flow *flows, struct ie_values *values);

/*
 * Reads the numbers of all fields with IANA's element id in one record, at most
 * max.  Returns how many there are.
 */
size_t template_numbers(const struct tmpl *t, struct cursor record, uint16_t id,
    uint64_t *numbers, size_t max);

#endif
