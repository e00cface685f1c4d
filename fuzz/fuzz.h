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
 * Definitions for all fuzz targets: the names of cmocka's assertions, so that
 * checks written for unit tests can be used, and inputs as files.
 *
 * A target is LLVMFuzzerTestOneInput, which libFuzzer, AFL++ and replay.c call
 * with one input after the other.  It keeps no state, so that an input has the
 * same result when run alone.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FUZZ_PATH_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void
fuzz_check(bool holds, const char *what, const char *file, int line)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
	abort();
}

#define assert_true(condition) \
	fuzz_check((condition), #condition, __FILE__, __LINE__)
#define assert_false(condition)        assert_true(!(condition))
#define assert_null(p)                 assert_true((p) == NULL)
#define assert_non_null(p)             assert_true((p) != NULL)
#define assert_int_equal(a, b)         assert_true((uintmax_t)(a) == (uintmax_t)(b))
#define assert_memory_equal(a, b, len) assert_true(memcmp((a), (b), (len)) == 0)
#define assert_string_equal(a, b)      assert_true(strcmp((a), (b)) == 0)

/*
 * Returns a descriptor of an unnamed file in TMPDIR that contains len bytes of
 * data and is positioned at its start.  It is the same file each time.  The
 * caller closes the descriptor.
 */
static inline int
fuzz_file(const void *data, size_t len)
{
	static int file = -1;
	const char *dir = getenv("TMPDIR");
	char path[FUZZ_PATH_MAX];
	int fd;

	if (file == -1) {
		(void)snprintf(path, sizeof(path), "%s/fuzz-XXXXXX",
		    dir == NULL ? "/tmp" : dir);
		file = mkstemp(path);
		assert_true(file != -1 && unlink(path) == 0);
	}
	assert_true(ftruncate(file, 0) == 0);
	assert_true(pwrite(file, data, len, 0) == (ssize_t)len);
	assert_true(lseek(file, 0, SEEK_SET) == 0);
	fd = dup(file);
	assert_true(fd != -1);
	return (fd);
}

#endif
