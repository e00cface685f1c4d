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

#include <string.h>

#include "codec/codec.h"

static const struct {
	int error;
	const char *name;
	const struct codec *const *codec;
} formats[] = {
	{ FLOWD_EXZ, "xz", &codec_xz },
	{ FLOWD_EZSTD, "zstd", &codec_zstd },
	{ FLOWD_EBZIP2, "bzip2", &codec_bzip2 },
};

#define NFORMATS (sizeof(formats) / sizeof(formats[0]))

void
codec_register(void)
{
	size_t i;

	for (i = 0; i < NFORMATS; i++)
		store_register_codec(formats[i].error, *formats[i].codec);
}

const char *
codec_name(int error)
{
	size_t i;

	for (i = 0; i < NFORMATS; i++) {
		if (formats[i].error == error && *formats[i].codec != NULL)
			return (formats[i].name);
	}
	return (NULL);
}

bool
codec_is_name(const char *path)
{
	static const char *const suffixes[] = { ".gz", ".xz", ".zst", ".bz2" };
	const size_t len = strlen(path);
	size_t i, suffix_len;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		suffix_len = strlen(suffixes[i]);
		if (len >= suffix_len &&
		    strcmp(path + len - suffix_len, suffixes[i]) == 0)
			return (true);
	}
	return (false);
}
