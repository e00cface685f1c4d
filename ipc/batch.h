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
 * A batch of datagrams that the collector received with one system call.  It is
 * in memory that the monitor shares, so that the datagrams outlive a collector
 * that crashes.  The collector receives directly into it.  The monitor does not
 * trust the contents: it follows no pointer in it, and checks each length.
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

#define BATCH_MAX 64 /* datagrams */

/*
 * The distance of two buffers in bytes: the largest datagram, rounded up to
 * pages, and one cache line, so that the starts of buffers use different cache
 * sets.
 */
#define BATCH_STRIDE (65536 + 64)

#define BATCH_EMPTY    UINT32_MAX /* msg_len of an unused entry */
#define BATCH_NONE_YET UINT32_MAX /* at: processing has not begun */

struct batch {
	volatile uint32_t progress; /* changes while the collector works */
	volatile uint32_t waits;    /* 1: for a disk */
	volatile uint32_t at; /* the datagram in process; BATCH_MAX: all done */
	uint32_t resumed;     /* 1: the rest of a batch of a dead collector */
	uint64_t skipped;     /* datagrams since the start of flowd */
	uint64_t deaths;      /* of this collector's predecessors */
	uint64_t last_death;  /* epoch seconds; 0: none */
	struct timespec received;
	uint64_t listener; /* that received it; filter_listener_number */
	/* Used up to the first empty one. */
	struct mmsghdr msgs[BATCH_MAX];
	struct sockaddr_storage names[BATCH_MAX];
	uint8_t buffers[BATCH_MAX][BATCH_STRIDE];
};

struct batch_datagram {
	const uint8_t *data;
	size_t len;
	struct addr from; /* ADDR_NONE: unknown */
	uint16_t port;
	uint64_t listener; /* as in the batch */
};

/* Shared with processes that are started later.  NULL with errno. */
struct batch *batch_new(void);
void batch_free(struct batch *b);

/* Processes that are started later do not share it. */
void batch_keep_from_children(struct batch *b);

/* Returns the number of datagrams. */
size_t batch_count(const struct batch *b);

/* Sets *out to datagram i.  Its data are within the buffer in any case. */
void batch_get(const struct batch *b, size_t i, struct batch_datagram *out);

/* The datagram that was in process, below batch_count(); -1: none. */
int batch_in_process(const struct batch *b);

/* Returns the number of datagrams that remain, from *first on. */
size_t batch_left(const struct batch *b, size_t *first);

/* Copies the datagrams of another batch from first on to an empty batch. */
void batch_resume(struct batch *b, const struct batch *from, size_t first);

#endif
