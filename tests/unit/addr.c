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

#include <netinet/in.h>
#include <arpa/inet.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "addr.h"
#include "errors.h"
#include "skip.h"

static struct addr
parsed(const char *text)
{
	struct addr a;

	assert_int_equal(addr_pton(text, &a), 0);
	return (a);
}

static struct prefix
parsed_prefix(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_pton(text, &p), 0);
	return (p);
}

static void
parses_both_families(void **state)
{
	static const uint8_t v4[4] = { 192, 0, 2, 1 };
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	const struct addr a = addr_v4(v4), b = addr_v6(v6);
	const struct addr c = parsed("192.0.2.1"), d = parsed("2001:db8::1");

	(void)state;
	assert_int_equal(a.family, ADDR_V4);
	assert_int_equal(b.family, ADDR_V6);
	assert_memory_equal(&a, &c, sizeof(a));
	assert_memory_equal(&b, &d, sizeof(b));
	assert_true(addr_equal(&a, &c));
	assert_false(addr_equal(&a, &b));
	assert_int_equal(addr_bits(ADDR_V4), 32);
	assert_int_equal(addr_bits(ADDR_V6), 128);
	assert_int_equal(addr_bits(ADDR_NONE), 0);
}

static void
same_bytes_of_another_family_differ(void **state)
{
	const struct addr a = parsed("0.0.0.0"), b = parsed("::");

	(void)state;
	assert_false(addr_equal(&a, &b));
}

static void
refuses_invalid_addresses(void **state)
{
	static const char *const texts[] = {
		"",
		"192.0.2",
		"192.0.2.256",
		"192.0.2.1.1",
		" 192.0.2.1",
		"192.0.2.1 ",
		"[2001:db8::1]",
		"2001:db8::1%lo",
		"fe80::1::2",
		"host.example",
		"2001:db8:0:0:0:0:0:0:1",
		"12345::",
	};
	static const struct addr none;
	struct addr a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(addr_pton(texts[i], &a), FLOWD_EINVAL);
		assert_memory_equal(&a, &none, sizeof(a));
	}
}

static void
prints_as_rfc5952(void **state)
{
	static const char *const texts[] = {
		"0.0.0.0",
		"255.255.255.255",
		"10.20.30.199",
		"::",
		"::1",
		"2001:db8::1",
		"1::",
		"2001:db8:0:1:1:1:1:1", /* 4.2.2 */
		"2001:0:0:1::1",        /* 4.2.3 */
		"2001:db8::1:0:0:1",
		"::ffff:192.0.2.1", /* 5 */
		"abcd:ef01:2345:6789:abcd:ef01:2345:6789",
		"0:1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:0",
		"1:2:3:4:5:6::",
	};
	static const struct addr none;
	char buf[ADDR_STRLEN];
	struct addr a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		a = parsed(texts[i]);
		assert_string_equal(addr_ntop(&a, buf), texts[i]);
	}
	a = parsed("2001:DB8:0000::0:0:00AB");
	assert_string_equal(addr_ntop(&a, buf), "2001:db8::ab");
	assert_string_equal(addr_ntop(&none, buf), "");
}

/* Every pattern of zero and other groups, with long and short other groups. */
static void
prints_ipv6_like_inet_ntop(void **state)
{
	static const unsigned int others[] = { 0x1, 0xab, 0xcde, 0xffff };
	char expected[INET6_ADDRSTRLEN], buf[ADDR_STRLEN];
	struct addr a = { .family = ADDR_V6 };
	unsigned int pattern, i, group;

	(void)state;
	/*
	 * RFC 5952 section 4.2.3: the first of equal runs of zeros. musl
	 * differs.
	 */
	assert_int_equal(1, inet_pton(AF_INET6, "::1:0:0:1:0:0", a.bytes));
	assert_non_null(
	    inet_ntop(AF_INET6, a.bytes, expected, sizeof(expected)));
	if (strcmp(expected, "::1:0:0:1:0:0") != 0)
		skip_because("inet_ntop of this libc differs from RFC 5952");
	for (pattern = 0; pattern < 256 * 4; pattern++) {
		for (i = 0; i < 8; i++) {
			group = (pattern & 1U << i) == 0 ?
			    0 :
			    others[(pattern / 256 + i) % 4];
			a.bytes[2 * i] = (uint8_t)(group >> 8);
			a.bytes[2 * i + 1] = (uint8_t)group;
		}
		assert_non_null(
		    inet_ntop(AF_INET6, a.bytes, expected, sizeof(expected)));
		assert_string_equal(addr_ntop(&a, buf), expected);
	}
}

static void
longest_text_fits(void **state)
{
	const char *longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128";
	struct prefix p = parsed_prefix(longest);
	char buf[PREFIX_STRLEN];

	(void)state;
	assert_true(strlen(longest) < sizeof(buf));
	assert_string_equal(prefix_ntop(&p, buf), longest);
}

static void
recognises_multicast_and_any(void **state)
{
	static const struct addr none;
	struct addr a;

	(void)state;
	a = parsed("224.0.0.1");
	assert_true(addr_is_multicast(&a));
	a = parsed("239.255.255.255");
	assert_true(addr_is_multicast(&a));
	a = parsed("223.255.255.255");
	assert_false(addr_is_multicast(&a));
	a = parsed("240.0.0.1");
	assert_false(addr_is_multicast(&a));
	a = parsed("ff02::1");
	assert_true(addr_is_multicast(&a));
	a = parsed("fe80::1");
	assert_false(addr_is_multicast(&a));
	a = parsed("0.0.0.0");
	assert_true(addr_is_any(&a));
	a = parsed("::");
	assert_true(addr_is_any(&a));
	a = parsed("::1");
	assert_false(addr_is_any(&a));
	assert_false(addr_is_any(&none));
	assert_false(addr_is_multicast(&none));
}

static void
prefix_round_trip(void **state)
{
	static const char *const texts[] = {
		"0.0.0.0/0",
		"10.0.0.0/8",
		"192.0.2.128/25",
		"192.0.2.1/32",
		"::/0",
		"2001:db8::/32",
		"2001:db8:8000::/33",
		"::1/128",
	};
	char buf[PREFIX_STRLEN];
	struct prefix p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		p = parsed_prefix(texts[i]);
		assert_string_equal(prefix_ntop(&p, buf), texts[i]);
	}
	p = parsed_prefix("192.0.2.1");
	assert_string_equal(prefix_ntop(&p, buf), "192.0.2.1/32");
	p = parsed_prefix("2001:db8::1");
	assert_string_equal(prefix_ntop(&p, buf), "2001:db8::1/128");
}

static void
prefix_refuses_damage(void **state)
{
	static const char *const bad[] = {
		"",
		"/",
		"/8",
		"10.0.0.0/",
		"10.0.0.0/33",
		"::/129",
		"10.0.0.0/+8",
		"10.0.0.0/ 8",
		"10.0.0.0/8 ",
		"10.0.0.0/-1",
		"10.0.0.0/8/8",
		"10.0.0.0/0x8",
		"10.0.0.0/99999999999999999999",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	static const char *const hostbits[] = {
		"10.0.0.1/8",
		"192.0.2.129/25",
		"192.0.2.1/31",
		"1.0.0.0/0",
		"2001:db8::1/32",
		"2001:db8:c000::/33",
		"::1/127",
	};
	struct prefix p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(prefix_pton(bad[i], &p), FLOWD_EINVAL);
	for (i = 0; i < sizeof(hostbits) / sizeof(hostbits[0]); i++)
		assert_int_equal(prefix_pton(hostbits[i], &p), FLOWD_EHOSTBITS);
}

static void
prefix_contains_its_range(void **state)
{
	static const struct {
		const char *prefix, *addr;
		bool expected;
	} cases[] = {
		{ "10.0.0.0/8", "10.255.255.255", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.0.0.0/8", "9.255.255.255", false },
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.7/32", "192.0.2.7", true },
		{ "192.0.2.7/32", "192.0.2.6", false },
		{ "0.0.0.0/0", "203.0.113.1", true },
		{ "0.0.0.0/0", "::", false },
		{ "::/0", "0.0.0.0", false },
		{ "::/0", "ffff::", true },
		{ "2001:db8:8000::/33", "2001:db8:ffff::1", true },
		{ "2001:db8:8000::/33", "2001:db8:7fff::1", false },
		{ "2001:db8::1/128", "2001:db8::1", true },
		{ "2001:db8::1/128", "2001:db8::", false },
	};
	struct prefix p;
	struct addr a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p = parsed_prefix(cases[i].prefix);
		a = parsed(cases[i].addr);
		assert_int_equal(prefix_contains(&p, &a), cases[i].expected);
	}
}

static void
sockaddr_round_trip(void **state)
{
	struct sockaddr_storage ss;
	const struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;
	struct addr a, b;
	uint16_t port = 0;

	(void)state;
	a = parsed("192.0.2.1");
	assert_int_equal(addr_to_sockaddr(&a, 2055, 0, &ss),
	    sizeof(struct sockaddr_in));
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&ss, &b, &port),
	    0);
	assert_true(addr_equal(&a, &b));
	assert_int_equal(port, 2055);

	a = parsed("fe80::1");
	assert_int_equal(addr_to_sockaddr(&a, 4739, 7, &ss), sizeof(*in6));
	assert_int_equal(in6->sin6_scope_id, 7);
	assert_int_equal(ntohs(in6->sin6_port), 4739);
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&ss, &b, NULL),
	    0);
	assert_true(addr_equal(&a, &b));

	ss.ss_family = AF_UNIX;
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&ss, &b, &port),
	    FLOWD_EINVAL);
	assert_int_equal(b.family, ADDR_NONE);
	assert_int_equal(port, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_both_families),
		cmocka_unit_test(same_bytes_of_another_family_differ),
		cmocka_unit_test(refuses_invalid_addresses),
		cmocka_unit_test(prints_as_rfc5952),
		cmocka_unit_test(prints_ipv6_like_inet_ntop),
		cmocka_unit_test(longest_text_fits),
		cmocka_unit_test(recognises_multicast_and_any),
		cmocka_unit_test(prefix_round_trip),
		cmocka_unit_test(prefix_refuses_damage),
		cmocka_unit_test(prefix_contains_its_range),
		cmocka_unit_test(sockaddr_round_trip),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
