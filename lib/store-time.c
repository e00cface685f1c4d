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

#include "store.h"

#define NSEC_PER_SEC  ((int64_t)1000000000)
#define NSEC_PER_MSEC ((int64_t)1000000)
#define NSEC_PER_USEC ((int64_t)1000)

static bool
has(const struct flow *flow, uint32_t fields)
{
	return ((flow->fields & fields) == fields);
}

static int64_t
recv_time(const struct flow *flow)
{
	if (!has(flow, STORE_FIELD_RECV_TIME))
		return (STORE_TIME_ABSENT);
	return (
	    flow->recv_sec * NSEC_PER_SEC + flow->recv_usec * NSEC_PER_USEC);
}

static int64_t
export_time(const struct flow *flow)
{
	if (!has(flow, STORE_FIELD_AGENT_INFO))
		return (STORE_TIME_ABSENT);
	return (flow->time_sec * NSEC_PER_SEC + flow->time_nanosec);
}

/* uptime_ms is a time of the exporter's uptime, which wraps: flowd-log(5). */
static int64_t
uptime_time(const struct flow *flow, uint32_t uptime_ms)
{
	const int32_t before = (int32_t)(flow->sys_uptime_ms - uptime_ms);

	if (!has(flow, STORE_FIELD_AGENT_INFO | STORE_FIELD_FLOW_TIMES))
		return (STORE_TIME_ABSENT);
	return (export_time(flow) - before * NSEC_PER_MSEC);
}

int64_t
store_flow_time(const struct flow *flow, enum store_time which)
{
	switch (which) {
	case STORE_TIME_RECV:
		return (recv_time(flow));
	case STORE_TIME_EXPORT:
		return (export_time(flow));
	case STORE_TIME_START:
		return (uptime_time(flow, flow->flow_start));
	case STORE_TIME_END:
		return (uptime_time(flow, flow->flow_finish));
	default:
		return (STORE_TIME_ABSENT);
	}
}
