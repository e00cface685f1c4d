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

#include <errno.h>
#include <stdlib.h>

long long
compat_strtonum(const char *text, long long min, long long max,
    const char **errstr)
{
	char *end;
	long long v;
	int saved = errno;

	*errstr = NULL;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || min > max)
		*errstr = "invalid";
	else if (v < min || (errno == ERANGE && v < 0))
		*errstr = "too small";
	else if (v > max || errno == ERANGE)
		*errstr = "too large";
	errno = *errstr == NULL ? saved : EINVAL;
	return (*errstr == NULL ? v : 0);
}
