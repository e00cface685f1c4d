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
 * Formats of compressed logs that programs read beside gzip.  libflowd and flowd
 * link only zlib.
 */
#ifndef CODEC_H
#define CODEC_H

#include "lib/store-codec.h"

#define CODEC_MEMORY (128U * 1024 * 1024) /* bytes that a decoder may use */

/* NULL if configure did not find the library. */
extern const struct codec *const codec_xz;
extern const struct codec *const codec_zstd;
extern const struct codec *const codec_bzip2;

/* Makes libflowd read the formats whose libraries this program has. */
void codec_register(void);

/*
 * Returns the name of the format that this error of libflowd means, or NULL if
 * this program does not read the format.
 */
const char *codec_name(int error);

/* Whether the name of a file ends as those of compressed files, as in ".gz". */
bool codec_is_name(const char *path);

#endif
