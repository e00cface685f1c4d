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

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/endpoint.h"
#include "errors.h"

static void
text_splits_at_its_last_colon(void **state)
{
	static const struct {
		const char *text, *host, *port;
		bool brackets;
	} rows[] = {
		{ "192.0.2.1:2055", "192.0.2.1", "2055", false },
		{ "[2001:db8::1]:2055", "2001:db8::1", "2055", true },
		{ "[host]:1", "host", "1", true },
		{ "host.example:", "host.example", "", false },
		{ ":1", "", "1", false },
		{ "[]:1", "", "1", true },
		{ "[:1", "[", "1", false },
		{ "[::1]", "[:", "1]", false },
	};
	struct endpoint e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(endpoint_split(rows[i].text, &e), 0);
		assert_int_equal(e.host_len, strlen(rows[i].host));
		assert_memory_equal(e.host, rows[i].host, e.host_len);
		assert_string_equal(e.port, rows[i].port);
		assert_int_equal(e.brackets, rows[i].brackets);
	}
	assert_int_equal(endpoint_split("2055", &e), FLOWD_EINVAL);
	assert_int_equal(endpoint_split("", &e), FLOWD_EINVAL);
}

static int
addr_of(const char *text, struct addr *addr)
{
	struct endpoint e;

	assert_int_equal(endpoint_split(text, &e), 0);
	return (endpoint_addr(&e, addr));
}

static void
only_ipv6_is_in_brackets(void **state)
{
	static const char *const bad[] = { "[192.0.2.1]:1", "2001:db8::1:1",
		"::1:1", ":1", "[]:1", "[::1:1", "host:1", "[::1]2055:1",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:1" };
	struct addr addr, wanted;
	size_t i;

	(void)state;
	assert_int_equal(addr_of("192.0.2.1:1", &addr), 0);
	assert_int_equal(addr_pton("192.0.2.1", &wanted), 0);
	assert_true(addr_equal(&addr, &wanted));
	assert_int_equal(addr_of("[2001:db8::1]:1", &addr), 0);
	assert_int_equal(addr_pton("2001:db8::1", &wanted), 0);
	assert_true(addr_equal(&addr, &wanted));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(addr_of(bad[i], &addr), FLOWD_EINVAL);
}

static void
zone_is_after_a_percent_sign(void **state)
{
	struct endpoint e;
	const char *zone;
	size_t len;

	(void)state;
	assert_int_equal(endpoint_split("[fe80::1%eth0]:1", &e), 0);
	assert_true(endpoint_split_zone(&e, &zone, &len));
	assert_int_equal(len, 4);
	assert_memory_equal(zone, "eth0", 4);
	assert_int_equal(e.host_len, strlen("fe80::1"));
	assert_false(endpoint_split_zone(&e, &zone, &len));
	assert_int_equal(endpoint_split("[%]:1", &e), 0);
	assert_true(endpoint_split_zone(&e, &zone, &len));
	assert_int_equal(len, 0);
	assert_int_equal(endpoint_split("fe80::1%eth0:1", &e), 0);
	assert_false(endpoint_split_zone(&e, &zone, &len));
}

static void
link_local_addresses_are_scoped(void **state)
{
	static const char *const scoped[] = { "fe80::", "febf:ffff::1",
		"ff01::1", "ff02::1", "ff12::1" };
	static const char *const others[] = { "::", "::1", "fec0::1", "fe7f::1",
		"ff05::1", "ff0e::2", "ff00::1", "2001:db8::1", "127.0.0.1",
		"254.128.0.0" };
	struct addr addr;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(scoped) / sizeof(scoped[0]); i++) {
		assert_int_equal(addr_pton(scoped[i], &addr), 0);
		assert_true(endpoint_is_scoped(&addr));
	}
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(addr_pton(others[i], &addr), 0);
		assert_false(endpoint_is_scoped(&addr));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_splits_at_its_last_colon),
		cmocka_unit_test(only_ipv6_is_in_brackets),
		cmocka_unit_test(zone_is_after_a_percent_sign),
		cmocka_unit_test(link_local_addresses_are_scoped),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
