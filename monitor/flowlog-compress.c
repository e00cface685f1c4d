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

#include <sys/resource.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/write-whole.h"
#include "monitor/flowlog-compress.h"

#define BUFFER_LEN      65536     /* bytes */
#define GZIP_WINDOW     (15 + 16) /* 16 selects the format of gzip */
#define MEMORY_LEVEL    8         /* zlib's default */
#define LOWEST_PRIORITY 19
#define COMMENT_AT      10 /* in the header; RFC 1952, 2.3 */

/*
 * The comment in the header identifies files that flowd compressed, without
 * decompressing them.
 */
static char comment[] = "flowd log";

struct buffers {
	uint8_t in[BUFFER_LEN];
	uint8_t out[BUFFER_LEN];
};

/* Compresses the input of z, and at_end also the data buffered in z. */
static int
deflate_some(z_stream *z, bool at_end, int fd, struct buffers *b)
{
	do {
		z->next_out = b->out;
		z->avail_out = BUFFER_LEN;
		if (deflate(z, at_end ? Z_FINISH : Z_NO_FLUSH) ==
		    Z_STREAM_ERROR) {
			errno = EINVAL;
			return (-1);
		}
		if (flowd_write_whole(fd, b->out, BUFFER_LEN - z->avail_out) ==
		    -1)
			return (-1);
	} while (z->avail_out == 0);
	return (0);
}

static int
compress_file(int in, int out, struct buffers *b)
{
	gz_header header = { .comment = (Bytef *)comment, .os = 255 };
	z_stream z = { .zalloc = Z_NULL };
	ssize_t n;

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
		MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflateSetHeader(&z, &header) != Z_OK) {
		errno = ENOMEM;
		return (-1);
	}
	do {
		while (
		    (n = read(in, b->in, BUFFER_LEN)) == -1 && errno == EINTR)
			;
		if (n == -1)
			return (-1);
		z.next_in = b->in;
		z.avail_in = (uInt)n;
		if (deflate_some(&z, n == 0, out, b) == -1)
			return (-1);
	} while (n > 0);
	return (fsync(out));
}

static _Noreturn void
run(const struct rights_options *opts, int in, int out)
{
	static struct buffers buffers;
	const int keep[] = { in, out };

	(void)setpriority(PRIO_PROCESS, 0, LOWEST_PRIORITY);
	rights_drop(opts, SANDBOX_FILES, keep, sizeof(keep) / sizeof(keep[0]));
	_exit(compress_file(in, out, &buffers) == 0 ? 0 : errno);
}

pid_t
flowlog_compress_start(const struct rights_options *opts, int in, int out)
{
	pid_t pid = fork();

	if (pid == 0)
		run(opts, in, out);
	return (pid);
}

bool
flowlog_compress_made(const uint8_t *head, size_t len)
{
	static const uint8_t begin[] = { 0x1f, 0x8b, 8, 0x10 };

	return (len >= COMMENT_AT + sizeof(comment) - 1 &&
	    memcmp(head, begin, sizeof(begin)) == 0 &&
	    memcmp(head + COMMENT_AT, comment, sizeof(comment) - 1) == 0);
}
