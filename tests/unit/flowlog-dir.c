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
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/flowlog-dir.h"
#include "temporary.h"

#define CLOSED 1500 /* files, more than are shifted */

/* A directory with closed files that contain their age, the latest 0. */
struct place {
	char dir[256], path[512];
	struct conf_log log;
};

static void
make_place(struct place *p)
{
	assert_int_equal(temporary_name(p->dir, sizeof(p->dir), "flowlog-dir"),
	    0);
	assert_non_null(mkdtemp(p->dir));
	(void)snprintf(p->path, sizeof(p->path), "%s/log", p->dir);
	p->log = (struct conf_log){ .path = p->path, .rotate_size = 4096 };
}

static void
name_of(const struct place *p, uint32_t number, char name[PATH_MAX])
{
	int n = number == 0 ?
	    snprintf(name, PATH_MAX, "%s", p->path) :
	    snprintf(name, PATH_MAX, "%s.%06u", p->path, number);

	assert_in_range(n, 1, PATH_MAX - 1);
}

static void
make_file(const struct place *p, uint32_t number, int age)
{
	char name[PATH_MAX];
	FILE *fp;

	name_of(p, number, name);
	assert_non_null(fp = fopen(name, "w"));
	assert_true(fprintf(fp, "%d\n", age) > 0);
	assert_int_equal(fclose(fp), 0);
}

/* The age in the file with this number.  False: there is none. */
static bool
read_age(const struct place *p, uint32_t number, int *age)
{
	char name[PATH_MAX], text[16];
	FILE *fp;

	name_of(p, number, name);
	if ((fp = fopen(name, "r")) == NULL)
		return (false);
	assert_non_null(fgets(text, sizeof(text), fp));
	*age = (int)strtol(text, NULL, 10);
	assert_int_equal(fclose(fp), 0);
	return (true);
}

static int
compare_names(const void *a, const void *b)
{
	return (strcmp(*(const char *const *)a, *(const char *const *)b));
}

/* Counts the files; those with a greater number must be older. */
static size_t
check_order(const struct place *p)
{
	static char names[2 * CLOSED][32];
	const char *sorted[2 * CLOSED] = { NULL };
	const struct dirent *entry;
	size_t i, n = 0;
	int age, last = -1000000;
	DIR *dir;

	assert_non_null(dir = opendir(p->dir));
	while ((entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, "log.", 4) != 0)
			continue;
		assert_true(n < 2 * CLOSED);
		(void)strlcpy(names[n], entry->d_name, sizeof(names[n]));
		sorted[n] = names[n];
		n++;
	}
	(void)closedir(dir);
	qsort(sorted, n, sizeof(sorted[0]), compare_names);
	for (i = 0; i < n; i++) {
		assert_true(read_age(p,
		    (uint32_t)strtoul(sorted[i] + 4, NULL, 10), &age));
		assert_true(age > last);
		last = age;
	}
	return (n);
}

/* The number of each age, to count the files that a rotation renames. */
static void
find_numbers(const struct place *p, uint32_t numbers[CLOSED])
{
	uint32_t number;
	int age;

	for (number = 1; number <= FLOWLOG_DIR_SHIFTED + CLOSED; number++) {
		if (read_age(p, number, &age) && age >= 0)
			numbers[age] = number;
	}
	for (number = 999999; number > 999999 - CLOSED; number--) {
		if (read_age(p, number, &age) && age >= 0)
			numbers[age] = number;
	}
}

static size_t
count_renamed(const struct place *p, int age, uint32_t *above)
{
	static uint32_t before[CLOSED], after[CLOSED];
	struct log_cause cause;
	size_t i, n = 0;

	find_numbers(p, before);
	make_file(p, 0, age);
	assert_int_equal(flowlog_dir_shift(&p->log, above, &cause), 0);
	find_numbers(p, after);
	for (i = 0; i < CLOSED; i++)
		n += before[i] != after[i];
	return (n);
}

static void
remove_place(const struct place *p)
{
	const struct dirent *entry;
	DIR *dir;

	assert_non_null(dir = opendir(p->dir));
	while ((entry = readdir(dir)) != NULL)
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)closedir(dir);
	assert_int_equal(rmdir(p->dir), 0);
}

static void
test_each_file_moves_up(void **state)
{
	uint32_t number, above = 0;
	struct place p;
	int age;

	(void)state;
	make_place(&p);
	for (number = 1; number <= 5; number++)
		make_file(&p, number, (int)number - 1);
	assert_int_equal(count_renamed(&p, -1, &above), 5);
	for (number = 1; number <= 6; number++) {
		assert_true(read_age(&p, number, &age));
		assert_int_equal(age, (int)number - 2);
	}
	assert_int_equal(above, 0);
	remove_place(&p);
}

/* However many files there are, a rotation renames a limited number. */
static void
test_rotation_with_many_files(void **state)
{
	uint32_t number, above = 0;
	struct place p;
	int i, age;

	(void)state;
	make_place(&p);
	for (number = 1; number <= CLOSED; number++)
		make_file(&p, number, (int)number - 1);
	/* Once, the older files get the greatest numbers. */
	assert_int_equal(count_renamed(&p, -1, &above), CLOSED);
	assert_int_equal(above, 999999 - (CLOSED - FLOWLOG_DIR_SHIFTED));
	assert_int_equal(check_order(&p), CLOSED + 1);
	for (i = 2; i < 6; i++) {
		assert_in_range(count_renamed(&p, -i, &above), 1,
		    FLOWLOG_DIR_SHIFTED);
		assert_int_equal(check_order(&p), CLOSED + i);
	}
	assert_true(read_age(&p, 1, &age));
	assert_int_equal(age, -5);
	/* The next start finds where it was. */
	number = above;
	above = 0;
	assert_in_range(count_renamed(&p, -6, &above), 1, FLOWLOG_DIR_SHIFTED);
	assert_int_equal(above, number - 1);
	assert_int_equal(check_order(&p), CLOSED + 6);
	remove_place(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_file_moves_up),
		cmocka_unit_test(test_rotation_with_many_files),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
