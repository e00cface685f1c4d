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
 * The cause of a failure, for a caller that decides whether to log it: it may
 * repeat an attempt often, and log the same failure rarely.
 */
#ifndef LOG_CAUSE_H
#define LOG_CAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log-limit.h"
#include "base/log.h"

struct log_cause {
	int error; /* errno, which the message ends with; 0: none */
	char text[LOG_LINE_MAX];
};

/* As log_warn and log_warnx, but they only set *cause.  errno is kept. */
void log_cause_set(struct log_cause *cause, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_cause_setx(struct log_cause *cause, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

void log_cause_write(const struct log_cause *cause);

/*
 * Logs the cause if log_state_hourly permits that, now being in epoch seconds.
 * Whether it did.
 */
bool log_cause_hourly(const struct log_cause *cause, struct log_state *state,
    uint32_t now);

#endif
