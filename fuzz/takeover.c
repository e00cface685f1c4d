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
 * Memory that a new collector takes over.  An input is the number of the valid
 * half, a byte that is 1 if the checksum is corrected, a u32 that is xored into
 * the length, and the state, which is in both halves.
 */
#include "compat/compat.h"

#include "decode/exporters.h"
#include "fuzz.h"

#include "crc32.h"
#include "decode/state.h"
#include "ipc/takeover.h"
#include "lib/cursor.h"
#include "tests/unit/collect9.h"

#define MAGIC_LEN  8 /* bytes of a state */
#define HEADER_LEN 12

static struct takeover *memory;

static void
fill(struct cursor *in)
{
	uint8_t valid, sign, *half;
	uint32_t flip, crc;
	size_t len, i;

	if (cur_u8(in, &valid) != 0 || cur_u8(in, &sign) != 0 ||
	    cur_u32(in, &flip) != 0)
		return;
	len = cur_left(in);
	for (i = 0; i < TAKEOVER_HALVES && len <= TAKEOVER_STATE_MAX; i++) {
		half = memory->halves[i];
		memcpy(half, cur_peek(in), len);
		memory->lens[i] = len ^ flip;
		if (sign != 1 || len < HEADER_LEN)
			continue;
		crc = flowd_crc32(0, half, MAGIC_LEN);
		be32_put(half + MAGIC_LEN,
		    flowd_crc32(crc, half + HEADER_LEN, len - HEADER_LEN));
	}
	memory->valid = valid;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct collect c;
	const struct exporter_limits limits = {
		.exporters = 16,
		.templates = TEMPLATES_DEFAULT,
		.memory = MEMORY_DEFAULT,
	};
	struct takeover *next;
	const uint8_t *state;
	struct cursor in;
	size_t len;

	if (memory == NULL)
		memory = takeover_new();
	assert_non_null(memory);
	cur_init(&in, data, size);
	fill(&in);
	next = takeover_copy(memory);
	assert_non_null(next);
	collect_open(&c, &limits, COLLECT_RECV_SEC);
	if (takeover_state(next, &state, &len))
		assert_true(state_unpack(c.table, state, len, c.recv_sec, NULL,
				NULL) <= 0);
	exporters_doubt_sequences(c.table);
	(void)collect_from(&c, 0xc0000202);
	collect_check(&c);
	collect_stop(&c);
	takeover_free(next);
	memory->valid = TAKEOVER_NONE;
	return (0);
}
