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

/* Which messages are held back; the clock is the test's. */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/log-limit.h"

#define NOW 1700000000U
#define DAY 86400

/* A cause that occurs every second. *counted is the sum in all messages. */
static uint32_t
pass_for(struct log_limit *limit, uint32_t seconds, uint32_t *counted)
{
	uint32_t i, held_back, passed = 0;

	*counted = 0;
	for (i = 0; i < seconds; i++) {
		if (!log_limit_pass(limit, NOW + i, &held_back))
			continue;
		passed++;
		*counted += 1 + held_back;
	}
	return (passed);
}

static void
a_minute_becomes_an_hour(void **state)
{
	struct log_limit limit = { 0 };
	uint32_t held_back, counted;

	(void)state;
	/* 0, and 60, 180, 420, 900, 1860, 3780, 7620 ... seconds after it. */
	assert_int_equal(pass_for(&limit, 7620, &counted), 7);
	assert_int_equal(counted, 3780 + 1);
	assert_true(log_limit_pass(&limit, NOW + 7620, &held_back));
	assert_int_equal(held_back, 3839);
}

static void
a_day_has_few_messages(void **state)
{
	struct log_limit limit = { 0 };
	uint32_t counted;

	(void)state;
	assert_in_range(pass_for(&limit, DAY, &counted), 20, 30);
	assert_int_equal(counted + limit.held_back, DAY);
}

static void
a_pause_resets_it_to_a_minute(void **state)
{
	struct log_limit limit = { 0 };
	uint32_t counted, held_back, later = NOW + 3 * DAY;

	(void)state;
	(void)pass_for(&limit, DAY, &counted);
	(void)log_limit_pass(&limit, later, &held_back);
	assert_true(log_limit_pass(&limit, later + 3840, &held_back));
	assert_false(log_limit_pass(&limit, later + 3840 + 59, &held_back));
	assert_true(log_limit_pass(&limit, later + 3840 + 60, &held_back));
}

static void
a_budget_is_used_and_refilled(void **state)
{
	struct log_budget budget = { 0 };
	uint64_t held_back;
	uint32_t i, passed = 0;

	(void)state;
	for (i = 0; i < DAY; i++)
		passed += log_budget_pass(&budget, NOW + i, &held_back);
	assert_int_equal(passed,
	    LOG_BUDGET_LINES + (DAY - 1) / LOG_BUDGET_SECONDS);
	/* Exactly the whole budget. */
	for (i = 0, passed = 0; i < 2 * LOG_BUDGET_LINES; i++)
		passed += log_budget_pass(&budget, NOW + 9 * DAY, &held_back);
	assert_int_equal(passed, LOG_BUDGET_LINES);
	assert_true(log_budget_pass(&budget, NOW + 9 * DAY + LOG_BUDGET_SECONDS,
	    &held_back));
	assert_int_equal(held_back, LOG_BUDGET_LINES);
}

static void
a_clock_set_back_silences_nothing(void **state)
{
	struct log_budget budget = { 0 };
	struct log_limit limit = { 0 };
	uint32_t i, held;
	uint64_t held_back;

	(void)state;
	assert_true(log_limit_pass(&limit, NOW, &held));
	assert_true(log_limit_pass(&limit, NOW - DAY, &held));
	for (i = 0; i < LOG_BUDGET_LINES; i++)
		assert_true(log_budget_pass(&budget, NOW, &held_back));
	assert_false(log_budget_pass(&budget, NOW - DAY, &held_back));
	assert_true(log_budget_pass(&budget, NOW - DAY + LOG_BUDGET_SECONDS,
	    &held_back));
}

static void
an_end_is_logged_if_its_beginning_was(void **state)
{
	struct log_state s = { 0 };
	uint32_t held_back;

	(void)state;
	assert_false(log_state_end(&s));
	assert_false(log_state_expire(&s, NOW, 600));
	assert_true(log_state_begin(&s, NOW, &held_back));
	assert_true(log_state_end(&s));
	assert_false(log_state_end(&s));
	/* Its beginning was held back, so the end is not logged either. */
	assert_false(log_state_begin(&s, NOW + 1, &held_back));
	assert_false(log_state_end(&s));
}

static void
a_lasting_condition_is_logged_once_an_hour(void **state)
{
	struct log_state s = { 0 };

	(void)state;
	assert_true(log_state_hourly(&s, NOW));
	assert_false(log_state_hourly(&s, NOW + 3599));
	assert_true(log_state_hourly(&s, NOW + 3600));
	assert_true(log_state_end(&s));
	/* It begins again within a minute: neither beginning nor end. */
	assert_false(log_state_hourly(&s, NOW + 3659));
	assert_false(log_state_end(&s));
	assert_true(log_state_hourly(&s, NOW + 3660));
	/* The clock was set back. */
	assert_true(log_state_hourly(&s, NOW));
}

static void
a_pause_is_an_end(void **state)
{
	struct log_state s = { 0 };
	uint32_t held_back;

	(void)state;
	assert_true(log_state_begin(&s, NOW, &held_back));
	assert_false(log_state_expire(&s, NOW + 599, 600));
	assert_false(log_state_begin(&s, NOW + 59, &held_back));
	assert_false(log_state_expire(&s, NOW + 600, 600));
	assert_true(log_state_expire(&s, NOW + 659, 600));
	assert_false(log_state_expire(&s, NOW + 660, 600));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_minute_becomes_an_hour),
		cmocka_unit_test(a_day_has_few_messages),
		cmocka_unit_test(a_pause_resets_it_to_a_minute),
		cmocka_unit_test(a_budget_is_used_and_refilled),
		cmocka_unit_test(a_clock_set_back_silences_nothing),
		cmocka_unit_test(an_end_is_logged_if_its_beginning_was),
		cmocka_unit_test(a_lasting_condition_is_logged_once_an_hour),
		cmocka_unit_test(a_pause_is_an_end),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
