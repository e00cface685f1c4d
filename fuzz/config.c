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
 * Configurations as text.  An accepted configuration must print and pack to the
 * same configuration, and its filter must agree with trying rule after rule.
 *
 * An input is a byte that selects the daemon or the reader, and the text.
 */
#include "compat/compat.h"

#include "fuzz.h"

#include "config/config.h"
#include "fuzz-config.h"

static void
check_print(const struct config *conf, enum config_use use)
{
	struct config *again;
	size_t len;
	char *text = fuzz_print(conf, &len);

	again = fuzz_parse(text, len, use);
	/* The reader accepts an empty configuration. */
	assert_true(again != NULL || len == 0);
	if (again != NULL)
		fuzz_assert_same(conf, again);
	config_free(again);
	free(text);
}

static void
check_pack(const struct config *conf)
{
	struct config *again;
	uint8_t *data;
	size_t len;

	assert_int_equal(config_pack(conf, &data, &len), 0);
	assert_int_equal(config_unpack(data, len, &again), 0);
	fuzz_assert_same(conf, again);
	config_free(again);
	free(data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum config_use use;
	struct config *conf;

	if (size == 0)
		return (0);
	use = data[0] % 2 == 0 ? CONFIG_DAEMON : CONFIG_READER;
	if ((conf = fuzz_parse(data + 1, size - 1, use)) == NULL)
		return (0);
	check_print(conf, use);
	check_pack(conf);
	fuzz_use(conf);
	config_free(conf);
	return (0);
}
