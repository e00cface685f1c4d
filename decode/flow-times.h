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
 * The times of a record, so that every reader's
 * time_sec.time_nanosec - (sys_uptime_ms - flow_time) gives the absolute time.
 */
#ifndef FLOW_TIMES_H
#define FLOW_TIMES_H

#include <stdint.h>

#include "store.h"

/*
 * sys_uptime_ms wraps after 49.7 days, and some exporters report flows that end
 * after the datagram was sent.  The differences of uptimes are taken modulo
 * 2^32 and signed.  On return flow_finish <= sys_uptime_ms, and a flow_start
 * that was before flow_finish also is so as a number; the absolute times are
 * as the exporter gave them.  Flows without these oddities stay untouched.
 */
static inline void flow_times_settle(struct flow *flow);

/* The same for flows that have one of them. */
void flow_times_mend(struct flow *flow);

static inline void
flow_times_settle(struct flow *flow)
{
	if (flow->flow_start > flow->flow_finish ||
	    flow->flow_finish > flow->sys_uptime_ms ||
	    flow->sys_uptime_ms - flow->flow_finish > INT32_MAX)
		flow_times_mend(flow);
}

#endif
