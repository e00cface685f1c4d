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
 * The times of a flow.  Readers of logs compute an absolute time as
 * time_sec.time_nanosec - (sys_uptime_ms - flow_start or flow_finish).
 */
#ifndef FLOW_TIMES_H
#define FLOW_TIMES_H

#include <stdint.h>

#include "store.h"

/*
 * Changes the times of a flow so that this difference does not wrap.
 * sys_uptime_ms wraps after 49.7 days, and some exporters report flows that end
 * after the datagram was sent, so uptimes are compared by their signed
 * difference modulo 2^32.  On return flow_finish <= sys_uptime_ms, and
 * flow_start <= flow_finish if the flow starts before it ends.  The absolute
 * times do not change.
 */
static inline void flow_times_normalize(struct flow *flow);

/* The same for the few flows whose times have to change. */
void flow_times_correct(struct flow *flow);

static inline void
flow_times_normalize(struct flow *flow)
{
	if (flow->flow_start > flow->flow_finish ||
	    flow->flow_finish > flow->sys_uptime_ms ||
	    flow->sys_uptime_ms - flow->flow_finish > INT32_MAX)
		flow_times_correct(flow);
}

#endif
