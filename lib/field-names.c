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
 * The names of fields.  Apart from store.c, since libflowd-rules needs them,
 * too.
 */
#include "lib/fields.h"

/* clang-format off */
#define NAME(name, minor, words)	{ #name, STORE_FIELD_##name },

static const struct field_name names[] = {
	{ "ALL", STORE_FIELD_ALL },
	FIELDS(NAME)
	{ "AGENT_ADDR", STORE_FIELD_AGENT_ADDR },
	{ "SRC_ADDR", STORE_FIELD_SRC_ADDR },
	{ "DST_ADDR", STORE_FIELD_DST_ADDR },
	{ "SRCDST_ADDR", STORE_FIELD_SRCDST_ADDR },
	{ "GATEWAY_ADDR", STORE_FIELD_GATEWAY_ADDR },
};
#undef NAME
/* clang-format on */

const struct field_name *
field_name(size_t i)
{
	return (i < sizeof(names) / sizeof(names[0]) ? &names[i] : NULL);
}
