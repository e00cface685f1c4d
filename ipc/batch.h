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
 * The datagrams that were received at once, in memory that monitor and
 * collector share, so that they outlive a collector that dies of one.  The
 * collector receives straight into it; to the monitor all of it is bytes that
 * somebody else wrote, and nothing in it is followed or believed.
 */
#ifndef BATCH_H
#define BATCH_H

#include "compat/compat.h"

#include <netinet/in.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "addr.h"

#define BATCH_MAX 64 /* datagrams taken by one system call */

/*
 * Distance of the buffers: the largest datagram, rounded up to pages, and one
 * cache line, so that their beginnings do not compete for the same cache set.
 */
#define BATCH_STRIDE (65536 + 64)

#define BATCH_EMPTY    UINT32_MAX /* msg_len where nothing was received */
#define BATCH_NONE_YET UINT32_MAX /* at: none was begun */

struct batch {
	volatile uint32_t at; /* the datagram in hand; BATCH_MAX: all done */
	uint32_t resumed;     /* the rest of a dead collector's */
	uint64_t skipped;     /* datagrams, since flowd's start */
	struct timespec received;
	/* In use up to the first that is empty. */
	struct mmsghdr msgs[BATCH_MAX];
	struct sockaddr_storage names[BATCH_MAX];
	uint8_t buffers[BATCH_MAX][BATCH_STRIDE];
};

struct batch_datagram {
	const uint8_t *data;
	size_t len;
	struct addr from; /* of no family: unknown */
	uint16_t port;
};

/* Shared with processes that are started from here on.  NULL with errno. */
struct batch *batch_new(void);
void batch_free(struct batch *b);

/* No process that is started from here on has it. */
void batch_keep_from_children(struct batch *b);

/* How many there are. */
size_t batch_count(const struct batch *b);

/* Datagram i, whatever the batch says of it, within its buffer. */
void batch_get(const struct batch *b, size_t i, struct batch_datagram *out);

/* The datagram that was in hand, which is below batch_count, or -1. */
int batch_in_hand(const struct batch *b);

/* Which are left to do, from *first on; their number. */
size_t batch_left(const struct batch *b, size_t *first);

/* Makes an empty batch hold those of another from first on. */
void batch_resume(struct batch *b, const struct batch *from, size_t first);

#endif
