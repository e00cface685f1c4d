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
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "config/flowlog-name.h"
#include "monitor/flowlog-compress.h"
#include "monitor/flowlog-compressors.h"
#include "monitor/flowlog-dir.h"
#include "monitor/flowlog-owner.h"

/* A process that compresses a closed file of a log. */
struct compressor {
	pid_t pid;               /* -1: none; the other members are undefined */
	size_t log;              /* index in the configuration */
	char name[NAME_MAX + 1]; /* of in at the start of the process */
	uint32_t number;         /* in name */
	int in, out;             /* open while the process runs */
	uint64_t size;           /* of in at the start of the process */
};

void
flowlog_compressors_init(struct flowlog_compressors *c,
    const struct config *conf)
{
	size_t i;

	c->n = conf->limits.compressors == 0 ? CONFIG_COMPRESSORS_DEFAULT :
					       conf->limits.compressors;
	c->list = calloc(c->n, sizeof(*c->list));
	if (c->list == NULL)
		fatal("no memory for logs");
	for (i = 0; i < c->n; i++)
		c->list[i].pid = -1;
}

void
flowlog_compressors_clean_up(const struct conf_log *log)
{
	char path[PATH_MAX];

	if (flowlog_name_temporary(log, path) == 0)
		(void)unlink(path);
}

/* Creates the temporary file, with the mode and owner of in.  -1 with errno. */
static int
open_temporary(int dir, const struct conf_log *log, int in)
{
	char path[PATH_MAX];
	const char *name;
	struct stat st;
	int out;

	if (flowlog_name_temporary(log, path) == -1)
		return (-1);
	name = flowlog_name_base(path);
	(void)unlinkat(dir, name, 0);
	out = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out == -1)
		return (-1);
	/* EPERM: without root all files belong to the user of this process. */
	if (fstat(in, &st) == -1 ||
	    (fchown(out, st.st_uid, st.st_gid) == -1 && errno != EPERM) ||
	    fchmod(out, st.st_mode & 07777) == -1) {
		(void)close(out);
		(void)unlinkat(dir, name, 0);
		return (-1);
	}
	return (out);
}

/*
 * Opens the file that was found.  Another user may have replaced it, for example
 * by a FIFO, which would have no writer.  -1 with errno.
 */
static int
open_closed(const struct flowlog_list *list, const struct flowlog_list_file *f)
{
	struct stat st;
	int fd;

	fd = openat(list->fd, f->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1 ||
	    (fstat(fd, &st) == 0 && st.st_dev == f->dev && st.st_ino == f->ino))
		return (fd);
	(void)close(fd);
	errno = EBUSY;
	return (-1);
}

/* -1 with errno. */
static int
start(struct compressor *c, struct open_flowlogs *logs, size_t i,
    const struct flowlog_list *list, const struct flowlog_list_file *f)
{
	if ((c->in = open_closed(list, f)) == -1)
		return (-1);
	c->out = open_temporary(list->fd, &logs->conf->logs[i], c->in);
	if (c->out == -1) {
		(void)close(c->in);
		return (-1);
	}
	c->log = i;
	(void)strlcpy(c->name, f->name, sizeof(c->name));
	c->number = f->parsed.number;
	c->size = f->size;
	c->pid = flowlog_compress_start(logs->rights, c->in, c->out);
	if (c->pid != -1) {
		logs->list[i].compressing = true;
		return (0);
	}
	(void)close(c->in);
	(void)close(c->out);
	flowlog_compressors_clean_up(&logs->conf->logs[i]);
	return (-1);
}

/*
 * Whether f was compressed already: flowd ended before it removed f.  Removes f
 * then.
 */
static bool
is_done(struct flowlog_list *list, struct flowlog_list_file *f,
    const struct flowlog_inodes *open, time_t now,
    struct flowlog_unremovable *u)
{
	char name[NAME_MAX + 1];
	struct flowlog_list_file made = {
		.name = name,
		.parsed = { .compressed = true },
	};
	const int n =
	    snprintf(name, sizeof(name), "%s" FLOWLOG_NAME_COMPRESSED, f->name);

	if (n < 0 || (size_t)n >= sizeof(name) ||
	    !flowlog_list_look(list, &made, now) ||
	    made.mtime.tv_sec != f->mtime.tv_sec ||
	    made.mtime.tv_nsec != f->mtime.tv_nsec ||
	    !flowlog_list_verify(list, &made, open, now))
		return (false);
	(void)flowlog_remove(list, f, u);
	return (true);
}

/*
 * Logs that a closed file of log i cannot be compressed or, with error 0, that
 * this is possible again.
 */
static void
report(const struct open_flowlogs *logs, size_t i, const char *name, int error)
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

/* Whether f can and must be compressed.  Removes it if it was already. */
static bool
is_to_compress(const struct conf_log *log, struct flowlog_list *list,
    struct flowlog_list_file *f, const struct flowlog_inodes *open, time_t now,
    struct flowlog_unremovable *u)
{
	char name[NAME_MAX + 1];
	struct flowlog_owner o;

	return (!f->parsed.compressed && !f->gone && !f->failed &&
	    f->origin != ORIGIN_FOREIGN &&
	    flowlog_owner_of(&o, log, f, now) == 0 &&
	    flowlog_owner_closed(&o, f) && flowlog_list_look(list, f, now) &&
	    f->size != 0 && flowlog_list_verify(list, f, open, now) &&
	    !is_done(list, f, open, now, u) &&
	    flowlog_dir_compressed_name(list->fd, f->name, f->parsed.number,
		name));
}

/* The next file of log i that is to be compressed, or NULL. */
static struct flowlog_list_file *
next_file(struct open_flowlogs *logs, size_t i, struct flowlog_list *list,
    const struct flowlog_inodes *open, time_t now,
    struct flowlog_unremovable *u)
{
	struct flowlog_file *log = &logs->list[i];
	struct flowlog_list_file *files, *f;
	size_t n;

	files = flowlog_list_of(list, (uint32_t)i, &n);
	if (log->compress_version != list->version) {
		log->compress_version = list->version;
		log->compress_next = 0;
		log->leftover = false;
	}
	while (log->compress_next < n) {
		f = &files[log->compress_next++];
		if (is_to_compress(&logs->conf->logs[i], list, f, open, now, u))
			return (f);
	}
	return (NULL);
}

/* Starts a compressor for the next file of log i, if any. */
static void
compress_next(struct compressor *c, struct open_flowlogs *logs, size_t i,
    struct flowlog_list *list, time_t now)
{
	struct flowlog_file *log = &logs->list[i];
	struct flowlog_unremovable u = { .n = 0 };
	struct flowlog_inodes open;
	struct flowlog_list_file *f;

	log->uncompressed = false;
	if (flowlog_list_open(list, now) == -1)
		return;
	flowlog_inodes_make(&open, logs);
	f = next_file(logs, i, list, &open, now, &u);
	flowlog_inodes_free(&open);
	if (f != NULL && start(c, logs, i, list, f) == -1)
		report(logs, i, f->name, errno);
	log->leftover = log->leftover || u.n > 0;
	if (u.n > 0 || (f == NULL && !log->leftover))
		flowlog_unremovable_report(&logs->conf->logs[i],
		    &log->conditions.leftover, &u, "compressed");
	flowlog_list_close(list);
}

/* Whether name is the file that c has compressed. */
static bool
is_input(const struct flowlog_list *list, const struct stat *in,
    const char *name)
{
	struct stat st;

	return (fstatat(list->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == in->st_dev && st.st_ino == in->st_ino);
}

/*
 * Finds the name of the file that c has compressed: rotations may have increased
 * its number meanwhile.  False: the file is gone.
 */
static bool
find_input(const struct compressor *c, const struct flowlog_list *list,
    const struct stat *in, char name[NAME_MAX + 1], uint32_t *number)
{
	const char *dot = strrchr(c->name, '.');
	uint32_t i;
	int n;

	(void)strlcpy(name, c->name, NAME_MAX + 1);
	*number = c->number;
	if (is_input(list, in, name))
		return (true);
	for (i = 1; c->number != 0 && dot != NULL && i <= FLOWLOG_DIR_SHIFTED;
	     i++) {
		*number = c->number + i;
		n = snprintf(name, NAME_MAX + 1, "%.*s.%06" PRIu32,
		    (int)(dot - c->name), c->name, *number);
		if (n > 0 && n <= NAME_MAX && is_input(list, in, name))
			return (true);
	}
	return (false);
}

static bool
is_entry(const struct flowlog_list_file *f, const struct stat *in)
{
	return (f->dev == in->st_dev && f->ino == in->st_ino);
}

/*
 * The file in the list, most often the one before the next to be compressed.
 * NULL: the list does not have it.
 */
static struct flowlog_list_file *
listed(const struct compressor *c, const struct open_flowlogs *logs,
    const struct flowlog_list *list, const struct stat *in)
{
	const size_t next = logs->list[c->log].compress_next;
	struct flowlog_list_file *files;
	size_t i, n;

	files = flowlog_list_of(list, (uint32_t)c->log, &n);
	if (next > 0 && next <= n && is_entry(&files[next - 1], in))
		return (&files[next - 1]);
	for (i = 0; i < n; i++) {
		if (is_entry(&files[i], in))
			return (&files[i]);
	}
	return (NULL);
}

/*
 * Replaces the file by its compressed form, whose name is set.  -1 with errno;
 * EBUSY if the file is open as a log again or its size has changed.
 */
static int
replace(const struct compressor *c, const struct open_flowlogs *logs,
    const struct flowlog_list *list, const struct stat *in, const char *old,
    uint32_t number, char name[NAME_MAX + 1])
{
	const struct timespec times[] = { in->st_mtim, in->st_mtim };
	char temporary[PATH_MAX];
	int error;

	if (open_flowlogs_have(logs, in->st_dev, in->st_ino) ||
	    (uint64_t)in->st_size != c->size ||
	    !flowlog_dir_compressed_name(list->fd, old, number, name)) {
		errno = EBUSY;
		return (-1);
	}
	if (flowlog_name_temporary(&logs->conf->logs[c->log], temporary) ==
		-1 ||
	    futimens(c->out, times) == -1 ||
	    renameat(list->fd, flowlog_name_base(temporary), list->fd, name) ==
		-1)
		return (-1);
	if (unlinkat(list->fd, old, 0) == 0)
		return (0);
	/* The file was not removed, so its compressed form must be. */
	error = errno;
	(void)unlinkat(list->fd, name, 0);
	errno = error;
	return (-1);
}

/* The same with an open list.  0, also if the file is gone, or an errno. */
static int
finish_in(const struct compressor *c, const struct open_flowlogs *logs,
    struct flowlog_list *list, time_t now)
{
	char old[NAME_MAX + 1], name[NAME_MAX + 1];
	struct flowlog_list_file *f;
	struct stat in;
	uint32_t number;

	if (fstat(c->in, &in) == -1)
		return (errno);
	if (!find_input(c, list, &in, old, &number))
		return (0);
	if (replace(c, logs, list, &in, old, number, name) == -1)
		return (errno);
	if ((f = listed(c, logs, list, &in)) != NULL)
		flowlog_list_rename(list, f, name, now);
	return (0);
}

/* 0 or an errno. */
static int
finish(const struct compressor *c, const struct open_flowlogs *logs,
    struct flowlog_list *list, time_t now)
{
	int error;

	if (flowlog_list_open(list, now) == -1)
		return (errno);
	error = finish_in(c, logs, list, now);
	flowlog_list_close(list);
	return (error);
}

/* These errors are temporary; the next rotation tries again. */
static bool
is_temporary(int error)
{
	return (error == ENOSPC || error == EDQUOT || error == EBUSY);
}

static void
end(struct compressor *c, struct open_flowlogs *logs)
{
	(void)close(c->in);
	(void)close(c->out);
	flowlog_compressors_clean_up(&logs->conf->logs[c->log]);
	c->pid = -1;
	logs->list[c->log].compressing = false;
}

/* A file that cannot be compressed must not be tried again and again. */
static void
mark_failed(const struct compressor *c, const struct open_flowlogs *logs,
    const struct flowlog_list *list)
{
	struct flowlog_list_file *f;
	struct stat in;

	if (fstat(c->in, &in) == 0 && (f = listed(c, logs, list, &in)) != NULL)
		f->failed = true;
}

/* Finishes a compression if its process has exited. */
static void
reap(struct compressor *c, struct open_flowlogs *logs,
    struct flowlog_list *list, time_t now)
{
	const size_t log = c->log;
	int error;

	if (!child_has_ended(c->pid, &error))
		return;
	if (error == 0)
		error = finish(c, logs, list, now);
	report(logs, log, c->name, error);
	if (error != 0 && !is_temporary(error))
		mark_failed(c, logs, list);
	end(c, logs);
	if (!is_temporary(error))
		logs->list[log].uncompressed = true;
}

/* A compressor that does not run; NULL: all do. */
static struct compressor *
unused(const struct flowlog_compressors *c)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (c->list[i].pid == -1)
			return (&c->list[i]);
	}
	return (NULL);
}

static void
start_others(struct flowlog_compressors *c, struct open_flowlogs *logs,
    const struct flowlog_look *look, time_t now)
{
	struct compressor *next = unused(c);
	struct flowlog_list *list;
	size_t i;

	for (i = 0; next != NULL && i < logs->conf->nlogs; i++) {
		if (!logs->list[i].uncompressed || logs->list[i].compressing ||
		    (list = flowlog_look_list(look, i)) == NULL)
			continue;
		compress_next(next, logs, i, list, now);
		next = unused(c);
	}
}

void
flowlog_compressors_run(struct flowlog_compressors *c,
    struct open_flowlogs *logs, const struct flowlog_look *look, bool at_rest,
    time_t now)
{
	struct flowlog_list *list;
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (c->list[i].pid != -1 &&
		    (list = flowlog_look_list(look, c->list[i].log)) != NULL)
			reap(&c->list[i], logs, list, now);
	}
	if (at_rest)
		start_others(c, logs, look, now);
}

void
flowlog_compressors_stop(struct flowlog_compressors *c,
    struct open_flowlogs *logs)
{
	int status;
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (c->list[i].pid == -1)
			continue;
		(void)kill(c->list[i].pid, SIGKILL);
		(void)child_wait(c->list[i].pid, &status);
		end(&c->list[i], logs);
	}
	free(c->list);
	*c = (struct flowlog_compressors){ .list = NULL };
}
