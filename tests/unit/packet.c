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
 * Packets: the headers before IP, the headers of IP and of its payload, and
 * packets that are cut at any octet.
 */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode/packet.h"

#define MACS "00005e00530100005e005302"
#define NEST        \
	MACS "88e7" \
	     "00000007"
#define SRC4  "c0000201"
#define DST4  "c6336401"
#define ADDR4 SRC4 DST4
#define SRC6  "20010db8000000000000000000000001"
#define DST6  "20010db8000000000000000000000002"
#define ADDR6 SRC6 DST6

/* 30 octets with ports 1024 and 53; 40 with ports 50000 and 443. */
#define UDP                \
	"0400003500140000" \
	"0102"
#define TCP "c35001bb0000000100000002501b200000000000"
#define IP_U                   \
	"4500001e000040004011" \
	"0000" ADDR4 UDP
#define IP_T "45b800280000400040060000" ADDR4 TCP

#define ALL \
	(PACKET_SRC | PACKET_DST | PACKET_PROTOCOL | PACKET_TOS | PACKET_OCTETS)

static uint8_t octets[256];

static size_t
unhex(const char *hex)
{
	char digits[3] = "";
	size_t n;

	for (n = 0; hex[2 * n] != '\0'; n++) {
		assert_true(n < sizeof(octets));
		digits[0] = hex[2 * n];
		digits[1] = hex[2 * n + 1];
		octets[n] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return (n);
}

/* Decodes a copy, so that a sanitizer sees its end. */
static struct packet
decode(enum packet_begin begin, const char *hex, size_t len)
{
	size_t n = unhex(hex);
	struct packet p;
	uint8_t *copy;

	if (len < n)
		n = len;
	assert_non_null(copy = malloc(n == 0 ? 1 : n));
	memcpy(copy, octets, n);
	packet_decode(&p, begin, copy, n);
	free(copy);
	return (p);
}

static void
frames_and_labels_are_skipped(void **state)
{
	static const struct {
		enum packet_begin begin;
		const char *hex;
	} rows[] = {
		{ PACKET_IP, IP_U },
		{ PACKET_ETHERNET, MACS "0800" IP_U },
		/* IEEE 802.1Q, 802.1ad, and tags before them. */
		{ PACKET_ETHERNET,
		    MACS "8100"
			 "0064"
			 "0800" IP_U },
		{ PACKET_ETHERNET,
		    MACS "88a8"
			 "0001"
			 "8100"
			 "0002"
			 "0800" IP_U },
		{ PACKET_ETHERNET,
		    MACS "9100"
			 "0001"
			 "9100"
			 "0002"
			 "8100"
			 "0003"
			 "0800" IP_U },
		/* Provider backbone bridges. */
		{ PACKET_ETHERNET,
		    MACS "88e7"
			 "00000007" MACS "0800" IP_U },
		/* LLC and SNAP, with padding after them. */
		{ PACKET_ETHERNET,
		    MACS "0026"
			 "aaaa03000000"
			 "0800" IP_U "00000000" },
		{ PACKET_ETHERNET,
		    MACS "8864"
			 "1100"
			 "0001"
			 "0020"
			 "0021" IP_U },
		{ PACKET_ETHERNET,
		    MACS "8847"
			 "00010040"
			 "00020140" IP_U },
		{ PACKET_ETHERNET,
		    MACS "8848"
			 "00020140" IP_U },
		{ PACKET_MPLS,
		    "00010040"
		    "00020140" IP_U },
		/* A pseudowire with a control word. */
		{ PACKET_MPLS,
		    "00020140"
		    "00000000" MACS "0800" IP_U },
		/* MPLS in PPP. */
		{ PACKET_ETHERNET,
		    MACS "8864"
			 "1100"
			 "0001"
			 "0024"
			 "0281"
			 "00020140" IP_U },
		/* The frame is padded. */
		{ PACKET_ETHERNET, MACS "0800" IP_U "0000000000000000" },
	};
	struct packet p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		p = decode(rows[i].begin, rows[i].hex, SIZE_MAX);
		assert_int_equal(p.values, ALL | PACKET_PORTS);
		assert_int_equal(p.src.family, ADDR_V4);
		assert_int_equal(be32(p.src.bytes), 0xc0000201);
		assert_int_equal(be32(p.dst.bytes), 0xc6336401);
		assert_int_equal(p.protocol, 17);
		assert_int_equal(p.tos, 0);
		assert_int_equal(p.octets, 30);
		assert_int_equal(p.src_port, 1024);
		assert_int_equal(p.dst_port, 53);
		assert_int_equal(cur_left(&p.payload), 10);
	}
}

static void
other_frames_have_no_values(void **state)
{
	static const struct {
		enum packet_begin begin;
		const char *hex;
	} rows[] = {
		{ PACKET_ETHERNET,
		    MACS "0806"
			 "0001080006040001" },
		{ PACKET_ETHERNET,
		    MACS "0026"
			 "424203000000"
			 "0800" IP_U },
		{ PACKET_ETHERNET,
		    MACS "8864"
			 "1100"
			 "0001"
			 "0002"
			 "c021" },
		{ PACKET_IP, "34" },
		{ PACKET_IP, "4400001e00004000401100000000" },
		{ PACKET_MPLS, "00010040" },
		{ PACKET_IP, "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		    decode(rows[i].begin, rows[i].hex, SIZE_MAX).values, 0);
}

/* More frames in frames than there are on any network. */
static void
nested_frames_have_a_limit(void **state)
{
	(void)state;
	assert_int_equal(decode(PACKET_ETHERNET,
			     NEST NEST NEST NEST MACS "0800" IP_U, SIZE_MAX)
			     .values,
	    0);
	assert_int_equal(
	    decode(PACKET_ETHERNET, NEST NEST NEST MACS "0800" IP_U, SIZE_MAX)
		.values,
	    ALL | PACKET_PORTS);
}

static void
options_of_ipv4_are_skipped(void **state)
{
	struct packet p;

	(void)state;
	p = decode(PACKET_IP,
	    "47b80030000040004006"
	    "0000" ADDR4 "0101010101010101" TCP,
	    SIZE_MAX);
	assert_int_equal(p.values, ALL | PACKET_PORTS | PACKET_TCP_FLAGS);
	assert_int_equal(p.tos, 0xb8);
	assert_int_equal(p.octets, 48);
	assert_int_equal(p.src_port, 50000);
	assert_int_equal(p.dst_port, 443);
	assert_int_equal(p.tcp_flags, 0x1b);
}

static void
extension_headers_of_ipv6_are_skipped(void **state)
{
	static const char *const rows[] = {
		"6b80000000140640" ADDR6 TCP,
		/* Hop by hop, routing, destination options, AH. */
		"6b800000001c0040" ADDR6 "0600000000000000" TCP,
		"6b80000000342b40" ADDR6
		"3c02000000000000"
		"0000000000000000"
		"0000000000000000"
		"0600000000000000" TCP,
		"6b80000000203340" ADDR6 "060100000000000000000000" TCP,
		/* The first fragment. */
		"6b800000001c2c40" ADDR6 "0600000100000007" TCP,
	};
	struct packet p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		p = decode(PACKET_IP, rows[i], SIZE_MAX);
		assert_int_equal(p.values,
		    ALL | PACKET_PORTS | PACKET_TCP_FLAGS);
		assert_int_equal(p.src.family, ADDR_V6);
		assert_int_equal(p.src.bytes[15], 1);
		assert_int_equal(p.dst.bytes[15], 2);
		assert_int_equal(p.tos, 0xb8);
		assert_int_equal(p.protocol, 6);
		assert_int_equal(p.octets, unhex(rows[i]));
		assert_int_equal(p.dst_port, 443);
		assert_int_equal(p.tcp_flags, 0x1b);
	}
}

static void
later_fragments_have_no_ports(void **state)
{
	struct packet p;

	(void)state;
	p = decode(PACKET_IP,
	    "4500001e000020b94011"
	    "0000" ADDR4 UDP,
	    SIZE_MAX);
	assert_int_equal(p.values, ALL | PACKET_LATER_FRAGMENT);
	assert_int_equal(p.protocol, 17);
	p = decode(PACKET_IP, "60000000001c2c40" ADDR6 "0600010100000007" TCP,
	    SIZE_MAX);
	assert_int_equal(p.values, ALL | PACKET_LATER_FRAGMENT);
	assert_int_equal(p.protocol, 6);
	/* The first one has. */
	p = decode(PACKET_IP,
	    "4500001e000020004011"
	    "0000" ADDR4 UDP,
	    SIZE_MAX);
	assert_int_equal(p.values, ALL | PACKET_PORTS);
}

static void
each_protocol_has_its_values(void **state)
{
	static const struct {
		const char *protocol;
		uint32_t values;
	} rows[] = {
		{ "06", PACKET_PORTS }, /* too short for flags */
		{ "11", PACKET_PORTS },
		{ "21", PACKET_PORTS },
		{ "84", PACKET_PORTS },
		{ "88", PACKET_PORTS },
		{ "01", PACKET_ICMP },
		{ "3a", PACKET_ICMP },
		{ "2f", 0 },
		{ "32", 0 },
	};
	char hex[128];
	struct packet p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(hex, sizeof(hex), "%s%s%s", "4500001e0000400040",
		    rows[i].protocol,
		    "0000" ADDR4
		    "0301003500140000"
		    "0102");
		p = decode(PACKET_IP, hex, SIZE_MAX);
		assert_int_equal(p.values, ALL | rows[i].values);
		if ((rows[i].values & PACKET_ICMP) != 0) {
			assert_int_equal(p.icmp_type, 3);
			assert_int_equal(p.icmp_code, 1);
		}
	}
}

/* The first octet count at which each value is known. */
static void
check_truncated(const char *hex, size_t tos, size_t len, size_t protocol,
    size_t src, size_t dst, size_t ports, size_t flags)
{
	const size_t all = unhex(hex);
	uint32_t want;
	size_t n;

	for (n = 0; n <= all; n++) {
		want = (n >= tos ? PACKET_TOS : 0U) |
		    (n >= len ? PACKET_OCTETS : 0U) |
		    (n >= protocol ? PACKET_PROTOCOL : 0U) |
		    (n >= src ? PACKET_SRC : 0U) |
		    (n >= dst ? PACKET_DST : 0U) |
		    (n >= ports ? PACKET_PORTS : 0U) |
		    (n >= flags ? PACKET_TCP_FLAGS : 0U);
		assert_int_equal(decode(PACKET_IP, hex, n).values, want);
	}
}

static void
a_truncated_packet_has_what_is_there(void **state)
{
	(void)state;
	check_truncated(IP_T, 2, 4, 10, 16, 20, 24, 34);
	check_truncated("6b80000000140640" ADDR6 TCP, 4, 6, 40, 24, 40, 44, 54);
}

/* A length of 0 is that of a jumbogram, or of segments in a network card. */
static void
a_length_of_0_is_unknown(void **state)
{
	(void)state;
	assert_int_equal(decode(PACKET_IP,
			     "45000000000040004011"
			     "0000" ADDR4 UDP,
			     SIZE_MAX)
			     .values,
	    (ALL | PACKET_PORTS) & ~PACKET_OCTETS);
	assert_int_equal(
	    decode(PACKET_IP, "6000000000001140" ADDR6 UDP, SIZE_MAX).values,
	    (ALL | PACKET_PORTS) & ~PACKET_OCTETS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_and_labels_are_skipped),
		cmocka_unit_test(other_frames_have_no_values),
		cmocka_unit_test(nested_frames_have_a_limit),
		cmocka_unit_test(options_of_ipv4_are_skipped),
		cmocka_unit_test(extension_headers_of_ipv6_are_skipped),
		cmocka_unit_test(later_fragments_have_no_ports),
		cmocka_unit_test(each_protocol_has_its_values),
		cmocka_unit_test(a_truncated_packet_has_what_is_there),
		cmocka_unit_test(a_length_of_0_is_unknown),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
