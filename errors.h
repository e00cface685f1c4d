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

#ifndef FLOWD_ERRORS_H
#define FLOWD_ERRORS_H

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default) /* the shared library exports this */

/*
 * The result of every function of libflowd that can fail: 0, or one of
 * these.  FLOWD_EIO leaves the cause in errno.
 */
enum flowd_error {
	FLOWD_OK = 0,
	FLOWD_ESHORT = -1,     /* the bytes end before the item does */
	FLOWD_EVERSION = -2,   /* a version that this code does not read */
	FLOWD_EHEADER = -3,    /* length, reserved bits and fields disagree */
	FLOWD_ECRC = -4,       /* the checksum does not match */
	FLOWD_EEOF = -5,       /* the end of the log, after a whole record */
	FLOWD_ETORN = -6,      /* the log ends inside a record */
	FLOWD_EIO = -7,        /* a system call failed: see errno */
	FLOWD_ENOMEM = -8,     /* out of memory */
	FLOWD_EINVAL = -9,     /* not a valid address, prefix or number */
	FLOWD_EHOSTBITS = -10, /* the prefix has bits set after its length */
	FLOWD_ESPACE = -11,    /* the buffer is too small for the result */
	FLOWD_EGZIP = -12,     /* the compressed data are damaged */
	FLOWD_ELEGACY = -13,   /* a log of version 2 */
	FLOWD_ENOTLOG = -14,   /* no flow log */
	FLOWD_EXZ = -15,       /* a file compressed with xz */
	FLOWD_EZSTD = -16,     /* a file compressed with zstd */
	FLOWD_EBZIP2 = -17,    /* a file compressed with bzip2 */
	FLOWD_ECLOSED = -18,   /* a followed log will not grow any more */
	FLOWD_ELARGE = -19,    /* decompressing it needs too much memory */
};

/* A sentence part for a message, such as "checksum mismatch".  Static. */
const char *flowd_strerror(int error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
