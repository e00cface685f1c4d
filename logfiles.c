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

#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "log-check.h"
#include "logfiles.h"

/* *made tells whether there was no such file before. */
static int
open_file(const char *path, bool *made)
{
	/*
	 * For reading too, so that a FIFO opens without a reader and keeps
	 * what was written when its reader leaves.
	 */
	const int flags = O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
	int fd;

	fd = open(path, flags | O_CREAT | O_EXCL, 0600);
	*made = fd != -1;
	/* It may be a link that leads nowhere yet. */
	if (fd == -1 && errno == EEXIST)
		fd = open(path, flags | O_CREAT, 0600);
	if (fd == -1)
		log_warn("logfile %s", path);
	return (fd);
}

static bool
same_file(int a, int b)
{
	struct stat sa, sb;

	return (fstat(a, &sa) == 0 && fstat(b, &sb) == 0 &&
	    sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino);
}

/* Whether the collector writes to this file: its end may just be growing. */
static bool
is_in_use(const struct logfiles *l, int fd)
{
	size_t i;

	for (i = 0; l->conf != NULL && i < l->conf->nlogs; i++) {
		if (same_file(l->list[i].fd, fd))
			return (true);
	}
	return (false);
}

/* A log, of which the end is whole or has been cut off to be so. */
static int
open_checked(const struct logfiles *l, const struct logfiles *users,
    const char *path, bool *made)
{
	int fd = open_file(path, made);

	if (fd == -1 || is_in_use(users, fd) ||
	    log_check(l->opts, path, fd) == 0)
		return (fd);
	(void)close(fd);
	return (-1);
}

static int
open_from(struct logfiles *l, size_t i, const struct logfiles *before)
{
	const struct config *conf = l->conf;
	bool made;

	if (i == conf->nlogs)
		return (0);
	l->list[i].fd = open_checked(l, before, conf->logs[i].path, &made);
	if (l->list[i].fd == -1)
		return (-1);
	if (open_from(l, i + 1, before) == 0)
		return (0);
	(void)close(l->list[i].fd);
	if (made)
		(void)unlink(conf->logs[i].path);
	return (-1);
}

int
logfiles_open(struct logfiles *l, const struct config *conf,
    const struct flowd_options *opts, const struct logfiles *before)
{
	*l = (struct logfiles){ .conf = conf, .opts = opts };
	l->list = calloc(conf->nlogs == 0 ? 1 : conf->nlogs, sizeof(*l->list));
	if (l->list == NULL)
		fatal("logs");
	if (open_from(l, 0, before) == 0)
		return (0);
	free(l->list);
	*l = (struct logfiles){ NULL };
	return (-1);
}

void
logfiles_close(struct logfiles *l)
{
	size_t i;

	for (i = 0; l->conf != NULL && i < l->conf->nlogs; i++)
		(void)close(l->list[i].fd);
	free(l->list);
	*l = (struct logfiles){ NULL };
}

int
logfiles_reopen(struct logfiles *l, size_t i)
{
	bool made;
	int fd;

	fd = open_checked(l, l, l->conf->logs[i].path, &made);
	if (fd == -1)
		return (-1);
	(void)close(l->list[i].fd);
	l->list[i].fd = fd;
	return (0);
}
