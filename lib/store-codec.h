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
 * Decoders of compressed logs.  A compressed file is a sequence of streams, such
 * as the members of gzip.  libflowd has the one for gzip; a program can register
 * others, see codec/codec.h.
 */
#ifndef STORE_CODEC_H
#define STORE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

/* decode advances both sides by the bytes that it consumes and produces. */
struct codec_io {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};

#define CODEC_END 1 /* the stream is complete, and its checks are right */

struct codec {
	/* Allocates a decoder.  FLOWD_ENOMEM. */
	int (*open)(void **decoder);
	/* Prepares the decoder for the next stream.  FLOWD_ENOMEM. */
	int (*begin)(void *decoder);
	/*
	 * Returns 0 or CODEC_END; FLOWD_EGZIP for damaged data; FLOWD_ELARGE;
	 * FLOWD_ENOMEM.  If in_len is 0, it only produces bytes that the decoder
	 * still has.
	 */
	int (*decode)(void *decoder, struct codec_io *io);
	/* Whether the stream that has ended had a check.  NULL: it always has.
	 */
	bool (*has_check)(const void *decoder);
	void (*close)(void *decoder);
};

extern const struct codec codec_gzip;

/*
 * Makes all later readers decompress the format of this error: FLOWD_EXZ,
 * FLOWD_EZSTD or FLOWD_EBZIP2.  The codec is not copied.  Called before other
 * threads use readers.
 */
void store_register_codec(int error, const struct codec *codec);

#endif
