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

/*
 * Logs are read from descriptors, from memory and from functions, and written
 * to descriptors.
 */

#include "compat/compat.h"

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
#include <zlib.h>

#include "store.h"
#include "temporary.h"

#define NFLOWS     20000
#define MASK       (STORE_FIELD_OCTETS | STORE_FIELD_CRC32)
#define RECORD_LEN 20
#define LOG_LEN    (NFLOWS * RECORD_LEN)

static uint8_t log_bytes[LOG_LEN];
static uint8_t gzip_bytes[LOG_LEN];
static size_t gzip_len;

static int
make_logs(void **state)
{
	struct flow flow;
	z_stream z;
	uint32_t i;
	size_t len;

	(void)state;
	memset(&flow, 0, sizeof(flow));
	flow.fields = STORE_FIELD_OCTETS;
	for (i = 0; i < NFLOWS; i++) {
		flow.octets = i;
		assert_int_equal(store_encode(&flow, MASK,
				     log_bytes + i * RECORD_LEN, RECORD_LEN,
				     &len),
		    0);
		assert_int_equal(len, RECORD_LEN);
	}
	memset(&z, 0, sizeof(z));
	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8,
			     Z_DEFAULT_STRATEGY),
	    Z_OK);
	z.next_in = log_bytes;
	z.avail_in = LOG_LEN;
	z.next_out = gzip_bytes;
	z.avail_out = sizeof(gzip_bytes);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	gzip_len = z.total_out;
	return (deflateEnd(&z) == Z_OK ? 0 : -1);
}

/* The reader returns the flows first to last - 1, and then end. */
static void
check_flows(struct store_reader *reader, uint32_t first, uint32_t last, int end)
{
	struct flow flow;
	uint32_t i;

	for (i = first; i < last; i++) {
		assert_int_equal(store_read(reader, &flow), 0);
		assert_int_equal(flow.octets, i);
	}
	assert_int_equal(store_read(reader, &flow), end);
	assert_int_equal(store_read(reader, &flow), end);
}

static void
check_memory(const void *data, size_t len, uint32_t nflows, int end)
{
	struct store_reader *reader;

	assert_int_equal(store_reader_memopen(data, len, &reader), 0);
	check_flows(reader, 0, nflows, end);
	store_reader_close(reader);
}

static void
test_memory(void **state)
{
	(void)state;
	check_memory(log_bytes, LOG_LEN, NFLOWS, FLOWD_EEOF);
	check_memory(gzip_bytes, gzip_len, NFLOWS, FLOWD_EEOF);
	check_memory(NULL, 0, 0, FLOWD_EEOF);
	check_memory(log_bytes, 1, 0, FLOWD_ETORN);
	check_memory(log_bytes, 3 * RECORD_LEN - 1, 2, FLOWD_ETORN);
}

/* libflowd alone has only gzip. */
static void
test_other_formats(void **state)
{
	(void)state;
	check_memory(
	    "\xfd"
	    "7zXZ\0\0\4",
	    8, 0, FLOWD_EXZ);
	check_memory("\x28\xb5\x2f\xfd\0\0\0\0", 8, 0, FLOWD_EZSTD);
	check_memory("BZh91AY&", 8, 0, FLOWD_EBZIP2);
}

/* Memory is read in place: no byte beyond its end is read. */
static void
test_memory_is_bounded(void **state)
{
	uint8_t *copy;

	(void)state;
	copy = malloc(RECORD_LEN + 1);
	assert_non_null(copy);
	memcpy(copy, log_bytes, RECORD_LEN + 1);
	check_memory(copy, RECORD_LEN + 1, 1, FLOWD_ETORN);
	free(copy);
}

static void
count_damage(void *arg, int error, uint64_t offset, uint64_t len)
{
	unsigned int *n = arg;

	(*n)++;
	assert_int_equal(error, FLOWD_ECRC);
	assert_int_equal(offset, RECORD_LEN);
	assert_int_equal(len, RECORD_LEN);
}

static void
test_memory_recovers(void **state)
{
	struct store_reader *reader;
	struct flow flow;
	unsigned int n = 0;
	uint8_t *copy;

	(void)state;
	copy = malloc(LOG_LEN);
	assert_non_null(copy);
	memcpy(copy, log_bytes, LOG_LEN);
	copy[2 * RECORD_LEN - 1] ^= 1;
	check_memory(copy, LOG_LEN, 1, FLOWD_ECRC);

	assert_int_equal(store_reader_memopen(copy, LOG_LEN, &reader), 0);
	assert_int_equal(store_reader_recover(reader, count_damage, &n), 0);
	assert_int_equal(store_read(reader, &flow), 0);
	check_flows(reader, 2, NFLOWS, FLOWD_EEOF);
	assert_int_equal(n, 1);
	store_reader_close(reader);
	free(copy);
}

/* A function that returns a few bytes each time, with interruptions. */
struct trickle {
	const uint8_t *at;
	size_t left, fail_at; /* left when it fails */
	unsigned int ncalls;
};

static ssize_t
trickle_read(void *arg, void *buf, size_t size)
{
	struct trickle *t = arg;
	size_t n = 1 + t->ncalls % 997;

	if (t->ncalls++ % 3 == 0) {
		errno = EINTR;
		return (-1);
	}
	if (t->fail_at == t->left) {
		errno = ETIMEDOUT;
		return (-1);
	}
	if (n > t->left - t->fail_at)
		n = t->left - t->fail_at;
	if (n > size)
		n = size;
	memcpy(buf, t->at, n);
	t->at += n;
	t->left -= n;
	return ((ssize_t)n);
}

static void
test_function(void **state)
{
	struct trickle t = { gzip_bytes, gzip_len, 0, 0 };
	struct store_reader *reader;

	(void)state;
	assert_int_equal(store_reader_funopen(trickle_read, &t, &reader), 0);
	check_flows(reader, 0, NFLOWS, FLOWD_EIO);
	assert_int_equal(errno, ETIMEDOUT);
	store_reader_close(reader);
}

static void
test_function_fails(void **state)
{
	struct trickle t = { log_bytes, LOG_LEN, LOG_LEN - RECORD_LEN, 0 };
	struct store_reader *reader;

	(void)state;
	assert_int_equal(store_reader_funopen(trickle_read, &t, &reader), 0);
	check_flows(reader, 0, 1, FLOWD_EIO);
	assert_int_equal(errno, ETIMEDOUT);
	store_reader_close(reader);
}

static void
test_descriptors(void **state)
{
	char path[4096];
	struct store_reader *reader;
	struct store_writer *writer;
	struct flow flow;
	int fd;

	(void)state;
	assert_int_equal(temporary_name(path, sizeof(path), "sources"), 0);
	assert_int_not_equal(fd = mkstemp(path), -1);
	assert_int_equal(unlink(path), 0);
	/* Writing starts at the descriptor's position. */
	assert_int_equal(write(fd, log_bytes, RECORD_LEN), RECORD_LEN);
	assert_int_equal(store_writer_fdopen(dup(fd), &writer), 0);
	memset(&flow, 0, sizeof(flow));
	flow.fields = STORE_FIELD_OCTETS;
	flow.octets = 1;
	assert_int_equal(store_write(writer, &flow, MASK), 0);
	assert_int_equal(store_writer_close(writer), 0);

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(store_reader_fdopen(fd, &reader), 0);
	check_flows(reader, 0, 2, FLOWD_EEOF);
	store_reader_close(reader);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static int
new_file(char *path, size_t size)
{
	int fd;

	assert_int_equal(temporary_name(path, size, "follow"), 0);
	assert_int_not_equal(fd = mkstemp(path), -1);
	return (fd);
}

static void
put(int fd, uint32_t first, uint32_t last)
{
	const size_t len = (last - first) * RECORD_LEN;

	assert_int_equal(write(fd, log_bytes + first * RECORD_LEN, len), len);
}

/* A reader of a descriptor begins again if the file is cut. */
static void
test_follow_descriptor(void **state)
{
	struct store_reader *reader;
	char path[4096];
	int fd = new_file(path, sizeof(path));

	(void)state;
	put(fd, 0, 3);
	assert_int_equal(store_reader_open(path, &reader), 0);
	store_reader_follow(reader, true);
	check_flows(reader, 0, 3, FLOWD_EEOF);
	assert_int_equal(ftruncate(fd, 0), 0);
	check_flows(reader, 0, 0, FLOWD_EEOF);
	assert_int_equal(store_reader_offset(reader), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	put(fd, 7, 9);
	check_flows(reader, 7, 9, FLOWD_EEOF);
	assert_null(store_reader_path(reader));
	store_reader_close(reader);
	close(fd);
	unlink(path);
}

struct events {
	int n, last;
	char path[4096];
};

static void
note_event(void *arg, enum store_follow_event event, const char *path)
{
	struct events *e = arg;

	e->n++;
	e->last = (int)event;
	(void)snprintf(e->path, sizeof(e->path), "%s",
	    path == NULL ? "" : path);
}

static void
test_follow_name(void **state)
{
	struct events e = { .n = 0 };
	struct store_reader *reader;
	char path[4096];
	int fd = new_file(path, sizeof(path));

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(
	    store_reader_open_following(path, 0, note_event, &e, &reader),
	    FLOWD_EIO);
	assert_int_equal(errno, ENOENT);
	assert_null(reader);
	assert_int_equal(store_reader_open_following(path,
			     STORE_FOLLOW_WAIT | 1U << 2, NULL, NULL, &reader),
	    FLOWD_EINVAL);
	assert_null(reader);
	assert_int_equal(
	    store_reader_open_following("/dev/null", 0, NULL, NULL, &reader),
	    FLOWD_EINVAL);
	assert_int_equal(store_reader_open_following(path, STORE_FOLLOW_WAIT,
			     note_event, &e, &reader),
	    0);
	assert_int_equal(e.n, 0);
	check_flows(reader, 0, 0, FLOWD_EEOF);
	assert_int_equal(e.n, 1);
	assert_int_equal(e.last, STORE_FOLLOW_WAITING);
	close(fd);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_int_not_equal(fd, -1);
	put(fd, 0, 2);
	check_flows(reader, 0, 2, FLOWD_EEOF);
	assert_int_equal(e.last, STORE_FOLLOW_BEGIN);
	assert_string_equal(e.path, path);
	assert_string_equal(store_reader_path(reader), path);
	/* The file has grown again, but begins otherwise. */
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	put(fd, 5, 9);
	check_flows(reader, 5, 9, FLOWD_EEOF);
	assert_int_equal(e.last, STORE_FOLLOW_CUT);
	store_reader_close(reader);
	close(fd);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_other_formats),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_memory_recovers),
		cmocka_unit_test(test_function),
		cmocka_unit_test(test_function_fails),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_follow_descriptor),
		cmocka_unit_test(test_follow_name),
	};

	return (cmocka_run_group_tests(tests, make_logs, NULL));
}
