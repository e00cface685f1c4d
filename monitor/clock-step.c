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

#include "compat/compat.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "monitor/clock-step.h"

static void
report_step(struct clock_step *c, int64_t step, time_t boot)
{
	uint32_t held_back;

	if (!log_limit_pass(&c->warned, (uint32_t)boot, &held_back))
		return;
	log_warnx(
	    "the clock was changed by %+" PRId64
	    " seconds; no log is removed for its age for an hour (%" PRIu32
	    " similar held back)",
	    step, held_back);
}

bool
clock_step_in_doubt(struct clock_step *c)
{
	const time_t boot = clock_boot_sec();
	struct timespec now = { 0 };
	int64_t offset, step;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	offset = (int64_t)now.tv_sec - boot;
	step = c->since == 0 ? 0 : offset - c->offset;
	if (step > CLOCK_STEP_SECONDS || step < -CLOCK_STEP_SECONDS) {
		c->until = boot + CLOCK_STEP_DOUBT;
		report_step(c, step, boot);
	} else if (c->since != 0 && boot - c->since < CLOCK_STEP_DOUBT)
		/* Several small steps in an hour count together. */
		return (boot < c->until);
	c->offset = offset;
	c->since = boot;
	return (boot < c->until);
}
