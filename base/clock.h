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
 * The clocks that cannot be set.  They have no relation to the date.  Use the
 * monotonic one for intervals and time-outs.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_SECOND UINT64_C(1000000000) /* nanoseconds in a second */

uint64_t clock_ns(void);

/* In seconds; at least 1, so that 0 can mean "never". */
time_t clock_sec(void);

/*
 * Seconds since the system was booted.  Unlike the monotonic clock, it also
 * runs while the system is suspended, if the system has such a clock.
 */
time_t clock_boot_sec(void);

/*
 * Reads the machine's time zone, as tzset does, but also if it has changed
 * since the last call.  Without effect if TZ is set.
 */
void clock_read_zone(void);

#endif
