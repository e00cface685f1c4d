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
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "log-check.h"
#include "log-compress.h"
#include "log-dir.h"
#include "log-name.h"
#include "logfiles.h"

#define RETRY_SECONDS     60 /* after a rotation that failed */
#define EXPIRE_SECONDS    60 /* between looks at what is too old */
#define LAST_SYNC_SECONDS 5  /* for the disk, at the end */

/* Of the clock that the monitor waits by; time(3) may lag behind it. */
static time_t
now_epoch(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (ts.tv_sec);
}

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
is_among(const struct logfile *list, size_t n, dev_t dev, ino_t ino)
{
	struct stat st;
	size_t i;

	for (i = 0; i < n; i++) {
		if (fstat(list[i].fd, &st) == 0 && st.st_dev == dev &&
		    st.st_ino == ino)
			return (true);
	}
	return (false);
}

/* Whether a log is open at dev and ino. */
static bool
is_open(const struct logfiles *l, dev_t dev, ino_t ino)
{
	return (is_among(l->list, l->conf->nlogs, dev, ino));
}

/* Whether the collector writes to this file: its end may just be growing. */
static bool
is_in_use(const struct logfiles *l, int fd)
{
	struct stat st;

	return (l->conf != NULL && fstat(fd, &st) == 0 &&
	    (is_open(l, st.st_dev, st.st_ino) ||
		is_among(l->retired, l->nretired, st.st_dev, st.st_ino)));
}

/*
 * A log, of which the end is whole or has been cut off to be so, unless it is
 * one of users, which the collector writes to.
 */
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

/* Opens the file that log i is to have now. */
static int
open_log(const struct logfiles *l, size_t i, const struct logfiles *users,
    struct logfile *f, bool *made)
{
	const struct conf_log *log = &l->conf->logs[i];
	const time_t now = now_epoch();

	*f = (struct logfile){ .look = log->compress,
		.until = log_name_until(log, now) };
	if (log_name_at(log, now, f->path) == -1) {
		log_warnx("logfile %s: the name is too long", log->path);
		f->fd = -1;
	} else
		f->fd = open_checked(l, users, f->path, made);
	return (f->fd == -1 ? -1 : 0);
}

static int
open_from(struct logfiles *l, size_t i, const struct logfiles *before)
{
	bool made;

	if (i == l->conf->nlogs)
		return (0);
	if (open_log(l, i, before, &l->list[i], &made) == -1)
		return (-1);
	if (open_from(l, i + 1, before) == 0)
		return (0);
	(void)close(l->list[i].fd);
	if (made)
		(void)unlink(l->list[i].path);
	return (-1);
}

static bool
is_rotated(const struct conf_log *log)
{
	return (log->rotate_seconds != 0 || log->rotate_size != 0);
}

/* Beside the log and hidden, so that nobody takes it for one. */
static void
name_temporary(const struct conf_log *log, char name[PATH_MAX])
{
	(void)snprintf(name, PATH_MAX, ".%s" LOG_NAME_COMPRESSED ".new",
	    log_name_base(log->path));
}

/* What a compression that was cut short has left. */
static void
remove_temporary(const struct conf_log *log)
{
	char name[PATH_MAX], path[PATH_MAX];
	const int len = (int)(log_name_base(log->path) - log->path);
	int n;

	name_temporary(log, name);
	n = snprintf(path, sizeof(path), "%.*s%s", len, log->path, name);
	if (n > 0 && (size_t)n < sizeof(path))
		(void)unlink(path);
}

int
logfiles_open(struct logfiles *l, const struct config *conf,
    const struct flowd_options *opts, const struct logfiles *before)
{
	const time_t now = now_epoch();
	size_t i;

	*l = (struct logfiles){ .conf = conf,
		.opts = opts,
		.syncer = -1,
		.ticked = now,
		.synced = now,
		.compressor = { .pid = -1 } };
	l->list = calloc(conf->nlogs == 0 ? 1 : conf->nlogs, sizeof(*l->list));
	if (l->list == NULL)
		fatal("logs");
	if (open_from(l, 0, before) == -1) {
		free(l->list);
		*l = (struct logfiles){ NULL };
		return (-1);
	}
	for (i = 0; i < conf->nlogs; i++)
		remove_temporary(&conf->logs[i]);
	return (0);
}

void
logfiles_leave(struct logfiles *l)
{
	size_t i;

	for (i = 0; i < l->conf->nlogs; i++)
		(void)close(l->list[i].fd);
	for (i = 0; i < l->nretired; i++)
		(void)close(l->retired[i].fd);
	if (l->compressor.pid != -1) {
		(void)close(l->compressor.in);
		(void)close(l->compressor.out);
	}
}

/* Files that were left: the collector may still write to them for a moment. */

static void
retire(struct logfiles *l, const struct logfile *f)
{
	struct logfile *grown;

	grown = reallocarray(l->retired, l->nretired + 1, sizeof(*grown));
	if (grown == NULL)
		fatal("logs");
	l->retired = grown;
	l->retired[l->nretired++] = *f;
}

static void
close_retired(struct logfiles *l)
{
	while (l->nretired > 0)
		(void)close(l->retired[--l->nretired].fd);
}

/* Syncing: fdatasync in a process of its own, which may wait for the disk. */

/* 0, or the errno of what failed. */
static int
sync_file(int fd)
{
	/* There is nothing to be synced in a FIFO. */
	if (fdatasync(fd) == 0 || errno == EINVAL || errno == EROFS)
		return (0);
	return (errno);
}

static int
sync_files(const struct logfiles *l)
{
	int failed = 0, r;
	size_t i;

	for (i = 0; i < l->nretired; i++) {
		if ((r = sync_file(l->retired[i].fd)) != 0)
			failed = r;
	}
	for (i = 0; i < l->conf->nlogs; i++) {
		if ((r = sync_file(l->list[i].fd)) != 0)
			failed = r;
	}
	return (failed);
}

static bool
is_mine(const struct logfiles *l, int fd)
{
	size_t i;

	for (i = 0; i < l->conf->nlogs; i++) {
		if (l->list[i].fd == fd)
			return (true);
	}
	for (i = 0; i < l->nretired; i++) {
		if (l->retired[i].fd == fd)
			return (true);
	}
	return (false);
}

/*
 * Closes what is not a log, so that nothing but logs stays open for as long as
 * a disk hangs.
 */
static void
close_others(const struct logfiles *l)
{
	size_t left = l->conf->nlogs + l->nretired;
	int fd = STDERR_FILENO + 1;

	for (; left > 0; fd++) {
		if (is_mine(l, fd))
			left--;
		else
			(void)close(fd);
	}
	closefrom(fd);
}

/* at_rest: the files that are retired get no more than they have. */
static void
start_syncer(struct logfiles *l, bool at_rest, time_t now)
{
	l->synced = now;
	if ((l->syncer = fork()) == -1) {
		log_warn("the logs cannot be synced");
		return;
	}
	if (l->syncer == 0) {
		close_others(l);
		_exit(sync_files(l));
	}
	if (at_rest)
		close_retired(l);
}

/* True where pid has ended; what it failed with is in *error, or 0. */
static bool
has_ended(pid_t pid, int *error)
{
	int status;

	if (waitpid(pid, &status, WNOHANG) != pid)
		return (false);
	*error = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return (true);
}

/* False while there is a syncer that goes on. */
static bool
reap_syncer(struct logfiles *l)
{
	int error;

	if (l->syncer == -1)
		return (true);
	if (!has_ended(l->syncer, &error))
		return (false);
	l->syncer = -1;
	if (error != 0)
		log_warnx("the logs cannot be synced: %s", strerror(error));
	return (true);
}

static void
sync_when_due(struct logfiles *l, bool at_rest, time_t now)
{
	if (!reap_syncer(l))
		return;
	if (l->conf->sync_seconds == 0) {
		if (at_rest)
			close_retired(l);
	} else if ((at_rest && l->nretired > 0) || now < l->synced ||
	    now - l->synced >= (time_t)l->conf->sync_seconds)
		start_syncer(l, at_rest, now);
}

/* What was written last, by a collector that has ended. */
static void
sync_for_good(struct logfiles *l)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	time_t give_up = now_epoch() + LAST_SYNC_SECONDS;

	if (l->conf->sync_seconds == 0)
		return;
	if (reap_syncer(l))
		start_syncer(l, true, now_epoch());
	while (!reap_syncer(l)) {
		if (now_epoch() >= give_up) {
			log_warnx("the logs are not synced within %d seconds",
			    LAST_SYNC_SECONDS);
			return;
		}
		(void)nanosleep(&pause, NULL);
	}
}

/* Compression. */

/* The temporary file, with mode and owner of the one that is compressed. */
static int
open_temporary(const struct log_dir *d, const struct conf_log *log, int in)
{
	char name[PATH_MAX];
	struct stat st;
	int out;

	name_temporary(log, name);
	(void)unlinkat(d->fd, name, 0);
	out =
	    openat(d->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out == -1)
		return (-1);
	/* Without root it has the owner of this process, as all that it has. */
	if (fstat(in, &st) == -1 ||
	    (fchown(out, st.st_uid, st.st_gid) == -1 && errno != EPERM) ||
	    fchmod(out, st.st_mode & 07777) == -1) {
		(void)close(out);
		(void)unlinkat(d->fd, name, 0);
		return (-1);
	}
	return (out);
}

static int
start_compressor(struct logfiles *l, size_t i, const struct log_dir *d,
    const struct log_file *f)
{
	struct compressor *c = &l->compressor;

	c->in = openat(d->fd, f->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (c->in == -1)
		return (-1);
	if ((c->out = open_temporary(d, &l->conf->logs[i], c->in)) == -1) {
		(void)close(c->in);
		return (-1);
	}
	c->log = i;
	c->size = f->size;
	if ((c->pid = log_compress_start(l->opts, c->in, c->out)) != -1)
		return (0);
	(void)close(c->in);
	(void)close(c->out);
	remove_temporary(&l->conf->logs[i]);
	return (-1);
}

/*
 * Whether a compressed file is what was made of f: then flowd ended before f
 * was removed.
 */
static bool
is_made_of(const struct log_file *compressed, const struct log_file *f)
{
	const size_t len = strlen(f->name);

	return (strncmp(compressed->name, f->name, len) == 0 &&
	    strcmp(compressed->name + len, LOG_NAME_COMPRESSED) == 0 &&
	    compressed->mtime.tv_sec == f->mtime.tv_sec &&
	    compressed->mtime.tv_nsec == f->mtime.tv_nsec);
}

static bool
is_done(const struct log_dir *d, const struct log_file *f)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		if (is_made_of(&d->files[i], f))
			return (unlinkat(d->fd, f->name, 0) == 0);
	}
	return (false);
}

/* Begins with the oldest file of log i that is not compressed yet. */
static void
compress_next(struct logfiles *l, size_t i)
{
	const struct conf_log *log = &l->conf->logs[i];
	char name[NAME_MAX + 1];
	const struct log_file *f;
	struct log_dir d;
	size_t j;

	l->list[i].look = false;
	if (log_dir_open(&d, log) == -1)
		return;
	for (j = 0; j < d.n; j++) {
		f = &d.files[j];
		if (f->parsed.compressed || f->size == 0 ||
		    is_open(l, f->dev, f->ino) || is_done(&d, f) ||
		    !log_dir_compressed_name(&d, f, name))
			continue;
		if (start_compressor(l, i, &d, f) == -1)
			log_warn("%s cannot be compressed", f->name);
		break;
	}
	log_dir_close(&d);
}

/*
 * Puts what was made of the file f in its place.  It is left alone if it is a
 * log again, or has become longer.
 */
static int
replace_compressed(const struct logfiles *l, const struct log_dir *d,
    const struct log_file *f)
{
	const struct compressor *c = &l->compressor;
	const struct timespec times[] = { f->mtime, f->mtime };
	char temporary[PATH_MAX], name[NAME_MAX + 1];

	if (is_open(l, f->dev, f->ino) || f->size != c->size ||
	    !log_dir_compressed_name(d, f, name)) {
		errno = EBUSY;
		return (-1);
	}
	name_temporary(&l->conf->logs[c->log], temporary);
	if (futimens(c->out, times) == -1 ||
	    renameat(d->fd, temporary, d->fd, name) == -1)
		return (-1);
	return (unlinkat(d->fd, f->name, 0));
}

/* The file may have another number by now, or be gone. */
static void
finish_compression(struct logfiles *l)
{
	const struct compressor *c = &l->compressor;
	const struct log_file *f;
	struct log_dir d;
	struct stat st;
	size_t i;

	if (fstat(c->in, &st) == -1 ||
	    log_dir_open(&d, &l->conf->logs[c->log]) == -1)
		return;
	l->list[c->log].look = true;
	for (i = 0; i < d.n; i++) {
		f = &d.files[i];
		if (f->dev != st.st_dev || f->ino != st.st_ino ||
		    replace_compressed(l, &d, f) == 0)
			continue;
		log_warn("%s stays uncompressed", f->name);
		l->list[c->log].look = false;
	}
	log_dir_close(&d);
}

static void
end_compressor(struct logfiles *l)
{
	struct compressor *c = &l->compressor;

	(void)close(c->in);
	(void)close(c->out);
	remove_temporary(&l->conf->logs[c->log]);
	c->pid = -1;
}

static void
compress_when_due(struct logfiles *l, bool at_rest)
{
	struct compressor *c = &l->compressor;
	int error;
	size_t i;

	if (c->pid != -1) {
		if (!has_ended(c->pid, &error))
			return;
		if (error == 0)
			finish_compression(l);
		else
			log_warnx(
			    "a closed file of %s cannot be compressed: "
			    "%s",
			    l->conf->logs[c->log].path, strerror(error));
		end_compressor(l);
	}
	for (i = 0; at_rest && c->pid == -1 && i < l->conf->nlogs; i++) {
		if (l->list[i].look)
			compress_next(l, i);
	}
}

/* Retention. */

/* Whether the oldest of n closed files has to go; bytes are those of all. */
static bool
is_too_much(const struct conf_log *log, const struct log_file *oldest, size_t n,
    uint64_t bytes, time_t now)
{
	return ((log->keep_files != 0 && n > log->keep_files) ||
	    (log->keep_size != 0 && bytes > log->keep_size) ||
	    (log->keep_seconds != 0 &&
		oldest->mtime.tv_sec < now - (time_t)log->keep_seconds));
}

/* Removes the oldest of n closed files for as long as there is too much. */
static void
remove_oldest(const struct conf_log *log, const struct log_dir *d, size_t n,
    uint64_t bytes, time_t now)
{
	const struct log_file *f = d->files;

	for (; n > 0 && is_too_much(log, f, n, bytes, now); n--, f++) {
		if (unlinkat(d->fd, f->name, 0) == -1)
			log_warn("%s cannot be removed", f->name);
		else
			log_debug("%s is removed", f->name);
		bytes -= f->size;
	}
}

static void
expire(const struct logfiles *l, size_t i, time_t now)
{
	const struct conf_log *log = &l->conf->logs[i];
	struct log_dir d;
	struct stat st;
	uint64_t bytes = 0;
	size_t j, n = 0;

	if (log->keep_files == 0 && log->keep_size == 0 &&
	    log->keep_seconds == 0)
		return;
	if (log_dir_open(&d, log) == -1)
		return;
	for (j = 0; j < d.n; j++) {
		if (is_open(l, d.files[j].dev, d.files[j].ino))
			continue;
		bytes += d.files[j].size;
		d.files[n++] = d.files[j];
	}
	if (fstat(l->list[i].fd, &st) == 0)
		bytes += (uint64_t)st.st_size;
	remove_oldest(log, &d, n, bytes, now);
	log_dir_close(&d);
}

static void
expire_when_due(struct logfiles *l, time_t now)
{
	size_t i;

	if (now >= l->expired && now - l->expired < EXPIRE_SECONDS)
		return;
	l->expired = now;
	for (i = 0; i < l->conf->nlogs; i++)
		expire(l, i, now);
}

/* Rotation. */

int
logfiles_reopen(struct logfiles *l, size_t i)
{
	struct logfile f;
	bool made;

	if (open_log(l, i, l, &f, &made) == -1)
		return (-1);
	retire(l, &l->list[i]);
	l->list[i] = f;
	return (0);
}

static bool
is_due(const struct logfiles *l, size_t i, time_t now)
{
	const struct conf_log *log = &l->conf->logs[i];
	const struct logfile *f = &l->list[i];
	struct stat st;

	if (now < f->retry && f->retry - now <= RETRY_SECONDS)
		return (false);
	if (!is_rotated(log) || fstat(f->fd, &st) == -1 || !S_ISREG(st.st_mode))
		return (false);
	/* This sees it too when the clock was put back. */
	if (f->until != log_name_until(log, now))
		return (true);
	return (
	    log->rotate_size != 0 && (uint64_t)st.st_size >= log->rotate_size);
}

/* Makes the plain name free, if it is still the open file's. */
static int
leave_name(const struct conf_log *log, const struct logfile *f, bool *left)
{
	struct stat open, there;

	*left = false;
	if (fstat(f->fd, &open) == -1 || stat(f->path, &there) == -1 ||
	    open.st_dev != there.st_dev || open.st_ino != there.st_ino)
		return (0);
	if (lstat(f->path, &there) == -1 || S_ISLNK(there.st_mode)) {
		log_warnx("logfile %s is a link, which is not rotated",
		    f->path);
		return (-1);
	}
	*left = true;
	return (log_dir_shift(log));
}

static int
rotate_plain(struct logfiles *l, size_t i)
{
	const struct conf_log *log = &l->conf->logs[i];
	bool left;

	if (leave_name(log, &l->list[i], &left) == -1)
		return (-1);
	if (logfiles_reopen(l, i) == 0)
		return (0);
	if (left)
		log_dir_unshift(log);
	return (-1);
}

/* Whether the log can go on in its file: numbers and names are not wasted. */
static bool
can_stay(const struct logfiles *l, size_t i, time_t now)
{
	const struct logfile *f = &l->list[i];
	char path[PATH_MAX];
	struct stat st;

	if (!log_name_is_pattern(&l->conf->logs[i]))
		return (fstat(f->fd, &st) == 0 && st.st_size == 0);
	return (log_name_at(&l->conf->logs[i], now, path) == 0 &&
	    strcmp(path, f->path) == 0);
}

/* True where the log goes on in another file. */
static bool
rotate(struct logfiles *l, size_t i, time_t now)
{
	const struct conf_log *log = &l->conf->logs[i];
	struct logfile *f = &l->list[i];
	int r;

	if (can_stay(l, i, now)) {
		f->until = log_name_until(log, now);
		return (false);
	}
	r = log_name_is_pattern(log) ? logfiles_reopen(l, i) :
				       rotate_plain(l, i);
	if (r == -1) {
		f->retry = now + RETRY_SECONDS;
		log_warnx("going on with %s", f->path);
		return (false);
	}
	expire(l, i, now);
	return (true);
}

/* The whole. */

void
logfiles_heal(const struct logfiles *l)
{
	size_t i;

	for (i = 0; i < l->conf->nlogs; i++)
		(void)log_check(l->opts, l->list[i].path, l->list[i].fd);
	for (i = 0; i < l->nretired; i++)
		(void)log_check(l->opts, l->retired[i].path, l->retired[i].fd);
}

bool
logfiles_need_ticks(const struct logfiles *l)
{
	size_t i;

	for (i = 0; i < l->conf->nlogs; i++) {
		if (is_rotated(&l->conf->logs[i]))
			return (true);
	}
	return (
	    l->conf->sync_seconds != 0 || l->nretired > 0 || l->syncer != -1);
}

void
logfiles_tick(struct logfiles *l, bool at_rest,
    void (*give)(void *arg, size_t i), void *arg)
{
	const time_t now = now_epoch();
	size_t i;

	if (now == l->ticked)
		return;
	l->ticked = now;
	compress_when_due(l, at_rest);
	sync_when_due(l, at_rest, now);
	/* With a disk that takes its time there is one old file at the most. */
	if (at_rest && (l->syncer == -1 || l->nretired == 0)) {
		for (i = 0; i < l->conf->nlogs; i++) {
			if (is_due(l, i, now) && rotate(l, i, now))
				give(arg, i);
		}
	}
	expire_when_due(l, now);
}

static void
hand_over(struct logfiles *l, struct logfiles *after)
{
	size_t i;

	after->syncer = l->syncer;
	for (i = 0; i < l->conf->nlogs; i++)
		retire(after, &l->list[i]);
	while (l->nretired > 0)
		retire(after, &l->retired[--l->nretired]);
}

void
logfiles_close(struct logfiles *l, struct logfiles *after)
{
	if (l->compressor.pid != -1) {
		(void)kill(l->compressor.pid, SIGKILL);
		(void)waitpid(l->compressor.pid, NULL, 0);
		end_compressor(l);
	}
	if (after != NULL)
		hand_over(l, after);
	else {
		sync_for_good(l);
		logfiles_leave(l);
	}
	free(l->list);
	free(l->retired);
	*l = (struct logfiles){ NULL };
}
