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
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "monitor/paths.h"
#include "monitor/statefile.h"

#define SUFFIX ".new"

bool
statefile_is_foreign(const char *path, const char *magic)
{
	const size_t len = strlen(magic);
	char begin[STATEFILE_MAGIC_MAX];
	bool foreign;
	ssize_t n;
	int fd;

	if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1)
		return (false);
	n = read(fd, begin, len < sizeof(begin) ? len : sizeof(begin));
	(void)close(fd);
	foreign = n > 0 && memcmp(begin, magic, (size_t)n) != 0;
	if (foreign)
		log_warnx(
		    "statefile %s: not a state file; flowd does not change "
		    "it and keeps no state",
		    path);
	return (foreign);
}

/* The name of the temporary file beside path.  -1 with errno. */
static int
temporary_name(const char *path, char name[PATH_MAX])
{
	int n = snprintf(name, PATH_MAX, "%s" SUFFIX, path);

	if (n >= 0 && n < PATH_MAX)
		return (0);
	errno = ENAMETOOLONG;
	return (-1);
}

const char *
statefile_name(const char *path, uint32_t number, char buf[PATH_MAX])
{
	(void)snprintf(buf, PATH_MAX, number == 1 ? "%s" : "%s.%" PRIu32, path,
	    number);
	return (buf);
}

static bool
is_older(int fd, const struct timespec *than, struct timespec *mtime)
{
	struct stat st;

	*mtime = (struct timespec){ 0 };
	if (fstat(fd, &st) == 0)
		*mtime = st.st_mtim;
	return (mtime->tv_sec < than->tv_sec ||
	    (mtime->tv_sec == than->tv_sec && mtime->tv_nsec < than->tv_nsec));
}

/* Inserts fd before the first of n descriptors whose file is younger. */
static void
insert_by_age(int *fds, size_t n, int fd)
{
	struct timespec mine, other;

	(void)is_older(fd, &(struct timespec){ 0 }, &mine);
	for (; n > 0 && !is_older(fds[n - 1], &mine, &other); n--)
		fds[n] = fds[n - 1];
	fds[n] = fd;
}

size_t
statefile_open_all(const char *path, uint32_t max, int *fds)
{
	char name[PATH_MAX];
	uint32_t number;
	size_t n = 0;
	int fd;

	for (number = 1; number <= max; number++) {
		(void)statefile_name(path, number, name);
		fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd != -1)
			insert_by_age(fds, n++, fd);
		else if (errno != ENOENT)
			log_warn(
			    "statefile %s cannot be read; starting without "
			    "its contents",
			    name);
	}
	return (n);
}

int
statefile_begin(const char *path, struct log_cause *cause)
{
	char name[PATH_MAX];
	int fd = -1;

	/* What another user may have placed there is removed, never opened. */
	if (temporary_name(path, name) == 0 &&
	    (unlink(name) == 0 || errno == ENOENT))
		fd = path_open(name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		log_cause_set(cause,
		    "statefile %s: cannot create %s" SUFFIX "%s", path, path,
		    path_hint(path));
	return (fd);
}

void
statefile_abandon(const char *path, int fd)
{
	char name[PATH_MAX];

	(void)close(fd);
	if (temporary_name(path, name) == 0)
		(void)unlink(name);
}

int
statefile_finish(const char *path, int fd, struct log_cause *cause)
{
	char name[PATH_MAX];

	if (temporary_name(path, name) == -1 || fsync(fd) == -1 ||
	    rename(name, path) == -1) {
		log_cause_set(cause,
		    "statefile %s cannot be replaced; the old one is kept",
		    path);
		statefile_abandon(path, fd);
		return (-1);
	}
	(void)close(fd);
	return (0);
}

int
statefile_check(const char *path)
{
	struct log_cause cause;
	int fd = statefile_begin(path, &cause);

	if (fd == -1) {
		log_cause_write(&cause);
		return (-1);
	}
	statefile_abandon(path, fd);
	return (0);
}
