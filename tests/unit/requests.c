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

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/requests.h"
#include "temporary.h"

static const struct worker idle = { .number = 1, .state = -1 };

static bool
is_always_allowed(uint32_t type)
{
	return (type == PRIV_WANT_LOGSOCK || type == PRIV_WANT_STATE ||
	    type == PRIV_STATE_WRITTEN || type == PRIV_WANT_REPAIR ||
	    type == PRIV_WANT_LOGS || type == PRIV_WANT_EXPORTER_LOG);
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

#define PATTERN "logs.%{exporter}"

/* A configuration with a log for exporters in 192.0.2.0/24, and its logs. */
static struct {
	struct prefix source;
	struct conf_log logs[2];
	struct config conf;
	struct opened o;
	struct workers ws;
	struct worker w;
	int sock; /* the collector's */
} made;

static int
make_logs(void **state)
{
	static char path[] = PATTERN, other[] = "one.log";
	static const struct rights_options rights = { .unconfined = true };
	static const struct flowlogs none;
	int pair[2];

	(void)state;
	memset(&made, 0, sizeof(made));
	assert_int_equal(prefix_pton("192.0.2.0/24", &made.source), 0);
	made.logs[0] = (struct conf_log){ .path = other };
	made.logs[1] = (struct conf_log){ .path = path };
	made.conf = (struct config){
		.sources = { .prefixes = &made.source, .n = 1 },
		.logs = made.logs,
		.nlogs = 2,
		.limits = { .logs = 2 },
	};
	made.o.conf = &made.conf;
	made.ws = (struct workers){ .n = 1, .rights = &rights };
	made.w = idle;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	made.w.sock = pair[0];
	made.sock = pair[1];
	return (flowlogs_open(&made.o.logs, &made.conf, &rights, &none));
}

static int
remove_logs(void **state)
{
	static const char *const names[] = { "one.log", "logs.192.0.2.1",
		"logs.192.0.2.2", "logs.192.0.2.3" };
	size_t i;

	(void)state;
	flowlogs_close(&made.o.logs, NULL);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(names[i]);
	(void)close(made.w.sock);
	(void)close(made.sock);
	return (0);
}

/* Returns the result of a request for a log. */
static int
ask(uint32_t place, uint32_t log, const char *exporter)
{
	struct priv_want_log w = { .place = place, .log = log };

	if (exporter != NULL)
		assert_int_equal(addr_pton(exporter, &w.exporter), 0);
	assert_int_equal(priv_send_want_log(made.sock, &w), 0);
	return (request_answer(&made.ws, &made.w, &made.o));
}

/* Receives the answer; returns whether it has a descriptor. */
static bool
is_opened(void)
{
	struct priv_msg msg;
	int fd;

	assert_int_equal(priv_receive(made.sock, &msg, &fd), 1);
	assert_int_equal(msg.type, PRIV_EXPORTER_LOG);
	if (fd == -1)
		return (false);
	(void)close(fd);
	return (true);
}

static void
assert_exists(const char *name, bool exists)
{
	assert_int_equal(access(name, F_OK) == 0, exists);
}

static void
test_logs_of_exporters(void **state)
{
	(void)state;
	assert_int_equal(ask(0, 1, "192.0.2.1"), 1);
	assert_true(is_opened());
	assert_exists("logs.192.0.2.1", true);
	/* Not twice in one collector. */
	assert_int_equal(ask(1, 1, "192.0.2.1"), 1);
	assert_false(is_opened());
	assert_int_equal(ask(1, 1, "192.0.2.2"), 1);
	assert_true(is_opened());
	/* Another one in a place. */
	assert_int_equal(ask(0, 1, "192.0.2.3"), 1);
	assert_true(is_opened());
	assert_int_equal(made.o.logs.sync.nretired, 1);
	flowlogs_release(&made.o.logs, 1);
	assert_int_equal(made.o.logs.sync.nretired, 3);
	/* Closed files that are still open, as during a sync, are limited. */
	while (ask(0, 1, "192.0.2.1") == 1 && is_opened())
		assert_in_range(made.o.logs.sync.nretired, 0, 3 * 4);
	assert_in_range(made.o.logs.sync.nretired, 4, 3 * 4);
	/* While a reload is under way, there is no answer. */
	made.w.configuring = 1;
	assert_int_equal(ask(0, 9, NULL), 1);
}

static void
test_logs_that_no_collector_may_want(void **state)
{
	struct priv_want_log w = { .log = 1, .exporter.family = ADDR_V4 };

	(void)state;
	assert_int_equal(ask(2, 1, "192.0.2.1"), -1); /* place */
	assert_int_equal(ask(0, 0, "192.0.2.1"), -1); /* log */
	assert_int_equal(ask(0, 2, "192.0.2.1"), -1);
	assert_int_equal(ask(0, UINT32_MAX, "192.0.2.1"), -1);
	assert_int_equal(ask(0, 1, NULL), -1);        /* address */
	assert_int_equal(ask(0, 1, "192.0.3.1"), -1); /* no flow source */
	assert_int_equal(ask(0, 1, "2001:db8::1"), -1);
	assert_exists("logs.192.0.2.1", false);
	memcpy(w.exporter.bytes, "\300\0\2\1\1", 5); /* IPv4 has 4 */
	assert_false(flowlogs_may_want(&made.o.logs, &w));
	w.exporter.bytes[4] = 0;
	assert_true(flowlogs_may_want(&made.o.logs, &w));
	w.exporter.family = 5;
	assert_false(flowlogs_may_want(&made.o.logs, &w));
}

static void
test_logs_are_limited_in_rate(void **state)
{
	int n = 1;

	(void)state;
	assert_int_equal(ask(0, 1, "192.0.2.1"), 1);
	assert_true(is_opened());
	while (
	    n < 1000 * REQUESTS_LOGS_A_SECOND && ask(1, 1, "192.0.2.1") == 1) {
		assert_false(is_opened());
		n++;
	}
	assert_in_range(n, REQUESTS_LOGS_A_SECOND,
	    999 * REQUESTS_LOGS_A_SECOND);
}

/* The files of logs are in a directory of their own. */
static int
enter_directory(void **state)
{
	static char name[PATH_MAX];

	*state = name;
	return (temporary_name(name, sizeof(name), "requests") == -1 ||
		    mkdtemp(name) == NULL || chdir(name) == -1 ?
		-1 :
		0);
}

static int
leave_directory(void **state)
{
	return (chdir("/") == -1 || rmdir(*state) == -1 ? -1 : 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_are_allowed_when_owed),
		cmocka_unit_test(test_answers_are_accepted_as_often_as_owed),
		cmocka_unit_test(test_others_are_limited_in_rate),
		cmocka_unit_test_setup_teardown(test_logs_of_exporters,
		    make_logs, remove_logs),
		cmocka_unit_test_setup_teardown(
		    test_logs_that_no_collector_may_want, make_logs,
		    remove_logs),
		cmocka_unit_test_setup_teardown(test_logs_are_limited_in_rate,
		    make_logs, remove_logs),
	};

	return (
	    cmocka_run_group_tests(tests, enter_directory, leave_directory));
}
