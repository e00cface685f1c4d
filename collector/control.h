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
 * The control socket in the collector: serves some clients at once.  Each sends
 * a request and receives an answer, as control-msg.h defines them.  A client
 * can only read.  It costs the memory of one buffer, about 0.2 ms for each
 * 64 KiB of its answer and, if it asks for sums, one pass through all
 * exporters: 20 ms for 65,000.  A client is disconnected after some seconds
 * without progress, and after a minute in any case.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/sockets.h"
#include "config/config.h"
#include "control/control-msg.h"
#include "decode/exporter.h"
#include "filter.h"

#define CONTROL_CLIENTS  8  /* at once; further ones wait in the backlog */
#define CONTROL_PATIENCE 10 /* seconds without progress */
#define CONTROL_CROWDED  1  /* the same while CONTROL_CLIENTS are served */
#define CONTROL_SECONDS  60 /* for the request and the answer */

/* One for the socket, and one for each client. */
#define CONTROL_POLLFDS (1 + CONTROL_CLIENTS)

/* The data for answers.  Valid until the next control_use(). */
struct control_source {
	uint32_t worker, workers; /* this collector's number; how many */
	const struct exporter_table *exporters;
	const struct filter *filter;
	const struct config *conf;
	const struct sockets *sockets; /* the listeners of conf */
	/* Sets every counter that belongs to no exporter. */
	void (*count)(void *arg, struct collector_counters *counters);
	void *arg;
	uint64_t last_death; /* of a collector, epoch seconds; 0: none */
};

struct control;

/* now is in epoch seconds.  NULL if memory is exhausted. */
struct control *control_new(uint32_t now);

/*
 * Replaces the listening socket by fd, which it then owns; -1: no socket.
 * Disconnects all clients, because the source may have changed.
 */
void control_use(struct control *c, int fd,
    const struct control_source *source);

/* Sets CONTROL_POLLFDS elements; fd is -1 where nothing is expected. */
void control_pollfds(const struct control *c, struct pollfd *pfds);

/* Serves each socket with events once. */
void control_serve(struct control *c, const struct pollfd *pfds, uint32_t now);

/* Disconnects clients that are too slow; now is in epoch seconds. */
void control_expire(struct control *c, uint32_t now);

#endif
