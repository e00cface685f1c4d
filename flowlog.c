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

#include <sys/stat.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "flowlog.h"
#include "log.h"
#include "store.h"

#define BUFFER_LEN    (1U << 20) /* bytes */
#define RETRY_SECONDS 1          /* after a failed write */

struct flowlog {
	char *name;
	int fd;       /* -1: none */
	bool is_file; /* and can be truncated */
	uint8_t *buf;
	size_t len;       /* bytes of records in buf */
	size_t partial;   /* of the first, in the FIFO */
	bool blocked;     /* the FIFO is full */
	time_t failed_at; /* monotonic; 0: it works */
	struct log_limit warned;
	struct flowlog_counters counters;
};

struct flowlog *
flowlog_new(const char *name)
{
	struct flowlog *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (NULL);
	l->fd = -1;
	l->name = strdup(name);
	l->buf = malloc(BUFFER_LEN);
	if (l->name == NULL || l->buf == NULL) {
		flowlog_free(l);
		return (NULL);
	}
	return (l);
}

const char *
flowlog_name(const struct flowlog *l)
{
	return (l->name);
}

const struct flowlog_counters *
flowlog_counters(const struct flowlog *l)
{
	return (&l->counters);
}

/* Seconds of a clock that nobody sets; never 0. */
static time_t
monotonic(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec + 1);
}

/* The length of the record at offset at. */
static size_t
record_len(const struct flowlog *l, size_t at)
{
	size_t len;

	if (store_check_header(l->buf + at, l->len - at, &len) != 0)
		fatalx("log buffer is damaged");
	return (len);
}

/* The bytes up to the last record boundary at or before len. */
static size_t
whole_records(const struct flowlog *l, size_t len)
{
	size_t at = 0, next;

	while (at < len) {
		next = record_len(l, at);
		if (next > len - at)
			break;
		at += next;
	}
	return (at);
}

static uint64_t
count_records(const struct flowlog *l)
{
	uint64_t n = 0;
	size_t at;

	for (at = 0; at < l->len; at += record_len(l, at))
		n++;
	return (n);
}

static void
take_from_buffer(struct flowlog *l, size_t n)
{
	memmove(l->buf, l->buf + n, l->len - n);
	l->len -= n;
}

/*
 * After a write that took only n bytes: leaves no part of a record in the
 * file.  It ends where we wrote last, even if somebody emptied it meanwhile.
 */
static void
back_out(struct flowlog *l, size_t n)
{
	size_t whole = n == l->len ? n : whole_records(l, n);
	struct stat st;

	if (!l->is_file) {
		l->partial = n - whole;
	} else if (n > whole &&
	    (fstat(l->fd, &st) == -1 || st.st_size < (off_t)(n - whole) ||
		ftruncate(l->fd, st.st_size - (off_t)(n - whole)) == -1))
		log_warn("%s has a torn record of %zu bytes", l->name,
		    n - whole);
	take_from_buffer(l, whole);
}

static void
note_failure(struct flowlog *l)
{
	uint32_t held_back;

	l->failed_at = monotonic();
	l->counters.errors++;
	if (log_limit_pass(&l->warned, (uint32_t)l->failed_at, &held_back))
		log_warn(
		    "cannot write to %s, flows are kept while there is "
		    "room for them",
		    l->name);
}

static void
note_success(struct flowlog *l)
{
	if (l->failed_at == 0)
		return;
	l->failed_at = 0;
	l->warned.last = 0;
	log_info("%s can be written again", l->name);
}

size_t
flowlog_flush(struct flowlog *l)
{
	bool took_all;
	size_t before;
	ssize_t n;

	l->blocked = false;
	if (l->fd == -1 || l->len == 0)
		return (l->len);
	if (l->failed_at != 0 && monotonic() - l->failed_at < RETRY_SECONDS)
		return (l->len);
	while (l->len > 0) {
		n = write(l->fd, l->buf + l->partial, l->len - l->partial);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			l->blocked = true;
			return (l->len);
		}
		if (n == -1) {
			note_failure(l);
			return (l->len);
		}
		before = l->len;
		took_all = (size_t)n == l->len - l->partial;
		n += (ssize_t)l->partial;
		l->partial = 0;
		back_out(l, (size_t)n);
		l->counters.bytes += before - l->len;
		/* A file takes less only when there is no room. */
		if (l->is_file && !took_all) {
			errno = ENOSPC;
			note_failure(l);
			return (l->len);
		}
		note_success(l);
	}
	return (0);
}

int
flowlog_blocked_on(const struct flowlog *l)
{
	return (l->blocked ? l->fd : -1);
}

static bool
same_file(int a, int b)
{
	struct stat sa, sb;

	return (a != -1 && b != -1 && fstat(a, &sa) == 0 &&
	    fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	    sa.st_ino == sb.st_ino);
}

/* The reader of a FIFO got the beginning of this record; the next will not. */
static void
drop_partial(struct flowlog *l)
{
	if (l->partial == 0)
		return;
	take_from_buffer(l, record_len(l, 0));
	l->partial = 0;
	l->counters.lost++;
	log_warnx("%s changed inside a record; one flow is lost", l->name);
}

void
flowlog_set_fd(struct flowlog *l, int fd)
{
	struct stat st;

	l->failed_at = 0;
	(void)flowlog_flush(l);
	if (!same_file(l->fd, fd))
		drop_partial(l);
	if (l->fd != -1)
		(void)close(l->fd);
	l->fd = fd;
	l->failed_at = 0;
	l->blocked = false;
	l->is_file = fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

void
flowlog_end(struct flowlog *l)
{
	uint64_t lost;

	flowlog_set_fd(l, -1);
	lost = count_records(l);
	l->len = 0;
	l->counters.lost += lost;
	if (lost > 0)
		log_warnx("%" PRIu64
			  " flows could not be written to %s and "
			  "are lost",
		    lost, l->name);
}

void
flowlog_free(struct flowlog *l)
{
	if (l == NULL)
		return;
	if (l->fd != -1)
		(void)close(l->fd);
	free(l->name);
	free(l->buf);
	free(l);
}

uint8_t *
flowlog_room(struct flowlog *l)
{
	if (BUFFER_LEN - l->len < STORE_RECORD_MAX) {
		(void)flowlog_flush(l);
		if (BUFFER_LEN - l->len < STORE_RECORD_MAX)
			return (NULL);
	}
	return (l->buf + l->len);
}

void
flowlog_commit(struct flowlog *l, size_t len)
{
	l->len += len;
}
