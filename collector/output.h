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
 * The outputs of the collector: logs, which tags select; the log socket; and
 * other collectors, to which it forwards datagrams unchanged.  The outputs use
 * only the length of a record, not its contents.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/outcome.h"
#include "config/config.h"
#include "ipc/flowlog-lock.h"
#include "ipc/priv-msg.h"
#include "lib/counters.h"
#include "store.h"

struct output;

/* A log that the monitor has opened. */
struct output_log {
	int fd;        /* -1: with %{exporter} */
	uint32_t lock; /* its index; flowlog-lock.h */
};

/* A socket that the monitor has connected to another collector. */
struct output_forward {
	int fd;
	struct priv_forward self;
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
 * in the same order, and the output then owns their descriptors.  A log with
 * the path of a former log keeps the records in its buffer.  conf must live
 * until the next call.  Ends the process if memory is exhausted.
 */
void output_set_logs(struct output *o, const struct config *conf,
    const struct output_log *opened);

/*
 * Writes all buffers to the logs.  Records that cannot be written, and those
 * that are buffered for the log socket, are counted as lost.
 */
void output_end(struct output *o);

/* Replaces the file of one of these logs by fd, which the output then owns. */
void output_reopen_log(struct output *o, size_t which, int fd);

/*
 * Whether the monitor has to be asked for the log of an exporter; fills in want.
 * output_open_log receives the answer: the file, which the output then owns, or
 * -1, if the log cannot be opened now.  After output_set_logs no answer comes.
 */
bool output_want_log(struct output *o, struct priv_want_log *want);
void output_open_log(struct output *o, int fd, uint32_t lock);

/* Closes the file in a place of exporters' logs, if it has one. */
void output_close_log(struct output *o, size_t place);

/*
 * Sets the connected log socket, which the output then owns.  -1: there is no
 * reader.
 */
void output_set_logsock(struct output *o, int fd);

/* True if a log socket is configured and is not connected. */
bool output_wants_logsock(const struct output *o);

/* Whether the configuration has a log socket. */
void output_use_logsock(struct output *o, bool use);

/*
 * Replaces the forwards by n connected sockets, which the output then owns; -1
 * for a target that cannot be reached.
 */
void output_set_forwards(struct output *o,
    const struct output_forward *forwards, size_t n);

/* Replaces forward i in the same way.  -1 if there is none. */
int output_renew_forward(struct output *o, size_t i,
    const struct output_forward *forward);

enum output_result {
	OUTPUT_STORED,
	OUTPUT_BUFFERED, /* outcome will be called */
	OUTPUT_NOWHERE,  /* the configuration has no output for it */
	/* Its log is full; or it has none, and the log socket no reader. */
	OUTPUT_LOST,
};

/*
 * Stores or buffers the record of this flow of the exporter, of len bytes up to
 * STORE_RECORD_MAX.  owner is not NULL.
 */
enum output_result output_put(struct output *o, const struct addr *exporter,
    const struct flow *flow, const uint8_t *record, size_t len, void *owner);

/*
 * Returns room for len bytes of records in the log's buffer, if all flows of the
 * exporter go to the same log and nowhere else, and it has room; otherwise NULL.
 */
uint8_t *output_room(struct output *o, const struct addr *exporter, size_t len);

/* Appends the first len bytes of that room, whole records, to the buffer. */
void output_commit(struct output *o, size_t len, size_t records, void *owner);

/*
 * Writes whole records from the buffers, not more than 1 MiB to each log, so
 * that receiving is not delayed.  Returns the number of bytes that stay.
 */
size_t output_flush(struct output *o);

/* Returns the number of bytes that are buffered for the logs. */
size_t output_left(const struct output *o);

/*
 * Whether a partial record was written to a log since the last call.  The
 * monitor cuts it off while the logs are paused, so that nothing is written.
 */
bool output_was_torn(struct output *o);
void output_pause_logs(struct output *o, bool pause);

/* Whether flowlog_is_dead() is true for a log. */
bool output_has_dead_log(const struct output *o);

/*
 * Sets output_npollfds() elements, one for each log and one for the log socket,
 * with fd -1 for those that do not wait.  The number changes only with
 * output_set_logs().
 */
size_t output_npollfds(const struct output *o);
void output_pollfds(const struct output *o, struct pollfd *pfds);

/* Sends a datagram to all forwards. */
void output_forward(struct output *o, const uint8_t *data, size_t len);

/*
 * Whether the sender of a datagram is one of the forwards of a flowd's workers.
 */
bool output_is_forward(const struct output *o, const struct addr *from,
    uint16_t port);

/* Sets the counters of logs, the log socket and forwards, and no others. */
void output_count(const struct output *o, struct collector_counters *counters);

#endif
