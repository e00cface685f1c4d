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
 * State files.  An input is a byte that chooses limits, and a state file
 * without its checksum, which is added.
 */
#include "compat/compat.h"

#include "decode/exporters.h"
#include "fuzz.h"

#include "crc32.h"
#include "decode/state.h"
#include "tests/unit/collect9.h"

#define CRC_OFFSET  8 /* bytes from the start of the file */
#define BODY_OFFSET 12

static const struct exporter_limits limits[] = {
	{ .exporters = 16,
	    .templates = TEMPLATES_DEFAULT,
	    .memory = MEMORY_DEFAULT },
	{ .exporters = 4, .templates = 4, .memory = 6000 },
};
#define NLIMITS (sizeof(limits) / sizeof(limits[0]))

static uint8_t *
signed_file(const struct cursor *in, size_t *len)
{
	const size_t left = cur_left(in);
	const size_t head = left < CRC_OFFSET ? left : CRC_OFFSET;
	uint8_t *file;

	*len = head + (BODY_OFFSET - CRC_OFFSET) + (left - head);
	file = malloc(*len);
	assert_non_null(file);
	memcpy(file, cur_peek(in), head);
	if (left <= CRC_OFFSET) {
		*len = head;
		return (file);
	}
	memcpy(file + BODY_OFFSET, cur_peek(in) + head, left - head);
	be32_put(file + CRC_OFFSET,
	    flowd_crc32(0, file + BODY_OFFSET, left - head));
	return (file);
}

/* The collector must work with any state that was accepted. */
static void
use(struct collect *c)
{
	static const struct wire_field field[] = { { 1, 4, 0 } };
	struct wire w;

	wire_init(&w);
	wire_start(&w, WIRE_VERSION_IPFIX);
	wire_template(&w, 300, field, 1);
	wire_set(&w, 256);
	wire_fill(&w, 1, 100);
	(void)collect_from(c, 0xc0000201);
	(void)collect_wire(c, &w);
}

/* An accepted state is written such that it reads back the same. */
static void
compare_with_itself(struct collect *c)
{
	uint8_t *first, *second;
	size_t len, len2;

	assert_int_equal(state_pack(c->table, true, &first, &len), 0);
	collect_stop(c);
	collect_open(c, &limits[0], COLLECT_RECV_SEC);
	assert_int_equal(
	    state_unpack(c->table, first, len, c->recv_sec, NULL, NULL), 0);
	assert_int_equal(state_pack(c->table, true, &second, &len2), 0);
	assert_int_equal(len, len2);
	assert_memory_equal(first, second, len);
	free(first);
	free(second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct collect c;
	const struct exporter_limits *l;
	struct cursor in;
	uint8_t which, *file;
	size_t len;
	int r;

	cur_init(&in, data, size);
	(void)cur_u8(&in, &which);
	l = &limits[which % NLIMITS];
	collect_open(&c, l, COLLECT_RECV_SEC);
	file = signed_file(&in, &len);
	r = state_unpack(c.table, file, len, c.recv_sec, NULL, NULL);
	(void)collect_from(&c, 0xc0000202);
	collect_check(&c);
	if (r == 0 && l == &limits[0])
		compare_with_itself(&c);
	use(&c);
	collect_stop(&c);
	free(file);
	return (0);
}
