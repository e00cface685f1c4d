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
 * The log is written in large pieces of whole records.  If a write leaves a
 * partial record in a file, the collector asks the monitor to cut it off, and
 * writes the record again when there is room.  A FIFO cannot be cut; there, and
 * in a file that was not cut, the rest of the record follows.
 *
 * The buffer is a queue of blocks, and has one block while the log accepts all
 * data.  Each flush writes at most one block, so that receiving continues while
 * a log catches up.
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
#include "base/log-limit.h"
#include "base/log.h"
#include "collector/flowlog.h"
#include "collector/progress.h"
#include "store.h"

#define BLOCK_LEN     FLOWLOG_ROOM_MAX
#define RUNS_MAX      (BLOCK_LEN / 64) /* in one block */
#define RETRY_SECONDS 1                /* after a failed write */
#define LOCK_MS       1000             /* to wait for the lock at the end */

/* Consecutive records of one owner. */
struct run {
	void *owner;
	uint32_t end; /* of the last one; offset in data */
	uint32_t records;
};

struct block {
	struct block *next;
	size_t begin, end;   /* of the records in data */
	size_t first, nruns; /* the runs of these records */
	struct run runs[RUNS_MAX];
	uint8_t data[BLOCK_LEN];
};

struct flowlog {
	char *name;
	/* Kept while the file has a partial record.  Without locks: none. */
	struct flowlog_lock lock;
	int fd;                     /* -1: none */
	bool is_file;               /* a regular file, which can be cut */
	struct block *first, *last; /* at least one */
	size_t nblocks;
	uint64_t max_blocks;
	size_t
	    *shared; /* further blocks of several logs; NULL: no limit of all */
	size_t left; /* bytes in all blocks */
	size_t partial;   /* bytes of the first record that are in fd */
	off_t torn_at;    /* size of the file with this partial record */
	bool torn;        /* since the last flowlog_was_torn */
	bool dead;        /* see flowlog_is_dead */
	bool paused;      /* the monitor is repairing the file */
	bool waits;       /* until fd is writable */
	bool failing;     /* since the buffer was empty */
	bool full;        /* the buffer was, since it was empty */
	time_t failed_at; /* clock_sec(); 0: the last write succeeded */
	uint64_t refused; /* flows that no message has reported */
	record_outcome *outcome;

	/* A message about recovery follows each of these. */
	struct log_budget budget;
	bool failure_logged, full_logged;
	struct flowlog_counters counters;
};

static bool
may_add_block(const struct flowlog *l)
{
	if (l->shared == NULL)
		return (l->nblocks < l->max_blocks);
	return (l->nblocks == 0 || *l->shared < l->max_blocks);
}

static bool
add_block(struct flowlog *l)
{
	struct block *b;

	if (!may_add_block(l) || (b = malloc(sizeof(*b))) == NULL)
		return (false);
	if (l->shared != NULL && l->nblocks > 0)
		(*l->shared)++;
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
	if (lock != NULL)
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

void
flowlog_share_limit(struct flowlog *l, size_t *blocks)
{
	if (l->shared == NULL)
		*blocks += l->nblocks - 1;
	l->shared = blocks;
}

const char *
flowlog_name(const struct flowlog *l)
{
	return (l->name);
}

void
flowlog_counters_add(struct flowlog_counters *sum, const struct flowlog *l)
{
	sum->bytes += l->counters.bytes;
	sum->errors += l->counters.errors;
	sum->lost += l->counters.lost;
}

static void
unlock(const struct flowlog *l)
{
	if (l->lock.locks != NULL)
		flowlog_unlock(&l->lock);
}

void
flowlog_set_lock(struct flowlog *l, const struct flowlog_lock *lock)
{
	if (l->lock.index != lock->index)
		unlock(l);
	l->lock = *lock;
}

/* Returns the length of the record at offset at. */
static size_t
record_len(const struct block *b, size_t at)
{
	size_t len;

	if (store_check_header(b->data + at, b->end - at, &len) != 0)
		fatalx("the buffer of a log is damaged");
	return (len);
}

/* Returns the length of the whole records within the first len bytes. */
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

/* Removes the records up to end from the first run; returns their number. */
static uint32_t
remove_from_run(struct block *b, size_t end)
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
 * Removes n bytes of whole records from the first block, because they were
 * written or are lost, and reports the outcome to their owners.  Returns the
 * number of records.
 */
static uint64_t
remove_from_buffer(struct flowlog *l, size_t n, bool written)
{
	struct block *b = l->first;
	const size_t end = b->begin + n;
	uint64_t removed = 0;
	uint32_t records;
	void *owner;

	l->left -= n;
	while (b->begin < end) {
		owner = b->runs[b->first].owner;
		records = remove_from_run(b, end);
		l->outcome(owner, written ? records : 0, written ? 0 : records);
		removed += records;
	}
	if (b->begin < b->end)
		return (removed);
	b->begin = b->end = b->first = b->nruns = 0;
	if (b->next == NULL)
		return (removed);
	l->first = b->next;
	l->nblocks--;
	if (l->shared != NULL)
		(*l->shared)--;
	free(b);
	return (removed);
}

static off_t
file_size(int fd)
{
	struct stat st;

	return (fstat(fd, &st) == -1 ? -1 : st.st_size);
}

/* n more bytes have been written to the file. */
static void
note_written(struct flowlog *l, size_t n)
{
	size_t whole;

	n += l->partial;
	whole = whole_records(l->first, n);
	l->partial = n - whole;
	if (l->partial > 0 && l->is_file) {
		l->torn = true;
		/* Not st_size: another process may have emptied the file. */
		l->torn_at = lseek(l->fd, 0, SEEK_CUR);
	}
	l->counters.bytes += whole;
	if (whole > 0)
		(void)remove_from_buffer(l, whole, true);
}

static void
note_failure(struct flowlog *l)
{
	uint64_t held_back;

	l->failed_at = clock_sec();
	l->dead = errno != ENOSPC && errno != EDQUOT && errno != EFBIG;
	l->counters.errors++;
	if (l->failing)
		return;
	l->failing = true;
	if (!log_budget_pass(&l->budget, (uint32_t)l->failed_at, &held_back))
		return;
	l->failure_logged = true;
	log_warn("cannot write to %s; flows are buffered", l->name);
}

/* The buffer has become empty. */
static void
note_recovery(struct flowlog *l)
{
	l->failing = l->full = false;
	if (!l->failure_logged && !l->full_logged)
		return;
	l->failure_logged = l->full_logged = false;
	log_info("%s can be written again; %" PRIu64 " flows were lost",
	    l->name, l->refused);
	l->refused = 0;
}

/* Writes a part of the first block.  False if the rest has to wait. */
static bool
write_some(struct flowlog *l)
{
	const struct block *b = l->first;
	size_t len;
	ssize_t n;
	int error;

	/* The file was repaired, or another process has emptied it. */
	if (l->partial > 0 && l->is_file && file_size(l->fd) != l->torn_at)
		l->partial = 0;
	len = b->end - b->begin - l->partial;
	progress_waits(true);
	do
		n = write(l->fd, b->data + b->begin + l->partial, len);
	while (n == -1 && errno == EINTR);
	error = errno;
	progress_waits(false);
	errno = error;
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		l->waits = true;
		return (false);
	}
	if (n == -1) {
		note_failure(l);
		return (false);
	}
	note_written(l, (size_t)n);
	/* A short write to a file means that the disk is full. */
	if (l->is_file && (size_t)n < len) {
		errno = ENOSPC;
		note_failure(l);
		return (false);
	}
	l->failed_at = 0;
	l->dead = false;
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
flowlog_is_dead(const struct flowlog *l)
{
	return (l->fd != -1 && l->dead);
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
		unlock(l);
}

static bool
same_file(int a, int b)
{
	struct stat sa, sb;

	return (a != -1 && b != -1 && fstat(a, &sa) == 0 &&
	    fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	    sa.st_ino == sb.st_ino);
}

/*
 * The next reader of a FIFO would not have the beginning of this record.  A
 * file receives the whole record again.
 */
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
	    remove_from_buffer(l, record_len(l->first, l->first->begin), false);
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

/* Writes as much as possible without waiting for the file. */
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

	if (l->fd != -1)
		write_all(l);
	flowlog_set_fd(l, -1);
	unlock(l);
	while (l->left > 0)
		lost += remove_from_buffer(l, l->first->end - l->first->begin,
		    false);
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
	if (l->shared != NULL && l->nblocks > 1)
		*l->shared -= l->nblocks - 1;
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
	l->full_logged = true;
	log_warnx("the buffer of %s is full; flows are lost", l->name);
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
