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
 * The version of libflowd: of these headers, and of the library with which a
 * program runs.
 */
#ifndef FLOWD_VERSION_H
#define FLOWD_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default) /* the shared library exports this */

#define FLOWD_VERSION_MAJOR 1
#define FLOWD_VERSION_MINOR 0
#define FLOWD_VERSION_PATCH 0
#define FLOWD_VERSION       "1.0.0"

/* Grows with each version; for #if. */
#define FLOWD_VERSION_NUMBER                                       \
	(10000 * FLOWD_VERSION_MAJOR + 100 * FLOWD_VERSION_MINOR + \
	    FLOWD_VERSION_PATCH)

/* The same of the library with which the program runs.  The text is static. */
const char *flowd_version(void);
unsigned long flowd_version_number(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
