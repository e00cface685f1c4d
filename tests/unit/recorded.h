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
 * Recorded sessions of real exporters are not part of the source.  They are in
 * the directory that the environment variable FLOWD_TEST_DATA names.  Tests
 * that read them are skipped if it is not set.
 */
#ifndef RECORDED_H
#define RECORDED_H

#include <stdio.h>
#include <stdlib.h>

/* Returns the directory, or NULL. */
static inline const char *
recorded_dir(void)
{
	const char *dir = getenv("FLOWD_TEST_DATA");

	return (dir != NULL && dir[0] != '\0' ? dir : NULL);
}

/* Opens a file of the directory for reading; returns NULL without one. */
static inline FILE *
recorded_open(const char *name)
{
	const char *dir = recorded_dir();
	char path[4096];

	if (dir == NULL)
		return (NULL);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return (fopen(path, "r"));
}

#endif
