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

#ifdef HAVE_LIBLZMA

#include <lzma.h>
#include <stdlib.h>

struct xz {
	lzma_stream stream;
	bool begun, checked;
};

static int
xz_open(void **decoder)
{
	const lzma_stream empty = LZMA_STREAM_INIT;
	struct xz *x;

	if ((*decoder = x = calloc(1, sizeof(*x))) == NULL)
		return (FLOWD_ENOMEM);
	x->stream = empty;
	return (0);
}

static int
xz_begin(void *decoder)
{
	struct xz *x = decoder;

	x->begun = false;
	return (lzma_stream_decoder(&x->stream, CODEC_MEMORY, 0) == LZMA_OK ?
		0 :
		FLOWD_ENOMEM);
}

/* Zeros between streams are padding. */
static int
skip_padding(struct codec_io *io)
{
	while (io->in_len > 0 && *io->in == 0) {
		io->in++;
		io->in_len--;
	}
	return (CODEC_END);
}

static int
xz_result(struct xz *x, lzma_ret ret)
{
	switch (ret) {
	case LZMA_OK:
	case LZMA_BUF_ERROR: /* nothing to do without more input */
		return (0);
	case LZMA_STREAM_END:
		x->checked = lzma_get_check(&x->stream) != LZMA_CHECK_NONE;
		return (CODEC_END);
	case LZMA_MEM_ERROR:
		return (FLOWD_ENOMEM);
	case LZMA_MEMLIMIT_ERROR:
		return (FLOWD_ELARGE);
	default:
		return (FLOWD_EGZIP);
	}
}

static int
xz_decode(void *decoder, struct codec_io *io)
{
	struct xz *x = decoder;
	lzma_ret ret;

	if (!x->begun && io->in_len > 0 && *io->in == 0)
		return (skip_padding(io));
	x->begun = true;
	x->stream.next_in = io->in;
	x->stream.avail_in = io->in_len;
	x->stream.next_out = io->out;
	x->stream.avail_out = io->out_len;
	ret = lzma_code(&x->stream, LZMA_RUN);
	io->in = x->stream.next_in;
	io->in_len = x->stream.avail_in;
	io->out = x->stream.next_out;
	io->out_len = x->stream.avail_out;
	return (xz_result(x, ret));
}

static bool
xz_has_check(const void *decoder)
{
	return (((const struct xz *)decoder)->checked);
}

static void
xz_close(void *decoder)
{
	struct xz *x = decoder;

	lzma_end(&x->stream);
	free(x);
}

static const struct codec xz = {
	.open = xz_open,
	.begin = xz_begin,
	.decode = xz_decode,
	.has_check = xz_has_check,
	.close = xz_close,
};
const struct codec *const codec_xz = &xz;

#else

const struct codec *const codec_xz = NULL;

#endif
