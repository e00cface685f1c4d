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

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log-limit.h"
#include "base/log.h"
#include "collector/logsock.h"
#include "store.h"

#define BUFFER_LEN (1U << 20) /* bytes */

struct logsock {
	int fd;              /* -1: not connected */
	bool blocked;        /* the queue of the reader is full */
	uint8_t *buf;        /* whole records, each after its label */
	size_t begin, end;   /* of the records in buf */
	uint64_t sent, lost; /* records */
	record_outcome *outcome;
	struct log_limit gone_logged;
};

/* Precedes each record in the buffer. */
struct label {
	void *owner; /* or NULL */
};

enum sent { SENT, NOT_NOW, GONE };

struct logsock *
logsock_new(record_outcome *outcome)
{
	struct logsock *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (NULL);
	l->fd = -1;
	l->outcome = outcome;
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

static const uint8_t *
first_record(const struct logsock *l)
{
	return (l->buf + l->begin + sizeof(struct label));
}

static size_t
first_len(const struct logsock *l)
{
	size_t len;

	if (store_check_header(first_record(l),
		l->end - l->begin - sizeof(struct label), &len) != 0)
		fatalx("the buffer of the log socket is damaged");
	return (len);
}

/* Removes the first record, which was sent or is lost. */
static void
remove_first(struct logsock *l, bool sent)
{
	struct label label;

	memcpy(&label, l->buf + l->begin, sizeof(label));
	l->begin += sizeof(label) + first_len(l);
	if (label.owner != NULL)
		l->outcome(label.owner, sent, !sent);
}

static void
lose_buffered(struct logsock *l)
{
	for (; l->begin < l->end; l->lost++)
		remove_first(l, false);
	l->begin = l->end = 0;
}

void
logsock_set_fd(struct logsock *l, int fd)
{
	if (l->fd != -1)
		(void)close(l->fd);
	if (fd == -1)
		lose_buffered(l);
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

static enum sent
try_send(struct logsock *l, const uint8_t *rec, size_t len)
{
	uint32_t held_back;

	if (send(l->fd, rec, len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	    (ssize_t)len) {
		l->sent++;
		return (SENT);
	}
	if (errno == EAGAIN || errno == EWOULDBLOCK) {
		l->blocked = true;
		return (NOT_NOW);
	}
	/* The system's memory is exhausted; poll would not wait for it. */
	if (errno == ENOBUFS || errno == ENOMEM || errno == EINTR)
		return (NOT_NOW);
	if (log_limit_pass(&l->gone_logged, (uint32_t)time(NULL), &held_back))
		log_warn(
		    "the log socket has no reader; "
		    "its flows are lost until the reader is back");
	return (GONE);
}

void
logsock_flush(struct logsock *l)
{
	enum sent r;

	l->blocked = false;
	while (l->fd != -1 && l->begin < l->end) {
		r = try_send(l, first_record(l), first_len(l));
		if (r == NOT_NOW)
			return;
		if (r == GONE)
			logsock_set_fd(l, -1);
		else
			remove_first(l, true);
	}
	l->begin = l->end = 0;
}

static enum logsock_result
buffer(struct logsock *l, const uint8_t *rec, size_t len, void *owner)
{
	const struct label label = { .owner = owner };
	const size_t size = sizeof(label) + len;

	if (size > BUFFER_LEN - l->end && l->begin > 0) {
		memmove(l->buf, l->buf + l->begin, l->end - l->begin);
		l->end -= l->begin;
		l->begin = 0;
	}
	if (size > BUFFER_LEN - l->end) {
		l->lost++;
		return (LOGSOCK_LOST);
	}
	memcpy(l->buf + l->end, &label, sizeof(label));
	memcpy(l->buf + l->end + sizeof(label), rec, len);
	l->end += size;
	return (LOGSOCK_BUFFERED);
}

enum logsock_result
logsock_send(struct logsock *l, const uint8_t *rec, size_t len, void *owner)
{
	enum sent r;

	if (l->fd == -1) {
		l->lost++;
		return (LOGSOCK_LOST);
	}
	if (l->begin < l->end)
		return (buffer(l, rec, len, owner));
	r = try_send(l, rec, len);
	if (r == SENT)
		return (LOGSOCK_SENT);
	if (r == NOT_NOW)
		return (buffer(l, rec, len, owner));
	logsock_set_fd(l, -1);
	l->lost++;
	return (LOGSOCK_LOST);
}
