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
 * Makes flows of the values of a data record: chooses the address family, the
 * times and the direction.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/flow-times.h"
#include "decode/ie.h"
#include "decode/message-header.h"
#include "decode/tmpl.h"
#include "store.h"

/*
 * Sets the members that all flows of a data set have in common, before
 * template_run.
 */
void record_start(struct flow *flow, const struct tmpl *t,
    const struct message_header *msg, const struct addr *agent);

/*
 * Completes flow after template_run.  init_time is the time when the domain's
 * uptime was 0, in epoch ms, or 0.  Returns what became of the times.
 */
enum flow_times record_finish(struct flow *flow, const struct tmpl *t,
    const struct message_header *msg, uint64_t init_time,
    const struct ie_values *values);

/* Whether record_finish needs init_time for the times of a flow. */
bool record_needs_init_time(const struct tmpl *t);

/* The latest uptime in such a record, in ms; 0: it has none. */
uint32_t record_uptime(const struct tmpl *t, const struct ie_values *values);

/*
 * Whether the record has the header that t describes, after template_run: its
 * addresses are not zero.  If not, t->outer describes the record.
 */
bool record_has_header(const struct flow *flow, const struct tmpl *t,
    const struct ie_values *values);

/*
 * Whether each record is exactly one flow of one header, and has a fixed
 * length.
 */
bool record_is_one_flow(const struct tmpl *t);

/* Whether the flow has an address, octets or packets. */
bool record_has_content(const struct flow *flow);

/* Whether the template has counters for two directions. */
bool record_is_biflow(const struct tmpl *t);

/*
 * Whether the record has traffic in the forward and in the reverse direction.
 */
bool record_has_forward(const struct flow *flow);
bool record_has_reverse(const struct tmpl *t, const struct ie_values *values);

/*
 * Changes the flow to that of the reverse direction.  In a biflow of RFC 5103,
 * this direction has only the times, interfaces, flags and type of service that
 * are its own; if it is the only one with traffic, the times of the record are.
 * In other records with counters of two directions, which
 * describe a connection, these belong to both.
 */
enum flow_times record_reverse(struct flow *flow, const struct tmpl *t,
    const struct message_header *msg, uint64_t init_time,
    const struct ie_values *values);

#endif
