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
 * The log is written in large pieces and whole records: what a write left of
 * a record is cut off again, and written once there is room.  A FIFO cannot be
 * cut; there the rest of the record follows when its reader takes it.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "logsock.h"
#include "output.h"
#include "store.h"

#define LOG_BUFFER	(1U << 20)	/* bytes */
#define RETRY_SECONDS	1		/* after a failed write */

struct output {
	int			 log;		/* -1: none */
	bool			 log_is_file;	/* and can be truncated */
	uint8_t			*buf;
	size_t			 len;		/* bytes of records in buf */
	size_t			 partial;	/* of the first, in the FIFO */
	bool			 blocked;	/* the FIFO is full */
	time_t			 failed_at;	/* monotonic; 0: it works */
	struct log_limit	 log_warned;

	struct logsock		*logsock;
	bool			 use_logsock;

	int			*forwards;
	size_t			 nforwards;

	struct output_counters	 counters;
};

struct output *
output_new(void)
{
	struct output *o;

	if ((o = calloc(1, sizeof(*o))) == NULL)
		return (NULL);
	o->log = -1;
	o->buf = malloc(LOG_BUFFER);
	o->logsock = logsock_new();
	if (o->buf == NULL || o->logsock == NULL) {
		output_free(o);
		return (NULL);
	}
	return (o);
}

void
output_free(struct output *o)
{
	if (o == NULL)
		return;
	if (o->buf != NULL)
		output_set_log(o, -1);
	logsock_free(o->logsock);
	output_set_forwards(o, NULL, 0);
	free(o->buf);
	free(o);
}

void
output_count(const struct output *o, struct output_counters *counters)
{
	*counters = o->counters;
	counters->logsock_sent = logsock_sent(o->logsock);
	counters->logsock_lost = logsock_lost(o->logsock);
}

/* Seconds of a clock that nobody sets; never 0. */
static time_t
monotonic(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec + 1);
}

/* The bytes up to the last record boundary at or before len. */
static size_t
whole_records(const struct output *o, size_t len)
{
	size_t at = 0, reclen;

	while (at < len) {
		if (store_check_header(o->buf + at, o->len - at, &reclen) != 0)
			fatalx("log buffer is damaged");
		if (reclen > len - at)
			break;
		at += reclen;
	}
	return (at);
}

static void
take_from_buffer(struct output *o, size_t n)
{
	memmove(o->buf, o->buf + n, o->len - n);
	o->len -= n;
}

/*
 * After a write that took only n bytes: leaves no part of a record in the
 * file.  It ends where we wrote last, even if somebody emptied it meanwhile.
 */
static void
back_out(struct output *o, size_t n)
{
	size_t whole = n == o->len ? n : whole_records(o, n);
	struct stat st;

	if (!o->log_is_file) {
		o->partial = n - whole;
	} else if (n > whole && (fstat(o->log, &st) == -1 ||
	    st.st_size < (off_t)(n - whole) ||
	    ftruncate(o->log, st.st_size - (off_t)(n - whole)) == -1))
		log_warn("the log has a torn record of %zu bytes",
		    n - whole);
	take_from_buffer(o, whole);
}

static void
log_failed(struct output *o)
{
	uint32_t held_back;

	o->failed_at = monotonic();
	o->counters.log_errors++;
	if (log_limit_pass(&o->log_warned, (uint32_t)o->failed_at, &held_back))
		log_warn("cannot write to the log, flows are kept while there "
		    "is room for them");
}

static void
log_works(struct output *o)
{
	if (o->failed_at == 0)
		return;
	o->failed_at = 0;
	o->log_warned.last = 0;
	log_info("the log can be written again");
}

static size_t
flush_log(struct output *o)
{
	ssize_t n;

	o->blocked = false;
	if (o->log == -1 || o->len == 0)
		return (o->len);
	if (o->failed_at != 0 && monotonic() - o->failed_at < RETRY_SECONDS)
		return (o->len);
	while (o->len > 0) {
		n = write(o->log, o->buf + o->partial, o->len - o->partial);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			o->blocked = true;
			return (o->len);
		}
		if (n == -1) {
			log_failed(o);
			return (o->len);
		}
		log_works(o);
		o->counters.log_bytes += (uint64_t)n;
		n += (ssize_t)o->partial;
		o->partial = 0;
		back_out(o, (size_t)n);
	}
	return (0);
}

size_t
output_flush(struct output *o)
{
	logsock_flush(o->logsock);
	return (flush_log(o));
}

void
output_blocked_on(const struct output *o, int fds[OUTPUT_BLOCKED])
{
	fds[0] = o->blocked ? o->log : -1;
	fds[1] = logsock_blocked_on(o->logsock);
}

/* The reader of a FIFO got the beginning of this record; the next will not. */
static void
drop_partial(struct output *o)
{
	size_t reclen;

	if (o->partial == 0)
		return;
	if (store_check_header(o->buf, o->len, &reclen) != 0)
		fatalx("log buffer is damaged");
	take_from_buffer(o, reclen);
	o->partial = 0;
	log_warnx("the log changed inside a record; one flow is lost");
}

void
output_set_log(struct output *o, int fd)
{
	struct stat st;

	o->failed_at = 0;
	(void)flush_log(o);
	drop_partial(o);
	if (o->log != -1)
		(void)close(o->log);
	o->log = fd;
	o->failed_at = 0;
	o->log_is_file = fd != -1 && fstat(fd, &st) == 0 &&
	    S_ISREG(st.st_mode);
}

void
output_set_logsock(struct output *o, int fd)
{
	logsock_set_fd(o->logsock, fd);
}

void
output_use_logsock(struct output *o, bool use)
{
	o->use_logsock = use;
	if (!use)
		output_set_logsock(o, -1);
}

bool
output_wants_logsock(const struct output *o)
{
	return (o->use_logsock && !logsock_is_connected(o->logsock));
}

void
output_set_forwards(struct output *o, const int *fds, size_t n)
{
	size_t i;

	for (i = 0; i < o->nforwards; i++)
		(void)close(o->forwards[i]);
	free(o->forwards);
	o->forwards = NULL;
	o->nforwards = 0;
	if (n == 0)
		return;
	if ((o->forwards = reallocarray(NULL, n, sizeof(*fds))) == NULL)
		fatal("forwards");
	memcpy(o->forwards, fds, n * sizeof(*fds));
	o->nforwards = n;
}

uint8_t *
output_room(struct output *o)
{
	if (LOG_BUFFER - o->len < STORE_RECORD_MAX) {
		(void)flush_log(o);
		if (LOG_BUFFER - o->len < STORE_RECORD_MAX)
			return (NULL);
	}
	return (o->buf + o->len);
}

int
output_commit(struct output *o, size_t len)
{
	int r = -1;

	if (o->use_logsock)
		r = logsock_send(o->logsock, o->buf + o->len, len);
	if (o->log == -1)
		return (r);
	o->len += len;
	return (0);
}

void
output_forward(struct output *o, const uint8_t *data, size_t len)
{
	size_t i;
	int tries;

	for (i = 0; i < o->nforwards; i++) {
		/* The first may but report that nobody took one before. */
		for (tries = 0; tries < 2; tries++) {
			if (send(o->forwards[i], data, len,
			    MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len)
				break;
		}
		if (tries < 2)
			o->counters.forwarded++;
		else
			o->counters.forward_lost++;
	}
}
