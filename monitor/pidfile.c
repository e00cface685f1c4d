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

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "monitor/paths.h"
#include "monitor/pidfile.h"

static int
open_locked(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd == -1) {
		log_warn("pidfile %s%s", path, path_hint(path));
		return (-1);
	}
	if (fcntl(fd, F_SETLK, &lock) == -1) {
		log_warnx(
		    "pidfile %s: locked by a running flowd; stop it "
		    "first",
		    path);
		(void)close(fd);
		return (-1);
	}
	return (fd);
}

int
pidfile_write(struct pidfile *p, const char *path)
{
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
