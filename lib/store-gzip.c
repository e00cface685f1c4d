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

#include <limits.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

#include "lib/store-codec.h"

static int
gzip_open(void **decoder)
{
	z_stream *z;

	*decoder = NULL;
	if ((z = calloc(1, sizeof(*z))) == NULL)
		return (FLOWD_ENOMEM);
	if (inflateInit2(z, 16 + MAX_WBITS) != Z_OK) {
		free(z);
		return (FLOWD_ENOMEM);
	}
	*decoder = z;
	return (0);
}

static int
gzip_begin(void *decoder)
{
	return (inflateReset(decoder) == Z_OK ? 0 : FLOWD_ENOMEM);
}

static int
gzip_decode(void *decoder, struct codec_io *io)
{
	z_stream *z = decoder;
	int ret;

	z->next_in = io->in;
	z->avail_in = (unsigned int)io->in_len;
	z->next_out = io->out;
	z->avail_out = (unsigned int)io->out_len;
	ret = inflate(z, Z_NO_FLUSH);
	io->in = z->next_in;
	io->in_len = z->avail_in;
	io->out = z->next_out;
	io->out_len = z->avail_out;
	switch (ret) {
	case Z_OK:
	case Z_BUF_ERROR: /* nothing to do without more input */
		return (0);
	case Z_STREAM_END:
		return (CODEC_END);
	case Z_MEM_ERROR:
		return (FLOWD_ENOMEM);
	default:
		return (FLOWD_EGZIP);
	}
}

static void
gzip_close(void *decoder)
{
	inflateEnd(decoder);
	free(decoder);
}

const struct codec codec_gzip = {
	.open = gzip_open,
	.begin = gzip_begin,
	.decode = gzip_decode,
	.close = gzip_close,
};
