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
#include <string.h>
#include <unistd.h>

#include "lib/store-input.h"
#include "lib/store-v2.h"

#define CHECK_BUFFER 65536 /* bytes */

/*
 * The first bytes of compressed streams; none begins a record.  The error is
 * that for a format without a codec.
 */
static struct format {
	const char *magic;
	size_t len;
	int error;
	const struct codec *codec;
} formats[] = {
	/* RFC 1952 section 2.3: the magic number, and deflate as the method. */
	{ "\x1f\x8b\x08", 3, 0, &codec_gzip },
	{ "\xfd"
	  "7zXZ",
	    6, FLOWD_EXZ, NULL },
	{ "\x28\xb5\x2f\xfd", 4, FLOWD_EZSTD, NULL },
	{ "BZh", 3, FLOWD_EBZIP2, NULL },
};

#define NFORMATS (sizeof(formats) / sizeof(formats[0]))

void
store_register_codec(int error, const struct codec *codec)
{
	size_t i;

	for (i = 0; i < NFORMATS; i++) {
		if (formats[i].error == error)
			formats[i].codec = codec;
	}
}

/* Returns the format of a file that begins with these bytes, or NULL. */
static const struct format *
format_of(const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < NFORMATS; i++) {
		if (len >= formats[i].len &&
		    memcmp(data, formats[i].magic, formats[i].len) == 0)
			return (&formats[i]);
	}
	return (NULL);
}

bool
input_is_compressed(const uint8_t *data, size_t len)
{
	return (format_of(data, len) != NULL);
}

static ssize_t
read_fd(void *arg, void *buf, size_t size)
{
	const struct input *in = arg;

	return (read(in->fd, buf, size));
}

/* Copies bytes of the memory at an offset. */
static size_t
copy_memory(const struct input *in, size_t at, void *buf, size_t size)
{
	if (size > in->memory_len - at)
		size = in->memory_len - at;
	if (size > 0)
		memcpy(buf, in->memory + at, size);
	return (size);
}

static ssize_t
read_memory(void *arg, void *buf, size_t size)
{
	struct input *in = arg;
	const size_t n = copy_memory(in, in->memory_at, buf, size);

	in->memory_at += n;
	return ((ssize_t)n);
}

void
input_init(struct input *in)
{
	/* The buffers need no zeros. */
	memset(in, 0, offsetof(struct input, buf));
	in->fd = -1;
	in->base = -1;
}

void
input_use_fd(struct input *in, int fd)
{
	in->read = read_fd;
	in->arg = in;
	in->fd = fd;
	in->base = lseek(fd, 0, SEEK_CUR);
}

static void
close_codec(struct input *in)
{
	if (in->format != NULL)
		in->format->codec->close(in->decoder);
}

void
input_restart(struct input *in, uint64_t offset)
{
	input_lost_fn *on_lost = in->on_lost;
	void *arg = in->on_lost_arg;
	const bool only_gzip = in->only_gzip;
	const int fd = in->fd;

	close_codec(in);
	input_init(in);
	input_use_fd(in, fd);
	input_recover(in, on_lost, arg);
	in->only_gzip = only_gzip;
	in->offset = offset;
}

void
input_use_memory(struct input *in, const void *data, size_t len)
{
	in->read = read_memory;
	in->arg = in;
	in->memory = data;
	in->memory_len = len;
}

void
input_close(struct input *in)
{
	close_codec(in);
	if (in->fd != -1)
		close(in->fd);
}

void
input_recover(struct input *in, input_lost_fn *on_lost, void *arg)
{
	in->on_lost = on_lost;
	in->on_lost_arg = arg;
}

/* Repeats the call if a signal interrupts it. */
static ssize_t
read_some(struct input *in, uint8_t *buf, size_t size)
{
	ssize_t n;

	do
		n = in->read(in->arg, buf, size);
	while (n == -1 && errno == EINTR);
	if (n > 0)
		in->nread += (uint64_t)n;
	return (n);
}

/*
 * The fill functions append at least one byte of the log to the buffer, which
 * has free space.  FLOWD_EEOF, FLOWD_EIO, FLOWD_EGZIP, FLOWD_ENOMEM.
 */
static int
fill_plain(struct input *in)
{
	const ssize_t n =
	    read_some(in, in->buf + in->len, sizeof(in->buf) - in->len);

	if (n == -1)
		return (FLOWD_EIO);
	if (n == 0)
		return (FLOWD_EEOF);
	in->len += (size_t)n;
	return (0);
}

static int
read_packed(struct input *in)
{
	const ssize_t n = read_some(in, in->packed, sizeof(in->packed));

	if (n == -1)
		return (FLOWD_EIO);
	if (n == 0)
		return (in->in_stream ? FLOWD_EGZIP : FLOWD_EEOF);
	in->io.in = in->packed;
	in->io.in_len = (size_t)n;
	return (0);
}

/* Whether a stream that has ended is known to have no damage. */
static bool
was_checked(const struct format *format, const void *decoder)
{
	return (format->codec->has_check == NULL ||
	    format->codec->has_check(decoder));
}

/* The offset of the next byte that is decoded. */
static uint64_t
output_offset(const struct input *in)
{
	return (in->offset + (uint64_t)(in->io.out - (in->buf + in->pos)));
}

static int
decode_some(struct input *in)
{
	const struct codec_io before = in->io;
	int ret;

	if (!in->in_stream) {
		if ((ret = in->format->codec->begin(in->decoder)) != 0)
			return (ret);
		in->stream_at = in->nread - in->io.in_len;
		in->stream_from = output_offset(in);
		in->sound = 0;
	}
	ret = in->format->codec->decode(in->decoder, &in->io);
	in->in_stream = ret != CODEC_END;
	in->pending = in->in_stream && in->io.out_len == 0;
	if (ret == CODEC_END) {
		in->lost = false;
		if (!was_checked(in->format, in->decoder))
			in->unsound_to = output_offset(in);
	} else if (ret == 0 && before.in_len != 0 &&
	    in->io.in_len == before.in_len && in->io.out_len == before.out_len)
		return (FLOWD_EGZIP); /* it would never end */
	return (ret);
}

/*
 * Skips compressed bytes up to the next possible beginning of a stream; bytes
 * that only look like one cause an error soon.  0 at the end of the input.
 */
static int
hunt(struct input *in)
{
	const struct format *format = in->format;
	struct codec_io rest;
	uint64_t magic = 0, mask;
	size_t i;
	int ret;

	for (i = 0; i < format->len; i++)
		magic = magic << 8 | (uint8_t)format->magic[i];
	mask = (UINT64_C(1) << 8 * format->len) - 1;
	while (in->io.in_len > 0 && in->hunted != magic) {
		in->hunted = (in->hunted << 8 | *in->io.in++) & mask;
		in->io.in_len--;
	}
	if (in->hunted != magic)
		return (0);
	in->hunting = false;
	rest = in->io;
	in->io.in = (const uint8_t *)format->magic;
	in->io.in_len = format->len;
	ret = decode_some(in);
	in->stream_at = in->nread - rest.in_len - format->len;
	in->io.in = rest.in;
	in->io.in_len = rest.in_len;
	return (ret);
}

/* The stream is damaged, or cut off. */
static void
lose_stream(struct input *in, int error, size_t nbytes)
{
	in->in_stream = in->pending = false;
	in->hunting = true;
	in->hunted = 0;
	in->gap = nbytes > 0;
	in->after_loss = in->after_loss || !in->gap;
	if (!in->lost)
		in->on_lost(in->on_lost_arg, error, in->offset + nbytes);
	in->lost = true;
}

/* Decodes the bytes that are buffered, or else the next ones of the file. */
static int
decode_more(struct input *in)
{
	int error;

	if (in->io.in_len == 0 && !in->pending &&
	    (error = read_packed(in)) != 0)
		return (error);
	return (in->hunting ? hunt(in) : decode_some(in));
}

/* Bytes before an error are returned first. */
static int
fill_packed(struct input *in)
{
	const size_t room = sizeof(in->buf) - in->len;
	int ret;

	in->io.out = in->buf + in->len;
	in->io.out_len = room;
	while (in->io.out_len == room && !in->gap && in->failed == 0) {
		ret = decode_more(in);
		if (ret == 0 || ret == CODEC_END)
			continue;
		if (in->on_lost != NULL &&
		    (ret == FLOWD_EGZIP || ret == FLOWD_ELARGE))
			lose_stream(in, ret,
			    input_left(in) + room - in->io.out_len);
		else
			in->failed = ret;
	}
	in->len += room - in->io.out_len;
	return (in->io.out_len != room || in->gap ? 0 : in->failed);
}

static int
start_format(struct input *in, const struct format *format)
{
	int error;

	if ((error = format->codec->open(&in->decoder)) != 0)
		return (error);
	in->format = format;
	memcpy(in->packed, in->buf, in->len);
	in->io.in = in->packed;
	in->io.in_len = in->len;
	in->len = 0;
	return (fill_packed(in));
}

/*
 * Checks the first bytes.  A file that ends with two of them may be gzip, and
 * grow.
 */
static int
start(struct input *in)
{
	const struct format *format;
	int error = 0;

	while (in->len < INPUT_MAGIC && error == 0)
		error = fill_plain(in);
	if (error != 0 && (error != FLOWD_EEOF || in->len < 2))
		return (error);
	in->started = true;
	format = format_of(in->buf, in->len);
	if (format == NULL && memcmp(in->buf, formats[0].magic, 2) == 0)
		format = &formats[0];
	if (format == NULL || format->codec == NULL ||
	    (in->only_gzip && format != &formats[0]))
		return (0);
	return (start_format(in, format));
}

int
input_fill(struct input *in)
{
	if (in->end != 0)
		return (in->end);
	if (in->gap && input_left(in) > 0)
		return (FLOWD_EGZIP);
	in->after_loss = in->after_loss || in->gap;
	in->gap = false;
	memmove(in->buf, in->buf + in->pos, in->len - in->pos);
	in->len -= in->pos;
	in->pos = 0;
	if (!in->started)
		in->end = start(in);
	else
		in->end = in->format != NULL ? fill_packed(in) : fill_plain(in);
	in->saved_errno = errno;
	return (in->end);
}

void
input_want(struct input *in, size_t size)
{
	while (input_left(in) < size && input_fill(in) == 0)
		continue;
}

bool
input_is_after_gap(const struct input *in)
{
	return (in->gap && input_left(in) == 0);
}

/* Reads bytes of the file at an offset. */
static ssize_t
read_at(const struct input *in, uint8_t *buf, size_t size, uint64_t at)
{
	if (in->memory != NULL)
		return ((ssize_t)copy_memory(in, (size_t)at, buf, size));
	if (in->base == -1)
		return (-1);
	return (pread(in->fd, buf, size, (off_t)(in->base + (int64_t)at)));
}

struct check {
	void *decoder;
	uint8_t in[CHECK_BUFFER], out[CHECK_BUFFER];
};

/* Decodes this stream from its beginning to its end. */
static bool
check_stream(const struct input *in, struct check *c)
{
	struct codec_io io = { .in_len = 0, .out_len = 0 };
	uint64_t at = in->stream_at;
	ssize_t n;
	int ret = 0;

	while (ret == 0) {
		if (io.in_len == 0 && io.out_len != 0) {
			if ((n = read_at(in, c->in, sizeof(c->in), at)) <= 0)
				return (false);
			io.in = c->in;
			io.in_len = (size_t)n;
			at += (uint64_t)n;
		}
		io.out = c->out;
		io.out_len = sizeof(c->out);
		ret = in->format->codec->decode(c->decoder, &io);
	}
	return (ret == CODEC_END && was_checked(in->format, c->decoder));
}

static bool
stream_is_sound(const struct input *in)
{
	struct check *c;
	bool sound = false;

	if ((c = malloc(sizeof(*c))) == NULL)
		return (false);
	if (in->format->codec->open(&c->decoder) == 0) {
		if (in->format->codec->begin(c->decoder) == 0)
			sound = check_stream(in, c);
		in->format->codec->close(c->decoder);
	}
	free(c);
	return (sound);
}

bool
input_is_sound(struct input *in)
{
	if (in->format == NULL)
		return (true);
	if (in->offset < in->unsound_to)
		return (false);
	/* Of streams before this one, only sound bytes are buffered. */
	if (in->stream_from >= in->offset + input_left(in))
		return (true);
	if (in->gap || in->hunting)
		return (false);
	if (!in->in_stream)
		return (true);
	if (in->sound == 0)
		in->sound = stream_is_sound(in) ? 1 : -1;
	return (in->sound > 0);
}

void
input_look_again(struct input *in)
{
	in->end = in->failed = 0;
	if (in->format == NULL && in->fd != -1 &&
	    lseek(in->fd, (off_t)in->offset, SEEK_SET) != -1)
		in->pos = in->len = 0;
}

int
input_other_format(const struct input *in)
{
	const uint8_t *p = input_data(in);
	const size_t len = input_left(in);
	const struct format *format;
	uint32_t start_sec;

	if (in->offset != 0)
		return (0);
	if ((format = format_of(p, len)) != NULL && format->error != 0)
		return (format->error);
	return (
	    store_v2_check_file(p, len, &start_sec) == 0 ? FLOWD_ELEGACY : 0);
}
