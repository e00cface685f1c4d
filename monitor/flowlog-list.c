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
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "monitor/flowlog-compress.h"
#include "monitor/flowlog-list.h"
#include "monitor/paths.h"
#include "store.h"

#define STEP        4096 /* entries of a directory */
#define FILES_MIN   16
#define NO_FILE     UINT32_MAX /* in the table */
#define TICK        2    /* seconds; clocks of file systems may be as coarse */
#define SETTLE      60   /* seconds since the last write */
#define AGE_MAX     3600 /* seconds; of a list */
#define HASH_BEGIN  UINT32_C(2166136261)
#define HASH_FACTOR UINT32_C(16777619)

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
	return (a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec);
}

static size_t
slot_of(const struct flowlog_list *l, const char *name)
{
	uint32_t h = HASH_BEGIN;

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * HASH_FACTOR;
	return ((h ^ h >> 16) & (l->nslots - 1));
}

/* Makes a table of the files by their names.  -1 with errno. */
static int
make_table(struct flowlog_list *l)
{
	size_t i, slot;

	for (l->nslots = FILES_MIN; l->nslots < 2 * l->n; l->nslots *= 2)
		continue;
	l->table = reallocarray(NULL, l->nslots, sizeof(*l->table));
	if (l->table == NULL)
		return (-1);
	memset(l->table, 0xff, l->nslots * sizeof(*l->table));
	for (i = 0; i < l->n; i++) {
		slot = slot_of(l, l->files[i].name);
		while (l->table[slot] != NO_FILE)
			slot = (slot + 1) & (l->nslots - 1);
		l->table[slot] = (uint32_t)i;
	}
	return (0);
}

/* NULL if the list had no file with this name when the reading began. */
static struct flowlog_list_file *
find_file(const struct flowlog_list *l, const char *name)
{
	struct flowlog_list_file *f;
	size_t slot;

	for (slot = slot_of(l, name); l->table[slot] != NO_FILE;
	     slot = (slot + 1) & (l->nslots - 1)) {
		f = &l->files[l->table[slot]];
		if (strcmp(f->name, name) == 0)
			return (f);
	}
	return (NULL);
}

static void
stop_reading(struct flowlog_list *l)
{
	if (l->reading != NULL)
		(void)closedir(l->reading);
	free(l->table);
	l->reading = NULL;
	l->table = NULL;
}

static int
start_reading(struct flowlog_list *l, time_t now)
{
	struct stat st;
	int fd;

	if (fstat(l->fd, &st) == -1 ||
	    (fd = fcntl(l->fd, F_DUPFD_CLOEXEC, 0)) == -1)
		return (-1);
	if ((l->reading = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return (-1);
	}
	if (make_table(l) == -1) {
		stop_reading(l);
		return (-1);
	}
	l->changed = st.st_mtim;
	l->read = now;
	l->in_doubt = now - st.st_mtim.tv_sec < TICK;
	l->readings++;
	return (0);
}

/*
 * Whether the directory has not changed since it was read.  If it had changed
 * just before, that is in doubt: a later change may have left it the same time.
 */
static bool
is_unchanged(const struct flowlog_list *l, const struct stat *st, time_t now)
{
	return (l->read != 0 && now >= l->read && now - l->read < AGE_MAX &&
	    !l->in_doubt && is_same_time(&l->changed, &st->st_mtim));
}

int
flowlog_list_open(struct flowlog_list *l, time_t now)
{
	struct stat st;

	l->fd = path_open_directory(l->path);
	if (l->fd == -1)
		return (-1);
	l->is_current = fstat(l->fd, &st) == 0 && is_unchanged(l, &st, now);
	return (0);
}

void
flowlog_list_drop(struct flowlog_list *l, struct flowlog_list_file *f)
{
	f->gone = true;
	l->has_gone = true;
}

bool
flowlog_list_look(struct flowlog_list *l, struct flowlog_list_file *f,
    time_t now)
{
	struct stat st;
	time_t last;

	if (fstatat(l->fd, f->name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode)) {
		flowlog_list_drop(l, f);
		return (false);
	}
	if (!is_same_time(&f->mtime, &st.st_mtim))
		l->unsorted = true;
	if (f->ino != st.st_ino)
		f->origin = ORIGIN_UNKNOWN;
	f->mtime = st.st_mtim;
	f->size = (uint64_t)st.st_size;
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	last = f->mtime.tv_sec > f->opened ? f->mtime.tv_sec : f->opened;
	f->settled = now > last && now - last > SETTLE;
	return (true);
}

/* -1 with errno. */
static int
append(struct flowlog_list *l, const struct flowlog_list_file *f)
{
	struct flowlog_list_file *grown;

	if (l->n == l->room) {
		const size_t room = l->room == 0 ? FILES_MIN : l->room * 2;

		grown = reallocarray(l->files, room, sizeof(*grown));
		if (grown == NULL)
			return (-1);
		l->files = grown;
		l->room = room;
	}
	l->files[l->n++] = *f;
	l->unsorted = true;
	return (0);
}

/* Whether the name is that of a closed file of a log; sets both in f. */
static bool
belongs(const struct flowlog_list *l, const char *name,
    struct flowlog_list_file *f)
{
	char path[PATH_MAX];
	const int n = snprintf(path, sizeof(path), "%s%s", l->path, name);

	return (n >= 0 && (size_t)n < sizeof(path) &&
	    flowlog_names_find(l->names, path, &f->log) &&
	    flowlog_name_parse(&l->conf->logs[f->log], name, &f->parsed));
}

/* Adds a file that is new.  -1 with errno. */
static int
add_file(struct flowlog_list *l, const struct dirent *entry, time_t now)
{
	struct flowlog_list_file f = {
		.entry = entry->d_ino,
		.seen = l->readings,
	};

	if (!belongs(l, entry->d_name, &f))
		return (0);
	if ((f.name = strdup(entry->d_name)) == NULL)
		return (-1);
	if (!flowlog_list_look(l, &f, now)) {
		free(f.name);
		return (0);
	}
	if (append(l, &f) == 0)
		return (0);
	free(f.name);
	return (-1);
}

/* -1 with errno. */
static int
note_entry(struct flowlog_list *l, const struct dirent *entry, time_t now)
{
	struct flowlog_list_file *f = find_file(l, entry->d_name);

	if (f == NULL)
		return (add_file(l, entry, now));
	f->seen = l->readings;
	if (f->entry != entry->d_ino) {
		f->entry = entry->d_ino;
		f->opened = 0;
		f->failed = false;
		(void)flowlog_list_look(l, f, now);
	}
	return (0);
}

static int
compare_files(const void *va, const void *vb)
{
	const struct flowlog_list_file *a = va, *b = vb;
	int order;

	if (a->log != b->log)
		return (a->log < b->log ? -1 : 1);
	order = memcmp(&a->parsed.exporter, &b->parsed.exporter,
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

static void
sort_files(struct flowlog_list *l)
{
	size_t i;
	bool sorted = true;

	if (!l->unsorted)
		return;
	l->unsorted = false;
	for (i = 1; i < l->n && sorted; i++)
		sorted = compare_files(&l->files[i - 1], &l->files[i]) < 0;
	if (sorted)
		return;
	qsort(l->files, l->n, sizeof(*l->files), compare_files);
	l->version++;
}

/* Removes the files that are gone. */
static void
drop_gone(struct flowlog_list *l)
{
	size_t i, kept = 0;

	if (!l->has_gone)
		return;
	l->has_gone = false;
	for (i = 0; i < l->n; i++) {
		if (l->files[i].gone)
			free(l->files[i].name);
		else if (kept++ != i)
			l->files[kept - 1] = l->files[i];
	}
	if (kept != l->n)
		l->version++;
	l->n = kept;
}

/* Marks the files that the directory no longer has. */
static void
end_reading(struct flowlog_list *l)
{
	struct stat st;
	size_t i;

	if (fstat(l->fd, &st) == -1 || !is_same_time(&l->changed, &st.st_mtim))
		l->in_doubt = true;
	for (i = 0; i < l->n; i++) {
		if (l->files[i].seen != l->readings)
			flowlog_list_drop(l, &l->files[i]);
	}
	stop_reading(l);
	drop_gone(l);
	sort_files(l);
	/* A directory that changes while it is read may show a file twice. */
	for (i = 1; i < l->n; i++) {
		if (compare_files(&l->files[i - 1], &l->files[i]) == 0)
			flowlog_list_drop(l, &l->files[i]);
	}
	drop_gone(l);
	l->version++;
	l->is_current = true;
}

int
flowlog_list_read(struct flowlog_list *l, time_t now)
{
	const struct dirent *entry;
	size_t i;

	if (l->reading == NULL && start_reading(l, now) == -1)
		return (-1);
	for (i = 0; i < STEP; i++) {
		errno = 0;
		if ((entry = readdir(l->reading)) == NULL) {
			if (errno != 0)
				break;
			end_reading(l);
			return (0);
		}
		if (note_entry(l, entry, now) == -1)
			break;
	}
	if (i == STEP)
		return (1);
	l->read = 0;
	return (-1);
}

void
flowlog_list_refresh(struct flowlog_list *l, const struct flowlog_inodes *open,
    time_t now)
{
	struct flowlog_list_file *f;

	for (f = l->files; f < l->files + l->n; f++) {
		if (f->settled)
			continue;
		if (!flowlog_list_look(l, f, now))
			continue;
		f->open = flowlog_inodes_have(open, f->dev, f->ino);
		if (f->open) {
			f->opened = now;
			f->settled = false;
		}
	}
	drop_gone(l);
	sort_files(l);
}

/* Opens the file and reads its beginning. */
static enum flowlog_list_origin
origin_of(const struct flowlog_list *l, const struct flowlog_list_file *f)
{
	uint8_t head[FLOWLOG_COMPRESS_HEAD];
	struct stat st;
	ssize_t n = -1;
	size_t len;
	int fd;

	fd = openat(l->fd, f->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return (ORIGIN_UNKNOWN);
	if (fstat(fd, &st) == 0 && st.st_dev == f->dev && st.st_ino == f->ino)
		n = pread(fd, head, sizeof(head), 0);
	(void)close(fd);
	if (n == -1)
		return (ORIGIN_UNKNOWN);
	if (f->parsed.compressed)
		return (flowlog_compress_made(head, (size_t)n) ?
			ORIGIN_OWN :
			ORIGIN_FOREIGN);
	return (n == 0 || store_check_header(head, (size_t)n, &len) == 0 ?
		ORIGIN_OWN :
		ORIGIN_FOREIGN);
}

bool
flowlog_list_verify(struct flowlog_list *l, struct flowlog_list_file *f,
    const struct flowlog_inodes *open, time_t now)
{
	const struct timespec mtime = f->mtime;
	const uint64_t size = f->size;

	/* Opens only regular files, since opening a device can have effects. */
	if (!flowlog_list_look(l, f, now) || f->size != size ||
	    !is_same_time(&f->mtime, &mtime))
		return (false);
	if (flowlog_inodes_have(open, f->dev, f->ino)) {
		f->settled = false;
		return (false);
	}
	if (f->origin == ORIGIN_UNKNOWN)
		f->origin = origin_of(l, f);
	return (f->origin == ORIGIN_OWN);
}

void
flowlog_list_close(struct flowlog_list *l)
{
	struct stat st;

	if (l->reading != NULL) {
		stop_reading(l);
		l->read = 0;
	}
	drop_gone(l);
	sort_files(l);
	if (l->is_current && fstat(l->fd, &st) == 0)
		l->changed = st.st_mtim;
	(void)close(l->fd);
	l->fd = -1;
	l->is_current = false;
}

/* The index of the first file of this log or of a later one. */
static size_t
first_of(const struct flowlog_list *l, uint32_t log)
{
	size_t low = 0, high = l->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (l->files[middle].log < log)
			low = middle + 1;
		else
			high = middle;
	}
	return (low);
}

struct flowlog_list_file *
flowlog_list_of(const struct flowlog_list *l, uint32_t log, size_t *n)
{
	const size_t begin = first_of(l, log);

	*n = first_of(l, log + 1) - begin;
	return (l->files + begin);
}

void
flowlog_list_rename(struct flowlog_list *l, struct flowlog_list_file *f,
    const char *name, time_t now)
{
	char *copy = strdup(name);

	/* The next reading finds the new name. */
	if (copy == NULL ||
	    !flowlog_name_parse(&l->conf->logs[f->log], name, &f->parsed)) {
		free(copy);
		flowlog_list_drop(l, f);
		return;
	}
	free(f->name);
	f->name = copy;
	if (flowlog_list_look(l, f, now))
		f->entry = f->ino;
}

void
flowlog_list_free(struct flowlog_list *l)
{
	size_t i;

	if (l->fd != -1)
		flowlog_list_close(l);
	for (i = 0; i < l->n; i++)
		free(l->files[i].name);
	free(l->files);
	free(l->path);
}
