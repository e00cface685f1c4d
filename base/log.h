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
 * Messages.  They are written to standard error before log_init is called.
 * Control characters in them are replaced: see log_clean.  No function changes
 * errno.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>

#define LOG_LINE_MAX 1024 /* bytes with NUL; longer messages are truncated */

enum log_target {
	LOG_TO_STDERR,
	LOG_TO_BOTH, /* all messages to syslog, warnings to stderr as well */
	LOG_TO_SYSLOG,
	LOG_TO_MONITOR, /* through a pipe on stderr: see log-relay.h */
};

/*
 * process is the name of this process in its messages to syslog ("monitor",
 * "parser").  Syslog is opened at once, so that it works after a chroot.
 * log_debug writes only if debug is true.  Lines begin with their priority, as
 * in "<4>", if standard error is the journal, according to JOURNAL_STREAM.
 */
void log_init(const char *process, enum log_target target, bool debug);

/* Reconnects to syslog after its descriptor was closed. */
void log_reopen(void);

void log_warn(const char *fmt, ...) /* error, with strerror(errno) */
    __attribute__((format(printf, 1, 2)));
void log_warnx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool log_is_debug(void);

/* As log_warn and log_warnx, and then exit(1). */
void fatal(const char *fmt, ...)
    __attribute__((noreturn, format(printf, 1, 2)));
void fatalx(const char *fmt, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

/*
 * Copies len bytes to line as printable text, truncated to size with its NUL.
 * Control characters and bytes that are not UTF-8 become octal numbers such as
 * \033.
 */
void log_clean(const char *text, size_t len, char *line, size_t size);

/*
 * Writes a line of another process, which log_clean has cleaned.  priority is
 * that of syslog(3).
 */
void log_as(const char *process, int priority, const char *line);

/*
 * For LOG_TO_MONITOR: if messages were dropped because the pipe to the monitor
 * was full, and it now has room, logs their number.
 */
void log_report_dropped(void);

/*
 * Turns waiting for room in the pipe to the monitor on or off.  While it is on,
 * messages wait for a second in all before they are dropped.  For long output
 * that a user has requested.
 */
void log_wait_for_room(bool wait);

#endif
