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
#include <unistd.h>

#include "base/log.h"
#include "config/flowlog-name.h"
#include "monitor/flowlog-check.h"
#include "monitor/flowlog-open.h"
#include "monitor/paths.h"

time_t
flowlog_open_time(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (ts.tv_sec);
}

/* *made: whether this call created the file.  -1 with the cause. */
static int
open_file(const struct flowlog_file *f, bool *made, struct log_cause *cause)
{
	/* Names from conversions are predictable; a link may be an attack. */
	const int nofollow =
	    f->of_exporter || flowlog_name_is_pattern(f->log) ? O_NOFOLLOW : 0;
	/*
	 * Also for reading, so that a FIFO can be opened without a reader, and
	 * keeps its data when its reader closes it.
	 */
	const int flags =
	    O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | nofollow;
	int fd;

	fd = path_open(f->path, flags | O_CREAT | O_EXCL, 0600);
	*made = fd != -1;
	/* O_CREAT: it may be a link to a file that does not exist yet. */
	if (fd == -1 && errno == EEXIST)
		fd = path_open(f->path, flags | O_CREAT, 0600);
	if (fd == -1)
		log_cause_set(cause, "logfile %s: cannot open it%s", f->path,
		    path_hint(f->path));
	return (fd);
}

/* Whether collectors write to this file, so that its end may be growing. */
static bool
is_in_use(const struct flowlog_users *users, int fd)
{
	struct stat st;

	return (users->open->conf != NULL && fstat(fd, &st) == 0 &&
	    (open_flowlogs_have(users->open, st.st_dev, st.st_ino) ||
		flowlog_file_is_among(users->sync->retired,
		    users->sync->nretired, st.st_dev, st.st_ino)));
}

/*
 * Opens a log and checks its end, except if collectors write to the file.  -1
 * with the cause.
 */
static int
open_checked(const struct rights_options *rights,
    const struct flowlog_users *users, const struct flowlog_file *f, bool *made,
    struct log_cause *cause)
{
	int fd = open_file(f, made, cause);

	if (fd == -1 || is_in_use(users, fd) ||
	    flowlog_check(rights, f->path, fd, true, cause) == 0)
		return (fd);
	(void)close(fd);
	return (-1);
}

/*
 * Opens the collectors' descriptor, which is write-only.  With a descriptor
 * that can read, a collector could also map the file and change any part of it.
 * -1 with the cause.
 */
static int
open_append(struct flowlog_file *f, struct log_cause *cause)
{
	struct stat st, there;

	f->append_fd = -1;
	if (fstat(f->fd, &st) == -1)
		return (0);
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	if (!S_ISREG(st.st_mode))
		return (0);
	f->append_fd = path_open(f->path,
	    O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0);
	if (f->append_fd == -1 || fstat(f->append_fd, &there) == -1)
		log_cause_set(cause, "logfile %s: cannot open it", f->path);
	else if (there.st_dev == st.st_dev && there.st_ino == st.st_ino)
		return (0);
	else
		log_cause_setx(cause,
		    "logfile %s: another program replaced the file", f->path);
	flowlog_file_close(f);
	return (-1);
}

/*
 * Sets the mode and group of the file.  A FIFO keeps its own.  -1 with the
 * cause.
 */
static int
set_access(const struct conf_log *log, const struct flowlog_file *f,
    struct log_cause *cause)
{
	struct stat st;
	int r;

	if (log->mode == 0)
		return (0);
	if ((r = fstat(f->fd, &st)) == 0 && !S_ISREG(st.st_mode))
		return (0);
	/* A user without rights may have a log that is right already. */
	if (r == 0 && f->gid != (gid_t)-1 && st.st_gid != f->gid)
		r = fchown(f->fd, (uid_t)-1, f->gid);
	if (r == 0 && (st.st_mode & 07777) != log->mode)
		r = fchmod(f->fd, (mode_t)log->mode);
	if (r == -1)
		log_cause_set(cause,
		    "logfile %s: cannot change its group or mode", f->path);
	return (r);
}

int
flowlog_open(const struct rights_options *rights,
    const struct flowlog_users *users, struct flowlog_file *f, bool *made,
    struct log_cause *cause)
{
	const struct conf_log *log = f->log;
	const time_t now = flowlog_open_time();

	*made = false;
	f->append_fd = -1;
	f->uncompressed = log->compress;
	f->until = flowlog_name_until(log, now);
	if (flowlog_name_at(log, now, f->path) == -1) {
		log_cause_setx(cause, "logfile %s: the name is too long",
		    log->path);
		f->fd = -1;
	} else
		f->fd = open_checked(rights, users, f, made, cause);
	if (f->fd == -1 || open_append(f, cause) == -1)
		return (-1);
	if (set_access(log, f, cause) == 0)
		return (0);
	flowlog_file_close(f);
	if (*made)
		(void)unlink(f->path);
	return (-1);
}
