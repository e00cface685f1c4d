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
 * The bytes of a log, uncompressed: read in large blocks from a descriptor,
 * from memory or by a function, plain or compressed.
 */
#ifndef STORE_INPUT_H
#define STORE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/store-codec.h"
#include "store.h"

#define INPUT_BUFFER (256 * 1024) /* bytes read at a time */
#define INPUT_MAGIC  6            /* bytes that tell each compressed format */

struct format;

/*
 * Called where a stream is damaged or cut off (FLOWD_EGZIP), or cannot be
 * decompressed (FLOWD_ELARGE).  offset is uncompressed.
 */
typedef void input_lost_fn(void *arg, int error, uint64_t offset);

struct input {
	store_read_fn *read; /* reads the file */
	void *arg;           /* of read */
	int fd;              /* -1: none */
	const uint8_t *memory;
	size_t memory_len, memory_at;
	int end; /* the error that ends the input, or 0 */
	int saved_errno;
	bool started;
	uint64_t offset; /* of the byte at pos, uncompressed */
	size_t pos, len; /* buf[pos] to buf[len - 1] */

	bool only_gzip;              /* other formats are not decompressed */
	const struct format *format; /* NULL: not compressed */
	void *decoder;
	struct codec_io io;
	bool in_stream, pending; /* the decoder may still have output */
	bool hunting;            /* for the next stream */
	bool lost;               /* no complete stream since */
	bool gap;                /* data are lost after the buffer */
	bool after_loss;         /* data were lost before the buffer */
	int failed;              /* the error after the buffer, or 0 */
	uint64_t hunted;         /* the last bytes that hunt read */
	int sound;               /* of this stream: 1, -1 no, 0 not tried */
	uint64_t nread;          /* of the file */
	uint64_t stream_at;      /* offset in the file */
	uint64_t unsound_to;     /* offset, uncompressed */
	uint64_t stream_from;    /* offset, uncompressed */
	int64_t base;            /* of the file in fd; -1 cannot seek */
	input_lost_fn *on_lost;  /* NULL: damage ends the input */
	void *on_lost_arg;

	uint8_t buf[INPUT_BUFFER];
	uint8_t packed[INPUT_BUFFER];
};

/* Initialises all but the source, which the caller sets. */
void input_init(struct input *in);
void input_use_fd(struct input *in, int fd);
void input_use_memory(struct input *in, const void *data, size_t len);
/* Begins to read the descriptor, whose offset is this one, as a new log. */
void input_restart(struct input *in, uint64_t offset);
/* Closes the descriptor, too. */
void input_close(struct input *in);

/* Whether a file that begins with these bytes is compressed. */
bool input_is_compressed(const uint8_t *data, size_t len);

/* Continues after damage inside a stream at the next stream. */
void input_recover(struct input *in, input_lost_fn *on_lost, void *arg);

static inline const uint8_t *
input_data(const struct input *in)
{
	return (in->buf + in->pos);
}

static inline size_t
input_left(const struct input *in)
{
	return (in->len - in->pos);
}

static inline void
input_skip(struct input *in, size_t len)
{
	in->pos += len;
	in->offset += len;
}

/*
 * Makes free space in the buffer, and reads more of the log into it.  Bytes
 * before a gap are not joined with those after it: FLOWD_EGZIP until they are
 * skipped.  FLOWD_EEOF, FLOWD_EIO, FLOWD_EGZIP, FLOWD_ENOMEM.
 */
int input_fill(struct input *in) __attribute__((warn_unused_result));

/* Buffers at least size bytes, unless the log or its next gap is before. */
void input_want(struct input *in, size_t size);

/* Returns whether the next byte follows lost data. */
bool input_is_after_gap(const struct input *in);

/*
 * Returns whether the buffered bytes are those that were compressed.  If the
 * file is at hand, the rest of the stream is read to know it.
 */
bool input_is_sound(struct input *in);

/* Reads a growing file again from the byte at pos, and forgets its end. */
void input_look_again(struct input *in);

/*
 * The format of a log that is read as version 3: FLOWD_ELEGACY for version 2,
 * FLOWD_EXZ, FLOWD_EZSTD or FLOWD_EBZIP2 for a compressed file, or 0.
 */
int input_other_format(const struct input *in);

#endif
