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

#include "codec/codec.h"

#ifdef HAVE_LIBBZ2

#include <bzlib.h>
#include <limits.h>
#include <stdlib.h>

struct bzip2 {
	bz_stream stream;
	bool begun;
};

static int
bzip2_open(void **decoder)
{
	*decoder = calloc(1, sizeof(struct bzip2));
	return (*decoder == NULL ? FLOWD_ENOMEM : 0);
}

static void
end_stream(struct bzip2 *b)
{
	if (b->begun)
		(void)BZ2_bzDecompressEnd(&b->stream);
	b->begun = false;
}

static int
bzip2_begin(void *decoder)
{
	struct bzip2 *b = decoder;

	end_stream(b);
	if (BZ2_bzDecompressInit(&b->stream, 0, 0) != BZ_OK)
		return (FLOWD_ENOMEM);
	b->begun = true;
	return (0);
}

static int
bzip2_decode(void *decoder, struct codec_io *io)
{
	bz_stream *z = &((struct bzip2 *)decoder)->stream;
	int ret;

	/* It does not write there. */
	z->next_in = (char *)(uintptr_t)io->in;
	z->avail_in = (unsigned int)io->in_len;
	z->next_out = (char *)io->out;
	z->avail_out = (unsigned int)io->out_len;
	ret = BZ2_bzDecompress(z);
	io->in = (const uint8_t *)z->next_in;
	io->in_len = z->avail_in;
	io->out = (uint8_t *)z->next_out;
	io->out_len = z->avail_out;
	switch (ret) {
	case BZ_OK:
		return (0);
	case BZ_STREAM_END:
		return (CODEC_END);
	case BZ_MEM_ERROR:
		return (FLOWD_ENOMEM);
	default:
		return (FLOWD_EGZIP);
	}
}

static void
bzip2_close(void *decoder)
{
	end_stream(decoder);
	free(decoder);
}

static const struct codec bzip2 = {
	.open = bzip2_open,
	.begin = bzip2_begin,
	.decode = bzip2_decode,
	.close = bzip2_close,
};
const struct codec *const codec_bzip2 = &bzip2;

#else

const struct codec *const codec_bzip2 = NULL;

#endif
