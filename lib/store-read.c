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
 * Reads logs in large blocks, plain or compressed by gzip.  With recovery it
 * continues after damage.
 */

#include "compat/compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define ZLIB_CONST
#include <zlib.h>

#include "lib/follow.h"
#include "lib/store-scan.h"
#include "lib/store-v2.h"
#include "store.h"

#define LOG_BUFFER (256 * 1024) /* bytes read at a time */

_Static_assert(LOG_BUFFER >= 2 * SCAN_BYTES, "a window has no room");

/* RFC 1952 section 2.3: the magic number, and deflate as the method. */
static const uint8_t gzip_magic[] = { 0x1f, 0x8b, 8 };
#define GZIP_MAGIC 0x1f8b08U

/* The state of recovery. */
struct recovery {
	store_damage_fn *report;
	void *arg;
	uint64_t expected; /* offset where the last record ended */
	int cause;         /* the error there */
	bool in_step;      /* nothing was skipped since */
	bool planned;      /* scan has a plan from pos on */
	bool partial;      /* the plan's window may still grow */
	struct scan scan;
};

/* The state of following by name. */
struct following {
	struct follow *files;
	store_follow_fn *report; /* NULL: none */
	void *arg;
	struct follow_start start; /* of the first file */
	bool only_new, opened, begun;
	enum follow_event leaving; /* why the file is read to its end */
	uint64_t repeated;         /* flows up to this offset were read */
};

struct store_reader {
	store_read_fn *read;   /* reads the file */
	void *arg;             /* of read */
	int fd;                /* -1: none */
	const uint8_t *memory; /* the rest of it, when reading memory */
	size_t memory_len;
	int error, saved_errno; /* final, once set */
	int end;                /* the error that ends the input, or 0 */
	bool started, gzip, follow;
	bool in_member;       /* gzip: inside a member */
	bool hunting;         /* gzip: for the next member */
	bool lost;            /* gzip: no complete member since */
	uint32_t hunted;      /* the last bytes that hunt read */
	uint64_t offset;      /* of the last record */
	uint64_t next_offset; /* of the byte at pos */
	size_t pos, len;      /* buf[pos] to buf[len - 1] */
	int (*decode)(const uint8_t *, size_t, struct flow *, size_t *);
	struct recovery *recovery;   /* NULL: none */
	struct following *following; /* NULL: none */
	z_stream z;
	uint8_t buf[LOG_BUFFER];
	uint8_t gzip_buf[LOG_BUFFER];
};

static ssize_t
read_fd(void *arg, void *buf, size_t size)
{
	const struct store_reader *r = arg;

	return (read(r->fd, buf, size));
}

static ssize_t
read_memory(void *arg, void *buf, size_t size)
{
	struct store_reader *r = arg;

	if (size > r->memory_len)
		size = r->memory_len;
	if (size == 0)
		return (0);
	memcpy(buf, r->memory, size);
	r->memory += size;
	r->memory_len -= size;
	return ((ssize_t)size);
}

/* Repeats the call if a signal interrupts it. */
static ssize_t
read_some(struct store_reader *r, uint8_t *buf, size_t size)
{
	ssize_t n;

	do
		n = r->read(r->arg, buf, size);
	while (n == -1 && errno == EINTR);
	return (n);
}

/*
 * The fill functions append at least one byte of the log to the buffer, which
 * has free space.  FLOWD_EEOF, FLOWD_EIO, FLOWD_EGZIP, FLOWD_ENOMEM.
 */
static int
fill_plain(struct store_reader *r)
{
	const ssize_t n =
	    read_some(r, r->buf + r->len, sizeof(r->buf) - r->len);

	if (n == -1)
		return (FLOWD_EIO);
	if (n == 0)
		return (FLOWD_EEOF);
	r->len += (size_t)n;
	return (0);
}

static int
fill_gzip_input(struct store_reader *r)
{
	const ssize_t n = read_some(r, r->gzip_buf, sizeof(r->gzip_buf));

	if (n == -1)
		return (FLOWD_EIO);
	if (n == 0)
		return (r->in_member ? FLOWD_EGZIP : FLOWD_EEOF);
	r->z.next_in = r->gzip_buf;
	r->z.avail_in = (unsigned int)n;
	return (0);
}

static int
inflate_some(struct store_reader *r)
{
	int ret;

	if (!r->in_member && (ret = inflateReset(&r->z)) != Z_OK)
		return (ret);
	ret = inflate(&r->z, Z_NO_FLUSH);
	r->in_member = ret != Z_STREAM_END;
	if (ret == Z_STREAM_END)
		r->lost = false;
	return (ret);
}

/*
 * Skips compressed bytes up to the next possible beginning of a member; bytes
 * that only look like one cause an error soon.  Z_OK at the end of the input.
 */
static int
hunt(struct store_reader *r)
{
	const uint8_t *rest;
	unsigned int nrest;
	int ret;

	while (r->z.avail_in > 0 && r->hunted != GZIP_MAGIC) {
		r->hunted = (r->hunted << 8 | *r->z.next_in++) & 0xffffff;
		r->z.avail_in--;
	}
	if (r->hunted != GZIP_MAGIC)
		return (Z_OK);
	r->hunting = false;
	rest = r->z.next_in;
	nrest = r->z.avail_in;
	r->z.next_in = gzip_magic;
	r->z.avail_in = sizeof(gzip_magic);
	ret = inflate_some(r);
	r->z.next_in = rest;
	r->z.avail_in = nrest;
	return (ret);
}

/* The member is damaged, or cut off. */
static void
lose_member(struct store_reader *r)
{
	const struct recovery *v = r->recovery;

	r->in_member = false;
	r->hunting = true;
	r->hunted = 0;
	if (!r->lost)
		v->report(v->arg, FLOWD_EGZIP, r->next_offset + r->len - r->pos,
		    0);
	r->lost = true;
}

/* A gzip file is a sequence of members (RFC 1952 section 2.2). */
static int
fill_gzip(struct store_reader *r)
{
	const size_t room = sizeof(r->buf) - r->len;
	int error, ret = Z_OK;

	r->z.next_out = r->buf + r->len;
	r->z.avail_out = (unsigned int)room;
	while (r->z.avail_out == room) {
		if (r->z.avail_in == 0 && (error = fill_gzip_input(r)) != 0) {
			if (error != FLOWD_EGZIP || r->recovery == NULL)
				return (error);
			lose_member(r);
			return (FLOWD_EEOF);
		}
		ret = r->hunting ? hunt(r) : inflate_some(r);
		if (ret == Z_OK || ret == Z_STREAM_END)
			continue;
		if (r->recovery == NULL || ret == Z_MEM_ERROR)
			break;
		lose_member(r);
	}
	r->len += room - r->z.avail_out;
	/* After the bytes before the damage, inflate returns it again. */
	if (r->z.avail_out != room)
		return (0);
	return (ret == Z_MEM_ERROR ? FLOWD_ENOMEM : FLOWD_EGZIP);
}

/*
 * Checks the first bytes: no version of the log begins like gzip.
 */
static int
start(struct store_reader *r)
{
	int error;

	while (r->len < 2) {
		if ((error = fill_plain(r)) != 0)
			return (error);
	}
	r->started = true;
	if (memcmp(r->buf, gzip_magic, 2) != 0)
		return (0);
	if (inflateInit2(&r->z, 16 + MAX_WBITS) != Z_OK)
		return (FLOWD_ENOMEM);
	r->gzip = true;
	memcpy(r->gzip_buf, r->buf, r->len);
	r->z.next_in = r->gzip_buf;
	r->z.avail_in = (unsigned int)r->len;
	r->len = 0;
	return (fill_gzip(r));
}

/* Makes free space in the buffer, and reads more of the log into it. */
static int
fill(struct store_reader *r)
{
	if (r->end != 0)
		return (r->end);
	memmove(r->buf, r->buf + r->pos, r->len - r->pos);
	r->len -= r->pos;
	r->pos = 0;
	if (!r->started)
		r->end = start(r);
	else
		r->end = r->gzip ? fill_gzip(r) : fill_plain(r);
	r->saved_errno = errno;
	return (r->end);
}

/* Buffers at least size bytes, unless the log ends before. */
static void
want(struct store_reader *r, size_t size)
{
	while (r->len - r->pos < size && fill(r) == 0)
		continue;
}

int
store_reader_funopen(store_read_fn *fn, void *arg, struct store_reader **reader)
{
	struct store_reader *r;

	*reader = NULL;
	/* The buffers need no zeros; z does, for inflateInit2. */
	if ((r = malloc(sizeof(*r))) == NULL)
		return (FLOWD_ENOMEM);
	memset(r, 0, offsetof(struct store_reader, buf));
	r->read = fn;
	r->arg = arg;
	r->fd = -1;
	r->decode = store_decode;
	*reader = r;
	return (0);
}

int
store_reader_fdopen(int fd, struct store_reader **reader)
{
	int error;

	if ((error = store_reader_funopen(read_fd, NULL, reader)) != 0) {
		close(fd);
		return (error);
	}
	(*reader)->arg = *reader;
	(*reader)->fd = fd;
	return (0);
}

int
store_reader_memopen(const void *data, size_t len, struct store_reader **reader)
{
	int error;

	if ((error = store_reader_funopen(read_memory, NULL, reader)) != 0)
		return (error);
	(*reader)->arg = *reader;
	(*reader)->memory = data;
	(*reader)->memory_len = len;
	return (0);
}

int
store_reader_open(const char *path, struct store_reader **reader)
{
	int fd;

	*reader = NULL;
	if (strcmp(path, "-") == 0)
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return (FLOWD_EIO);
	return (store_reader_fdopen(fd, reader));
}

void
store_reader_close(struct store_reader *r)
{
	if (r == NULL)
		return;
	if (r->gzip)
		inflateEnd(&r->z);
	if (r->following != NULL)
		follow_free(r->following->files);
	else if (r->fd != -1)
		close(r->fd);
	free(r->following);
	free(r->recovery);
	free(r);
}

/* Begins at offset, where a record begins. */
static void
begin_recovery(struct recovery *v, uint64_t offset)
{
	v->expected = offset;
	v->cause = 0;
	v->in_step = true;
	v->planned = v->partial = false;
	scan_init(&v->scan);
}

int
store_reader_recover(struct store_reader *r, store_damage_fn *report, void *arg)
{
	struct recovery *v;

	if ((v = malloc(sizeof(*v))) == NULL)
		return (FLOWD_ENOMEM);
	v->report = report;
	v->arg = arg;
	begin_recovery(v, 0);
	r->recovery = v;
	return (0);
}

int
store_reader_legacy(struct store_reader *r, uint32_t *start_sec)
{
	int error;

	*start_sec = 0;
	want(r, STORE_V2_FILE_HEADER_LEN);
	error = store_v2_check_file(r->buf, r->len, start_sec);
	if (error == FLOWD_ESHORT)
		error =
		    r->end == FLOWD_EEOF && r->len != 0 ? FLOWD_ETORN : r->end;
	if ((r->error = error) != 0) {
		errno = r->saved_errno;
		return (error);
	}
	r->decode = store_v2_decode;
	r->pos = r->next_offset = r->offset = STORE_V2_FILE_HEADER_LEN;
	return (0);
}

/* The first bytes of files in other formats; none begins a record. */
static const struct {
	int error;
	size_t len;
	const char *magic;
} formats[] = {
	{ FLOWD_EXZ, 6,
	    "\xfd"
	    "7zXZ" },
	{ FLOWD_EZSTD, 4, "\x28\xb5\x2f\xfd" },
	{ FLOWD_EBZIP2, 3, "BZh" },
};

/*
 * The format of a log that is read as version 3: FLOWD_ELEGACY for version 2,
 * FLOWD_EXZ, FLOWD_EZSTD or FLOWD_EBZIP2 for a compressed file, or 0.
 */
static int
other_format(const struct store_reader *r)
{
	const uint8_t *p = r->buf + r->pos;
	const size_t len = r->len - r->pos;
	uint32_t start_sec;
	size_t i;

	if (r->next_offset != 0)
		return (0);
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (len >= formats[i].len &&
		    memcmp(p, formats[i].magic, formats[i].len) == 0)
			return (formats[i].error);
	}
	return (
	    store_v2_check_file(p, len, &start_sec) == 0 ? FLOWD_ELEGACY : 0);
}

/* Moves to the end of the record of len bytes at pos. */
static void
take_record(struct store_reader *r, size_t len)
{
	r->offset = r->next_offset;
	r->pos += len;
	r->next_offset += len;
}

static int
next_record(struct store_reader *r, struct flow *flow)
{
	size_t len;
	int error, other;

	r->offset = r->next_offset;
	while ((error = r->decode(r->buf + r->pos, r->len - r->pos, flow,
		    &len)) == FLOWD_ESHORT) {
		if ((error = fill(r)) == FLOWD_EEOF && r->len != r->pos)
			return (FLOWD_ETORN);
		if (error != 0)
			return (error);
	}
	if (error == 0)
		take_record(r, len);
	if (error != FLOWD_EVERSION)
		return (error);
	other = other_format(r);
	return (other != 0 ? other : error);
}

/*
 * Returns whether the record at pos is certain without weighing it against
 * others.
 */
static bool
next_undoubted(struct store_reader *r, struct flow *flow, size_t *len)
{
	int error;

	if (!r->recovery->in_step)
		return (false);
	while ((error = store_decode(r->buf + r->pos, r->len - r->pos, flow,
		    len)) == FLOWD_ESHORT &&
	    fill(r) == 0)
		continue;
	if (error != 0)
		return (false);
	if ((flow->fields & STORE_FIELD_CRC32) == 0) {
		want(r, *len + STORE_HEADER_LEN);
		if (!scan_undoubted(&r->recovery->scan, r->buf + r->pos,
			r->len - r->pos, *len))
			return (false);
	}
	(void)scan_learn(&r->recovery->scan, r->buf + r->pos);
	return (true);
}

/* Returns the error at pos, where a record should begin. */
static int
cause_of_damage(const struct store_reader *r)
{
	struct flow flow;
	size_t len;
	const int error =
	    store_decode(r->buf + r->pos, r->len - r->pos, &flow, &len);

	switch (error) {
	case FLOWD_ESHORT:
		return (FLOWD_ETORN);
	case 0:
		return (FLOWD_EHEADER); /* the next header is wrong */
	default:
		return (error);
	}
}

/*
 * Reports the bytes between the last record and the next.
 */
static void
report_damage(const struct store_reader *r)
{
	const struct recovery *v = r->recovery;

	if (r->next_offset != v->expected)
		v->report(v->arg, v->cause, v->expected,
		    r->next_offset - v->expected);
}

/*
 * Plans the bytes at pos.  If the log is followed, bytes at its end that may
 * become a record wait for more data, and so does the whole rest if the plan
 * has no record.
 */
static int
make_plan(struct store_reader *r)
{
	struct recovery *v = r->recovery;
	bool found, growing;
	size_t left;
	int error;

	want(r, SCAN_BYTES);
	left = r->len - r->pos;
	growing = r->follow && r->end == FLOWD_EEOF;
	r->offset = r->next_offset;
	if (left == 0) {
		if (!growing)
			report_damage(r);
		return (r->end);
	}
	if ((error = other_format(r)) != 0)
		return (error);
	if (growing && v->in_step && cause_of_damage(r) == FLOWD_ETORN)
		return (FLOWD_ETORN);
	found = scan_window(&v->scan, r->buf + r->pos, left, v->in_step);
	v->partial = growing && left < SCAN_BYTES;
	if (v->partial && !found)
		return (FLOWD_EEOF);
	v->planned = true;
	return (0);
}

/* Moves to the next record of the plan.  At its end it returns false. */
static bool
next_planned(struct store_reader *r, struct flow *flow, size_t *len)
{
	struct recovery *v = r->recovery;
	size_t skip;

	v->planned = scan_next(&v->scan, &skip, len);
	if (skip > 0 && (v->planned || !v->partial)) {
		if (v->in_step)
			v->cause = cause_of_damage(r);
		v->in_step = false;
		r->pos += skip;
		r->next_offset += skip;
	}
	return (v->planned &&
	    store_decode(r->buf + r->pos, r->len - r->pos, flow, len) == 0);
}

static int
next_recovered(struct store_reader *r, struct flow *flow)
{
	struct recovery *v = r->recovery;
	size_t len;
	int error;

	while (v->planned ? !next_planned(r, flow, &len) :
			    !next_undoubted(r, flow, &len)) {
		if (!v->planned && (error = make_plan(r)) != 0)
			return (error);
	}
	report_damage(r);
	take_record(r, len);
	v->expected = r->next_offset;
	v->in_step = true;
	return (0);
}

/* Begins to read the descriptor, whose offset is this one, as a new log. */
static void
begin_file(struct store_reader *r, uint64_t offset)
{
	if (r->gzip)
		inflateEnd(&r->z);
	memset(&r->z, 0, sizeof(r->z));
	r->started = r->gzip = r->in_member = r->hunting = r->lost = false;
	r->hunted = 0;
	r->pos = r->len = 0;
	r->offset = r->next_offset = offset;
	r->error = r->end = 0;
	if (r->recovery != NULL)
		begin_recovery(r->recovery, offset);
}

/* Whether the log was truncated to less than was read.  Moves to its start. */
static bool
was_cut(struct store_reader *r)
{
	struct stat st;

	if (r->following != NULL)
		return (follow_was_cut(r->following->files, r->next_offset));
	return (!r->gzip && r->fd != -1 && fstat(r->fd, &st) == 0 &&
	    S_ISREG(st.st_mode) && (uint64_t)st.st_size < r->next_offset &&
	    lseek(r->fd, 0, SEEK_SET) == 0);
}

static void
report_following(const struct store_reader *r, enum store_follow_event event,
    const char *path)
{
	const struct following *f = r->following;
	const int error = errno;

	if (f != NULL && f->report != NULL)
		f->report(f->arg, event, path);
	errno = error;
}

/* Continues a followed log: its end may have grown, or been replaced. */
static void
look_again(struct store_reader *r)
{
	if (r->error != FLOWD_EEOF && r->error != FLOWD_ETORN)
		return;
	if (was_cut(r)) {
		begin_file(r, 0);
		if (r->following != NULL)
			report_following(r, STORE_FOLLOW_CUT,
			    follow_path(r->following->files));
		return;
	}
	r->error = r->end = 0;
	if (!r->gzip && r->fd != -1 &&
	    lseek(r->fd, (off_t)r->next_offset, SEEK_SET) != -1)
		r->pos = r->len = 0;
}

void
store_reader_follow(struct store_reader *r, bool follow)
{
	r->follow = follow;
	if (!follow)
		look_again(r);
}

static int
open_followed(struct following *f, const char *path, unsigned int flags)
{
	int error;

	f->only_new = (flags & STORE_FOLLOW_NEW) != 0;
	f->opened = (flags & STORE_FOLLOW_WAIT) == 0;
	if ((error = follow_new(path, &f->files)) != 0 || !f->opened)
		return (error);
	return (follow_begin(f->files, f->only_new, &f->start));
}

int
store_reader_open_following(const char *path, unsigned int flags,
    store_follow_fn *report, void *arg, struct store_reader **reader)
{
	struct store_reader *r;
	struct following *f;
	int error, saved_errno;

	if ((error = store_reader_funopen(read_fd, NULL, reader)) != 0)
		return (error);
	r = *reader;
	r->arg = r;
	if ((f = r->following = calloc(1, sizeof(*f))) == NULL)
		error = FLOWD_ENOMEM;
	else
		error = open_followed(f, path, flags);
	if (error != 0) {
		saved_errno = errno;
		store_reader_close(r);
		*reader = NULL;
		errno = saved_errno;
		return (error);
	}
	f->report = report;
	f->arg = arg;
	return (0);
}

/* Reads the current file of a log that is followed. */
static void
read_file_from(struct store_reader *r, const struct follow_start *start)
{
	struct following *f = r->following;
	uint64_t offset = 0;

	r->fd = follow_fd(f->files);
	f->leaving = FOLLOW_SAME;
	f->repeated = 0;
	if (start->exact && start->end != 0 &&
	    lseek(r->fd, (off_t)start->end, SEEK_SET) != -1)
		offset = start->end;
	else
		f->repeated = start->end;
	begin_file(r, offset);
	r->follow = true;
	report_following(r, STORE_FOLLOW_BEGIN, follow_path(f->files));
}

const char *
store_reader_path(const struct store_reader *r)
{
	return (r->following == NULL ? NULL : follow_path(r->following->files));
}

/* Begins to follow a log by its name, at the first store_read. */
static void
begin_following(struct store_reader *r)
{
	struct following *f = r->following;
	int error = 0;

	f->begun = r->follow = true;
	if (!f->opened)
		error = follow_begin(f->files, f->only_new, &f->start);
	r->error = error == 0 || error == FLOWD_EIO ? FLOWD_EEOF : error;
	if (follow_fd(f->files) != -1) {
		read_file_from(r, &f->start);
		return;
	}
	if (error == 0)
		errno = 0;
	report_following(r, STORE_FOLLOW_WAITING, follow_path(f->files));
}

/* The file was read to its end for the last time. */
static void
leave_file(struct store_reader *r)
{
	struct following *f = r->following;
	struct follow_start start;

	if (r->error == FLOWD_ETORN)
		report_following(r, STORE_FOLLOW_TORN, follow_path(f->files));
	if (f->leaving == FOLLOW_CLOSED) {
		report_following(r, STORE_FOLLOW_CLOSED,
		    follow_pattern(f->files));
		f->leaving = FOLLOW_SAME;
		r->error = FLOWD_ECLOSED;
		return;
	}
	follow_next(f->files, r->next_offset, &start);
	read_file_from(r, &start);
}

/* Goes to the next file, if there is one, after the end of a file. */
static void
move_on(struct store_reader *r)
{
	struct following *f = r->following;

	if (r->error != FLOWD_EEOF && r->error != FLOWD_ETORN)
		return;
	if (r->follow) {
		f->leaving = follow_look(f->files, r->next_offset);
		if (f->leaving != FOLLOW_SAME && r->fd != -1) {
			store_reader_follow(r, false);
			return;
		}
	}
	if (f->leaving != FOLLOW_SAME)
		leave_file(r);
}

static int
next_flow(struct store_reader *r, struct flow *flow)
{
	if (r->following != NULL && r->fd == -1)
		return (FLOWD_EEOF);
	return (r->recovery == NULL ? next_record(r, flow) :
				      next_recovered(r, flow));
}

/* Whether the last flow is from a part of a file that was read before. */
static bool
is_repeated(const struct store_reader *r)
{
	return (
	    r->following != NULL && r->next_offset <= r->following->repeated);
}

int
store_read(struct store_reader *r, struct flow *flow)
{
	if (r->following != NULL && !r->following->begun)
		begin_following(r);
	if (r->follow)
		look_again(r);
	while (r->error == 0) {
		if ((r->error = next_flow(r, flow)) != 0) {
			if (r->following != NULL)
				move_on(r);
		} else if (!is_repeated(r))
			return (0);
	}
	memset(flow, 0, sizeof(*flow));
	errno = r->saved_errno;
	return (r->error);
}

bool
store_reader_drained(const struct store_reader *r)
{
	const size_t left = r->len - r->pos;
	size_t len;
	int error;

	if (r->recovery == NULL && left >= STORE_RECORD_MAX)
		return (false);
	if (r->decode != store_decode)
		return (true);
	error = store_check_header(r->buf + r->pos, left, &len);
	if (r->recovery == NULL)
		return (error == FLOWD_ESHORT || len > left);
	/* The next header may be needed, too, or a whole window. */
	return (!r->recovery->planned &&
	    (error != 0 || len > left || left - len < STORE_HEADER_LEN));
}

uint64_t
store_reader_offset(const struct store_reader *r)
{
	return (r->offset);
}
