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

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define ZLIB_CONST
#include <zlib.h>

#include "crc32.h"
#include "errors.h"
#include "lib/cursor.h"
#include "lib/follow-seen.h"
#include "store.h"

#define GZIP_INPUT 4096 /* bytes; they inflate to a record */
#define GZIP_LEAST 18   /* bytes of a gzip file; RFC 1952 section 2.3 */

void
seen_free(struct seen *s)
{
	free(s->files);
	memset(s, 0, sizeof(*s));
}

/* The place of the file, or the one at which it must be inserted. */
static size_t
place_of(const struct seen *s, dev_t dev, ino_t ino)
{
	size_t low = 0, high = s->n, middle;
	const struct seen_file *f;

	while (low < high) {
		middle = low + (high - low) / 2;
		f = &s->files[middle];
		if (f->dev < dev || (f->dev == dev && f->ino < ino))
			low = middle + 1;
		else
			high = middle;
	}
	return (low);
}

static bool
is_at(const struct seen *s, size_t i, dev_t dev, ino_t ino)
{
	return (i < s->n && s->files[i].dev == dev && s->files[i].ino == ino);
}

struct seen_file *
seen_find(const struct seen *s, dev_t dev, ino_t ino)
{
	const size_t i = place_of(s, dev, ino);

	return (is_at(s, i, dev, ino) ? &s->files[i] : NULL);
}

static int
make_room(struct seen *s)
{
	const size_t room = s->room == 0 ? 16 : 2 * s->room;
	struct seen_file *files;

	if (s->n < s->room)
		return (0);
	files = reallocarray(s->files, room, sizeof(*files));
	if (files == NULL)
		return (FLOWD_ENOMEM);
	s->files = files;
	s->room = room;
	return (0);
}

static int
insert(struct seen *s, const struct seen_file *file)
{
	const size_t i = place_of(s, file->dev, file->ino);

	if (!is_at(s, i, file->dev, file->ino)) {
		if (make_room(s) != 0)
			return (FLOWD_ENOMEM);
		memmove(&s->files[i + 1], &s->files[i],
		    (s->n - i) * sizeof(*s->files));
		s->n++;
	}
	s->files[i] = *file;
	return (0);
}

int
seen_put(struct seen *s, const struct seen_file *file)
{
	const struct seen_file *old = seen_find(s, file->dev, file->ino);
	struct seen_file gone;

	if (old != NULL && old->head != 0 && old->head != file->head) {
		gone = *old;
		gone.dev = 0; /* of no file */
		gone.ino = gone.head;
		if (insert(s, &gone) != 0)
			return (FLOWD_ENOMEM);
	}
	return (insert(s, file));
}

const struct seen_file *
seen_find_same(const struct seen *s, const struct seen_file *file)
{
	const struct seen_file *f, *same = NULL;

	for (f = s->files; f != s->files + s->n; f++) {
		if (f->head == file->head && f->stem == file->stem &&
		    (f->dev != file->dev || f->ino != file->ino) &&
		    (same == NULL || f->end > same->end))
			same = f;
	}
	return (same);
}

void
seen_forget_unlisted(struct seen *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		if (s->files[i].listed)
			s->files[n++] = s->files[i];
	}
	s->n = n;
}

static size_t
read_at(int fd, uint8_t *buf, size_t size, off_t offset)
{
	const ssize_t n = pread(fd, buf, size, offset);

	return (n < 0 ? 0 : (size_t)n);
}

/* Inflates the beginning of a gzip file.  Returns the bytes in out. */
static size_t
inflate_beginning(const uint8_t *in, size_t len, uint8_t *out, size_t size)
{
	z_stream z;

	memset(&z, 0, sizeof(z));
	z.next_in = in;
	z.avail_in = (unsigned int)len;
	z.next_out = out;
	z.avail_out = (unsigned int)size;
	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return (0);
	(void)inflate(&z, Z_SYNC_FLUSH);
	size -= z.avail_out;
	inflateEnd(&z);
	return (size);
}

/* The last four bytes of a gzip file are the uncompressed length. */
static uint64_t
uncompressed_length(int fd, uint64_t size)
{
	uint8_t b[4];

	if (size < GZIP_LEAST ||
	    read_at(fd, b, sizeof(b), (off_t)(size - sizeof(b))) != sizeof(b))
		return (0);
	return (__builtin_bswap32(be32(b))); /* it is little-endian */
}

uint32_t
follow_head(int fd, uint64_t size, uint64_t *length)
{
	uint8_t in[GZIP_INPUT], out[STORE_RECORD_MAX];
	const uint8_t *p = in;
	size_t n = read_at(fd, in, sizeof(in), 0), len;

	*length = size;
	if (n >= GZIP_LEAST && in[0] == 0x1f && in[1] == 0x8b) {
		n = inflate_beginning(in, n, out, sizeof(out));
		p = out;
		*length = uncompressed_length(fd, size);
	}
	if (store_check_header(p, n, &len) != 0 || len > n)
		return (0);
	return (flowd_crc32(0, p, len));
}
