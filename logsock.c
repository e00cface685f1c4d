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

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log-limit.h"
#include "log.h"
#include "logsock.h"
#include "store.h"

#define BUFFER_LEN (1U << 20) /* bytes */

struct logsock {
	int fd;              /* -1: not connected */
	bool blocked;        /* its queue is full */
	uint8_t *buf;        /* whole records */
	size_t begin, end;   /* of what waits in buf */
	uint64_t sent, lost; /* records */
	struct log_limit gone_said;
};

enum taken { TAKEN, NOT_NOW, GONE };

struct logsock *
logsock_new(void)
{
	struct logsock *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (NULL);
	l->fd = -1;
	if ((l->buf = malloc(BUFFER_LEN)) == NULL) {
		free(l);
		return (NULL);
	}
	return (l);
}

bool
logsock_is_connected(const struct logsock *l)
{
	return (l->fd != -1);
}

uint64_t
logsock_sent(const struct logsock *l)
{
	return (l->sent);
}

uint64_t
logsock_lost(const struct logsock *l)
{
	return (l->lost);
}

int
logsock_blocked_on(const struct logsock *l)
{
	return (l->blocked ? l->fd : -1);
}

static size_t
first_len(const struct logsock *l)
{
	size_t len;

	if (store_check_header(l->buf + l->begin, l->end - l->begin, &len) != 0)
		fatalx("log socket's buffer is damaged");
	return (len);
}

static void
lose_waiting(struct logsock *l)
{
	for (; l->begin < l->end; l->begin += first_len(l))
		l->lost++;
	l->begin = l->end = 0;
}

void
logsock_set_fd(struct logsock *l, int fd)
{
	if (l->fd != -1)
		(void)close(l->fd);
	if (fd == -1)
		lose_waiting(l);
	l->fd = fd;
	l->blocked = false;
}

void
logsock_free(struct logsock *l)
{
	if (l == NULL)
		return;
	logsock_set_fd(l, -1);
	free(l->buf);
	free(l);
}

static enum taken
try_send(struct logsock *l, const uint8_t *rec, size_t len)
{
	uint32_t held_back;

	if (send(l->fd, rec, len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	    (ssize_t)len) {
		l->sent++;
		return (TAKEN);
	}
	if (errno == EAGAIN || errno == EWOULDBLOCK) {
		l->blocked = true;
		return (NOT_NOW);
	}
	/* Memory of the system; there is nothing to poll for. */
	if (errno == ENOBUFS || errno == ENOMEM || errno == EINTR)
		return (NOT_NOW);
	if (log_limit_pass(&l->gone_said, (uint32_t)time(NULL), &held_back))
		log_warn("the log socket's reader has gone");
	return (GONE);
}

void
logsock_flush(struct logsock *l)
{
	enum taken r;

	l->blocked = false;
	while (l->fd != -1 && l->begin < l->end) {
		r = try_send(l, l->buf + l->begin, first_len(l));
		if (r == NOT_NOW)
			return;
		if (r == GONE)
			logsock_set_fd(l, -1);
		else
			l->begin += first_len(l);
	}
	l->begin = l->end = 0;
}

static int
keep(struct logsock *l, const uint8_t *rec, size_t len)
{
	if (len > BUFFER_LEN - l->end && l->begin > 0) {
		memmove(l->buf, l->buf + l->begin, l->end - l->begin);
		l->end -= l->begin;
		l->begin = 0;
	}
	if (len > BUFFER_LEN - l->end) {
		l->lost++;
		return (-1);
	}
	memcpy(l->buf + l->end, rec, len);
	l->end += len;
	return (0);
}

int
logsock_send(struct logsock *l, const uint8_t *rec, size_t len)
{
	enum taken r;

	if (l->fd == -1) {
		l->lost++;
		return (-1);
	}
	if (l->begin < l->end)
		return (keep(l, rec, len));
	r = try_send(l, rec, len);
	if (r == TAKEN)
		return (0);
	if (r == NOT_NOW)
		return (keep(l, rec, len));
	logsock_set_fd(l, -1);
	l->lost++;
	return (-1);
}
