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

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log-cause.h"
#include "monitor/flowlog-compress.h"
#include "monitor/flowlog-dir.h"
#include "monitor/paths.h"
#include "store.h"

#define NUMBERED "%s.%06" PRIu32

/* Opens the directory of path.  -1 with the cause and errno. */
static int
open_directory(const char *path, struct log_cause *cause)
{
	char dir[PATH_MAX];
	int fd;

	(void)path_directory(path, dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		log_cause_set(cause, "directory %s", dir);
	return (fd);
}

static bool
begins_as_own(int fd, bool compressed)
{
	uint8_t head[FLOWLOG_COMPRESS_HEAD];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	size_t len;

	if (n == -1)
		return (false);
	if (compressed)
		return (flowlog_compress_made(head, (size_t)n));
	return (n == 0 || store_check_header(head, (size_t)n, &len) == 0);
}

/* Reads the status of the file f->name; false if it is no file of the log. */
static bool
inspect(const struct flowlog_dir *d, struct flowlog_dir_file *f)
{
	struct stat st;
	bool own;
	int fd;

	/* Opens only regular files, since opening a device can have effects. */
	if (fstatat(d->fd, f->name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode))
		return (false);
	fd = openat(d->fd, f->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return (false);
	own = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    begins_as_own(fd, f->parsed.compressed);
	(void)close(fd);
	f->mtime = st.st_mtim;
	f->size = (uint64_t)st.st_size;
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	return (own);
}

static int
add_file(struct flowlog_dir *d, const struct flowlog_dir_file *f, size_t *room)
{
	struct flowlog_dir_file *grown;

	if (d->n == *room) {
		*room = *room == 0 ? 16 : *room * 2;
		grown = reallocarray(d->files, *room, sizeof(*grown));
		if (grown == NULL)
			return (-1);
		d->files = grown;
	}
	d->files[d->n++] = *f;
	return (0);
}

static int
compare_age(const void *va, const void *vb)
{
	const struct flowlog_dir_file *a = va, *b = vb;
	const int order = memcmp(&a->parsed.exporter, &b->parsed.exporter,
	    sizeof(a->parsed.exporter));

	if (order != 0)
		return (order);
	if (a->mtime.tv_sec != b->mtime.tv_sec)
		return (a->mtime.tv_sec < b->mtime.tv_sec ? -1 : 1);
	if (a->mtime.tv_nsec != b->mtime.tv_nsec)
		return (a->mtime.tv_nsec < b->mtime.tv_nsec ? -1 : 1);
	if (a->parsed.number != b->parsed.number)
		return (a->parsed.number > b->parsed.number ? -1 : 1);
	return (strcmp(a->name, b->name));
}

static int
read_files(struct flowlog_dir *d, const struct conf_log *log, DIR *dir)
{
	const struct dirent *entry;
	struct flowlog_dir_file f;
	size_t room = 0;

	while ((entry = readdir(dir)) != NULL) {
		if (!flowlog_name_parse(log, entry->d_name, &f.parsed) ||
		    strlcpy(f.name, entry->d_name, sizeof(f.name)) >=
			sizeof(f.name) ||
		    !inspect(d, &f))
			continue;
		if (add_file(d, &f, &room) == -1)
			return (-1);
	}
	if (d->n != 0)
		qsort(d->files, d->n, sizeof(*d->files), compare_age);
	return (0);
}

int
flowlog_dir_open(struct flowlog_dir *d, const struct conf_log *log,
    struct log_cause *cause)
{
	DIR *dir = NULL;
	int fd, r = -1;

	*d = (struct flowlog_dir){ .fd = open_directory(log->path, cause) };
	if (d->fd == -1)
		return (-1);
	if ((fd = fcntl(d->fd, F_DUPFD_CLOEXEC, 0)) != -1 &&
	    (dir = fdopendir(fd)) == NULL)
		(void)close(fd);
	if (dir != NULL) {
		r = read_files(d, log, dir);
		(void)closedir(dir);
	}
	if (r == -1) {
		log_cause_set(cause, "logfile %s: cannot list its directory",
		    log->path);
		flowlog_dir_close(d);
		errno = cause->error;
	}
	return (r);
}

void
flowlog_dir_close(struct flowlog_dir *d)
{
	(void)close(d->fd);
	free(d->files);
	*d = (struct flowlog_dir){ .fd = -1 };
}

static bool
is_free(int dir, const char *name)
{
	struct stat st;

	return (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno == ENOENT);
}

bool
flowlog_dir_compressed_name(const struct flowlog_dir *d,
    const struct flowlog_dir_file *f, char name[NAME_MAX + 1])
{
	uint32_t number;
	int n;

	n = snprintf(name, NAME_MAX + 1, "%s" FLOWLOG_NAME_COMPRESSED, f->name);
	for (number = 1; n > 0 && n <= NAME_MAX; number++) {
		if (is_free(d->fd, name))
			return (true);
		/* A name has at most one number. */
		if (f->parsed.number != 0 || number > FLOWLOG_NAME_NUMBER_MAX)
			break;
		n = snprintf(name, NAME_MAX + 1,
		    NUMBERED FLOWLOG_NAME_COMPRESSED, f->name, number);
	}
	return (false);
}

/* The name with this number; 0: the plain name.  -1 if it is too long. */
static int
numbered_name(const struct conf_log *log, uint32_t number, const char *suffix,
    char name[NAME_MAX + 1])
{
	const char *base = flowlog_name_base(log->path);
	int n;

	n = number == 0 ?
	    snprintf(name, NAME_MAX + 1, "%s", base) :
	    snprintf(name, NAME_MAX + 1, NUMBERED "%s", base, number, suffix);
	if (n >= 0 && n <= NAME_MAX)
		return (0);
	errno = ENAMETOOLONG;
	return (-1);
}

/* Renames the file with this number to the next number, if it exists. */
static int
renumber(int dir, const struct conf_log *log, uint32_t number,
    const char *suffix)
{
	char from[NAME_MAX + 1], to[NAME_MAX + 1];

	if (numbered_name(log, number, suffix, from) == -1 ||
	    numbered_name(log, number + 1, suffix, to) == -1)
		return (-1);
	if (renameat(dir, from, dir, to) == 0)
		return (0);
	return (number != 0 && errno == ENOENT ? 0 : -1);
}

/* The first number without a file, compressed or not.  0: none is free. */
static uint32_t
first_free(int dir, const struct conf_log *log)
{
	char plain[NAME_MAX + 1], compressed[NAME_MAX + 1];
	uint32_t number;

	for (number = 1; number <= FLOWLOG_NAME_NUMBER_MAX; number++) {
		if (numbered_name(log, number, "", plain) == -1 ||
		    numbered_name(log, number, FLOWLOG_NAME_COMPRESSED,
			compressed) == -1)
			break;
		if (is_free(dir, plain) && is_free(dir, compressed))
			return (number);
	}
	return (0);
}

static int
shift(int dir, const struct conf_log *log)
{
	uint32_t number = first_free(dir, log);

	if (number == 0) {
		errno = EEXIST;
		return (-1);
	}
	while (--number > 0) {
		if (renumber(dir, log, number, "") == -1 ||
		    renumber(dir, log, number, FLOWLOG_NAME_COMPRESSED) == -1)
			return (-1);
	}
	return (renumber(dir, log, 0, ""));
}

int
flowlog_dir_shift(const struct conf_log *log, struct log_cause *cause)
{
	int dir = open_directory(log->path, cause), r;

	if (dir == -1)
		return (-1);
	if ((r = shift(dir, log)) == -1)
		log_cause_set(cause,
		    "logfile %s cannot be renamed with a number", log->path);
	(void)close(dir);
	return (r);
}

int
flowlog_dir_check(const struct conf_log *log, struct log_cause *cause)
{
	const int dir = open_directory(log->path, cause);

	if (dir == -1)
		return (-1);
	(void)close(dir);
	return (0);
}

void
flowlog_dir_unshift(const struct conf_log *log, struct log_cause *cause)
{
	const struct log_cause first = *cause;
	char numbered[NAME_MAX + 1];
	int dir = open_directory(log->path, cause);

	if (dir != -1 && numbered_name(log, 1, "", numbered) == 0 &&
	    is_free(dir, flowlog_name_base(log->path)) &&
	    renameat(dir, numbered, dir, flowlog_name_base(log->path)) == 0)
		*cause = first;
	else
		log_cause_set(cause, "%s%s%s; and it cannot be renamed back",
		    first.text, first.error != 0 ? ": " : "",
		    first.error != 0 ? strerror(first.error) : "");
	if (dir != -1)
		(void)close(dir);
}
