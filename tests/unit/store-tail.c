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

/* Tests store_check_tail on logs with every known kind of end. */

#include "compat/compat.h"

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

#include "store.h"
#include "temporary.h"

#define RECORD_LEN 24 /* of record() with its checksum */
#define MIB        (1024 * 1024)

/* Returns the descriptor of a file without a name. */
static int
new_file(void)
{
	char path[4096];
	int fd;

	assert_int_equal(temporary_name(path, sizeof(path), "tail"), 0);
	assert_int_not_equal(fd = mkstemp(path), -1);
	assert_int_equal(unlink(path), 0);
	return (fd);
}

static void
append(int fd, const void *data, size_t len)
{
	assert_int_equal(write(fd, data, len), len);
}

/*
 * Encodes a record of tag and octets. mask must have both; it may have CRC32.
 */
static size_t
record(uint8_t *buf, uint32_t mask, uint32_t number)
{
	struct flow flow;
	size_t len;

	memset(&flow, 0, sizeof(flow));
	flow.fields = STORE_FIELD_TAG | STORE_FIELD_OCTETS;
	flow.tag = number;
	flow.octets = number;
	assert_int_equal(store_encode(&flow, mask, buf, STORE_RECORD_MAX, &len),
	    0);
	return (len);
}

static size_t
append_records(int fd, uint32_t mask, uint32_t n)
{
	uint8_t buf[STORE_RECORD_MAX];
	size_t total = 0, len;
	uint32_t i;

	for (i = 0; i < n; i++) {
		len = record(buf, mask, i + 1);
		append(fd, buf, len);
		total += len;
	}
	return (total);
}

static void
append_zeros(int fd, size_t n)
{
	const off_t size = lseek(fd, 0, SEEK_END);

	assert_int_equal(ftruncate(fd, size + (off_t)n), 0);
	assert_true(lseek(fd, 0, SEEK_END) != -1);
}

static void
assert_tail(int fd, int error, uint64_t expected)
{
	const off_t at = lseek(fd, 0, SEEK_CUR);
	uint64_t keep = 1;

	assert_int_equal(store_check_tail(fd, &keep), error);
	assert_true(keep == expected);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), at);
}

static const uint32_t masks[] = {
	STORE_FIELD_ALL,
	STORE_FIELD_ALL & ~STORE_FIELD_CRC32,
};

static void
whole_logs_are_kept(void **state)
{
	size_t i, n, total;
	int fd;

	(void)state;
	for (i = 0; i < 2; i++) {
		for (n = 0; n < 4; n++) {
			fd = new_file();
			total = append_records(fd, masks[i], (uint32_t)n);
			assert_tail(fd, 0, total);
			close(fd);
		}
		fd = new_file();
		total = append_records(fd, masks[i], 100000);
		assert_true(total > MIB);
		assert_tail(fd, 0, total);
		close(fd);
	}
}

static void
torn_records_are_not_kept(void **state)
{
	uint8_t buf[STORE_RECORD_MAX];
	const uint32_t counts[] = { 0, 1, 2, 70000 };
	size_t i, j, cut, len, total;
	int fd;

	(void)state;
	for (i = 0; i < 2; i++) {
		for (j = 0; j < 4; j++) {
			fd = new_file();
			total = append_records(fd, masks[i], counts[j]);
			len = record(buf, masks[i], 1);
			for (cut = 1; cut < len; cut++) {
				append(fd, buf, cut);
				assert_tail(fd, 0, total);
				assert_int_equal(ftruncate(fd, (off_t)total),
				    0);
				assert_true(lseek(fd, 0, SEEK_END) != -1);
			}
			close(fd);
		}
	}
}

static void
zeros_are_not_kept(void **state)
{
	const size_t zeros[] = { 1, 7, 8, 100, 4096, MIB - 1, MIB, MIB + 1,
		5 * MIB + 12345 };
	const uint32_t counts[] = { 0, 1, 3, 70000 };
	size_t i, j, k, total;
	int fd;

	(void)state;
	for (i = 0; i < 2; i++) {
		for (j = 0; j < 4; j++) {
			for (k = 0; k < sizeof(zeros) / sizeof(zeros[0]); k++) {
				fd = new_file();
				total = append_records(fd, masks[i], counts[j]);
				append_zeros(fd, zeros[k]);
				assert_tail(fd, 0, total);
				close(fd);
			}
		}
	}
}

/* Blocks of zeros, preceded by the beginning of a record. */
static void
zeros_in_a_torn_record(void **state)
{
	uint8_t buf[STORE_RECORD_MAX];
	size_t cut, len, total;
	int fd;

	(void)state;
	len = record(buf, STORE_FIELD_ALL, 0x01020304);
	assert_int_equal(len, RECORD_LEN);
	for (cut = 1; cut < len; cut++) {
		fd = new_file();
		total = append_records(fd, STORE_FIELD_ALL, 5);
		append(fd, buf, cut);
		append_zeros(fd, 2 * MIB);
		assert_tail(fd, 0, total);
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		append(fd, buf, cut);
		append_zeros(fd, cut * 10000);
		/*
		 * Its first byte and zeros are a header; more bytes and zeros
		 * are not.
		 */
		assert_tail(fd,
		    cut > 1 && cut < STORE_HEADER_LEN ? FLOWD_ENOTLOG : 0, 0);
		close(fd);
	}
}

/* A record whose last bytes are zero, at each place before zeros. */
static void
a_record_that_ends_in_zeros(void **state)
{
	static const uint8_t octets[] = { 0x60, 2, 0, 0, 0, 0, 0x20, 0, 0, 0, 0,
		0, 0, 0, 0, 0 };
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < 20; i++) {
		fd = new_file();
		append(fd, octets, sizeof(octets));
		append(fd, octets, sizeof(octets));
		append_zeros(fd, MIB - i);
		assert_tail(fd, 0, 2 * sizeof(octets));
		close(fd);
	}
}

static void
old_damage_is_kept(void **state)
{
	uint8_t garbage[5000];
	size_t i, total;
	int fd;

	(void)state;
	memset(garbage, 0xa5, sizeof(garbage));
	for (i = 0; i < 2; i++) {
		fd = new_file();
		total = append_records(fd, masks[i], 1000);
		append(fd, garbage, sizeof(garbage));
		total += sizeof(garbage);
		total += append_records(fd, masks[i], 1000);
		assert_tail(fd, 0, total);
		append(fd, garbage, 9);
		assert_tail(fd, 0, total);
		close(fd);
	}
}

static void
only_the_last_part_is_examined(void **state)
{
	uint8_t *garbage = malloc(MIB);
	size_t total;
	int fd = new_file();

	(void)state;
	assert_non_null(garbage);
	memset(garbage, 0xa5, MIB);
	total = append_records(fd, STORE_FIELD_ALL, 10);
	append(fd, garbage, MIB / 2);
	assert_tail(fd, 0, total);
	append(fd, garbage, MIB);
	assert_tail(fd, FLOWD_EHEADER, 0);
	close(fd);
	free(garbage);
}

static void
a_single_damaged_record_is_not_cut_off(void **state)
{
	uint8_t buf[STORE_RECORD_MAX];
	const size_t len = record(buf, STORE_FIELD_ALL, 1);
	const int fd = new_file();

	(void)state;
	buf[len - 1] ^= 1;
	append(fd, buf, len);
	assert_tail(fd, FLOWD_EHEADER, 0);
	close(fd);
}

static void
other_files_are_recognised(void **state)
{
	static const struct {
		const char *data;
		size_t len;
		int error;
	} cases[] = {
		{ "\x01\x2c\xf0\x47\0\0\0\2\x40\x41\x2b\x80\0\0\0\0", 16,
		    FLOWD_ELEGACY },
		{ "\x01\x2c\xf0\x47\0\0\0\2\x40\x41\x2b\x80\0\0\0\0"
		  "\0\0\0\0",
		    20, FLOWD_ELEGACY },
		{ "\x01\x2c\xf0\x47\0\0\0\3\x40\x41\x2b\x80\0\0\0\0", 16,
		    FLOWD_ENOTLOG },
		{ "hello", 5, FLOWD_ENOTLOG },
		{ "h", 1, 0 }, /* version 3.8, if cut off */
		{ "\x60\0\0", 3, 0 },
		{ "\x60\0\1", 3, FLOWD_ENOTLOG },
		{ "\x60\0\0\0\0\0\0", 7, 0 },
		{ "#!/bin/sh\nexit 0\n", 17, FLOWD_ENOTLOG },
		{ "\x1f\x8b\x08\0\0\0\0\0\0\3", 10, FLOWD_ENOTLOG },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 18, FLOWD_ENOTLOG },
		{ "\0\0\0\0", 4, 0 },
	};
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fd = new_file();
		append(fd, cases[i].data, cases[i].len);
		assert_tail(fd, cases[i].error, 0);
		close(fd);
	}
	/* Zeros followed by flows are not a log that flowd wrote. */
	fd = new_file();
	append_zeros(fd, 4096);
	(void)append_records(fd, STORE_FIELD_ALL, 3);
	assert_tail(fd, FLOWD_ENOTLOG, 0);
	close(fd);
}

static void
files_that_cannot_be_read(void **state)
{
	const int fd = open("/dev/null", O_WRONLY);

	(void)state;
	assert_true(fd != -1);
	close(fd);
	assert_tail(fd, FLOWD_EIO, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_logs_are_kept),
		cmocka_unit_test(torn_records_are_not_kept),
		cmocka_unit_test(zeros_are_not_kept),
		cmocka_unit_test(zeros_in_a_torn_record),
		cmocka_unit_test(a_record_that_ends_in_zeros),
		cmocka_unit_test(old_damage_is_kept),
		cmocka_unit_test(only_the_last_part_is_examined),
		cmocka_unit_test(a_single_damaged_record_is_not_cut_off),
		cmocka_unit_test(other_files_are_recognised),
		cmocka_unit_test(files_that_cannot_be_read),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
