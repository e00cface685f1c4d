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

#include "compat.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "log.h"

#define LOG_LINE_MAX 1024 /* bytes; longer messages are cut */

static const char *process_name; /* NULL before log_init */
static enum log_target log_target = LOG_TO_STDERR;
static bool debugging;

void
log_init(const char *process, enum log_target target, bool debug)
{
	process_name = process;
	log_target = target;
	debugging = debug;
	if (target != LOG_TO_STDERR)
		openlog("flowd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void
log_reopen(void)
{
	if (log_target == LOG_TO_STDERR)
		return;
	closelog();
	openlog("flowd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

bool
log_is_debug(void)
{
	return (debugging);
}

bool
log_limit_pass(struct log_limit *limit, uint32_t now, uint32_t *held_back)
{
	*held_back = limit->held_back;
	/* A clock set back must not silence a cause for long. */
	if (limit->last != 0 && now >= limit->last &&
	    now - limit->last < LOG_LIMIT_INTERVAL) {
		limit->held_back++;
		return (false);
	}
	limit->last = now;
	limit->held_back = 0;
	return (true);
}

static void emit(int priority, const char *fmt, va_list ap, int error)
    __attribute__((format(printf, 2, 0)));

static void
emit(int priority, const char *fmt, va_list ap, int error)
{
	char line[LOG_LINE_MAX];
	const char *cause, *colon;
	int saved = errno;

	if (vsnprintf(line, sizeof(line), fmt, ap) < 0)
		(void)strlcpy(line, fmt, sizeof(line));
	cause = error != 0 ? strerror(error) : "";
	colon = error != 0 ? ": " : "";
	if (log_target != LOG_TO_STDERR)
		syslog(priority, "%s: %s%s%s", process_name, line, colon,
		    cause);
	if (log_target == LOG_TO_STDERR ||
	    (log_target == LOG_TO_BOTH && priority <= LOG_WARNING))
		(void)fprintf(stderr, "%s%s%s\n", line, colon, cause);
	errno = saved;
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_ERR, fmt, ap, errno);
	va_end(ap);
}

void
log_warnx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_WARNING, fmt, ap, 0);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_INFO, fmt, ap, 0);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	if (!debugging)
		return;
	va_start(ap, fmt);
	emit(LOG_DEBUG, fmt, ap, 0);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_CRIT, fmt, ap, errno);
	va_end(ap);
	exit(1);
}

void
fatalx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_CRIT, fmt, ap, 0);
	va_end(ap);
	exit(1);
}
