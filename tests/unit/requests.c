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

/* The policy: which requests a collector may send, and when. */
#include "compat/compat.h"

#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/requests.h"

static const struct worker idle = { .number = 1, .state = -1 };

static bool
is_always_allowed(uint32_t type)
{
	return (type == PRIV_WANT_LOGSOCK || type == PRIV_WANT_STATE ||
	    type == PRIV_STATE_WRITTEN || type == PRIV_WANT_REPAIR ||
	    type == PRIV_WANT_LOGS);
}

static void
assert_allowed(const struct worker *w, uint32_t also)
{
	uint32_t type;

	for (type = 0; type < 512; type++)
		assert_int_equal(request_is_allowed(w, type),
		    is_always_allowed(type) || type == also);
	assert_false(request_is_allowed(w, PRIV_READY + (1U << 31)));
	assert_false(request_is_allowed(w, PRIV_WANT_STATE + (1U << 16)));
	assert_false(request_is_allowed(w, UINT32_MAX));
}

static void
test_answers_are_allowed_when_owed(void **state)
{
	struct worker w = idle;

	(void)state;
	assert_allowed(&w, PRIV_WANT_REPAIR);
	w.configuring = 1;
	assert_allowed(&w, PRIV_READY);
	w.configuring = 0;
	w.sent_logs = 2;
	assert_allowed(&w, PRIV_LOG_TAKEN);
}

/* Sends n requests of a type; returns how many were answered. */
static int
answered(struct worker *w, enum priv_type type, int n)
{
	static struct config conf;
	static struct workers ws;
	static struct opened o = { .conf = &conf };
	int pair[2], i, r = 1;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	w->sock = pair[0];
	for (i = 0; r == 1 && i < n; i++) {
		assert_int_equal(priv_send(pair[1], type, 0, NULL, 0, -1), 0);
		r = request_answer(&ws, w, &o);
	}
	(void)close(pair[0]);
	(void)close(pair[1]);
	return (r == 1 ? n : i - 1);
}

static void
test_answers_are_accepted_as_often_as_owed(void **state)
{
	struct worker w = idle;

	(void)state;
	w.configuring = 100;
	assert_int_equal(answered(&w, PRIV_READY, 101), 100);
	w.sent_logs = 3;
	assert_int_equal(answered(&w, PRIV_LOG_TAKEN, 4), 3);
}

/* The bound is loose, since seconds may pass during the test. */
static void
test_others_are_limited_in_rate(void **state)
{
	struct worker w = idle;
	int n;

	(void)state;
	n = answered(&w, PRIV_STATE_WRITTEN, 1000 * REQUESTS_A_SECOND);
	assert_in_range(n, REQUESTS_A_SECOND, 999 * REQUESTS_A_SECOND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_are_allowed_when_owed),
		cmocka_unit_test(test_answers_are_accepted_as_often_as_owed),
		cmocka_unit_test(test_others_are_limited_in_rate),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
