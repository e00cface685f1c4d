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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log-cause.h"
#include "base/log.h"
#include "config/flowlog-name.h"
#include "monitor/flowlog-check.h"
#include "monitor/flowlog-closed.h"
#include "monitor/flowlog-dir.h"
#include "monitor/flowlog-sync.h"
#include "monitor/flowlogs.h"
#include "monitor/group.h"
#include "monitor/paths.h"

#define RETRY_SECONDS  60 /* after a failed rotation */
#define EXPIRE_SECONDS 60 /* between searches for expired files */

/* The clock by which the monitor waits; time(3) may return less. */
static time_t
now_epoch(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (ts.tv_sec);
}

/* *made: whether this call created the file.  -1 with the cause. */
static int
open_file(const struct conf_log *log, const char *path, bool *made,
    struct log_cause *cause)
{
	/* The names of a pattern are predictable; a link may be an attack. */
	const int nofollow = flowlog_name_is_pattern(log) ? O_NOFOLLOW : 0;
	/*
	 * Also for reading, so that a FIFO can be opened without a reader, and
	 * keeps its data when its reader closes it.
	 */
	const int flags =
	    O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | nofollow;
	int fd;

	fd = open(path, flags | O_CREAT | O_EXCL, 0600);
	*made = fd != -1;
	/* O_CREAT: it may be a link to a file that does not exist yet. */
	if (fd == -1 && errno == EEXIST)
		fd = open(path, flags | O_CREAT, 0600);
	if (fd == -1)
		log_cause_set(cause, "logfile %s: cannot open it%s", path,
		    path_hint(path));
	return (fd);
}

/* Whether collectors write to this file, so that its end may be growing. */
static bool
is_in_use(const struct flowlogs *l, int fd)
{
	struct stat st;

	return (l->open.conf != NULL && fstat(fd, &st) == 0 &&
	    (open_flowlogs_have(&l->open, st.st_dev, st.st_ino) ||
		flowlog_file_is_among(l->sync.retired, l->sync.nretired,
		    st.st_dev, st.st_ino)));
}

/*
 * Opens a log and checks its end, except if collectors write to the file: users
 * are their logs.  -1 with the cause.
 */
static int
open_checked(const struct flowlogs *l, const struct conf_log *log,
    const struct flowlogs *users, const char *path, bool *made,
    struct log_cause *cause)
{
	int fd = open_file(log, path, made, cause);

	if (fd == -1 || is_in_use(users, fd) ||
	    flowlog_check(l->open.rights, path, fd, true, cause) == 0)
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
	if (fstat(f->fd, &st) == -1 || !S_ISREG(st.st_mode))
		return (0);
	f->append_fd = open(f->path,
	    O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
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

static dev_t
device_of(int fd)
{
	struct stat st = { 0 };

	(void)fstat(fd, &st);
	return (st.st_dev);
}

/*
 * Opens the current file of log i, whose name may contain the date.  -1 with
 * the cause.
 */
static int
open_log(const struct flowlogs *l, size_t i, const struct flowlogs *users,
    struct flowlog_file *f, bool *made, struct log_cause *cause)
{
	const struct conf_log *log = &l->open.conf->logs[i];
	const time_t now = now_epoch();

	*f = (struct flowlog_file){ .append_fd = -1,
		.lock = l->open.list[i].lock,
		.conditions = l->open.list[i].conditions,
		.gid = l->open.list[i].gid,
		.uncompressed = log->compress,
		.until = flowlog_name_until(log, now) };
	if (flowlog_name_at(log, now, f->path) == -1) {
		log_cause_setx(cause, "logfile %s: the name is too long",
		    log->path);
		f->fd = -1;
	} else
		f->fd = open_checked(l, log, users, f->path, made, cause);
	if (f->fd == -1 || open_append(f, cause) == -1)
		return (-1);
	f->dev = device_of(f->fd);
	if (set_access(log, f, cause) == 0) {
		if (log_state_end(&f->conditions.unopened))
			log_info("logfile %s was opened again", f->path);
		return (0);
	}
	flowlog_file_close(f);
	if (*made)
		(void)unlink(f->path);
	return (-1);
}

/* Opens log i and those after it, all or none.  -1 after a message. */
static int
open_from(struct flowlogs *l, size_t i, const struct flowlogs *before)
{
	struct log_cause cause;
	bool made;

	if (i == l->open.conf->nlogs)
		return (0);
	if (open_log(l, i, before, &l->open.list[i], &made, &cause) == -1) {
		log_cause_write(&cause);
		return (-1);
	}
	if (open_from(l, i + 1, before) == 0)
		return (0);
	flowlog_file_close(&l->open.list[i]);
	if (made)
		(void)unlink(l->open.list[i].path);
	return (-1);
}

/* NULL if before has no log with this path. */
static const struct flowlog_file *
find_log(const struct flowlogs *before, const char *path)
{
	size_t i;

	for (i = 0; before->open.conf != NULL && i < before->open.conf->nlogs;
	     i++) {
		if (strcmp(before->open.conf->logs[i].path, path) == 0)
			return (&before->open.list[i]);
	}
	return (NULL);
}

/*
 * A log that was open before keeps its lock and the state of its messages.
 * Each other log gets an unused lock.
 */
static void
assign_locks(struct flowlogs *l, const struct flowlogs *before)
{
	bool taken[FLOWLOG_LOCKS_MAX] = { false };
	const struct flowlog_file *same;
	uint32_t next = 0;
	size_t i;

	for (i = 0; before->open.conf != NULL && i < before->open.conf->nlogs;
	     i++)
		taken[before->open.list[i].lock] = true;
	for (i = 0; i < l->open.conf->nlogs; i++) {
		same = find_log(before, l->open.conf->logs[i].path);
		if (same != NULL) {
			l->open.list[i].lock = same->lock;
			l->open.list[i].conditions = same->conditions;
			continue;
		}
		/* With thousands of logs, several share the last lock. */
		while (next < FLOWLOG_LOCKS_MAX - 1 && taken[next])
			next++;
		l->open.list[i].lock = next;
		taken[next] = true;
	}
}

/* (gid_t)-1 if the log has no group.  -1 after a message. */
static int
find_group(const struct conf_log *log, gid_t *gid)
{
	*gid = (gid_t)-1;
	if (log->group == NULL)
		return (0);
	return (group_find("logfile", log->path, log->group, gid));
}

int
flowlogs_check(const struct config *conf)
{
	gid_t gid;
	size_t i;

	for (i = 0; i < conf->nlogs; i++) {
		if (find_group(&conf->logs[i], &gid) == -1)
			return (-1);
	}
	return (0);
}

/* -1 after a message. */
static int
find_groups(struct flowlogs *l)
{
	size_t i;

	for (i = 0; i < l->open.conf->nlogs; i++) {
		if (find_group(&l->open.conf->logs[i], &l->open.list[i].gid) ==
		    -1)
			return (-1);
	}
	return (0);
}

static bool
is_rotated(const struct conf_log *log)
{
	return (log->rotate_seconds != 0 || log->rotate_size != 0);
}

int
flowlogs_open(struct flowlogs *l, const struct config *conf,
    const struct rights_options *rights, const struct flowlogs *before)
{
	const time_t now = now_epoch();
	size_t i;

	*l = (struct flowlogs){
		.open = { .conf = conf, .rights = rights },
		.sync = { .syncer = -1, .synced = now },
		.compressor = { .pid = -1 },
		.ticked = now,
	};
	l->open.list =
	    calloc(conf->nlogs == 0 ? 1 : conf->nlogs, sizeof(*l->open.list));
	if (l->open.list == NULL)
		fatal("no memory for logs");
	assign_locks(l, before);
	if (find_groups(l) == -1 || open_from(l, 0, before) == -1) {
		free(l->open.list);
		*l = (struct flowlogs){ .open.conf = NULL };
		return (-1);
	}
	for (i = 0; i < conf->nlogs; i++)
		flowlog_closed_clean_up(&conf->logs[i]);
	return (0);
}

/* Opens log i again; users as in open_checked.  -1 with the cause. */
static int
replace(struct flowlogs *l, size_t i, const struct flowlogs *users,
    struct log_cause *cause)
{
	struct flowlog_file f;
	bool made;

	if (open_log(l, i, users, &f, &made, cause) == -1)
		return (-1);
	flowlog_sync_retire(&l->sync, &l->open.list[i]);
	l->open.list[i] = f;
	return (0);
}

int
flowlogs_reopen(struct flowlogs *l, size_t i, struct log_cause *cause)
{
	return (replace(l, i, l, cause));
}

static bool
is_due(const struct flowlogs *l, size_t i, time_t now)
{
	const struct conf_log *log = &l->open.conf->logs[i];
	const struct flowlog_file *f = &l->open.list[i];
	struct stat st;
	uint64_t size;

	if (now < f->retry && f->retry - now <= RETRY_SECONDS)
		return (false);
	if (!is_rotated(log) || fstat(f->fd, &st) == -1 || !S_ISREG(st.st_mode))
		return (false);
	/* Unequal also if the clock was set back. */
	if (f->until != flowlog_name_until(log, now))
		return (true);
	size = (uint64_t)st.st_size;
	return (log->rotate_size != 0 && size >= log->rotate_size);
}

/*
 * Renames the open file from its plain name, if it still has that name; *moved:
 * whether it was renamed.  -1 with the cause.
 */
static int
move_away(const struct conf_log *log, const struct flowlog_file *f, bool *moved,
    struct log_cause *cause)
{
	struct stat open, there;

	*moved = false;
	if (fstat(f->fd, &open) == -1 || stat(f->path, &there) == -1 ||
	    open.st_dev != there.st_dev || open.st_ino != there.st_ino)
		return (0);
	if (lstat(f->path, &there) == -1 || S_ISLNK(there.st_mode)) {
		log_cause_setx(cause,
		    "logfile %s: cannot rotate a symbolic link", f->path);
		return (-1);
	}
	*moved = true;
	return (flowlog_dir_shift(log, cause));
}

static int
rotate_plain(struct flowlogs *l, size_t i, struct log_cause *cause)
{
	const struct conf_log *log = &l->open.conf->logs[i];
	bool moved;

	if (move_away(log, &l->open.list[i], &moved, cause) == -1)
		return (-1);
	if (flowlogs_reopen(l, i, cause) == 0)
		return (0);
	if (moved)
		flowlog_dir_unshift(log, cause);
	return (-1);
}

/* True if the log now has another file. */
static bool
rotate(struct flowlogs *l, size_t i, time_t now)
{
	const struct conf_log *log = &l->open.conf->logs[i];
	const bool is_pattern = flowlog_name_is_pattern(log);
	struct flowlog_file *f = &l->open.list[i];
	struct log_cause cause;
	struct stat st;
	int r;

	/* An empty file is not rotated. */
	if (!is_pattern && fstat(f->fd, &st) == 0 && st.st_size == 0) {
		f->until = flowlog_name_until(log, now);
		return (false);
	}
	r = is_pattern ? flowlogs_reopen(l, i, &cause) :
			 rotate_plain(l, i, &cause);
	if (r == -1) {
		f->retry = now + RETRY_SECONDS;
		if (log_cause_hourly(&cause, &f->conditions.unopened,
			(uint32_t)now))
			log_warnx(
			    "the log was not rotated; flows are still written "
			    "to %s",
			    f->path);
		return (false);
	}
	flowlog_closed_expire(&l->open, i, now);
	return (true);
}

int
flowlogs_collector_fd(const struct flowlogs *l, size_t i)
{
	const struct flowlog_file *f = &l->open.list[i];

	return (f->append_fd == -1 ? f->fd : f->append_fd);
}

/*
 * Locks the log, unless the collector with this number, which waits, has locked
 * it.  False if another collector has.
 */
static bool
lock_log(const struct flowlog_file *f, struct flowlog_locks *locks,
    uint32_t number)
{
	const struct flowlog_lock collector = { locks, f->lock, number };
	const struct flowlog_lock monitor = { locks, f->lock,
		FLOWLOG_LOCK_MONITOR };

	return (flowlog_lock_is_held(&collector) || flowlog_lock_try(&monitor));
}

/* Undoes lock_log. */
static void
unlock_log(const struct flowlog_file *f, struct flowlog_locks *locks)
{
	const struct flowlog_lock monitor = { locks, f->lock,
		FLOWLOG_LOCK_MONITOR };

	flowlog_unlock(&monitor);
}

static void
repair(const struct flowlogs *l, struct flowlog_file *f,
    struct flowlog_locks *locks, uint32_t number, bool report)
{
	struct log_cause cause;

	if (!lock_log(f, locks, number))
		return;
	if (flowlog_check(l->open.rights, f->path, f->fd, report, &cause) == -1)
		(void)log_cause_hourly(&cause, &f->conditions.unrepaired,
		    (uint32_t)now_epoch());
	else if (log_state_end(&f->conditions.unrepaired))
		log_info("logfile %s: its end was repaired", f->path);
	unlock_log(f, locks);
}

void
flowlogs_repair(const struct flowlogs *l, struct flowlog_locks *locks,
    uint32_t number, bool report)
{
	size_t i;

	for (i = 0; i < l->open.conf->nlogs; i++)
		repair(l, &l->open.list[i], locks, number, report);
	for (i = 0; i < l->sync.nretired; i++)
		repair(l, &l->sync.retired[i], locks, number, report);
}

/* Whether the file, or else its file system, is there.  False with the cause. */
static bool
is_there(const struct flowlog_file *f, struct log_cause *cause)
{
	char dir[PATH_MAX];
	struct stat st;

	if (stat(f->path, &st) == 0)
		return (true);
	log_cause_set(cause, "logfile %s: flowd waits for it", f->path);
	if (errno != ENOENT)
		return (false);
	return (stat(path_directory(f->path, dir), &st) == 0 &&
	    st.st_dev == f->dev);
}

bool
flowlogs_revive(struct flowlogs *l, size_t i, struct flowlog_locks *locks,
    uint32_t number)
{
	static const struct flowlogs unused = { .open.conf = NULL };
	struct flowlog_file *f = &l->open.list[i];
	struct log_cause cause;
	bool done;

	if (!lock_log(f, locks, number))
		return (false);
	done = is_there(f, &cause) && replace(l, i, &unused, &cause) == 0;
	if (!done)
		(void)log_cause_hourly(&cause, &f->conditions.unopened,
		    (uint32_t)now_epoch());
	unlock_log(f, locks);
	return (done);
}

bool
flowlogs_need_ticks(const struct flowlogs *l)
{
	size_t i;

	if (l->open.conf->sync_seconds != 0 || l->sync.nretired > 0 ||
	    l->sync.syncer != -1)
		return (true);
	for (i = 0; i < l->open.conf->nlogs; i++) {
		if (is_rotated(&l->open.conf->logs[i]))
			return (true);
	}
	return (false);
}

static void
expire_when_due(struct flowlogs *l, time_t now)
{
	size_t i;

	if (now >= l->expired && now - l->expired < EXPIRE_SECONDS)
		return;
	l->expired = now;
	for (i = 0; i < l->open.conf->nlogs; i++)
		flowlog_closed_expire(&l->open, i, now);
}

void
flowlogs_tick(struct flowlogs *l, bool at_rest,
    void (*send)(void *arg, size_t i), void *arg)
{
	const time_t now = now_epoch();
	size_t i;

	/* Before the return below, so that retired files do not accumulate. */
	flowlog_sync_when_due(&l->sync, &l->open, at_rest, now);
	if (now == l->ticked)
		return;
	l->ticked = now;
	flowlog_closed_compress(&l->compressor, &l->open, at_rest);
	/* If the disk is slow, at most one retired file waits for a sync. */
	if (at_rest && (l->sync.syncer == -1 || l->sync.nretired == 0)) {
		for (i = 0; i < l->open.conf->nlogs; i++) {
			if (is_due(l, i, now) && rotate(l, i, now))
				send(arg, i);
		}
	}
	expire_when_due(l, now);
}

static void
hand_over(struct flowlogs *l, struct flowlogs *after)
{
	size_t i;

	after->sync.syncer = l->sync.syncer;
	after->sync.failed = l->sync.failed;
	for (i = 0; i < l->open.conf->nlogs; i++)
		flowlog_sync_retire(&after->sync, &l->open.list[i]);
	while (l->sync.nretired > 0)
		flowlog_sync_retire(&after->sync,
		    &l->sync.retired[--l->sync.nretired]);
}

static void
close_all(struct flowlogs *l)
{
	size_t i;

	for (i = 0; i < l->open.conf->nlogs; i++)
		flowlog_file_close(&l->open.list[i]);
	for (i = 0; i < l->sync.nretired; i++)
		flowlog_file_close(&l->sync.retired[i]);
}

void
flowlogs_close(struct flowlogs *l, struct flowlogs *after)
{
	flowlog_closed_stop(&l->compressor, &l->open);
	if (after != NULL)
		hand_over(l, after);
	else {
		flowlog_sync_finish(&l->sync, &l->open);
		close_all(l);
	}
	free(l->open.list);
	free(l->sync.retired);
	*l = (struct flowlogs){ .open.conf = NULL };
}
