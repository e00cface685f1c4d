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

/* The messages that a child may log; the clock is the test's. */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "monitor/log-relay.h"

#define DAY 86400

static void
take(struct log_relay *r, time_t now, const char *text)
{
	log_relay_input(r, now, text, strlen(text));
}

static void
a_line_is_a_message(void **state)
{
	struct log_relay r;

	(void)state;
	log_relay_init(&r, 2, 0);
	capture_begin();
	take(&r, 0, "<6>one\ntwo\n<4>th");
	take(&r, 0, "ree\n\n<3>\n<9>four\n<4");
	take(&r, 0, ">five\n");
	assert_string_equal(capture_end(),
	    "collector 2: one\n"
	    "collector 2: two\n"
	    "collector 2: three\n"
	    "collector 2: <9>four\n"
	    "collector 2: five\n");
}

static void
long_lines_are_cut(void **state)
{
	char text[3 * LOG_LINE_MAX], *said;
	struct log_relay r;

	(void)state;
	memset(text, 'x', sizeof(text));
	log_relay_init(&r, 2, 0);
	capture_begin();
	log_relay_input(&r, 0, text, sizeof(text));
	log_relay_input(&r, 0, text, sizeof(text));
	take(&r, 0, "\nnext\n");
	said = capture_end();
	assert_int_equal(strspn(said, "collector 2: x"),
	    strlen("collector 2: ") + LOG_LINE_MAX - 1);
	assert_string_equal(strchr(said, '\n'), "\ncollector 2: next\n");
}

/* Logs like a hostile child, from begin to end. */
static size_t
shout_for(struct log_relay *r, time_t begin, time_t end, int times)
{
	time_t now;
	int i;

	capture_begin();
	for (now = begin; now < end; now++) {
		for (i = 0; i < times; i++)
			take(r, now, "<4>a message of a hostile child\n");
	}
	return (capture_size());
}

static void
a_day_of_shouting_is_bounded(void **state)
{
	struct log_relay r;
	size_t size;

	(void)state;
	log_relay_init(&r, 2, 0);
	size = shout_for(&r, 0, DAY, 20);
	(void)capture_end();
	assert_in_range(size, 1024 * 1024,
	    LOG_RELAY_BURST + DAY * LOG_RELAY_RATE);
}

static void
omitted_messages_are_counted(void **state)
{
	struct log_relay r;
	const char *said;

	(void)state;
	log_relay_init(&r, 2, 0);
	(void)shout_for(&r, 0, 1, 5000);
	said = capture_end();
	assert_null(strstr(said, "were dropped"));
	assert_true(r.dropping);
	/*
	 * Messages are not let through one by one, but only once there is room
	 * for several.
	 */
	capture_begin();
	take(&r, 10, "<4>too early\n");
	assert_string_equal(capture_end(), "");
	capture_begin();
	take(&r, 200, "<4>late enough\n");
	said = capture_end();
	assert_non_null(strstr(said, " messages of collector 2 were dropped"));
	assert_non_null(strstr(said, "collector 2: late enough\n"));
}

static void
a_report_may_be_long(void **state)
{
	struct log_relay r;
	size_t size;

	(void)state;
	log_relay_init(&r, 2, 0);
	(void)shout_for(&r, 0, 1, 5000);
	(void)capture_end();
	log_relay_expect_report(&r, 1);
	size = shout_for(&r, 1, 2, 100000);
	(void)capture_end();
	assert_int_equal(r.dropped, 0);
	assert_in_range(size, 100000 * strlen("a message of a hostile child"),
	    LOG_RELAY_REPORT);
	/* The rest of the report's allowance expires with the report. */
	take(&r, 2 + LOG_RELAY_REPORT_SECONDS, "\n<6>\n");
	size = shout_for(&r, 2 + LOG_RELAY_REPORT_SECONDS,
	    3 + LOG_RELAY_REPORT_SECONDS, 100000);
	(void)capture_end();
	assert_in_range(size, 1, LOG_RELAY_BURST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_a_message),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(a_day_of_shouting_is_bounded),
		cmocka_unit_test(omitted_messages_are_counted),
		cmocka_unit_test(a_report_may_be_long),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
