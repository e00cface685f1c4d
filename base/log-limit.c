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

#include "base/log-limit.h"

/* False if last is in the future, as after a clock was set back. */
static bool
is_within(uint32_t last, uint32_t now, uint32_t seconds)
{
	return (now >= last && now - last < seconds);
}

bool
log_limit_pass(struct log_limit *limit, uint32_t now, uint32_t *held_back)
{
	const uint32_t interval = LOG_LIMIT_INTERVAL << limit->doubled;

	*held_back = limit->held_back;
	if (limit->last != 0 && is_within(limit->last, now, interval)) {
		if (limit->held_back < LOG_LIMIT_HELD_MAX)
			limit->held_back++;
		return (false);
	}
	if (limit->held_back == 0)
		limit->doubled = 0;
	else if (limit->doubled < LOG_LIMIT_DOUBLED)
		limit->doubled++;
	limit->last = now;
	limit->held_back = 0;
	return (true);
}

bool
log_state_begin(struct log_state *state, uint32_t now, uint32_t *held_back)
{
	state->last = now;
	if (!log_limit_pass(&state->limit, now, held_back))
		return (false);
	state->logged = true;
	return (true);
}

bool
log_state_hourly(struct log_state *state, uint32_t now)
{
	const uint32_t interval =
	    state->logged ? LOG_STATE_REPEAT : LOG_LIMIT_INTERVAL;

	if (state->limit.last != 0 &&
	    is_within(state->limit.last, now, interval))
		return (false);
	state->limit.last = now;
	state->logged = true;
	return (true);
}

bool
log_state_end(struct log_state *state)
{
	const bool logged = state->logged;

	state->logged = false;
	return (logged);
}

bool
log_state_expire(struct log_state *state, uint32_t now, uint32_t seconds)
{
	return (!is_within(state->last, now, seconds) && log_state_end(state));
}

/* Returns a message to the budget for each LOG_BUDGET_SECONDS that passed. */
static void
refill(struct log_budget *b, uint32_t now)
{
	uint32_t lines;

	if (b->used == 0 || now < b->since) {
		b->since = now;
		return;
	}
	lines = (now - b->since) / LOG_BUDGET_SECONDS;
	b->used -= lines < b->used ? lines : b->used;
	b->since += lines * LOG_BUDGET_SECONDS;
}

bool
log_budget_pass(struct log_budget *budget, uint32_t now, uint64_t *held_back)
{
	refill(budget, now);
	if (budget->used == LOG_BUDGET_LINES) {
		budget->held_back++;
		return (false);
	}
	budget->used++;
	*held_back = budget->held_back;
	budget->held_back = 0;
	return (true);
}
