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
 * Messages.  They go to standard error until log_init says otherwise.
 * Every function leaves errno as it was.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LIMIT_INTERVAL 60 /* seconds between equal messages */

/* Holds back what would be repeated; starts zeroed. */
struct log_limit {
	uint32_t last;      /* epoch seconds; 0 is never */
	uint32_t held_back; /* messages since then */
};

enum log_target {
	LOG_TO_STDERR, /* everything */
	LOG_TO_BOTH,   /* everything to syslog, warnings to both */
	LOG_TO_SYSLOG, /* everything */
};

/*
 * process is the name of this process in its messages to syslog ("monitor",
 * "collector").  Syslog is opened at once, so that it works after a chroot.
 * debug lets log_debug speak.
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

/*
 * Whether a message may go out at now, in epoch seconds.  If so, *held_back is
 * the number of those held back since the one before; else it is counted.
 */
bool log_limit_pass(struct log_limit *limit, uint32_t now, uint32_t *held_back);

/* As log_warn and log_warnx, and then exit(1). */
void fatal(const char *fmt, ...)
    __attribute__((noreturn, format(printf, 1, 2)));
void fatalx(const char *fmt, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

#endif
