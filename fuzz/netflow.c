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
 * Datagrams, and everything that the decoder learns from them.
 *
 * An input is a byte that chooses limits, and then datagrams: a byte for their
 * exporter and time (HOW_*), the length, u16, and the octets.  The last one may
 * be truncated.
 */
#include "compat/compat.h"

#include "decode/exporters.h"
#include "fuzz.h"

#include "decode/state.h"
#include "tests/unit/collect9.h"

#define HOW_FROM        0x07 /* one of eight addresses */
#define HOW_LATER       0x18 /* index of seconds_later */
#define HOW_LATER_SHIFT 3
#define HOW_EARLIER     0x20 /* the clock is set back */
#define HOW_NAMED       0x40 /* a flow source matches it */
#define HOW_RESTART     0x80 /* flowd restarts before it */

#define SECONDS_EARLIER 100
#define DATAGRAMS_MAX   512

static const uint32_t seconds_later[] = { 0, 1, EXPORTER_IDLE + 1,
	HELD_SECONDS + 1 };

/* Small, so that every limit is reached. */
static const struct exporter_limits limits[] = {
	{ .exporters = 2, .templates = 4, .memory = 6000 },
	{ .exporters = 4, .templates = 24, .memory = 40000 },
	{ .exporters = 3, .templates = 4096, .memory = 400000 },
	{ .exporters = 16,
	    .templates = TEMPLATES_DEFAULT,
	    .memory = MEMORY_DEFAULT },
};
#define NLIMITS (sizeof(limits) / sizeof(limits[0]))

/* The last three addresses are IPv6. */
static struct addr
address(uint8_t number)
{
	uint8_t bytes[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = number };

	if (number >= 5)
		return (addr_v6(bytes));
	be32_put(bytes, 0xc0000200U + number);
	return (addr_v4(bytes));
}

/*
 * State is restored from the state file.  Memory is not compared: if there is
 * too little, some state may not be restored.
 */
static void
restart(struct collect *c, const struct exporter_limits *l)
{
	const uint32_t recv_sec = c->recv_sec;
	uint8_t *saved, *again;
	size_t len, len_again;

	assert_int_equal(state_pack(c->table, true, &saved, &len), 0);
	collect_stop(c);
	collect_open(c, l, recv_sec);
	assert_int_equal(
	    state_unpack(c->table, saved, len, c->recv_sec, NULL, NULL), 0);
	assert_int_equal(state_pack(c->table, true, &again, &len_again), 0);
	if (l->memory == MEMORY_DEFAULT) {
		assert_int_equal(len, len_again);
		assert_memory_equal(saved, again, len);
	}
	free(saved);
	free(again);
}

static void
step(struct collect *c, const struct exporter_limits *l, uint8_t how,
    const struct cursor *datagram)
{
	const struct addr from = address(how & HOW_FROM);

	c->recv_sec += seconds_later[(how & HOW_LATER) >> HOW_LATER_SHIFT];
	if ((how & HOW_EARLIER) != 0)
		c->recv_sec -= SECONDS_EARLIER;
	if ((how & HOW_RESTART) != 0)
		restart(c, l);
	(void)collect_from_addr(c, &from, (how & HOW_NAMED) != 0);
	exporters_expire(c->table, c->recv_sec);
	(void)collect_datagram(c, cur_peek(datagram), cur_left(datagram));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct collect c;
	const struct exporter_limits *l;
	struct cursor in, datagram;
	uint8_t which, how;
	uint16_t len;
	size_t n = 0;

	cur_init(&in, data, size);
	(void)cur_u8(&in, &which);
	l = &limits[which % NLIMITS];
	collect_start(&c, l);
	while (n++ < DATAGRAMS_MAX && cur_u8(&in, &how) == 0 &&
	    cur_u16(&in, &len) == 0) {
		if (len > cur_left(&in))
			len = (uint16_t)cur_left(&in);
		(void)cur_sub(&in, len, &datagram);
		step(&c, l, how, &datagram);
	}
	collect_stop(&c);
	return (0);
}
