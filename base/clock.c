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

#include <stdlib.h>

#include "base/clock.h"

static struct timespec
monotonic(void)
{
	struct timespec ts = { 0 };

	/* It fails only if the system lacks the clock. */
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts);
}

uint64_t
clock_ns(void)
{
	const struct timespec ts = monotonic();

	return ((uint64_t)ts.tv_sec * NS_PER_SECOND + (uint64_t)ts.tv_nsec);
}

time_t
clock_sec(void)
{
	return (monotonic().tv_sec + 1);
}

time_t
clock_boot_sec(void)
{
#ifdef CLOCK_BOOTTIME
	struct timespec ts;

	if (clock_gettime(CLOCK_BOOTTIME, &ts) == 0)
		return (ts.tv_sec + 1);
#endif
	return (clock_sec());
}

void
clock_read_zone(void)
{
	if (getenv("TZ") == NULL) {
		/* Some C libraries compare only the name of the zone. */
		(void)setenv("TZ", "UTC0", 1);
		tzset();
		(void)unsetenv("TZ");
	}
	tzset();
}
