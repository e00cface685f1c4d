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
 * Logs the messages of a child process.  The child has access neither to syslog
 * nor to the terminal: its standard error is a pipe to the monitor.  A line in
 * the pipe is a message, "<PRIORITY>text".  A line without a priority, such as
 * one of a library, is a warning.  The pipe keeps the last messages of a child
 * that dies.
 *
 * The child is not trusted.  It can neither make the monitor wait nor forge the
 * name of another process in a message.  Over time it can log LOG_RELAY_RATE
 * bytes a second; further messages are dropped, and their number is logged.
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
#define LOG_RELAY_RESUME         (8 * 1024)   /* bytes that end the dropping */
#define LOG_RELAY_REPORT         (64 * 1024 * 1024) /* bytes of a report */
#define LOG_RELAY_REPORT_SECONDS 60                 /* the time for a report */

/* The messages of a child and its successors. */
struct log_relay {
	char process[24];            /* "collector", "collector 2" ... */
	int fd;                      /* of the pipe; -1: there is no child */
	char line[LOG_LINE_MAX + 8]; /* incomplete */
	size_t len;                  /* of line, bytes */
	size_t left;                 /* bytes that may be logged */
	time_t updated;    /* when left was; all times are monotonic */
	time_t report_end; /* until then left may exceed the burst */
	time_t last_read;
	bool dropping;    /* until LOG_RELAY_RESUME bytes are left */
	uint64_t dropped; /* messages; not logged yet */
};

/* number is that of the collector, from 1 on. */
void log_relay_init(struct log_relay *relay, uint32_t number, time_t now);

/*
 * Creates the pipe for a new child.  Returns the child's end, which
 * log_relay_enter makes its standard error.  -1 with errno.
 */
int log_relay_open(struct log_relay *relay) __attribute__((warn_unused_result));

/*
 * In the child: makes the end of the pipe its standard error, closes end, and
 * sends messages to the pipe.
 */
void log_relay_enter(const struct log_relay *relay, int end, bool debug);

/* The descriptor to poll for input; -1: not before the next second. */
int log_relay_fd(const struct log_relay *relay, time_t now);

/*
 * Reads from the pipe once and logs the messages.  False if there were none;
 * at the end of file it closes the pipe.
 */
bool log_relay_read(struct log_relay *relay, time_t now);

/* Raises the limit for a report that the child was told to log. */
void log_relay_expect_report(struct log_relay *relay, time_t now);

/* After the death of the child: logs the rest in the pipe, and closes it. */
void log_relay_close(struct log_relay *relay, time_t now);

/* Logs the messages in text.  log_relay_read does this with its input. */
void log_relay_input(struct log_relay *relay, time_t now, const char *text,
    size_t len);

#endif
