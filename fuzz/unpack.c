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
 * Packed configurations, as the parser sends them to the monitor and the
 * monitor to the collector.
 *
 * An input is a byte with the number of changes, and CUT. Without changes the
 * rest is a packed configuration.  Otherwise the changes follow, each an
 * offset, u16, and the new octet; with CUT the length to cut to, u16; and the
 * text of a configuration, which is parsed and packed before the changes.
 */
#include "compat/compat.h"

#include "fuzz.h"

#include "config/config.h"
#include "fuzz-config.h"
#include "lib/cursor.h"

#define CHANGES 0x0f
#define CUT     0x80

static void
try_unpack(const uint8_t *data, size_t len)
{
	struct config *conf;
	uint8_t *again;
	char *text;
	size_t len_again;

	if (config_unpack(data, len, &conf) != 0)
		return;
	assert_int_equal(config_pack(conf, &again, &len_again), 0);
	assert_int_equal(len_again, len);
	assert_memory_equal(again, data, len);
	free(again);
	text = fuzz_print(conf, &len);
	free(text);
	fuzz_use(conf);
	config_free(conf);
}

static void
change(uint8_t *data, size_t len, const struct cursor *changes)
{
	struct cursor in = *changes;
	uint16_t offset;
	uint8_t octet;

	while (cur_u16(&in, &offset) == 0 && cur_u8(&in, &octet) == 0)
		data[offset % len] = octet;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in, changes;
	struct config *conf;
	uint8_t how, *packed;
	uint16_t end = UINT16_MAX;
	size_t len;

	cur_init(&in, data, size);
	(void)cur_u8(&in, &how);
	if ((how & CHANGES) == 0) {
		try_unpack(cur_peek(&in), cur_left(&in));
		return (0);
	}
	if (cur_sub(&in, (how & CHANGES) * 3U, &changes) != 0 ||
	    ((how & CUT) != 0 && cur_u16(&in, &end) != 0) ||
	    (conf = fuzz_parse(cur_peek(&in), cur_left(&in), CONFIG_READER)) ==
		NULL)
		return (0);
	assert_int_equal(config_pack(conf, &packed, &len), 0);
	config_free(conf);
	change(packed, len, &changes);
	try_unpack(packed, len < end ? len : end);
	free(packed);
	return (0);
}
