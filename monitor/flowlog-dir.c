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
#include "config/flowlog-name.h"
#include "monitor/flowlog-dir.h"
#include "monitor/paths.h"

#define NUMBERED "%s.%06" PRIu32

/* Opens the directory of path.  -1 with the cause and errno. */
static int
open_directory(const char *path, struct log_cause *cause)
{
	const int fd = path_open_directory(path);
	char dir[PATH_MAX];

	if (fd == -1)
		log_cause_set(cause, "directory %s", path_directory(path, dir));
	return (fd);
}

static bool
is_free(int dir, const char *name)
{
	struct stat st;

	return (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno == ENOENT);
}

bool
flowlog_dir_compressed_name(int dir, const char *of, uint32_t of_number,
    char name[NAME_MAX + 1])
{
	uint32_t number;
	int n;

	n = snprintf(name, NAME_MAX + 1, "%s" FLOWLOG_NAME_COMPRESSED, of);
	for (number = 1; n > 0 && n <= NAME_MAX; number++) {
		if (is_free(dir, name))
			return (true);
		/* A name has at most one number. */
		if (of_number != 0 || number > FLOWLOG_NAME_NUMBER_MAX)
			break;
		n = snprintf(name, NAME_MAX + 1,
		    NUMBERED FLOWLOG_NAME_COMPRESSED, of, number);
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

/* Renames the file with this number, compressed or not, if it exists. */
static int
rename_number(int dir, const struct conf_log *log, uint32_t from, uint32_t to,
    const char *suffix)
{
	char old[NAME_MAX + 1], new[NAME_MAX + 1];

	if (numbered_name(log, from, suffix, old) == -1 ||
	    numbered_name(log, to, suffix, new) == -1)
		return (-1);
	if (renameat(dir, old, dir, new) == 0)
		return (0);
	return (from != 0 && errno == ENOENT ? 0 : -1);
}

static int
renumber(int dir, const struct conf_log *log, uint32_t from, uint32_t to)
{
	if (rename_number(dir, log, from, to, "") == -1)
		return (-1);
	return (rename_number(dir, log, from, to, FLOWLOG_NAME_COMPRESSED));
}

/* Whether no file has this number, compressed or not. */
static bool
number_is_free(int dir, const struct conf_log *log, uint32_t number)
{
	char plain[NAME_MAX + 1], compressed[NAME_MAX + 1];

	return (numbered_name(log, number, "", plain) == 0 &&
	    numbered_name(log, number, FLOWLOG_NAME_COMPRESSED, compressed) ==
		0 &&
	    is_free(dir, plain) && is_free(dir, compressed));
}

/* The numbers above FLOWLOG_DIR_SHIFTED that files have. */
struct numbers {
	uint32_t *list;
	size_t n;
};

static int
add_number(struct numbers *numbers, uint32_t number)
{
	uint32_t *grown;

	/* The capacity doubles, so it is reached at powers of two. */
	if ((numbers->n & (numbers->n - 1)) == 0) {
		grown = reallocarray(numbers->list,
		    numbers->n == 0 ? 1 : numbers->n * 2, sizeof(*grown));
		if (grown == NULL)
			return (-1);
		numbers->list = grown;
	}
	numbers->list[numbers->n++] = number;
	return (0);
}

static int
compare_numbers(const void *va, const void *vb)
{
	const uint32_t *a = va, *b = vb;

	return (*a > *b ? -1 : *a < *b);
}

/* Finds the numbers, the greatest first.  -1 with errno. */
static int
find_numbers(int dir, const struct conf_log *log, struct numbers *numbers)
{
	const struct dirent *entry;
	struct flowlog_name name;
	DIR *reading;
	int fd, r = 0;

	*numbers = (struct numbers){ NULL, 0 };
	if ((fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return (-1);
	if ((reading = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return (-1);
	}
	while (r == 0 && (entry = readdir(reading)) != NULL) {
		if (flowlog_name_parse(log, entry->d_name, &name) &&
		    name.number > FLOWLOG_DIR_SHIFTED)
			r = add_number(numbers, name.number);
	}
	(void)closedir(reading);
	if (numbers->n > 0)
		qsort(numbers->list, numbers->n, sizeof(*numbers->list),
		    compare_numbers);
	return (r);
}

/* Gives these files the greatest numbers that there are. */
static int
move_to_end(int dir, const struct conf_log *log, const struct numbers *numbers,
    uint32_t *above)
{
	uint32_t to = FLOWLOG_NAME_NUMBER_MAX + 1, last = 0;
	size_t i;

	for (i = 0; i < numbers->n; i++) {
		if (numbers->list[i] == last)
			continue; /* compressed and not compressed */
		last = numbers->list[i];
		if (last != --to && renumber(dir, log, last, to) == -1)
			return (-1);
	}
	*above = to;
	return (0);
}

/* Finds the least number above; makes room if the one below is in use. */
static int
find_above(int dir, const struct conf_log *log, uint32_t *above)
{
	struct numbers numbers;
	int r;

	r = find_numbers(dir, log, &numbers);
	if (r == 0) {
		*above = numbers.n == 0 ? FLOWLOG_NAME_NUMBER_MAX + 1 :
					  numbers.list[numbers.n - 1];
		if (*above == FLOWLOG_DIR_SHIFTED + 1)
			r = move_to_end(dir, log, &numbers, above);
	}
	free(numbers.list);
	return (r);
}

/*
 * Gives the last file that is shifted its final number: below those of all older
 * files, which have the greatest numbers.
 */
static int
move_above(int dir, const struct conf_log *log, uint32_t *above)
{
	if ((*above <= FLOWLOG_DIR_SHIFTED + 1 ||
		!number_is_free(dir, log, *above - 1)) &&
	    find_above(dir, log, above) == -1)
		return (-1);
	if (*above <= FLOWLOG_DIR_SHIFTED + 1) {
		errno = EEXIST;
		return (-1);
	}
	--*above;
	return (renumber(dir, log, FLOWLOG_DIR_SHIFTED, *above));
}

static int
shift(int dir, const struct conf_log *log, uint32_t *above)
{
	uint32_t number = 1;

	while (
	    number < FLOWLOG_DIR_SHIFTED && !number_is_free(dir, log, number))
		number++;
	if (number == FLOWLOG_DIR_SHIFTED &&
	    !number_is_free(dir, log, number) &&
	    move_above(dir, log, above) == -1)
		return (-1);
	while (--number > 0) {
		if (renumber(dir, log, number, number + 1) == -1)
			return (-1);
	}
	return (rename_number(dir, log, 0, 1, ""));
}

int
flowlog_dir_shift(const struct conf_log *log, uint32_t *above,
    struct log_cause *cause)
{
	int dir = open_directory(log->path, cause), r;

	if (dir == -1)
		return (-1);
	if ((r = shift(dir, log, above)) == -1)
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
