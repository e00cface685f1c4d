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
 * Where records go: the log through a buffer, the log socket, and verbatim
 * copies of datagrams to other collectors.  Records are opaque here but for
 * their length.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output_counters {
	uint64_t	log_bytes;	/* written to the log */
	uint64_t	log_errors;	/* writes that failed */
	uint64_t	logsock_sent;	/* records */
	uint64_t	logsock_lost;	/* records that nobody took */
	uint64_t	forwarded;	/* datagrams, for each target */
	uint64_t	forward_lost;	/* the same, refused by the system */
};

struct output;

struct output *output_new(void);	/* NULL without memory */
void output_free(struct output *o);

/*
 * Writes what is buffered to the log so far, and goes on with fd, which is
 * owned from here on.  -1: no log.
 */
void output_set_log(struct output *o, int fd);

/* The connected log socket, owned from here on.  -1: its reader is away. */
void output_set_logsock(struct output *o, int fd);

/* True where a log socket is configured and has to be connected anew. */
bool output_wants_logsock(const struct output *o);

/* Whether there is a log socket in the configuration at all. */
void output_use_logsock(struct output *o, bool use);

/* Connected sockets, owned from here on, in place of the ones before. */
void output_set_forwards(struct output *o, const int *fds, size_t n);

/*
 * Room for one record of up to STORE_RECORD_MAX bytes, or NULL when the
 * buffer is full and the log cannot be written.
 */
uint8_t *output_room(struct output *o);

/*
 * The record of len bytes that was put there is complete.  -1 where it is
 * lost: there is no log, and the log socket did not take it.
 */
int output_commit(struct output *o, size_t len);

/*
 * Writes what is buffered, whole records only.  Where the log cannot be
 * written now the rest stays; bytes that stay are returned.
 */
size_t output_flush(struct output *o);

#define OUTPUT_BLOCKED	2

/*
 * Descriptors that become writable when a full FIFO or log socket takes more,
 * -1 where nothing waits for that.
 */
void output_blocked_on(const struct output *o, int fds[OUTPUT_BLOCKED]);

void output_forward(struct output *o, const uint8_t *data, size_t len);

void output_count(const struct output *o, struct output_counters *counters);

#endif
