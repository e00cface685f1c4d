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

/* Names of temporary files, for mkstemp and mkdtemp. */
#ifndef TEMPORARY_H
#define TEMPORARY_H

#include <stdio.h>
#include <stdlib.h>

/*
 * Writes $TMPDIR/flowd-NAME-XXXXXX to path, below /tmp if TMPDIR is not set.
 * Returns -1 if size bytes are too few.
 */
static inline int
temporary_name(char *path, size_t size, const char *name)
{
	const char *dir = getenv("TMPDIR");
	const int n = snprintf(path, size, "%s/flowd-%s-XXXXXX",
	    dir != NULL && dir[0] != '\0' ? dir : "/tmp", name);

	return (n >= 0 && (size_t)n < size ? 0 : -1);
}

#endif
