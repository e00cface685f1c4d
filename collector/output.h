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
 * Where records go: the logs, by tag; the log socket; and verbatim copies of
 * datagrams to other collectors.  Records are opaque here but for their length.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/outcome.h"
#include "config/config.h"
#include "lib/counters.h"
#include "store.h"
#include "ipc/flowlog-lock.h"

struct output;

/* A log that the monitor has opened. */
struct output_log {
	int fd;
	uint32_t lock; /* its index; flowlog-lock.h */
};

/*
 * number is that of this collector, for the locks of logs.  outcome is called
 * with the owner of buffered records when they were stored or are lost.  NULL
 * if memory is exhausted.
 */
struct output *output_new(struct flowlog_locks *locks, uint32_t number,
    record_outcome *outcome);
void output_free(struct output *o);

/*
 * Replaces the logs by those of conf; opened has one element for each of them,
 * in the same order, and output owns their descriptors from now on.  A log with
 * the path of a former log keeps the records in its buffer.  conf has to live
 * until the next call.  Ends the process if memory is exhausted.
 */
void output_set_logs(struct output *o, const struct config *conf,
    const struct output_log *opened);

/*
 * Writes what it can to the logs, and counts the rest as lost, as what still
 * waits for the log socket.
 */
void output_end(struct output *o);

/* Goes on with fd, owned from here on, for one of these logs. */
void output_reopen_log(struct output *o, size_t which, int fd);

/* The connected log socket, owned from here on.  -1: its reader is away. */
void output_set_logsock(struct output *o, int fd);

/* True where a log socket is configured and has to be connected anew. */
bool output_wants_logsock(const struct output *o);

/* Whether there is a log socket in the configuration at all. */
void output_use_logsock(struct output *o, bool use);

/* Connected sockets, owned from here on, in place of the ones before. */
void output_set_forwards(struct output *o, const int *fds, size_t n);

enum output_result {
	OUTPUT_STORED,
	OUTPUT_BUFFERED, /* outcome will be called */
	OUTPUT_NOWHERE,  /* the configuration has no place for it */
	/* Its log is full, or the log socket, its only place, is away. */
	OUTPUT_LOST,
};

/*
 * Takes the record of this flow, of len bytes up to STORE_RECORD_MAX.  owner is
 * not NULL.
 */
enum output_result output_put(struct output *o, const struct flow *flow,
    const uint8_t *record, size_t len, void *owner);

/*
 * Room for len bytes of records, whatever their flows, where all flows go to
 * the same log and to nothing else, and it has room; otherwise NULL.
 */
uint8_t *output_room(struct output *o, size_t len);

/* The first len bytes of that room are records now, and are buffered. */
void output_commit(struct output *o, size_t len, size_t records, void *owner);

/*
 * Writes of what is buffered, whole records only, no more than keeps receiving
 * waiting for a moment.  Bytes that stay are returned.
 */
size_t output_flush(struct output *o);

/* Bytes that are buffered for the logs. */
size_t output_left(const struct output *o);

/*
 * Whether part of a record was left in a log since this was asked before.  The
 * monitor cuts it off, while the logs are held and nothing is written to them.
 */
bool output_was_torn(struct output *o);
void output_pause_logs(struct output *o, bool pause);

/*
 * What to poll for until logs and the log socket take more, each log and
 * the socket in its own place, which has fd -1 where it does not wait.  There
 * are output_npollfds of them, until the logs are set anew.
 */
size_t output_npollfds(const struct output *o);
void output_pollfds(const struct output *o, struct pollfd *pfds);

void output_forward(struct output *o, const uint8_t *data, size_t len);

/* Sets the counters of logs, the log socket and forwards, and no others. */
void output_count(const struct output *o, struct collector_counters *counters);

#endif
