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

/* Text of others in a message harms neither a terminal nor a log. */
#include "compat/compat.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

static const char *
clean(const char *text)
{
	static char line[LOG_LINE_MAX];

	log_clean(text, strlen(text), line, sizeof(line));
	return (line);
}

static void
plain_text_is_unchanged(void **state)
{
	(void)state;
	assert_string_equal(clean(""), "");
	assert_string_equal(clean(" a\\~\""), " a\\~\"");
	/* The lowest and the highest character of each length. */
	assert_string_equal(clean("\xc2\xa0\xdf\xbf"), "\xc2\xa0\xdf\xbf");
	assert_string_equal(clean("\xe0\xa0\x80\xef\xbf\xbf"),
	    "\xe0\xa0\x80\xef\xbf\xbf");
	assert_string_equal(clean("\xed\x9f\xbf\xee\x80\x80"),
	    "\xed\x9f\xbf\xee\x80\x80");
	assert_string_equal(clean("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
	    "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

static void
control_characters_are_escaped(void **state)
{
	char line[LOG_LINE_MAX];

	(void)state;
	assert_string_equal(clean("a\nb\r\tc\033[2J\177"),
	    "a\\012b\\015\\011c\\033[2J\\177");
	/* A control character of two bytes, which terminals obey. */
	assert_string_equal(clean("\xc2\x9b"), "\\302\\233");
	log_clean("a\0b", 3, line, sizeof(line));
	assert_string_equal(line, "a\\000b");
}

static void
invalid_utf8_is_escaped(void **state)
{
	(void)state;
	/* Without a beginning, and without an end. */
	assert_string_equal(clean("\x80z\xff"), "\\200z\\377");
	assert_string_equal(clean("\xc3"), "\\303");
	assert_string_equal(clean("\xe2\x82z"), "\\342\\202z");
	assert_string_equal(clean("\xf0\x90\x80z"), "\\360\\220\\200z");
	/* Overlong forms, half a surrogate pair, beyond the last character. */
	assert_string_equal(clean("\xc0\x8a"), "\\300\\212");
	assert_string_equal(clean("\xe0\x9f\xbf"), "\\340\\237\\277");
	assert_string_equal(clean("\xed\xa0\x80"), "\\355\\240\\200");
	assert_string_equal(clean("\xf4\x90\x80\x80"), "\\364\\220\\200\\200");
}

/* Text is never cut inside a character or an escape. */
static void
long_text_is_cut(void **state)
{
	char line[8];

	(void)state;
	log_clean("12345678", 8, line, sizeof(line));
	assert_string_equal(line, "1234567");
	log_clean("123456\xc3\xa9", 8, line, sizeof(line));
	assert_string_equal(line, "123456");
	log_clean("1234\n", 5, line, sizeof(line));
	assert_string_equal(line, "1234");
	log_clean("123\n", 4, line, sizeof(line));
	assert_string_equal(line, "123\\012");
}

/* The pipe might take only part of a longer line. */
static void
a_line_to_the_monitor_is_at_most_pipe_buf(void **state)
{
	const int saved = dup(STDERR_FILENO);
	char text[3 * LOG_LINE_MAX], got[sizeof(text)];
	ssize_t n;
	int p[2];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(pipe(p), 0);
	assert_int_equal(dup2(p[1], STDERR_FILENO), STDERR_FILENO);
	log_init("test", LOG_TO_MONITOR, false);
	log_warnx("%s", text);
	log_init("test", LOG_TO_STDERR, false);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	n = read(p[0], got, sizeof(got));
	assert_true(n > LOG_LINE_MAX / 4 && n <= PIPE_BUF);
	assert_memory_equal(got, "<4>xxx", 6);
	assert_ptr_equal(memchr(got, '\n', (size_t)n), got + n - 1);
	(void)close(saved);
	(void)close(p[0]);
	(void)close(p[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_is_unchanged),
		cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(invalid_utf8_is_escaped),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(a_line_to_the_monitor_is_at_most_pipe_buf),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
