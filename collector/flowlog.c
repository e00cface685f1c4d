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
 * a record the monitor is asked to cut off, and the record is written anew once
 * there is room.  A FIFO cannot be cut; there the rest of the record follows
 * when its reader takes it, as it does in a file that was not cut.
 *
 * The buffer is a queue of blocks, one block while the log keeps up.  At each
 * flush one block is written at most, so that receiving goes on while a log
 * catches up.
 */
#include "compat/compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "collector/flowlog.h"
#include "base/log-limit.h"
#include "base/log.h"
#include "store.h"

#define BLOCK_LEN     FLOWLOG_ROOM_MAX
#define RUNS_MAX      (BLOCK_LEN / 64) /* of one block, else it is full */
#define RETRY_SECONDS 1                /* after a failed write */
#define LOCK_MS       1000 /* to wait for it when there is no later */

/* Records in a row that have one owner. */
struct run {
	void *owner;
	uint32_t end; /* of the last one, in data */
	uint32_t records;
};

struct block {
	struct block *next;
	size_t begin, end;   /* of the records in data */
	size_t first, nruns; /* runs from first on make up these records */
	struct run runs[RUNS_MAX];
	uint8_t data[BLOCK_LEN];
};

struct flowlog {
	char *name;
	struct flowlog_lock lock;   /* kept while a record is torn */
	int fd;                     /* -1: none */
	bool is_file;               /* and can be cut */
	struct block *first, *last; /* one at the least */
	size_t nblocks;
	uint64_t max_blocks;
	size_t left;      /* bytes in all blocks */
	size_t partial;   /* of the first record, in fd */
	off_t torn_at;    /* size of the file then */
	bool torn;        /* since it was asked for */
	bool paused;      /* nothing may be written */
	bool waits;       /* until fd takes more */
	bool failing;     /* since the buffer was empty */
	bool full;        /* since then, the buffer was */
	time_t failed_at; /* monotonic; 0: it works */
	uint64_t refused; /* flows; of which no message told */
	record_outcome *outcome;

	/* Messages that it fails; one that it works again follows. */
	struct log_budget budget;
	bool failure_said, full_said;
	struct flowlog_counters counters;
};

static bool
add_block(struct flowlog *l)
{
	struct block *b;

	if (l->nblocks >= l->max_blocks || (b = malloc(sizeof(*b))) == NULL)
		return (false);
	b->next = NULL;
	b->begin = b->end = b->first = b->nruns = 0;
	if (l->last == NULL)
		l->first = b;
	else
		l->last->next = b;
	l->last = b;
	l->nblocks++;
	return (true);
}

struct flowlog *
flowlog_new(const char *name, const struct flowlog_lock *lock,
    record_outcome *outcome)
{
	struct flowlog *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (NULL);
	l->fd = -1;
	l->lock = *lock;
	l->outcome = outcome;
	flowlog_set_limit(l, FLOWLOG_BUFFER_DEFAULT);
	if ((l->name = strdup(name)) == NULL || !add_block(l)) {
		flowlog_free(l);
		return (NULL);
	}
	return (l);
}

void
flowlog_set_limit(struct flowlog *l, uint64_t bytes)
{
	l->max_blocks = bytes < BLOCK_LEN ? 1 : bytes / BLOCK_LEN;
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

/* The length of the record at offset at. */
static size_t
record_len(const struct block *b, size_t at)
{
	size_t len;

	if (store_check_header(b->data + at, b->end - at, &len) != 0)
		fatalx("log buffer is damaged");
	return (len);
}

/* Of the first len bytes those up to the last record boundary. */
static size_t
whole_records(const struct block *b, size_t len)
{
	size_t at = 0, next;

	if (len == b->end - b->begin)
		return (len);
	while (at < len) {
		next = record_len(b, b->begin + at);
		if (next > len - at)
			break;
		at += next;
	}
	return (at);
}

static uint32_t
count_records(const struct block *b, size_t at, size_t end)
{
	uint32_t n = 0;

	for (; at < end; at += record_len(b, at))
		n++;
	return (n);
}

/* Takes the records up to end out of the first run; how many these are. */
static uint32_t
take_from_run(struct block *b, size_t end)
{
	struct run *r = &b->runs[b->first];
	uint32_t n = r->records;

	if (end >= r->end) {
		b->first++;
		b->begin = r->end;
		return (n);
	}
	n = count_records(b, b->begin, end);
	r->records -= n;
	b->begin = end;
	return (n);
}

/*
 * Takes n bytes of whole records out of the first block, since they were
 * written or are lost, and tells their owners.  How many records these were.
 */
static uint64_t
take_from_buffer(struct flowlog *l, size_t n, bool written)
{
	struct block *b = l->first;
	const size_t end = b->begin + n;
	uint64_t taken = 0;
	uint32_t records;
	void *owner;

	l->left -= n;
	while (b->begin < end) {
		owner = b->runs[b->first].owner;
		records = take_from_run(b, end);
		l->outcome(owner, written ? records : 0, written ? 0 : records);
		taken += records;
	}
	if (b->begin < b->end)
		return (taken);
	b->begin = b->end = b->first = b->nruns = 0;
	if (b->next == NULL)
		return (taken);
	l->first = b->next;
	l->nblocks--;
	free(b);
	return (taken);
}

static off_t
file_size(int fd)
{
	struct stat st;

	return (fstat(fd, &st) == -1 ? -1 : st.st_size);
}

/* The first n bytes that were not there before are in the log. */
static void
note_written(struct flowlog *l, size_t n)
{
	size_t whole;

	n += l->partial;
	whole = whole_records(l->first, n);
	l->partial = n - whole;
	if (l->partial > 0 && l->is_file) {
		l->torn = true;
		/* Its end may be another one by now, if somebody emptied it. */
		l->torn_at = lseek(l->fd, 0, SEEK_CUR);
	}
	l->counters.bytes += whole;
	if (whole > 0)
		(void)take_from_buffer(l, whole, true);
}

static void
note_failure(struct flowlog *l)
{
	uint64_t held_back;

	l->failed_at = clock_sec();
	l->counters.errors++;
	if (l->failing)
		return;
	l->failing = true;
	if (!log_budget_pass(&l->budget, (uint32_t)l->failed_at, &held_back))
		return;
	l->failure_said = true;
	log_warn("cannot write to %s, flows are kept while there is room",
	    l->name);
}

/* The buffer has become empty. */
static void
note_recovery(struct flowlog *l)
{
	l->failing = l->full = false;
	if (!l->failure_said && !l->full_said)
		return;
	l->failure_said = l->full_said = false;
	log_info("%s can be written again; %" PRIu64 " flows were lost",
	    l->name, l->refused);
	l->refused = 0;
}

/* Writes of the first block.  False where the rest has to wait. */
static bool
write_some(struct flowlog *l)
{
	const struct block *b = l->first;
	size_t len;
	ssize_t n;

	/* It was cut, or somebody has emptied it. */
	if (l->partial > 0 && l->is_file && file_size(l->fd) != l->torn_at)
		l->partial = 0;
	len = b->end - b->begin - l->partial;
	do
		n = write(l->fd, b->data + b->begin + l->partial, len);
	while (n == -1 && errno == EINTR);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		l->waits = true;
		return (false);
	}
	if (n == -1) {
		note_failure(l);
		return (false);
	}
	note_written(l, (size_t)n);
	/* A file takes less only when there is no room. */
	if (l->is_file && (size_t)n < len) {
		errno = ENOSPC;
		note_failure(l);
		return (false);
	}
	l->failed_at = 0;
	return (true);
}

/* Writes as much of the first block as possible.  The log is locked. */
static void
write_block(struct flowlog *l)
{
	const size_t nblocks = l->nblocks;

	while (l->left > 0 && l->nblocks == nblocks) {
		if (!write_some(l))
			return;
	}
	if (l->left == 0)
		note_recovery(l);
	else
		l->waits = true;
}

size_t
flowlog_flush(struct flowlog *l)
{
	l->waits = false;
	if (l->fd == -1 || l->left == 0 || l->paused)
		return (l->left);
	if (l->failed_at != 0 && clock_sec() - l->failed_at < RETRY_SECONDS)
		return (l->left);
	if (!flowlog_lock_try(&l->lock))
		return (l->left);
	write_block(l);
	if (l->partial == 0)
		flowlog_unlock(&l->lock);
	return (l->left);
}

size_t
flowlog_left(const struct flowlog *l)
{
	return (l->left);
}

int
flowlog_blocked_on(const struct flowlog *l)
{
	return (l->waits ? l->fd : -1);
}

bool
flowlog_was_torn(struct flowlog *l)
{
	const bool torn = l->torn;

	l->torn = false;
	return (torn);
}

void
flowlog_pause(struct flowlog *l, bool pause)
{
	l->paused = pause;
	if (!pause && l->partial == 0)
		flowlog_unlock(&l->lock);
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
	if (l->is_file) {
		l->partial = 0;
		return;
	}
	l->counters.lost +=
	    take_from_buffer(l, record_len(l->first, l->first->begin), false);
	l->partial = 0;
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
	l->waits = fd != -1 && l->left > 0;
	l->is_file = fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* As far as it goes at once. */
static void
write_all(struct flowlog *l)
{
	size_t before;

	l->failed_at = 0;
	do {
		before = l->left;
		(void)flowlog_lock_wait(&l->lock, LOCK_MS);
	} while (flowlog_flush(l) < before);
}

void
flowlog_end(struct flowlog *l)
{
	uint64_t lost = 0;

	write_all(l);
	flowlog_set_fd(l, -1);
	flowlog_unlock(&l->lock);
	while (l->left > 0)
		lost +=
		    take_from_buffer(l, l->first->end - l->first->begin, false);
	l->counters.lost += lost;
	if (lost > 0)
		log_warnx("%" PRIu64
			  " flows could not be written to %s and "
			  "are lost",
		    lost + l->refused, l->name);
}

void
flowlog_free(struct flowlog *l)
{
	struct block *b;

	if (l == NULL)
		return;
	if (l->fd != -1)
		(void)close(l->fd);
	while ((b = l->first) != NULL) {
		l->first = b->next;
		free(b);
	}
	free(l->name);
	free(l);
}

static bool
has_room(const struct flowlog *l, size_t len)
{
	return (BLOCK_LEN - l->last->end >= len && l->last->nruns < RUNS_MAX);
}

void
flowlog_refuse(struct flowlog *l)
{
	uint64_t held_back;

	l->refused++;
	if (l->full)
		return;
	l->full = true;
	if (!log_budget_pass(&l->budget, (uint32_t)clock_sec(), &held_back))
		return;
	l->full_said = true;
	log_warnx("the buffer of %s is full, flows are lost", l->name);
}

uint8_t *
flowlog_room(struct flowlog *l, size_t len)
{
	if (!has_room(l, len))
		(void)flowlog_flush(l);
	if (!has_room(l, len) && !add_block(l))
		return (NULL);
	return (l->last->data + l->last->end);
}

void
flowlog_commit(struct flowlog *l, size_t len, size_t records, void *owner)
{
	struct block *b = l->last;
	struct run *r;

	if (records == 0)
		return;
	if (b->nruns == b->first || b->runs[b->nruns - 1].owner != owner)
		b->runs[b->nruns++] = (struct run){ .owner = owner };
	r = &b->runs[b->nruns - 1];
	b->end += len;
	l->left += len;
	r->end = (uint32_t)b->end;
	r->records += (uint32_t)records;
}
