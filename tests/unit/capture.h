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
 * Captures standard error between capture_begin and capture_end.  Include
 * cmocka.h and its requirements first.
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include <stdio.h>
#include <unistd.h>

static FILE *captured;
static int real_stderr;

static inline void
capture_begin(void)
{
	(void)fflush(stderr);
	captured = tmpfile();
	assert_non_null(captured);
	real_stderr = dup(STDERR_FILENO);
	assert_int_not_equal(real_stderr, -1);
	assert_int_not_equal(dup2(fileno(captured), STDERR_FILENO), -1);
}

/* Returns how many bytes were captured so far. */
static inline size_t
capture_size(void)
{
	const off_t size = lseek(STDERR_FILENO, 0, SEEK_END);

	assert_true(size >= 0);
	return ((size_t)size);
}

/* Returns the text, or its beginning.  It is valid until the next capture. */
static inline char *
capture_end(void)
{
	static char text[65536];
	size_t n;

	(void)fflush(stderr);
	assert_int_not_equal(dup2(real_stderr, STDERR_FILENO), -1);
	(void)close(real_stderr);
	rewind(captured);
	n = fread(text, 1, sizeof(text) - 1, captured);
	text[n] = '\0';
	(void)fclose(captured);
	return (text);
}

#endif
