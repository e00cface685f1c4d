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
 * Octets of a packet.  The first octet of the input selects what they begin
 * with.  Each truncation of a packet has the values of the whole one, or fewer.
 */
#include "compat/compat.h"

#include "fuzz.h"

#include "decode/packet.h"

#define TRUNCATED_MAX 512 /* octets; longer packets are decoded once */

static void
check_packet(const struct packet *p, const uint8_t *data, size_t len)
{
	const size_t left = cur_left(&p->payload);
	const uint8_t *at = cur_peek(&p->payload);

	if ((p->values & PACKET_SRC) != 0)
		assert_true(
		    p->src.family == ADDR_V4 || p->src.family == ADDR_V6);
	if ((p->values & PACKET_DST) != 0)
		assert_true(p->src.family == p->dst.family);
	if ((p->values & PACKET_OCTETS) != 0)
		assert_true(p->octets >= 20 && p->octets <= 65535 + 40);
	if ((p->values & (PACKET_PORTS | PACKET_ICMP)) != 0)
		assert_true((p->values & PACKET_PROTOCOL) != 0);
	assert_true((p->values & (PACKET_PORTS | PACKET_ICMP)) !=
	    (PACKET_PORTS | PACKET_ICMP));
	assert_true(left == 0 || (at >= data && left <= len));
}

static void
check_truncations(enum packet_begin begin, const uint8_t *data, size_t len)
{
	struct packet whole, part;
	uint8_t *copy;
	size_t i;

	packet_decode(&whole, begin, data, len);
	for (i = 0; i < len; i++) {
		/* A block of its own, so that a sanitizer sees its end. */
		assert_non_null(copy = malloc(i == 0 ? 1 : i));
		memcpy(copy, data, i);
		packet_decode(&part, begin, copy, i);
		check_packet(&part, copy, i);
		assert_int_equal(part.values & ~whole.values, 0);
		free(copy);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum packet_begin begin;
	struct packet p;

	if (size == 0)
		return (0);
	begin = (enum packet_begin)(data[0] % 3);
	packet_decode(&p, begin, data + 1, size - 1);
	check_packet(&p, data + 1, size - 1);
	if (size - 1 <= TRUNCATED_MAX)
		check_truncations(begin, data + 1, size - 1);
	return (0);
}
