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
 * The control socket in the collector: a few clients at once, each of which
 * sends a request and gets an answer; control-msg.h has both.  All they can do
 * is to read.  A client takes the memory of one buffer and, while it takes its
 * answer, the time to fill that: about 0.2 ms for each 64 KiB,
 * and for the sums a pass through all exporters, 20 ms for 65,000 of them.
 * One that does not send or take anything for some seconds is dropped,
 * and so is one that takes a minute for all.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "control/control-msg.h"
#include "decode/exporter.h"
#include "filter.h"

#define CONTROL_CLIENTS  8  /* at once; others wait for their turn */
#define CONTROL_PATIENCE 10 /* seconds without progress */
#define CONTROL_CROWDED  1  /* the same, where all places are taken */
#define CONTROL_SECONDS  60 /* for all of it */

/* One for the socket, and one for each client. */
#define CONTROL_POLLFDS (1 + CONTROL_CLIENTS)

/* Where answers come from. */
struct control_source {
	uint32_t worker, workers; /* which of how many collectors */
	const struct exporter_table *exporters;
	const struct filter *filter;
	/* Sets every counter that belongs to no exporter. */
	void (*count)(void *arg, struct collector_counters *counters);
	void *arg;
};

struct control;

struct control *control_new(uint32_t now); /* NULL without memory */

/*
 * Goes on with the socket fd, owned from here on, or with none where it is -1.
 * Clients are dropped, since the source may have changed.
 */
void control_use(struct control *c, int fd,
    const struct control_source *source);

/* What to poll for; CONTROL_POLLFDS of them, with fd -1 where nothing is. */
void control_pollfds(const struct control *c, struct pollfd *pfds);

/* Does what these say, once for each of them. */
void control_serve(struct control *c, const struct pollfd *pfds, uint32_t now);

/* Drops who is too slow; now is in epoch seconds. */
void control_expire(struct control *c, uint32_t now);

#endif
