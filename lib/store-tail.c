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

#include <sys/stat.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/store-scan.h"
#include "lib/store-v2.h"
#include "store.h"

#define STRETCH (1024 * 1024) /* bytes read at a time, from the end */

/* The buffers for a stretch and for the beginning of a log. */
struct tail {
	struct scan scan;
	uint8_t buf[STRETCH];
};

/* Reads all of the size bytes at offset; FLOWD_ESHORT if the file shrank. */
static int
read_at(int fd, uint8_t *buf, size_t size, uint64_t offset)
{
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		n = pread(fd, buf + done, size - done, (off_t)(offset + done));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return (FLOWD_EIO);
		if (n == 0)
			return (FLOWD_ESHORT);
		done += (size_t)n;
	}
	return (0);
}

static bool
is_zero(const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (p[i] != 0)
			return (false);
	}
	return (true);
}

/*
 * Returns whether these bytes, fewer than a record header has, may be the
 * beginning of a header.
 */
static bool
is_torn_header(const uint8_t *p, size_t len)
{
	return (p[0] >> 5 == STORE_VER_MAJOR &&
	    (len < 3 || is_zero(p + 2, len < 4 ? len - 2 : 2)));
}

/*
 * Judges a file by its beginning.  Sets *first to the length of the first
 * record, or to 0 if the file has only zeros.
 */
static int
check_beginning(int fd, uint64_t size, size_t *first)
{
	uint8_t buf[STORE_V2_FILE_HEADER_LEN];
	const size_t len = size < sizeof(buf) ? (size_t)size : sizeof(buf);
	uint32_t start_sec;
	int error;

	*first = 0;
	if ((error = read_at(fd, buf, len, 0)) != 0)
		return (error);
	if (store_v2_check_file(buf, len, &start_sec) == 0)
		return (FLOWD_ELEGACY);
	error = store_check_header(buf, len, first);
	if (error == 0 || is_zero(buf, len))
		return (0);
	if (error == FLOWD_ESHORT && is_torn_header(buf, len)) {
		*first = STORE_HEADER_LEN;
		return (0);
	}
	return (FLOWD_ENOTLOG);
}

/* Sets *end to the end of the last record of the stretch, or to 0. */
static void
find_last(struct tail *t, size_t len, bool in_step, size_t *end)
{
	size_t pos = 0, skip, record;

	*end = 0;
	while (pos < len) {
		(void)scan_window(&t->scan, t->buf + pos, len - pos, in_step);
		while (scan_next(&t->scan, &skip, &record)) {
			pos += skip + record;
			*end = pos;
		}
		pos += skip;
		in_step = pos == *end;
	}
}

/*
 * Reads the last stretch of the file that has a byte other than zero.  The file
 * has size bytes.
 */
static int
read_stretch(int fd, uint64_t size, struct tail *t, uint64_t *base, size_t *len)
{
	uint64_t end = size;
	int error;

	for (;;) {
		*len = end < STRETCH ? (size_t)end : STRETCH;
		*base = end - *len;
		if ((error = read_at(fd, t->buf, *len, *base)) != 0)
			return (error);
		/* A record may begin before the stretch and end in it. */
		if (*base == 0 ||
		    !is_zero(t->buf + STORE_RECORD_MAX,
			*len - STORE_RECORD_MAX))
			return (0);
		end = *base + STORE_RECORD_MAX;
	}
}

/*
 * Returns whether the log has only its first record, which is not intact.
 */
static bool
is_torn(const uint8_t *p, size_t len, size_t first)
{
	return (
	    len < first || (len > first && is_zero(p + first, len - first)));
}

static int
find_keep(int fd, uint64_t size, size_t first, struct tail *t, uint64_t *keep)
{
	uint64_t base;
	size_t len, last;
	int error;

	if ((error = read_stretch(fd, size, t, &base, &len)) != 0)
		return (error);
	if (first == 0)
		return (base == 0 && is_zero(t->buf, len) ? 0 : FLOWD_ENOTLOG);
	find_last(t, len, base == 0, &last);
	if (last == 0 && (base != 0 || !is_torn(t->buf, len, first)))
		return (FLOWD_EHEADER);
	*keep = last == 0 ? 0 : base + last;
	return (0);
}

int
store_check_tail(int fd, uint64_t *keep)
{
	struct stat st;
	struct tail *t;
	size_t first;
	int error;

	*keep = 0;
	if (fstat(fd, &st) == -1)
		return (FLOWD_EIO);
	if (st.st_size == 0)
		return (0);
	if ((error = check_beginning(fd, (uint64_t)st.st_size, &first)) != 0)
		return (error);
	if ((t = malloc(sizeof(*t))) == NULL)
		return (FLOWD_ENOMEM);
	scan_init(&t->scan);
	error = find_keep(fd, (uint64_t)st.st_size, first, t, keep);
	free(t);
	return (error);
}
