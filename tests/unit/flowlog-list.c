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

#include "monitor/flowlog-list.h"
#include "monitor/flowlog-look.h"
#include "temporary.h"

#define FILES 100
#define MANY  9000 /* more than two steps */
#define DAY   86400

static char dir[256], path[512];
static struct conf_log log_of[1];
static const struct config conf = { .logs = log_of, .nlogs = 1 };
static struct flowlog_names names;
static struct flowlog_inodes none_open;
static struct open_flowlogs no_logs;
static time_t now;

static void
set_time(int fd, const char *name, time_t t)
{
	const struct timespec times[2] = { { t, 0 }, { t, 0 } };

	assert_int_equal(utimensat(fd, name, times, 0), 0);
}

static void
make_file(int fd, const char *name, time_t age, const char *text)
{
	int file = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(file != -1);
	assert_int_equal(write(file, text, strlen(text)), strlen(text));
	assert_int_equal(close(file), 0);
	set_time(fd, name, now - age);
}

static int
open_dir(void)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	assert_true(fd != -1);
	return (fd);
}

/* A directory that did not change lately, with files of FILES days. */
static int
begin(void **state)
{
	char name[32];
	int i, fd;

	(void)state;
	now = time(NULL);
	assert_int_equal(temporary_name(dir, sizeof(dir), "flowlog-list"), 0);
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/%%Y%%m%%d", dir);
	log_of[0] = (struct conf_log){ .path = path, .rotate_seconds = DAY };
	memset(&names, 0, sizeof(names));
	assert_int_equal(flowlog_names_add(&names, &log_of[0], 0), 0);
	flowlog_inodes_make(&none_open, &no_logs);
	fd = open_dir();
	for (i = 0; i < FILES; i++) {
		(void)snprintf(name, sizeof(name), "%08d",
		    20200101 + i % 31 + i / 31 * 100);
		make_file(fd, name, (FILES - i) * DAY, "");
	}
	make_file(fd, "other", 0, "");
	set_time(fd, ".", now - DAY);
	(void)close(fd);
	return (0);
}

static int
end(void **state)
{
	const struct dirent *entry;
	DIR *d = opendir(dir);

	(void)state;
	flowlog_names_free(&names);
	flowlog_inodes_free(&none_open);
	while (d != NULL && (entry = readdir(d)) != NULL)
		(void)unlinkat(dirfd(d), entry->d_name, 0);
	if (d != NULL)
		(void)closedir(d);
	return (rmdir(dir));
}

static struct flowlog_list
make_list(void)
{
	char copy[sizeof(dir) + 1];

	(void)snprintf(copy, sizeof(copy), "%s/", dir);
	return ((struct flowlog_list){ .path = strdup(copy),
	    .conf = &conf,
	    .names = &names,
	    .fd = -1 });
}

/* Opens the list, reads the directory if it has changed, and says if it did. */
static bool
use(struct flowlog_list *l)
{
	bool was_read;
	int r;

	assert_int_equal(flowlog_list_open(l, now), 0);
	was_read = !l->is_current;
	for (r = l->is_current ? 0 : 1; r == 1;)
		r = flowlog_list_read(l, now);
	assert_int_equal(r, 0);
	assert_true(l->is_current);
	flowlog_list_refresh(l, &none_open, now);
	return (was_read);
}

static void
test_oldest_first(void **state)
{
	struct flowlog_list l = make_list();
	struct flowlog_list_file *files;
	size_t i, n;

	(void)state;
	assert_true(use(&l));
	files = flowlog_list_of(&l, 0, &n);
	assert_int_equal(n, FILES);
	for (i = 1; i < n; i++)
		assert_true(files[i - 1].mtime.tv_sec < files[i].mtime.tv_sec);
	assert_string_equal(files[0].name, "20200101");
	flowlog_list_close(&l);
	flowlog_list_free(&l);
}

static void
test_read_only_after_a_change(void **state)
{
	struct flowlog_list l = make_list();
	int fd = open_dir();
	size_t n;

	(void)state;
	assert_true(use(&l));
	flowlog_list_close(&l);
	assert_false(use(&l));
	flowlog_list_close(&l);
	make_file(fd, "20210101", 0, "");
	assert_true(use(&l));
	(void)flowlog_list_of(&l, 0, &n);
	assert_int_equal(n, FILES + 1);
	flowlog_list_close(&l);
	/* The directory changed just before: it may have changed again. */
	assert_true(use(&l));
	flowlog_list_close(&l);
	set_time(fd, ".", now - 10);
	assert_true(use(&l));
	flowlog_list_close(&l);
	assert_false(use(&l));
	flowlog_list_close(&l);
	assert_int_equal(unlinkat(fd, "20210101", 0), 0);
	assert_true(use(&l));
	(void)flowlog_list_of(&l, 0, &n);
	assert_int_equal(n, FILES);
	flowlog_list_close(&l);
	(void)close(fd);
	flowlog_list_free(&l);
}

/* The monitor obeys signals between the steps. */
static void
test_reading_in_steps(void **state)
{
	struct flowlog_list l = make_list();
	int r, steps = 1, fd = open_dir();
	char name[32];
	size_t i, n;

	(void)state;
	for (i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "20210101.%06zu", i + 1);
		make_file(fd, name, (time_t)i, "");
	}
	assert_int_equal(flowlog_list_open(&l, now), 0);
	while ((r = flowlog_list_read(&l, now)) == 1) {
		assert_false(l.is_current);
		steps++;
	}
	assert_int_equal(r, 0);
	assert_true(l.is_current);
	assert_true(steps > 2);
	(void)flowlog_list_of(&l, 0, &n);
	assert_int_equal(n, FILES + MANY);
	flowlog_list_close(&l);
	/* It may also end before the last step. */
	make_file(fd, "20210102", 0, "");
	assert_int_equal(flowlog_list_open(&l, now), 0);
	assert_int_equal(flowlog_list_read(&l, now), 1);
	flowlog_list_close(&l);
	assert_true(use(&l));
	(void)flowlog_list_of(&l, 0, &n);
	assert_int_equal(n, FILES + MANY + 1);
	flowlog_list_close(&l);
	(void)close(fd);
	flowlog_list_free(&l);
}

/* What flowd changes itself needs no other reading. */
static void
test_own_changes(void **state)
{
	struct flowlog_list l = make_list();
	struct flowlog_list_file *files;
	size_t n;

	(void)state;
	assert_true(use(&l));
	files = flowlog_list_of(&l, 0, &n);
	assert_true(flowlog_list_verify(&l, &files[0], &none_open, now));
	assert_int_equal(unlinkat(l.fd, files[0].name, 0), 0);
	flowlog_list_drop(&l, &files[0]);
	assert_int_equal(renameat(l.fd, files[1].name, l.fd, "20200102.gz"), 0);
	flowlog_list_rename(&l, &files[1], "20200102.gz", now);
	flowlog_list_close(&l);
	assert_false(use(&l));
	files = flowlog_list_of(&l, 0, &n);
	assert_int_equal(n, FILES - 1);
	assert_string_equal(files[0].name, "20200102.gz");
	assert_true(files[0].parsed.compressed);
	flowlog_list_close(&l);
	flowlog_list_free(&l);
}

/* A rotation may leave the directory the time of a compression just before. */
static void
test_a_rotation_right_after_a_compression(void **state)
{
	struct timespec times[2];
	struct flowlog_look k;
	struct flowlog_list *l;
	size_t n;

	(void)state;
	log_of[0].compress = true;
	flowlog_look_init(&k, &conf);
	l = &k.dirs[0].list;
	assert_true(use(l));
	flowlog_list_close(l);
	assert_false(use(l));
	assert_int_equal(renameat(l->fd, l->files[0].name, l->fd, "19991231"),
	    0);
	flowlog_list_rename(l, &l->files[0], "19991231", now);
	flowlog_list_close(l);
	assert_false(use(l));
	times[0] = times[1] = l->changed;
	make_file(l->fd, "20201224", 0, "");
	assert_int_equal(futimens(l->fd, times), 0);
	flowlog_list_close(l);
	flowlog_look_soon(&k, 0);
	assert_true(use(l));
	(void)flowlog_list_of(l, 0, &n);
	assert_int_equal(n, FILES + 1);
	flowlog_list_close(l);
	flowlog_look_free(&k);
}

static void
test_files_that_are_not_what_they_were(void **state)
{
	struct flowlog_list l = make_list();
	struct flowlog_list_file *files;
	int fd = open_dir();
	size_t n;

	(void)state;
	make_file(fd, "20200103", (FILES - 2) * DAY, "no log");
	set_time(fd, ".", now - DAY);
	assert_true(use(&l));
	files = flowlog_list_of(&l, 0, &n);
	set_time(fd, "20200101", now);
	make_file(fd, "20200102", (FILES - 1) * DAY, "grown");
	assert_false(flowlog_list_verify(&l, &files[0], &none_open, now));
	assert_false(flowlog_list_verify(&l, &files[1], &none_open, now));
	assert_false(flowlog_list_verify(&l, &files[2], &none_open, now));
	assert_int_equal(files[2].origin, ORIGIN_FOREIGN);
	assert_true(flowlog_list_verify(&l, &files[3], &none_open, now));
	flowlog_list_close(&l);
	/* The touched file is the youngest now. */
	assert_false(use(&l));
	files = flowlog_list_of(&l, 0, &n);
	assert_string_equal(files[n - 1].name, "20200101");
	flowlog_list_close(&l);
	(void)close(fd);
	flowlog_list_free(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_oldest_first, begin, end),
		cmocka_unit_test_setup_teardown(test_read_only_after_a_change,
		    begin, end),
		cmocka_unit_test_setup_teardown(test_reading_in_steps, begin,
		    end),
		cmocka_unit_test_setup_teardown(test_own_changes, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_a_rotation_right_after_a_compression, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_files_that_are_not_what_they_were, begin, end),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
