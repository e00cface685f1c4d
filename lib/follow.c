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
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crc32.h"
#include "errors.h"
#include "lib/follow-name.h"
#include "lib/follow-seen.h"
#include "lib/follow.h"
#include "store.h"

#define SECOND    UINT64_C(1000000000) /* nanoseconds */
#define SEEN_MANY 1024                 /* files beside those in the directory */
#define COST      20 /* a search may take this part of the time */
#define MAX_COST  (SECOND / COST)
#define MAX_TRIES 16 /* searches at a time */

enum kind { BY_NAME, BY_PATTERN, BY_DIRECTORY };

struct file {
	int fd; /* -1: none */
	char path[PATH_MAX];
	struct follow_name name;
	struct seen_file seen; /* as in the list of seen files */
};

struct follow {
	enum kind kind;
	char path[PATH_MAX];     /* as given */
	char name[NAME_MAX + 1]; /* or the pattern, without directory */
	struct follow_name parsed;
	int dir;          /* descriptor of the directory, or -1 */
	size_t dir_len;   /* of path that is the directory, with its slash */
	struct file file; /* the current file */
	struct file next; /* the one that follow_look has found */
	struct seen seen;
	struct timespec dir_mtime;
	uint64_t searched, cost; /* monotonic clock, nanoseconds */
	bool pending;            /* a file may soon have unread bytes */
	bool closing;            /* the current file seems to be closed */
	char pattern[PATH_MAX];  /* of set_pattern; or empty */
};

/* A file in the directory. */
struct entry {
	char name[NAME_MAX + 1];
	struct follow_name parsed;
	struct stat st;
};

static void
close_file(struct file *file)
{
	if (file->fd != -1)
		close(file->fd);
	file->fd = -1;
}

void
follow_free(struct follow *f)
{
	if (f == NULL)
		return;
	close_file(&f->file);
	close_file(&f->next);
	if (f->dir != -1)
		close(f->dir);
	seen_free(&f->seen);
	free(f);
}

int
follow_fd(const struct follow *f)
{
	return (f->file.fd);
}

const char *
follow_path(const struct follow *f)
{
	return (f->file.fd == -1 ? f->path : f->file.path);
}

const char *
follow_pattern(const struct follow *f)
{
	return (f->pattern[0] == '\0' ? NULL : f->pattern);
}

/* A path without a file may be a pattern. */
static int
classify(struct follow *f)
{
	struct stat st;

	f->kind = BY_NAME;
	if (stat(f->path, &st) == 0 && S_ISDIR(st.st_mode))
		f->kind = BY_DIRECTORY;
	else if (stat(f->path, &st) == 0)
		return (S_ISREG(st.st_mode) ? 0 : FLOWD_EINVAL);
	else if (strpbrk(f->name, "*?[") != NULL)
		f->kind = BY_PATTERN;
	return (0);
}

/* Splits the path into directory and name. */
static int
split(struct follow *f)
{
	const char *slash = strrchr(f->path, '/');

	f->dir_len = slash == NULL ? 0 : (size_t)(slash - f->path) + 1;
	if (strlcpy(f->name, f->path + f->dir_len, sizeof(f->name)) >=
	    sizeof(f->name))
		return (FLOWD_EINVAL);
	return (classify(f));
}

/* Sets the pattern of all logs with another date in the name. */
static void
set_pattern(struct follow *f)
{
	if (!f->parsed.dated ||
	    snprintf(f->pattern, sizeof(f->pattern), "%.*s%s", (int)f->dir_len,
		f->path, f->parsed.pattern) >= (int)sizeof(f->pattern))
		f->pattern[0] = '\0';
}

int
follow_new(const char *path, struct follow **follow)
{
	struct follow *f;
	int error;

	*follow = NULL;
	if ((f = calloc(1, sizeof(*f))) == NULL)
		return (FLOWD_ENOMEM);
	f->dir = f->file.fd = f->next.fd = -1;
	if (strlcpy(f->path, path, sizeof(f->path)) >= sizeof(f->path) - 2)
		error = FLOWD_EINVAL;
	else
		error = split(f);
	if (error != 0) {
		follow_free(f);
		return (error);
	}
	if (f->kind == BY_DIRECTORY) {
		f->dir_len = strlen(f->path);
		if (f->path[f->dir_len - 1] != '/')
			f->path[f->dir_len++] = '/';
		f->name[0] = '\0';
	}
	follow_name_parse(f->name, &f->parsed);
	set_pattern(f);
	*follow = f;
	return (0);
}

static bool
is_own_name(const struct follow *f, const char *name)
{
	return (f->kind == BY_NAME && strcmp(name, f->name) == 0);
}

/* Whether a file with this name belongs to the log. */
static bool
is_named(const struct follow *f, const char *name, const struct follow_name *p)
{
	switch (f->kind) {
	case BY_DIRECTORY:
		return (name[0] != '.');
	case BY_PATTERN:
		return (fnmatch(f->name, name, FNM_PERIOD) == 0 ||
		    fnmatch(f->name, p->base, FNM_PERIOD) == 0);
	default:
		return (is_own_name(f, name) ||
		    strcmp(f->parsed.dated ? p->base : p->stem, f->name) == 0);
	}
}

static int
open_dir(struct follow *f)
{
	char dir[PATH_MAX] = ".";

	if (f->dir != -1)
		return (0);
	if (f->dir_len != 0)
		(void)snprintf(dir, sizeof(dir), "%.*s", (int)f->dir_len,
		    f->path);
	f->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return (f->dir == -1 ? FLOWD_EIO : 0);
}

/* Only the name that is followed may be a link. */
static int
look_up(const struct follow *f, const char *name, struct stat *st)
{
	return (fstatat(f->dir, name, st,
	    is_own_name(f, name) ? 0 : AT_SYMLINK_NOFOLLOW));
}

/* Whether the uncompressed form of a file exists, so that this one may grow. */
static bool
is_being_made(const struct follow *f, const struct entry *e)
{
	const size_t len = strlen(e->name) - strlen(".gz");
	char plain[NAME_MAX + 1];
	struct stat st;

	if (!e->parsed.compressed || is_own_name(f, e->name))
		return (false);
	(void)snprintf(plain, sizeof(plain), "%.*s", (int)len, e->name);
	return (fstatat(f->dir, plain, &st, AT_SYMLINK_NOFOLLOW) == 0);
}

static void
describe(const struct entry *e, struct seen_file *file)
{
	memset(file, 0, sizeof(*file));
	file->dev = e->st.st_dev;
	file->ino = e->st.st_ino;
	file->size = (uint64_t)e->st.st_size;
	file->mtime = e->st.st_mtim;
	file->stem = flowd_crc32(0, e->parsed.stem, strlen(e->parsed.stem));
	file->listed = true;
}

/* Opens a regular file.  Opening must not block. */
static int
open_entry(const struct follow *f, const struct entry *e, struct file *file)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
	    (is_own_name(f, e->name) ? 0 : O_NOFOLLOW);
	uint64_t length;

	if ((file->fd = openat(f->dir, e->name, flags)) == -1)
		return (FLOWD_EIO);
	if (snprintf(file->path, sizeof(file->path), "%.*s%s", (int)f->dir_len,
		f->path, e->name) >= (int)sizeof(file->path)) {
		close_file(file);
		errno = ENAMETOOLONG;
		return (FLOWD_EIO);
	}
	file->name = e->parsed;
	describe(e, &file->seen);
	file->seen.head = follow_head(file->fd, file->seen.size, &length);
	file->seen.end = length;
	return (0);
}

/* Order by age: by the last write, then by number, then by name. */
static int
compare_age(const struct entry *a, const struct entry *b)
{
	const struct timespec *ta = &a->st.st_mtim, *tb = &b->st.st_mtim;

	if (ta->tv_sec != tb->tv_sec)
		return (ta->tv_sec < tb->tv_sec ? -1 : 1);
	if (ta->tv_nsec != tb->tv_nsec)
		return (ta->tv_nsec < tb->tv_nsec ? -1 : 1);
	if (a->parsed.number != b->parsed.number)
		return (a->parsed.number > b->parsed.number ? -1 : 1);
	return (strcmp(a->name, b->name));
}

/* Calls fn with each regular file in the directory.  FLOWD_EIO. */
static int
each_entry(struct follow *f,
    int (*fn)(struct follow *, const struct entry *, void *), void *arg)
{
	const struct dirent *d;
	struct entry e;
	int error = 0, fd;
	DIR *dir;

	if ((fd = openat(f->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) ==
	    -1)
		return (FLOWD_EIO);
	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return (FLOWD_EIO);
	}
	while (error == 0 && (d = readdir(dir)) != NULL) {
		if (strlcpy(e.name, d->d_name, sizeof(e.name)) >=
		    sizeof(e.name))
			continue;
		follow_name_parse(e.name, &e.parsed);
		if ((is_named(f, e.name, &e.parsed) ||
			strcmp(e.parsed.pattern, f->parsed.pattern) == 0) &&
		    look_up(f, e.name, &e.st) == 0 && S_ISREG(e.st.st_mode))
			error = fn(f, &e, arg);
	}
	closedir(dir);
	return (error);
}

/*
 * Remembers a file that exists at the start, as if it had been read.  Chooses
 * the newest one.
 */
static int
remember_entry(struct follow *f, const struct entry *e, void *arg)
{
	struct entry *newest = arg;
	struct file file;

	if (!is_named(f, e->name, &e->parsed) || open_entry(f, e, &file) != 0)
		return (0);
	close_file(&file);
	if (f->kind != BY_NAME &&
	    (file.seen.head != 0 || file.seen.size == 0) &&
	    (newest->name[0] == '\0' || compare_age(e, newest) > 0))
		*newest = *e;
	return (seen_put(&f->seen, &file.seen));
}

/* Finds the file at the path, or the compressed form of a log with a date. */
static int
find_named(const struct follow *f, struct entry *e)
{
	int found, n;

	(void)strlcpy(e->name, f->name, sizeof(e->name));
	found = look_up(f, e->name, &e->st);
	if (found == -1 && errno == ENOENT && f->parsed.dated) {
		n = snprintf(e->name, sizeof(e->name), "%s.gz", f->name);
		if (n > 0 && (size_t)n < sizeof(e->name))
			found = look_up(f, e->name, &e->st);
	}
	if (found == -1)
		return (FLOWD_EIO);
	follow_name_parse(e->name, &e->parsed);
	return (S_ISREG(e->st.st_mode) ? 0 : FLOWD_EINVAL);
}

/* Makes the file found at the start the current file. */
static int
open_first(struct follow *f, const struct entry *e, bool only_new,
    struct follow_start *start)
{
	int error;

	if ((error = open_entry(f, e, &f->file)) != 0)
		return (error);
	start->exact = true;
	start->end = 0;
	if (!only_new)
		return (0);
	if (e->parsed.compressed) {
		start->exact = false;
		start->end = UINT64_MAX;
	} else if (store_check_tail(f->file.fd, &start->end) != 0)
		start->end = f->file.seen.size;
	return (0);
}

int
follow_begin(struct follow *f, bool only_new, struct follow_start *start)
{
	struct entry first = { .name = "" };
	int error;

	memset(start, 0, sizeof(*start));
	start->exact = true;
	if ((error = open_dir(f)) != 0)
		return (error);
	if (f->kind == BY_NAME && (error = find_named(f, &first)) != 0)
		return (error);
	if ((error = each_entry(f, remember_entry, &first)) != 0)
		return (error);
	if (first.name[0] != '\0')
		return (open_first(f, &first, only_new, start));
	if (f->kind == BY_DIRECTORY || f->seen.n != 0)
		return (0);
	errno = ENOENT;
	return (FLOWD_EIO);
}

/* Remembers how far the current file was read. */
static void
remember_current(struct follow *f, uint64_t end)
{
	struct seen_file *seen = &f->file.seen;

	if (f->file.fd == -1)
		return;
	seen->end = end;
	seen->exact = true;
	if (seen_put(&f->seen, seen) != 0)
		f->pending = true;
}

bool
follow_was_cut(struct follow *f, uint64_t offset)
{
	struct seen_file *seen = &f->file.seen;
	uint64_t length;
	uint32_t head;
	struct stat st;

	if (f->file.fd == -1 || fstat(f->file.fd, &st) == -1 ||
	    (uint64_t)st.st_size == seen->size)
		return (false);
	seen->size = (uint64_t)st.st_size;
	seen->mtime = st.st_mtim;
	head = follow_head(f->file.fd, seen->size, &length);
	if (seen->head == 0)
		seen->head = head;
	/*
	 * Only a torn record may have been cut off, not a record shown.  The
	 * size of a compressed file does not tell this.
	 */
	if ((seen->size >= offset || length != seen->size) &&
	    (head == seen->head || head == 0 || offset == 0))
		return (false);
	remember_current(f, offset);
	seen->head = head;
	return (lseek(f->file.fd, 0, SEEK_SET) == 0);
}

static uint64_t
now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		return (0);
	return ((uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec);
}

/* Whether the path still leads to the current file. */
static bool
is_in_place(const struct follow *f)
{
	struct stat st;

	return (f->file.fd != -1 && look_up(f, f->name, &st) == 0 &&
	    st.st_dev == f->file.seen.dev && st.st_ino == f->file.seen.ino);
}

static bool
has_changed(struct follow *f)
{
	struct stat st;

	if (fstat(f->dir, &st) == -1 ||
	    (st.st_mtim.tv_sec == f->dir_mtime.tv_sec &&
		st.st_mtim.tv_nsec == f->dir_mtime.tv_nsec))
		return (false);
	f->dir_mtime = st.st_mtim;
	return (true);
}

/*
 * Whether it is time to search the directory: at once if it has changed; soon,
 * but not for a large part of the time, if a search may find more; or else once
 * a second.
 */
static bool
is_due(struct follow *f, uint64_t at)
{
	const uint64_t since = at - f->searched;

	if (has_changed(f) || since >= SECOND)
		return (true);
	return (since >= COST * f->cost &&
	    (f->pending || f->closing ||
		(f->kind == BY_NAME && !is_in_place(f))));
}

/* What a search of the directory finds. */
struct search {
	struct entry best;  /* the oldest file with unread bytes, if named */
	struct entry newer; /* a newer file with another date, if named */
	bool copied;        /* the file at the path has another name now */
	size_t n;           /* files of the log */
};

/* Notes signs that a log with a date in its name was closed. */
static void
note_closed(const struct follow *f, const struct entry *e, struct search *s)
{
	struct entry self;

	if (strcmp(e->parsed.base, f->parsed.base) == 0) {
		s->copied = s->copied || strcmp(e->name, f->name) != 0;
		return;
	}
	(void)strlcpy(self.name, f->name, sizeof(self.name));
	self.parsed = f->parsed;
	if (f->file.fd != -1 && e->st.st_size != 0 &&
	    fstat(f->file.fd, &self.st) == 0 && compare_age(e, &self) > 0)
		s->newer = *e;
}

static bool
is_current(const struct follow *f, const struct entry *e)
{
	return (f->file.fd != -1 && f->file.seen.dev == e->st.st_dev &&
	    f->file.seen.ino == e->st.st_ino);
}

/* A new file can have the inode of one that was removed, and its size. */
static bool
is_unchanged(const struct seen_file *seen, const struct stat *st)
{
	return (seen->size == (uint64_t)st->st_size &&
	    seen->mtime.tv_sec == st->st_mtim.tv_sec &&
	    seen->mtime.tv_nsec == st->st_mtim.tv_nsec);
}

static int
search_entry(struct follow *f, const struct entry *e, void *arg)
{
	struct search *s = arg;
	struct seen_file *seen;

	if (f->kind == BY_NAME && f->parsed.dated)
		note_closed(f, e, s);
	if (!is_named(f, e->name, &e->parsed))
		return (0);
	s->n++;
	seen = seen_find(&f->seen, e->st.st_dev, e->st.st_ino);
	if (seen != NULL)
		seen->listed = true;
	if (is_current(f, e) || (seen != NULL && is_unchanged(seen, &e->st)))
		return (0);
	if (e->st.st_size == 0 || is_being_made(f, e)) {
		f->pending = true;
		return (0);
	}
	if (s->best.name[0] == '\0' || compare_age(e, &s->best) < 0)
		s->best = *e;
	return (0);
}

/* Only closed files are copies: a new log may begin as an old one does. */
static bool
can_be_copy(const struct follow_name *name)
{
	return (name->number != 0 || name->compressed ||
	    strcmp(name->base, name->stem) != 0);
}

/* Sets where reading of f->next begins.  False: it has no unread bytes. */
static bool
find_start(struct follow *f)
{
	struct seen_file *next = &f->next.seen;
	const struct seen_file *seen =
	    seen_find(&f->seen, next->dev, next->ino);
	const uint64_t length = next->end;

	next->end = 0;
	next->exact = true;
	if (seen != NULL && seen->size <= next->size &&
	    (seen->head == 0 || seen->head == next->head)) {
		next->end = seen->end;
		next->exact = seen->exact;
	} else if (next->head != 0 && can_be_copy(&f->next.name) &&
	    (seen = seen_find_same(&f->seen, next)) != NULL) {
		next->end = seen->end;
		next->exact = false;
	}
	return (length > next->end);
}

/* In a directory there may be other files. */
static bool
is_log(const struct follow *f)
{
	return (f->kind != BY_DIRECTORY || f->next.seen.head != 0 ||
	    (f->file.fd != -1 &&
		strcmp(f->file.name.pattern, f->next.name.pattern) == 0));
}

/* Opens the file that a search has found.  False: it is not to be read. */
static bool
open_next(struct follow *f, const struct entry *e)
{
	if (open_entry(f, e, &f->next) != 0)
		return (false); /* it was renamed or compressed */
	if (is_log(f) && find_start(f))
		return (true);
	if (seen_put(&f->seen, &f->next.seen) != 0)
		f->pending = true;
	close_file(&f->next);
	return (false);
}

static void
unlist(struct seen *seen)
{
	size_t i;

	for (i = 0; i < seen->n; i++)
		seen->files[i].listed = false;
}

/*
 * Searches the directory for a file with unread bytes.  True: the one that was
 * found has none, and there may be another.
 */
static bool
search(struct follow *f, struct search *s)
{
	memset(s, 0, sizeof(*s));
	f->pending = false;
	unlist(&f->seen);
	if (each_entry(f, search_entry, s) != 0) {
		f->pending = true;
		return (false);
	}
	if (f->seen.n > 2 * s->n + SEEN_MANY)
		seen_forget_unlisted(&f->seen);
	if (s->best.name[0] == '\0' || open_next(f, &s->best))
		return (false);
	f->pending = true;
	return (true);
}

/*
 * Whether no more can come.  A process may still write to a file after another
 * has begun the next, so it must seem so twice.
 */
static bool
is_closed(struct follow *f, const struct search *s)
{
	const bool before = f->closing;

	f->closing = f->kind == BY_NAME && f->file.fd != -1 &&
	    (f->parsed.compressed ||
		(f->parsed.dated &&
		    (s->newer.name[0] != '\0' || f->file.name.compressed ||
			(s->copied && !is_in_place(f)))));
	return (f->closing && before);
}

/* Waits for the file at the path. */
static enum follow_event
look_for_first(struct follow *f)
{
	struct follow_start start;

	if (follow_begin(f, false, &start) != 0)
		return (FOLLOW_SAME);
	f->next = f->file;
	f->file.fd = -1;
	f->next.seen.end = start.end;
	f->next.seen.exact = start.exact;
	return (FOLLOW_NEXT);
}

enum follow_event
follow_look(struct follow *f, uint64_t end)
{
	const uint64_t at = now();
	int tries = MAX_TRIES;
	struct search s;

	if (f->next.fd != -1)
		return (FOLLOW_NEXT);
	if (f->kind == BY_NAME && f->file.fd == -1)
		return (look_for_first(f));
	if (open_dir(f) != 0 || !is_due(f, at))
		return (FOLLOW_SAME);
	remember_current(f, end);
	while (search(f, &s) && --tries > 0)
		continue;
	f->searched = now();
	/* The process may have been stopped during the search. */
	f->cost = f->searched - at < MAX_COST ? f->searched - at : MAX_COST;
	if (f->next.fd != -1)
		return (FOLLOW_NEXT);
	return (is_closed(f, &s) ? FOLLOW_CLOSED : FOLLOW_SAME);
}

void
follow_next(struct follow *f, uint64_t end, struct follow_start *start)
{
	remember_current(f, end);
	close_file(&f->file);
	f->file = f->next;
	f->next.fd = -1;
	f->closing = false;
	f->searched = 0; /* more files may have unread bytes */
	start->end = f->file.seen.end;
	start->exact = f->file.seen.exact;
}
