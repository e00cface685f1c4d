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
 * Finds steps of the real-time clock.  A log is not removed for its age while
 * the date may be wrong.
 */
#ifndef CLOCK_STEP_H
#define CLOCK_STEP_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/log-limit.h"

#define CLOCK_STEP_SECONDS 60   /* a smaller change is none */
#define CLOCK_STEP_DOUBT   3600 /* seconds for which the date is in doubt */

/* Zeroed at the start.  Times are clock_boot_sec(); 0: never. */
struct clock_step {
	int64_t offset; /* real-time clock less boot clock, seconds */
	time_t since;   /* offset was read */
	time_t until;   /* the date is in doubt */
	struct log_limit warned;
};

/*
 * Compares the clocks.  Whether the date is in doubt: the real-time clock was
 * set by more than a minute in the last hour.  Logs such a step.
 */
bool clock_step_in_doubt(struct clock_step *c);

#endif
