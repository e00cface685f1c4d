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

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "monitor/log-relay.h"

#define OVERHEAD  64 /* bytes that syslogd writes before a message */
#define READ_MAX  (16 * 1024)
#define READS_MAX 64 /* of READ_MAX bytes; more than any pipe holds */

void
log_relay_init(struct log_relay *r, uint32_t number, time_t now)
{
	*r = (struct log_relay){
		.process = "collector",
		.fd = -1,
		.left = LOG_RELAY_BURST,
		.updated = now,
	};
	if (number > 1)
		(void)snprintf(r->process, sizeof(r->process),
		    "collector %" PRIu32, number);
}

static int
make_nonblocking(int fd)
{
	const int flags = fcntl(fd, F_GETFL);

	return (flags == -1 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

int
log_relay_open(struct log_relay *r)
{
	int p[2];

	if (pipe(p) == -1)
		return (-1);
	if (make_nonblocking(p[0]) == -1 || make_nonblocking(p[1]) == -1) {
		(void)close(p[0]);
		(void)close(p[1]);
		return (-1);
	}
	r->fd = p[0];
	return (p[1]);
}

void
log_relay_enter(const struct log_relay *r, int end, bool debug)
{
	if (dup2(end, STDERR_FILENO) == -1)
		fatal("cannot redirect standard error to the monitor");
	(void)close(end);
	log_init(r->process, LOG_TO_MONITOR, debug);
}

int
log_relay_fd(const struct log_relay *r, time_t now)
{
	return (r->dropping && r->last_read == now ? -1 : r->fd);
}

static void
refill(struct log_relay *r, time_t now)
{
	const uint64_t more = (uint64_t)(now - r->updated) * LOG_RELAY_RATE;

	r->updated = now;
	if (r->left > LOG_RELAY_BURST && now > r->report_end)
		r->left = LOG_RELAY_BURST;
	if (r->left < LOG_RELAY_BURST)
		r->left = more < LOG_RELAY_BURST - r->left ?
		    r->left + (size_t)more :
		    LOG_RELAY_BURST;
}

static void
report_dropped(struct log_relay *r)
{
	if (r->dropped > 0)
		log_warnx("%" PRIu64
			  " messages of %s were dropped, since it logged too "
			  "many",
		    r->dropped, r->process);
	r->dropped = 0;
}

/* Whether len bytes may be logged now, with -d always; else counts a drop. */
static bool
is_within_limit(struct log_relay *r, time_t now, size_t len)
{
	if (log_is_debug())
		return (true);
	refill(r, now);
	if (r->left < (r->dropping ? LOG_RELAY_RESUME : len)) {
		r->dropping = true;
		r->dropped++;
		return (false);
	}
	r->dropping = false;
	r->left -= len;
	return (true);
}

/*
 * Removes the priority from the beginning of text.  Limits it to LOG_CRIT,
 * since syslogd may send higher ones to the terminals of all users.
 */
static int
parse_priority(const char **text, size_t *len)
{
	const char *at = *text;
	int priority;

	if (*len < 3 || at[0] != '<' || at[1] < '0' || at[1] > '7' ||
	    at[2] != '>')
		return (LOG_WARNING);
	*text += 3;
	*len -= 3;
	priority = at[1] - '0';
	return (priority < LOG_CRIT ? LOG_CRIT : priority);
}

static void
relay_line(struct log_relay *r, time_t now)
{
	const char *text = r->line;
	char line[LOG_LINE_MAX];
	size_t len = r->len;
	int priority;

	r->len = 0;
	priority = parse_priority(&text, &len);
	if (len == 0)
		return;
	log_clean(text, len, line, sizeof(line));
	if (!is_within_limit(r, now, strlen(line) + OVERHEAD))
		return;
	report_dropped(r);
	log_as(r->process, priority, line);
}

void
log_relay_input(struct log_relay *r, time_t now, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] == '\n')
			relay_line(r, now);
		else if (r->len < sizeof(r->line))
			r->line[r->len++] = text[i];
	}
}

static void
finish(struct log_relay *r, time_t now)
{
	relay_line(r, now);
	report_dropped(r);
	(void)close(r->fd);
	r->fd = -1;
}

bool
log_relay_read(struct log_relay *r, time_t now)
{
	char text[READ_MAX];
	ssize_t n;

	r->last_read = now;
	if ((n = read(r->fd, text, sizeof(text))) == 0)
		finish(r, now);
	if (n <= 0)
		return (false);
	log_relay_input(r, now, text, (size_t)n);
	return (true);
}

void
log_relay_expect_report(struct log_relay *r, time_t now)
{
	r->left = LOG_RELAY_REPORT;
	r->report_end = now + LOG_RELAY_REPORT_SECONDS;
}

void
log_relay_close(struct log_relay *r, time_t now)
{
	int i;

	for (i = 0; i < READS_MAX && r->fd != -1 && log_relay_read(r, now); i++)
		;
	if (r->fd != -1)
		finish(r, now);
}
