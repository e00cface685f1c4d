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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "monitor/paths.h"
#include "monitor/pidfile.h"

#define TRIES 10 /* while other processes replace the file */

static int
lock_file(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return (fcntl(fd, F_SETLK, &lock));
}

/*
 * Whether a flowd has locked the file: it has a lock for writing.  Every user
 * who can read the file can have a lock for reading.
 */
static bool
is_locked_by_flowd(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return (fcntl(fd, F_GETLK, &lock) == -1 || lock.l_type == F_WRLCK);
}

/* Nobody else can open a new file before it is locked.  -1 with errno. */
static int
create_locked(const char *path)
{
	int fd = open(path,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd != -1 && lock_file(fd) == 0 && fchmod(fd, 0644) == 0)
		return (fd);
	if (fd != -1)
		(void)close(fd);
	return (-1);
}

/*
 * Locks the existing file, or removes it if only other users have locked it.
 * -1 with errno: EAGAIN if a flowd has locked it, ENOENT if it is gone.
 */
static int
lock_existing(const char *path)
{
	int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1 || lock_file(fd) == 0)
		return (fd);
	errno = EAGAIN;
	if (!is_locked_by_flowd(fd)) {
		log_warnx(
		    "pidfile %s: another user has locked it for reading; "
		    "flowd replaces the file",
		    path);
		if (unlink(path) == 0)
			errno = ENOENT;
	}
	(void)close(fd);
	return (-1);
}

static int
open_locked(const char *path)
{
	int fd, i;

	for (i = 0; i < TRIES; i++) {
		fd = lock_existing(path);
		if (fd == -1 && errno == ENOENT)
			fd = create_locked(path);
		if (fd != -1)
			return (fd);
		if (errno != EEXIST && errno != ENOENT)
			break;
	}
	if (errno == EAGAIN)
		log_warnx(
		    "pidfile %s: locked by a running flowd; stop it "
		    "first",
		    path);
	else
		log_warn("pidfile %s%s", path, path_hint(path));
	return (-1);
}

int
pidfile_write(struct pidfile *p, const char *path)
{
	path_warn("pidfile", path);
	if ((p->fd = open_locked(path)) == -1)
		return (-1);
	if ((p->path = strdup(path)) == NULL)
		fatal("no memory for the pidfile");
	if (ftruncate(p->fd, 0) == -1 ||
	    dprintf(p->fd, "%ld\n", (long)getpid()) < 0) {
		log_warn("pidfile %s", path);
		return (-1);
	}
	return (0);
}

void
pidfile_remove(struct pidfile *p)
{
	if (p->path == NULL)
		return;
	if (unlink(p->path) == -1 && errno != ENOENT)
		log_warn("pidfile %s: cannot remove it", p->path);
	(void)close(p->fd);
	free(p->path);
	p->path = NULL;
}
