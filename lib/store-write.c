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
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/write-whole.h"
#include "store.h"

#define LOG_BUFFER (256 * 1024) /* bytes written at a time */

struct store_writer {
	int fd;
	int saved_errno; /* of the first failure, or 0 */
	size_t len;
	uint8_t buf[LOG_BUFFER];
};

int
store_writer_fdopen(int fd, struct store_writer **writer)
{
	struct store_writer *w;

	*writer = NULL;
	if ((w = malloc(sizeof(*w))) == NULL) {
		close(fd);
		return (FLOWD_ENOMEM);
	}
	w->fd = fd;
	w->saved_errno = 0;
	w->len = 0;
	*writer = w;
	return (0);
}

int
store_writer_open(const char *path, struct store_writer **writer)
{
	int fd;

	*writer = NULL;
	if (strcmp(path, "-") == 0)
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	else
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1)
		return (FLOWD_EIO);
	return (store_writer_fdopen(fd, writer));
}

static int
writer_result(const struct store_writer *w)
{
	if (w->saved_errno == 0)
		return (0);
	errno = w->saved_errno;
	return (FLOWD_EIO);
}

int
store_writer_flush(struct store_writer *w)
{
	if (w->saved_errno == 0 &&
	    flowd_write_whole(w->fd, w->buf, w->len) == -1)
		w->saved_errno = errno;
	w->len = 0;
	return (writer_result(w));
}

int
store_write(struct store_writer *w, const struct flow *flow, uint32_t mask)
{
	size_t len;
	int error;

	if (sizeof(w->buf) - w->len < STORE_RECORD_MAX)
		error = store_writer_flush(w);
	else
		error = writer_result(w);
	if (error != 0)
		return (error);
	error = store_encode(flow, mask, w->buf + w->len,
	    sizeof(w->buf) - w->len, &len);
	w->len += len;
	return (error);
}

int
store_writer_close(struct store_writer *w)
{
	int error, cause;

	error = store_writer_flush(w);
	if (close(w->fd) == -1 && error == 0) {
		w->saved_errno = errno;
		error = FLOWD_EIO;
	}
	cause = w->saved_errno;
	free(w);
	if (error != 0)
		errno = cause;
	return (error);
}
