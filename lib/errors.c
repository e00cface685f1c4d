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

#include <stddef.h>

#include "errors.h"

static const char *const messages[] = {
	[-FLOWD_OK] = "success",
	[-FLOWD_ESHORT] = "the data end too early",
	[-FLOWD_EVERSION] = "unsupported version",
	[-FLOWD_EHEADER] = "length and fields of the record disagree",
	[-FLOWD_ECRC] = "checksum mismatch",
	[-FLOWD_EEOF] = "end of the log",
	[-FLOWD_ETORN] = "the log ends inside a record",
	[-FLOWD_EIO] = "input/output error",
	[-FLOWD_ENOMEM] = "out of memory",
	[-FLOWD_EINVAL] = "invalid address, prefix or number",
	[-FLOWD_EHOSTBITS] = "bits are set behind the prefix length",
	[-FLOWD_ESPACE] = "the buffer is too small",
	[-FLOWD_EGZIP] = "the compressed data are damaged",
	[-FLOWD_ELEGACY] = "a log of version 2, as flowd wrote before 0.9",
	[-FLOWD_ENOTLOG] = "not a flow log",
	[-FLOWD_EXZ] = ("compressed with xz, which is not read: "
			"xzcat LOG | flowd-reader -"),
	[-FLOWD_EZSTD] = ("compressed with zstd, which is not read: "
			  "zstdcat LOG | flowd-reader -"),
	[-FLOWD_EBZIP2] = ("compressed with bzip2, which is not read: "
			   "bzcat LOG | flowd-reader -"),
	[-FLOWD_ECLOSED] = "the log is closed",
	[-FLOWD_ELARGE] = "decompressing it needs more than 128 MiB of memory",
};

const char *
flowd_strerror(int error)
{
	/* Counted from 0 down, and without a sign to overflow. */
	const size_t n = 0 - (size_t)error;

	if (n >= sizeof(messages) / sizeof(messages[0]))
		return ("unknown error");
	return (messages[n]);
}
