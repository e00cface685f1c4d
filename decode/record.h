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
 * From the values of one data record to a flow: which family, which times,
 * which direction.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/ie.h"
#include "decode/message-header.h"
#include "store.h"
#include "decode/tmpl.h"

/*
 * What the flows of one data set have in common, before template_run.
 * init_time is that of the domain, or 0.
 */
void record_start(struct flow *flow, const struct tmpl *t,
    const struct message_header *msg, const struct addr *agent);

/*
 * Completes flow after template_run.  False where the values are no flow, as
 * with a source in one family and a destination in the other.
 */
bool record_finish(struct flow *flow, const struct tmpl *t,
    const struct message_header *msg, uint64_t init_time,
    const struct ie_values *values);

/*
 * Whether each record gives exactly one flow, and has a fixed length: then
 * record_finish is never false, and there is nothing to reverse.
 */
bool record_is_one_flow(const struct tmpl *t);

/* Whether the template has counters for two directions. */
bool record_is_biflow(const struct tmpl *t);

/* Whether there is traffic in the direction of the flow, and in the other. */
bool record_has_forward(const struct flow *flow);
bool record_has_reverse(const struct tmpl *t, const struct ie_values *values);

/* Turns the flow into that of the other direction. */
void record_reverse(struct flow *flow, const struct tmpl *t,
    const struct ie_values *values);

#endif
