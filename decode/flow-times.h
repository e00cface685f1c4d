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

#define FLOW_TIMES_AHEAD_MAX 86400000              /* ms after the export */
#define FLOW_TIMES_FIRST     INT64_C(631152000000) /* epoch ms, 1990 */

/* What became of the times of a flow; of two, the greater one is reported. */
enum flow_times {
	FLOW_TIMES_GOOD,
	FLOW_TIMES_OLD,        /* more than 2^31 ms before the export */
	FLOW_TIMES_IMPOSSIBLE, /* before 1990, or a day after the export */
};

/*
 * Changes the times of a flow so that this difference does not wrap.
 * sys_uptime_ms wraps after 49.7 days, and some exporters report flows that end
 * after the datagram was sent, so uptimes are compared by their signed
 * difference modulo 2^32.  On return flow_finish <= sys_uptime_ms, and
 * flow_start <= flow_finish if the flow starts before it ends.  The absolute
 * times do not change, unless one is impossible: then it is the export time.
 */
static inline enum flow_times flow_times_normalize(struct flow *flow);

/* The same for the few flows whose times have to change. */
enum flow_times flow_times_correct(struct flow *flow);

/* Whether FLOW_TIMES can hold a time; both are epoch ms. */
static inline enum flow_times flow_times_judge(int64_t export_ms, uint64_t ms);

static inline enum flow_times
flow_times_normalize(struct flow *flow)
{
	if (flow->flow_start > flow->flow_finish ||
	    flow->flow_finish > flow->sys_uptime_ms ||
	    flow->sys_uptime_ms - flow->flow_finish > INT32_MAX)
		return (flow_times_correct(flow));
	return (FLOW_TIMES_GOOD);
}

static inline enum flow_times
flow_times_judge(int64_t export_ms, uint64_t ms)
{
	const int64_t limit = export_ms + FLOW_TIMES_AHEAD_MAX;

	/* The first comparison also finds those beyond INT64_MAX. */
	if (ms > (uint64_t)limit || (int64_t)ms < FLOW_TIMES_FIRST)
		return (FLOW_TIMES_IMPOSSIBLE);
	return (export_ms - (int64_t)ms > INT32_MAX ? FLOW_TIMES_OLD :
						      FLOW_TIMES_GOOD);
}

#endif
