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
 * Messages.  They go to standard error until log_init says otherwise.  What
 * others have put into them is made harmless: log_clean.  Every function
 * leaves errno as it was.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>

#define LOG_LINE_MAX 1024 /* bytes, with the NUL; longer messages are cut */

enum log_target {
	LOG_TO_STDERR,  /* everything */
	LOG_TO_BOTH,    /* everything to syslog, warnings to both */
	LOG_TO_SYSLOG,  /* everything */
	LOG_TO_MONITOR, /* everything; see log-relay.h */
};

/*
 * process is the name of this process in its messages to syslog ("monitor",
 * "parser").  Syslog is opened at once, so that it works after a chroot.
 * debug lets log_debug speak.  Lines begin with their priority, as in "<4>",
 * where standard error is the journal's: JOURNAL_STREAM names it.
 */
void log_init(const char *process, enum log_target target, bool debug);

/* Connects to syslog anew, after its descriptor was closed among others. */
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
 * Writes len bytes as one line of printable text and a NUL, cut to size:
 * control characters, and what is no UTF-8, as octal numbers like \033.
 */
void log_clean(const char *text, size_t len, char *line, size_t size);

/*
 * Says line, which is clean, as process said it; priority is one of syslog's.
 */
void log_as(const char *process, int priority, const char *line);

/*
 * For LOG_TO_MONITOR, whose pipe may be full: what does not fit is counted.
 * Says how many messages that were, if any, once there is room again.
 */
void log_catch_up(void);

/*
 * Messages wait for room from now on, for a second in all, or no longer do.
 * For many that somebody has asked for.
 */
void log_wait_for_room(bool wait);

#endif
