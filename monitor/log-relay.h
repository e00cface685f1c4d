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
 * What a child has to say, said by the monitor in its name.  The child has no
 * way to syslog or the terminal: its standard error is a pipe, in which a line
 * is a message, "<PRIORITY>text", or without priority a warning, as those are
 * that come from its libraries.  It keeps its last words when it dies.
 *
 * The child is not trusted.  Nothing that it writes makes the monitor wait, or
 * a message look like one of another process, and in the long run it can have
 * LOG_RELAY_RATE bytes a second said; what is more is left out, and a message
 * says how much that was.
 */
#ifndef LOG_RELAY_H
#define LOG_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/log.h"

#define LOG_RELAY_BURST          (256 * 1024) /* bytes at once */
#define LOG_RELAY_RATE           100          /* bytes a second */
#define LOG_RELAY_RESUME         (8 * 1024)   /* bytes, after being too many */
#define LOG_RELAY_REPORT         (64 * 1024 * 1024) /* bytes of what was asked for */
#define LOG_RELAY_REPORT_SECONDS 60 /* in which they have to come */

/* Of one child, and of those that take its place. */
struct log_relay {
	char process[24]; /* "collector", "collector 2" ... */
	int fd;           /* -1: there is no child */
	char line[LOG_LINE_MAX + 8];
	size_t len;
	size_t left;       /* bytes that may be said */
	time_t updated;    /* left was; monotonic, as all times here */
	time_t report_end; /* until when left may be over the burst */
	time_t last_read;
	bool over;       /* no more may be said for now */
	uint64_t unsaid; /* messages */
};

/* For the collector of this number, from 1 on. */
void log_relay_init(struct log_relay *relay, uint32_t number, time_t now);

/*
 * Makes the pipe for a new child; its end is returned, to become the child's
 * standard error by log_relay_enter.  -1 with errno.
 */
int log_relay_open(struct log_relay *relay) __attribute__((warn_unused_result));

/*
 * In the child: standard error is the pipe's end, which is closed, and
 * messages go there.
 */
void log_relay_enter(const struct log_relay *relay, int end, bool debug);

/* What to poll for input; -1: nothing before the next second. */
int log_relay_fd(const struct log_relay *relay, time_t now);

/*
 * Says what has come, as far as one read goes.  False where there is none; the
 * pipe is closed where there will be none.
 */
bool log_relay_read(struct log_relay *relay, time_t now);

/* The child was told to report, which may take many lines. */
void log_relay_expect_report(struct log_relay *relay, time_t now);

/* The child is dead: says the rest of what it had to say. */
void log_relay_close(struct log_relay *relay, time_t now);

/* Messages of len bytes in all, for the pipe; what log_relay_read does. */
void log_relay_take(struct log_relay *relay, time_t now, const char *text,
    size_t len);

#endif
