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

#ifdef HAVE_LIBZSTD

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define WINDOW_LOG 27 /* of CODEC_MEMORY */
#define DESCRIPTOR 4  /* offset in a frame; RFC 8878 section 3.1.1.1.1 */
#define HAS_CHECK  0x04

_Static_assert(1U << WINDOW_LOG == CODEC_MEMORY, "the window is another");

struct zstd {
	ZSTD_DCtx *context;
	size_t at; /* in the frame, up to the descriptor */
	bool checked;
};

static int
zstd_open(void **decoder)
{
	struct zstd *z;

	if ((*decoder = z = calloc(1, sizeof(*z))) == NULL)
		return (FLOWD_ENOMEM);
	if ((z->context = ZSTD_createDCtx()) != NULL &&
	    !ZSTD_isError(ZSTD_DCtx_setParameter(z->context,
		ZSTD_d_windowLogMax, WINDOW_LOG)))
		return (0);
	(void)ZSTD_freeDCtx(z->context);
	free(z);
	*decoder = NULL;
	return (FLOWD_ENOMEM);
}

static int
zstd_begin(void *decoder)
{
	struct zstd *z = decoder;

	z->at = 0;
	z->checked = false;
	return (
	    ZSTD_isError(ZSTD_DCtx_reset(z->context, ZSTD_reset_session_only)) ?
		FLOWD_ENOMEM :
		0);
}

/* Sees the n bytes of a frame that were consumed. */
static void
see_descriptor(struct zstd *z, const uint8_t *data, size_t n)
{
	if (z->at <= DESCRIPTOR && n > DESCRIPTOR - z->at)
		z->checked = (data[DESCRIPTOR - z->at] & HAS_CHECK) != 0;
	if (z->at <= DESCRIPTOR)
		z->at += n;
}

static int
zstd_result(size_t ret)
{
	if (!ZSTD_isError(ret))
		return (ret == 0 ? CODEC_END : 0);
	switch (ZSTD_getErrorCode(ret)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		return (FLOWD_ELARGE);
	case ZSTD_error_memory_allocation:
		return (FLOWD_ENOMEM);
	default:
		return (FLOWD_EGZIP);
	}
}

static int
zstd_decode(void *decoder, struct codec_io *io)
{
	struct zstd *z = decoder;
	ZSTD_inBuffer in = { io->in, io->in_len, 0 };
	ZSTD_outBuffer out = { io->out, io->out_len, 0 };
	const size_t ret = ZSTD_decompressStream(z->context, &out, &in);

	see_descriptor(z, io->in, in.pos);
	io->in += in.pos;
	io->in_len -= in.pos;
	io->out += out.pos;
	io->out_len -= out.pos;
	return (zstd_result(ret));
}

static bool
zstd_has_check(const void *decoder)
{
	return (((const struct zstd *)decoder)->checked);
}

static void
zstd_close(void *decoder)
{
	struct zstd *z = decoder;

	(void)ZSTD_freeDCtx(z->context);
	free(z);
}

static const struct codec zstd = {
	.open = zstd_open,
	.begin = zstd_begin,
	.decode = zstd_decode,
	.has_check = zstd_has_check,
	.close = zstd_close,
};
const struct codec *const codec_zstd = &zstd;

#else

const struct codec *const codec_zstd = NULL;

#endif
