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
#include <unistd.h>

#include "base/read-whole.h"

#define FIRST_SIZE 65536 /* bytes; doubled until it fits */

/* Grows the buffer to at most max + 1 bytes, the last to detect an excess. */
static int
grow(uint8_t **data, size_t *size, size_t max)
{
	size_t more = *size == 0 ? FIRST_SIZE : *size * 2;
	uint8_t *grown;

	if (*size > max) {
		errno = EFBIG;
		return (-1);
	}
	if (more > max)
		more = max + 1;
	if ((grown = realloc(*data, more)) == NULL)
		return (-1);
	*data = grown;
	*size = more;
	return (0);
}

int
read_whole(int fd, size_t max, uint8_t **data, size_t *len)
{
	size_t size = 0;
	ssize_t n;

	*data = NULL;
	*len = 0;
	do {
		n = -1;
		if (*len == size && grow(data, &size, max) == -1)
			break;
		n = read(fd, *data + *len, size - *len);
		if (n > 0)
			*len += (size_t)n;
	} while (n > 0 || (n == -1 && errno == EINTR));
	if (n == 0)
		return (0);
	free(*data);
	*data = NULL;
	return (-1);
}
