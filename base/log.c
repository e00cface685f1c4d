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

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "lib/write-whole.h"

#define ESCAPE_LEN 4    /* bytes, as in \033 */
#define WAIT_MS    1000 /* how long messages wait for room, together */

/*
 * Bytes of a line to the monitor, with priority and newline.  A write of up to
 * PIPE_BUF bytes to a pipe is atomic: 4096 on Linux, 512 on the BSDs.
 */
#define PIPE_LINE_MAX \
	(PIPE_BUF < LOG_LINE_MAX + 8 ? PIPE_BUF : LOG_LINE_MAX + 8)

static const char *process_name; /* NULL before log_init */
static enum log_target log_target = LOG_TO_STDERR;
static bool debugging;
static bool with_priority; /* on standard error */
static uint64_t dropped;   /* messages; the pipe to the monitor was full */
static int wait_left;      /* ms that messages may still wait for room */

/* Whether standard error is the stream that JOURNAL_STREAM names. */
static bool
stderr_is_journal(void)
{
	const char *name = getenv("JOURNAL_STREAM");
	char here[64];
	struct stat st;

	if (name == NULL || fstat(STDERR_FILENO, &st) == -1)
		return (false);
	(void)snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return (strcmp(name, here) == 0);
}

void
log_init(const char *process, enum log_target target, bool debug)
{
	process_name = process;
	log_target = target;
	debugging = debug;
	with_priority = target == LOG_TO_MONITOR || stderr_is_journal();
	log_reopen();
}

void
log_reopen(void)
{
	if (log_target != LOG_TO_BOTH && log_target != LOG_TO_SYSLOG)
		return;
	closelog();
	openlog("flowd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

bool
log_is_debug(void)
{
	return (debugging);
}

void
log_clean(const char *text, size_t len, char *line, size_t size)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t n, needed, end = 0;

	for (; len > 0; at += n, len -= n) {
		n = utf8_length(at, len);
		needed = n == 0 ? ESCAPE_LEN : n;
		if (size - end <= needed)
			break;
		if (n != 0)
			memcpy(line + end, at, n);
		else {
			(void)snprintf(line + end, size - end, "\\%03o", *at);
			n = 1;
		}
		end += needed;
	}
	line[end] = '\0';
}

/* The priority at the beginning of a line on standard error, or "". */
static const char *
priority_mark(int priority, char *buf, size_t size)
{
	if (!with_priority)
		return ("");
	(void)snprintf(buf, size, "<%d>", priority);
	return (buf);
}

static void
write_stderr(const char *process, int priority, const char *line)
{
	char text[LOG_LINE_MAX + 64], level[8];
	int n;

	n = snprintf(text, sizeof(text), "%s%s%s%s\n",
	    priority_mark(priority, level, sizeof(level)), process,
	    process[0] != '\0' ? ": " : "", line);
	/* A failure here cannot be reported. */
	if (n > 0 && flowd_write_whole(STDERR_FILENO, text, (size_t)n) == -1)
		return;
}

/*
 * Writes a line to the monitor.  False if the pipe has no room for all of it;
 * nothing is written then.
 */
static bool
write_monitor(int priority, const char *line)
{
	char text[PIPE_LINE_MAX], level[8];
	struct pollfd pfd = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t n;
	size_t len;

	(void)strlcpy(text, priority_mark(priority, level, sizeof(level)),
	    sizeof(text));
	len = strlen(text);
	/* The line is clean already; this truncates it to PIPE_LINE_MAX. */
	log_clean(line, strlen(line), text + len, sizeof(text) - len - 1);
	len += strlen(text + len);
	text[len++] = '\n';
	for (;;) {
		n = write(STDERR_FILENO, text, len);
		if (n != -1 || (errno != EAGAIN && errno != EWOULDBLOCK))
			return (n != -1);
		if (wait_left <= 0)
			return (false);
		if (poll(&pfd, 1, 10) != 1)
			wait_left -= 10;
	}
}

void
log_report_dropped(void)
{
	char line[LOG_LINE_MAX];
	int saved = errno;

	if (dropped == 0)
		return;
	(void)snprintf(line, sizeof(line),
	    "%" PRIu64
	    " messages were dropped, since the monitor did not "
	    "read them in time",
	    dropped);
	if (write_monitor(LOG_WARNING, line))
		dropped = 0;
	errno = saved;
}

void
log_wait_for_room(bool wait)
{
	wait_left = wait ? WAIT_MS : 0;
}

static void
send_to_monitor(int priority, const char *line)
{
	/* With -d rather wait than drop messages. */
	if (debugging)
		wait_left = WAIT_MS;
	log_report_dropped();
	/* No message overtakes the report of the dropped ones before it. */
	if (dropped > 0 || !write_monitor(priority, line))
		dropped++;
}

/* prefix begins the line on standard error, where process does so on syslog. */
static void
write_line(const char *process, const char *prefix, int priority,
    const char *line)
{
	if (log_target == LOG_TO_MONITOR) {
		send_to_monitor(priority, line);
		return;
	}
	if (log_target != LOG_TO_STDERR)
		syslog(priority, "%s: %s", process, line);
	if (log_target == LOG_TO_STDERR ||
	    (log_target == LOG_TO_BOTH && priority <= LOG_WARNING))
		write_stderr(prefix, priority, line);
}

void
log_as(const char *process, int priority, const char *line)
{
	int saved = errno;

	if (priority < LOG_DEBUG || debugging)
		write_line(process, process, priority, line);
	errno = saved;
}

static void emit(int priority, const char *fmt, va_list ap, int error)
    __attribute__((format(printf, 2, 0)));

static void
emit(int priority, const char *fmt, va_list ap, int error)
{
	char text[LOG_LINE_MAX], line[LOG_LINE_MAX];
	size_t len;
	int saved = errno;

	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		(void)strlcpy(text, fmt, sizeof(text));
	if (error != 0) {
		len = strlen(text);
		(void)snprintf(text + len, sizeof(text) - len, ": %s",
		    strerror(error));
	}
	log_clean(text, strlen(text), line, sizeof(line));
	write_line(process_name, "", priority, line);
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

	log_wait_for_room(true);
	va_start(ap, fmt);
	emit(LOG_CRIT, fmt, ap, errno);
	va_end(ap);
	exit(1);
}

void
fatalx(const char *fmt, ...)
{
	va_list ap;

	log_wait_for_room(true);
	va_start(ap, fmt);
	emit(LOG_CRIT, fmt, ap, 0);
	va_end(ap);
	exit(1);
}
