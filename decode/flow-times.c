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

#include <stdbool.h>
#include <stdint.h>

#include "decode/flow-times.h"

#define NSEC_PER_MSEC 1000000U
#define NSEC_PER_SEC  1000000000U
#define HALF_RANGE    0x80000000U /* 2^31 ms, 24.8 days */

/* Moves the time of export, in both clocks, forward by ms. */
static void
move_export(struct flow *flow, uint32_t ms)
{
	uint64_t nsec = (uint64_t)flow->time_nanosec +
	    (uint64_t)(ms % 1000) * NSEC_PER_MSEC;

	flow->sys_uptime_ms += ms;
	flow->time_sec += ms / 1000 + (uint32_t)(nsec / NSEC_PER_SEC);
	flow->time_nanosec = (uint32_t)(nsec % NSEC_PER_SEC);
}

/* A time far ahead that is below the present uptime is surely before it. */
static enum flow_times
judge(const struct flow *flow, uint32_t time)
{
	if ((int32_t)(time - flow->sys_uptime_ms) <= FLOW_TIMES_AHEAD_MAX)
		return (FLOW_TIMES_GOOD);
	return (time < flow->sys_uptime_ms ? FLOW_TIMES_OLD :
					     FLOW_TIMES_IMPOSSIBLE);
}

enum flow_times
flow_times_correct(struct flow *flow)
{
	enum flow_times result = judge(flow, flow->flow_finish), start;
	uint32_t shift = HALF_RANGE;
	int32_t ago, lasted;

	if (result != FLOW_TIMES_GOOD)
		flow->flow_finish = flow->sys_uptime_ms;
	lasted = (int32_t)(flow->flow_finish - flow->flow_start);
	start = lasted < 0 ? judge(flow, flow->flow_start) : FLOW_TIMES_GOOD;
	if (start != FLOW_TIMES_GOOD) {
		flow->flow_start = flow->flow_finish;
		lasted = 0;
		if (start > result)
			result = start;
	}
	ago = (int32_t)(flow->sys_uptime_ms - flow->flow_finish);
	if (ago < 0)
		move_export(flow, 0U - (uint32_t)ago);
	if (flow->flow_finish <= flow->sys_uptime_ms &&
	    (lasted < 0 || flow->flow_start <= flow->flow_finish))
		return (result);
	/*
	 * The uptime wrapped between these times.  A shift of all three keeps
	 * their differences, and is chosen so that none wraps.
	 */
	if (lasted >= 0 && flow->sys_uptime_ms - flow->flow_start >= HALF_RANGE)
		shift = UINT32_MAX - flow->sys_uptime_ms;
	flow->sys_uptime_ms += shift;
	flow->flow_start += shift;
	flow->flow_finish += shift;
	return (result);
}
