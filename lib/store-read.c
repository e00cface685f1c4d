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
 * Reads the records of a log, or by store-recover.c those of a damaged one.
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

#include "lib/follow.h"
#include "lib/store-input.h"
#include "lib/store-recover.h"
#include "lib/store-v2.h"
#include "store.h"

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
	int error; /* final, once set */
	bool follow;
	uint64_t offset; /* of the last record */
	int (*decode)(const uint8_t *, size_t, struct flow *, size_t *);
	struct recovery *recovery;   /* NULL: none */
	struct following *following; /* NULL: none */
	struct input in;
};

static struct store_reader *
new_reader(void)
{
	struct store_reader *r;

	/* The buffers of the input need no zeros. */
	if ((r = malloc(sizeof(*r))) == NULL)
		return (NULL);
	memset(r, 0, offsetof(struct store_reader, in));
	r->decode = store_decode;
	input_init(&r->in);
	return (r);
}

int
store_reader_funopen(store_read_fn *fn, void *arg, struct store_reader **reader)
{
	if ((*reader = new_reader()) == NULL)
		return (FLOWD_ENOMEM);
	(*reader)->in.read = fn;
	(*reader)->in.arg = arg;
	return (0);
}

int
store_reader_fdopen(int fd, struct store_reader **reader)
{
	if ((*reader = new_reader()) == NULL) {
		close(fd);
		return (FLOWD_ENOMEM);
	}
	input_use_fd(&(*reader)->in, fd);
	return (0);
}

int
store_reader_memopen(const void *data, size_t len, struct store_reader **reader)
{
	if ((*reader = new_reader()) == NULL)
		return (FLOWD_ENOMEM);
	input_use_memory(&(*reader)->in, data, len);
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
	if (r->following != NULL) {
		follow_free(r->following->files);
		r->in.fd = -1;
	}
	input_close(&r->in);
	free(r->following);
	recovery_free(r->recovery);
	free(r);
}

int
store_reader_recover(struct store_reader *r, store_damage_fn *report, void *arg)
{
	return (recovery_new(report, arg, &r->in, &r->recovery));
}

int
store_reader_legacy(struct store_reader *r, uint32_t *start_sec)
{
	struct input *in = &r->in;
	int error;

	*start_sec = 0;
	input_want(in, STORE_V2_FILE_HEADER_LEN);
	error = store_v2_check_file(input_data(in), input_left(in), start_sec);
	if (error == FLOWD_ESHORT)
		error = in->end == FLOWD_EEOF && input_left(in) != 0 ?
		    FLOWD_ETORN :
		    in->end;
	if ((r->error = error) != 0) {
		errno = in->saved_errno;
		return (error);
	}
	r->decode = store_v2_decode;
	input_skip(in, STORE_V2_FILE_HEADER_LEN);
	r->offset = in->offset;
	return (0);
}

/*
 * In version 2, zeros look like records without fields.  A log may have such a
 * record, but two of them in a row are damage.
 */
static bool
has_zeros(struct input *in)
{
	static const uint8_t zeros[8];

	while (input_left(in) < sizeof(zeros) && input_fill(in) == 0)
		continue;
	return (input_left(in) >= sizeof(zeros) &&
	    memcmp(input_data(in), zeros, sizeof(zeros)) == 0);
}

static int
next_record(struct store_reader *r, struct flow *flow)
{
	struct input *in = &r->in;
	size_t len;
	int error, other;

	r->offset = in->offset;
	while ((error = r->decode(input_data(in), input_left(in), flow,
		    &len)) == FLOWD_ESHORT) {
		if ((error = input_fill(in)) == FLOWD_EEOF &&
		    input_left(in) != 0)
			return (FLOWD_ETORN);
		if (error != 0)
			return (error);
	}
	if (error == 0 && flow->fields == 0 && r->decode == store_v2_decode &&
	    has_zeros(in))
		return (FLOWD_EHEADER);
	if (error == 0)
		input_skip(in, len);
	if (error != FLOWD_EVERSION)
		return (error);
	other = input_other_format(in);
	return (other != 0 ? other : error);
}

/* Begins to read the descriptor, whose offset is this one, as a new log. */
static void
begin_file(struct store_reader *r, uint64_t offset)
{
	input_restart(&r->in, offset);
	r->offset = offset;
	r->error = 0;
	if (r->recovery != NULL)
		recovery_restart(r->recovery);
}

/* Whether the log was truncated to less than was read.  Moves to its start. */
static bool
was_cut(struct store_reader *r)
{
	struct stat st;

	if (r->following != NULL)
		return (follow_was_cut(r->following->files, r->in.offset));
	return (r->in.format == NULL && r->in.fd != -1 &&
	    fstat(r->in.fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size < r->in.offset &&
	    lseek(r->in.fd, 0, SEEK_SET) == 0);
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
	r->error = 0;
	input_look_again(&r->in);
}

void
store_reader_follow(struct store_reader *r, bool follow)
{
	r->follow = follow;
	r->in.only_gzip = r->in.only_gzip || follow;
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

	*reader = NULL;
	if ((flags & ~(STORE_FOLLOW_NEW | STORE_FOLLOW_WAIT)) != 0)
		return (FLOWD_EINVAL);
	if ((*reader = r = new_reader()) == NULL)
		return (FLOWD_ENOMEM);
	input_use_fd(&r->in, -1);
	r->in.only_gzip = true;
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

	r->in.fd = follow_fd(f->files);
	f->leaving = FOLLOW_SAME;
	f->repeated = 0;
	if (start->exact && start->end != 0 &&
	    lseek(r->in.fd, (off_t)start->end, SEEK_SET) != -1)
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
	follow_next(f->files, r->in.offset, &start);
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
		f->leaving = follow_look(f->files, r->in.offset);
		if (f->leaving != FOLLOW_SAME && r->in.fd != -1) {
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
	if (r->following != NULL && r->in.fd == -1)
		return (FLOWD_EEOF);
	return (r->recovery == NULL ?
		next_record(r, flow) :
		recovery_read(r->recovery, r->follow, flow, &r->offset));
}

/* Whether the last flow is from a part of a file that was read before. */
static bool
is_repeated(const struct store_reader *r)
{
	return (r->following != NULL && r->in.offset <= r->following->repeated);
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
	errno = r->in.saved_errno;
	return (r->error);
}

bool
store_reader_drained(const struct store_reader *r)
{
	const size_t left = input_left(&r->in);
	size_t len;

	if (r->recovery != NULL)
		return (recovery_drained(r->recovery));
	if (left >= STORE_RECORD_MAX)
		return (false);
	if (r->decode != store_decode)
		return (true);
	return (store_check_header(input_data(&r->in), left, &len) ==
		FLOWD_ESHORT ||
	    len > left);
}

uint64_t
store_reader_offset(const struct store_reader *r)
{
	return (r->offset);
}
