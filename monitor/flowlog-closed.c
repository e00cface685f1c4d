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
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log-cause.h"
#include "base/log.h"
#include "config/flowlog-name.h"
#include "format.h"
#include "monitor/flowlog-closed.h"
#include "monitor/flowlog-compress.h"
#include "monitor/flowlog-dir.h"

void
flowlog_closed_clean_up(const struct conf_log *log)
{
	char path[PATH_MAX];

	if (flowlog_name_temporary(log, path) == 0)
		(void)unlink(path);
}

/* Creates the temporary file, with the mode and owner of in.  -1 with errno. */
static int
open_temporary(const struct flowlog_dir *d, const struct conf_log *log, int in)
{
	char path[PATH_MAX];
	const char *name;
	struct stat st;
	int out;

	if (flowlog_name_temporary(log, path) == -1)
		return (-1);
	name = flowlog_name_base(path);
	(void)unlinkat(d->fd, name, 0);
	out =
	    openat(d->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out == -1)
		return (-1);
	/* EPERM: without root all files belong to the user of this process. */
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
start_compressor(struct compressor *c, const struct open_flowlogs *logs,
    size_t i, const struct flowlog_dir *d, const struct flowlog_dir_file *f)
{
	c->in = openat(d->fd, f->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (c->in == -1)
		return (-1);
	if ((c->out = open_temporary(d, &logs->conf->logs[i], c->in)) == -1) {
		(void)close(c->in);
		return (-1);
	}
	c->log = i;
	(void)strlcpy(c->name, f->name, sizeof(c->name));
	c->size = f->size;
	c->mtime = f->mtime;
	if ((c->pid = flowlog_compress_start(logs->rights, c->in, c->out)) !=
	    -1)
		return (0);
	(void)close(c->in);
	(void)close(c->out);
	flowlog_closed_clean_up(&logs->conf->logs[i]);
	return (-1);
}

/*
 * Whether compressed is the compressed form of f.  Both exist if flowd ended
 * before it removed f.
 */
static bool
is_made_of(const struct flowlog_dir_file *compressed,
    const struct flowlog_dir_file *f)
{
	const size_t len = strlen(f->name);

	return (strncmp(compressed->name, f->name, len) == 0 &&
	    strcmp(compressed->name + len, FLOWLOG_NAME_COMPRESSED) == 0 &&
	    compressed->mtime.tv_sec == f->mtime.tv_sec &&
	    compressed->mtime.tv_nsec == f->mtime.tv_nsec);
}

/* Opens the directory of log i.  -1 after a message, with errno. */
static int
open_dir(struct flowlog_dir *d, const struct open_flowlogs *logs, size_t i)
{
	const struct conf_log *log = &logs->conf->logs[i];
	struct log_state *state = &logs->list[i].conditions.unlisted;
	struct log_cause cause;

	if (flowlog_dir_open(d, log, &cause) == -1) {
		(void)log_cause_hourly(&cause, state, (uint32_t)time(NULL));
		return (-1);
	}
	if (log_state_end(state))
		log_info("logfile %s: its directory can be read again",
		    log->path);
	return (0);
}

/* Files of a directory that cannot be removed. */
struct unremovable {
	size_t n;
	const char *first;
	int error; /* errno of the first */
};

/* Whether it removed the file. */
static bool
remove_file(const struct flowlog_dir *d, const struct flowlog_dir_file *f,
    struct unremovable *u)
{
	if (unlinkat(d->fd, f->name, 0) == 0) {
		log_debug("removed %s", f->name);
		return (true);
	}
	if (u->n++ > 0)
		return (false);
	u->error = errno;
	u->first = f->name;
	return (false);
}

/* Logs the files of this kind that cannot be removed, or that none is left. */
static void
report_unremovable(const struct conf_log *log, struct log_state *state,
    const struct unremovable *u, const char *kind)
{
	if (u->n == 0) {
		if (log_state_end(state))
			log_info(
			    "logfile %s: the %s files that could not be "
			    "removed are gone",
			    log->path, kind);
		return;
	}
	if (log_state_hourly(state, (uint32_t)time(NULL)))
		log_warnx(
		    "logfile %s: %zu %s files cannot be removed, first %s: "
		    "%s; flowd tries again",
		    log->path, u->n, kind, u->first, strerror(u->error));
}

/* Whether f was compressed already.  Removes f then. */
static bool
is_done(const struct flowlog_dir *d, const struct flowlog_dir_file *f,
    struct unremovable *u)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		if (!is_made_of(&d->files[i], f))
			continue;
		(void)remove_file(d, f, u);
		return (true);
	}
	return (false);
}

/*
 * Logs that a closed file of log i cannot be compressed or, with error 0, that
 * this is possible again.
 */
static void
report_compression(const struct open_flowlogs *logs, size_t i, const char *name,
    int error)
{
	const char *path = logs->conf->logs[i].path;
	struct log_state *state = &logs->list[i].conditions.uncompressed;

	if (error == 0) {
		if (log_state_end(state))
			log_info(
			    "logfile %s: closed files are compressed again",
			    path);
	} else if (log_state_hourly(state, (uint32_t)time(NULL)))
		log_warnx(
		    "logfile %s: cannot compress %s: %s; it stays "
		    "uncompressed",
		    path, name, strerror(error));
}

static bool
is_later(const struct timespec *a, const struct timespec *b)
{
	return (a->tv_sec > b->tv_sec ||
	    (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec));
}

/* The log of the exporter that wrote f.  -1: the path is too long. */
static int
log_of_file(const struct conf_log *log, const struct flowlog_dir_file *f,
    struct conf_log *one, char path[PATH_MAX])
{
	*one = *log;
	if (f->parsed.exporter.family == ADDR_NONE)
		return (0);
	one->path = path;
	return (flowlog_name_of_exporter(log, &f->parsed.exporter, path));
}

/*
 * Whether no collector will write to f.  The file of an exporter may be closed
 * at a limit, and opened again in the same interval.
 */
static bool
is_closed(const struct open_flowlogs *logs, const struct conf_log *log,
    const struct flowlog_dir_file *f, time_t now)
{
	char path[PATH_MAX], current[PATH_MAX];
	struct conf_log one;

	if (open_flowlogs_have(logs, f->dev, f->ino) ||
	    log_of_file(log, f, &one, path) == -1)
		return (false);
	return (one.path == log->path ||
	    flowlog_name_at(&one, now, current) == -1 ||
	    strcmp(flowlog_name_base(current), f->name) != 0);
}

/* Whether f can and must be compressed.  Removes it if it was already. */
static bool
is_to_compress(const struct open_flowlogs *logs, size_t i,
    const struct flowlog_dir *d, const struct flowlog_dir_file *f, time_t now,
    struct unremovable *u)
{
	char name[NAME_MAX + 1];

	return (!f->parsed.compressed && f->size != 0 &&
	    is_later(&f->mtime, &logs->list[i].failed) &&
	    is_closed(logs, &logs->conf->logs[i], f, now) &&
	    !is_done(d, f, u) && flowlog_dir_compressed_name(d, f, name));
}

/*
 * The oldest file of log i that is to be compressed, or NULL.  Files of
 * exporters are not in the order of their age.
 */
static const struct flowlog_dir_file *
next_to_compress(const struct open_flowlogs *logs, size_t i,
    const struct flowlog_dir *d, time_t now, struct unremovable *u)
{
	const struct flowlog_dir_file *f, *oldest = NULL;

	for (f = d->files; f < d->files + d->n; f++) {
		if ((oldest == NULL || is_later(&oldest->mtime, &f->mtime)) &&
		    is_to_compress(logs, i, d, f, now, u))
			oldest = f;
	}
	return (oldest);
}

/* Starts a compressor for the next file of log i, if any. */
static void
compress_next(struct compressor *c, struct open_flowlogs *logs, size_t i,
    time_t now)
{
	const struct flowlog_dir_file *f;
	struct unremovable u = { .n = 0 };
	struct flowlog_dir d;

	logs->list[i].uncompressed = false;
	if (open_dir(&d, logs, i) == -1)
		return;
	f = next_to_compress(logs, i, &d, now, &u);
	if (f != NULL && start_compressor(c, logs, i, &d, f) == -1)
		report_compression(logs, i, f->name, errno);
	if (u.n > 0 || f == NULL)
		report_unremovable(&logs->conf->logs[i],
		    &logs->list[i].conditions.leftover, &u, "compressed");
	flowlog_dir_close(&d);
}

/*
 * Replaces the file f by its compressed form.  -1 with errno; EBUSY if f is
 * open as a log again or its size has changed.
 */
static int
replace_compressed(const struct compressor *c, const struct open_flowlogs *logs,
    const struct flowlog_dir *d, const struct flowlog_dir_file *f)
{
	const struct timespec times[] = { f->mtime, f->mtime };
	char temporary[PATH_MAX], name[NAME_MAX + 1];
	int error;

	if (open_flowlogs_have(logs, f->dev, f->ino) || f->size != c->size ||
	    !flowlog_dir_compressed_name(d, f, name)) {
		errno = EBUSY;
		return (-1);
	}
	if (flowlog_name_temporary(&logs->conf->logs[c->log], temporary) ==
		-1 ||
	    futimens(c->out, times) == -1 ||
	    renameat(d->fd, flowlog_name_base(temporary), d->fd, name) == -1)
		return (-1);
	if (unlinkat(d->fd, f->name, 0) == 0)
		return (0);
	/* f was not removed, so its compressed form must be. */
	error = errno;
	(void)unlinkat(d->fd, name, 0);
	errno = error;
	return (-1);
}

/*
 * Finds the file by its inode, since a rotation may have renamed it meanwhile.
 * 0, also if the file is gone, or an errno.
 */
static int
finish_compression(const struct compressor *c, const struct open_flowlogs *logs)
{
	const struct flowlog_dir_file *f;
	struct flowlog_dir d;
	struct stat st;
	int error = 0;
	size_t i;

	if (fstat(c->in, &st) == -1 || open_dir(&d, logs, c->log) == -1)
		return (errno);
	for (i = 0; i < d.n; i++) {
		f = &d.files[i];
		if (f->dev == st.st_dev && f->ino == st.st_ino &&
		    replace_compressed(c, logs, &d, f) == -1)
			error = errno;
	}
	flowlog_dir_close(&d);
	return (error);
}

/* A file that cannot be compressed must not block the later ones. */
static void
note_result(const struct compressor *c, struct open_flowlogs *logs, int error)
{
	struct flowlog_file *f = &logs->list[c->log];

	/* These errors are temporary; the next rotation tries again. */
	if (error == ENOSPC || error == EDQUOT || error == EBUSY)
		return;
	if (error != 0)
		f->failed = c->mtime;
	f->uncompressed = true;
}

static void
end_compressor(struct compressor *c, const struct open_flowlogs *logs)
{
	(void)close(c->in);
	(void)close(c->out);
	flowlog_closed_clean_up(&logs->conf->logs[c->log]);
	c->pid = -1;
}

/* False while a compressor runs. */
static bool
reap_compressor(struct compressor *c, struct open_flowlogs *logs)
{
	int error;

	if (c->pid == -1)
		return (true);
	if (!child_has_ended(c->pid, &error))
		return (false);
	if (error == 0)
		error = finish_compression(c, logs);
	report_compression(logs, c->log, c->name, error);
	end_compressor(c, logs);
	note_result(c, logs, error);
	return (true);
}

void
flowlog_closed_compress(struct compressor *c, struct open_flowlogs *logs,
    bool at_rest, time_t now)
{
	size_t i;

	if (!reap_compressor(c, logs) || !at_rest)
		return;
	for (i = 0; c->pid == -1 && i < logs->conf->nlogs; i++) {
		if (logs->list[i].uncompressed)
			compress_next(c, logs, i, now);
	}
}

void
flowlog_closed_stop(struct compressor *c, const struct open_flowlogs *logs)
{
	int status;

	if (c->pid == -1)
		return;
	(void)kill(c->pid, SIGKILL);
	(void)child_wait(c->pid, &status);
	end_compressor(c, logs);
}

/* A search for closed files of a log that exceed its limits. */
struct expiry {
	time_t now;
	bool in_doubt; /* now may be wrong */
	struct unremovable unremovable;
	size_t removed;
	time_t oldest; /* of the removed files; epoch */
};

/* Whether the oldest of n closed files, of bytes in all, exceeds a limit. */
static bool
is_too_much(const struct conf_log *log, const struct flowlog_dir_file *oldest,
    size_t n, uint64_t bytes, const struct expiry *e)
{
	const time_t bound = e->now - (time_t)log->keep_seconds;

	return ((log->keep_files != 0 && n > log->keep_files) ||
	    (log->keep_size != 0 && bytes > log->keep_size) ||
	    (log->keep_seconds != 0 && !e->in_doubt &&
		oldest->mtime.tv_sec < bound));
}

static void
count_removed(struct expiry *e, const struct flowlog_dir_file *f)
{
	if (e->removed++ == 0 || f->mtime.tv_sec < e->oldest)
		e->oldest = f->mtime.tv_sec;
}

/* Removes the oldest of n closed files until they are within the limits. */
static void
remove_oldest(const struct conf_log *log, const struct flowlog_dir *d,
    const struct flowlog_dir_file *f, size_t n, uint64_t bytes,
    struct expiry *e)
{
	for (; n > 0 && is_too_much(log, f, n, bytes, e); n--, f++) {
		bytes -= f->size;
		if (remove_file(d, f, &e->unremovable))
			count_removed(e, f);
	}
}

static void
report_removed(const struct conf_log *log, const struct expiry *e)
{
	char time[32];

	if (e->removed > 0)
		log_info("logfile %s: %zu logs removed, oldest of %s",
		    log->path, e->removed,
		    format_iso_time((uint32_t)e->oldest, false, time));
}

/* The bytes in the open file of a log, which may be that of an exporter. */
static uint64_t
open_bytes(const struct open_flowlogs *logs, size_t i, const char *path)
{
	const struct flowlog_file *f;
	struct stat st;
	size_t j;

	for (j = i; j < logs->n; j++) {
		f = &logs->list[j];
		if (f->fd != -1 && strcmp(f->log->path, path) == 0 &&
		    fstat(f->fd, &st) == 0)
			return ((uint64_t)st.st_size);
	}
	return (0);
}

/* Removes files of the n that one log has, or one exporter. */
static void
expire_files(const struct open_flowlogs *logs, size_t i,
    const struct flowlog_dir *d, struct flowlog_dir_file *files, size_t n,
    struct expiry *e)
{
	const struct conf_log *log = &logs->conf->logs[i];
	char path[PATH_MAX];
	struct conf_log one;
	uint64_t bytes;
	size_t j, closed = 0;

	if (log_of_file(log, &files[0], &one, path) == -1)
		return;
	bytes = open_bytes(logs, i, one.path);
	for (j = 0; j < n; j++) {
		if (open_flowlogs_have(logs, files[j].dev, files[j].ino))
			continue;
		bytes += files[j].size;
		if (is_closed(logs, log, &files[j], e->now))
			files[closed++] = files[j];
	}
	remove_oldest(log, d, files, closed, bytes, e);
}

static bool
same_exporter(const struct flowlog_dir_file *a,
    const struct flowlog_dir_file *b)
{
	return (addr_equal(&a->parsed.exporter, &b->parsed.exporter));
}

void
flowlog_closed_expire(const struct open_flowlogs *logs, size_t i, time_t now,
    bool in_doubt)
{
	const struct conf_log *log = &logs->conf->logs[i];
	struct expiry e = { .now = now, .in_doubt = in_doubt };
	struct flowlog_dir d;
	size_t j, n;

	if (log->keep_files == 0 && log->keep_size == 0 &&
	    log->keep_seconds == 0)
		return;
	if (open_dir(&d, logs, i) == -1)
		return;
	for (j = 0; j < d.n; j += n) {
		for (n = 1;
		     j + n < d.n && same_exporter(&d.files[j], &d.files[j + n]);
		     n++)
			continue;
		expire_files(logs, i, &d, &d.files[j], n, &e);
	}
	report_removed(log, &e);
	report_unremovable(log, &logs->list[i].conditions.unremovable,
	    &e.unremovable, "closed");
	flowlog_dir_close(&d);
}
