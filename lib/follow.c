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

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "errors.h"
#include "lib/follow.h"

void
follow_init(struct follow *f, const char *path)
{
	f->path = path;
	f->fd = f->next = -1;
}

static void
close_file(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
follow_close(struct follow *f)
{
	close_file(&f->fd);
	close_file(&f->next);
}

/* A FIFO cannot be followed, and opening it must not block. */
static int
open_file(const char *path, int *fd)
{
	struct stat st;

	if ((*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1)
		return (FLOWD_EIO);
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode))
		return (0);
	close_file(fd);
	return (FLOWD_EINVAL);
}

int
follow_open(struct follow *f)
{
	return (open_file(f->path, &f->fd));
}

int
follow_descriptor(struct follow *f, int *fd)
{
	if ((*fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0)) == -1)
		return (FLOWD_EIO);
	if (lseek(f->fd, 0, SEEK_SET) == 0)
		return (0);
	close_file(fd);
	return (FLOWD_EIO);
}

static bool
is_at_path(const struct follow *f, int fd)
{
	struct stat st, there;

	return (fd != -1 && fstat(fd, &st) == 0 && stat(f->path, &there) == 0 &&
	    st.st_dev == there.st_dev && st.st_ino == there.st_ino);
}

/* Opens a new file as soon as it exists, since it may be renamed, too. */
static void
look_for_next(struct follow *f)
{
	int fd;

	if (is_at_path(f, f->fd) || is_at_path(f, f->next) ||
	    open_file(f->path, &fd) != 0)
		return;
	if (is_at_path(f, f->fd)) { /* the old file is back */
		close_file(&fd);
		return;
	}
	close_file(&f->next);
	f->next = fd;
}

/*
 * While the new file is empty, the old one may still grow: a writer first
 * writes its buffered records to the old file.
 */
static bool
next_has_begun(const struct follow *f)
{
	struct stat st;

	return (f->next != -1 && fstat(f->next, &st) == 0 && st.st_size > 0);
}

static bool
was_cut(const struct follow *f, uint64_t offset)
{
	const off_t at = lseek(f->fd, 0, SEEK_CUR);
	struct stat st;

	/* Only a torn record may have been cut off, not a record shown. */
	return (fstat(f->fd, &st) == 0 && st.st_size < at &&
	    (uint64_t)st.st_size < offset);
}

enum follow_event
follow_look(struct follow *f, uint64_t offset)
{
	if (was_cut(f, offset))
		return (FOLLOW_CUT);
	if (!next_has_begun(f))
		look_for_next(f);
	if (!next_has_begun(f))
		return (FOLLOW_SAME);
	close_file(&f->fd);
	f->fd = f->next;
	f->next = -1;
	return (FOLLOW_NEXT);
}
