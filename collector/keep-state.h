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
 * Keeps the state of exporters in the state file: the collector reads it at its
 * start, and writes it once a minute if it changed, and at the end.  The
 * monitor opens the file.
 *
 * Keeps it in the memory that the next collector takes over as well: whenever
 * it changed, but not so often that this costs more than 2 % of the time.
 */
#ifndef KEEP_STATE_H
#define KEEP_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log-limit.h"
#include "config/config.h"
#include "decode/exporters.h"
#include "ipc/takeover.h"

struct keep_state {
	int sock; /* to the monitor */
	struct exporter_table *exporters;
	bool asked;     /* the monitor has been asked for a file to write */
	bool due;       /* even if no exporter has changed */
	bool last;      /* the next write is the last; see state_pack() */
	bool successor; /* of a collector that died */
	struct takeover *takeover;
	bool changed;       /* since the state was put into that memory */
	uint64_t put_after; /* clock_ns(); it is put there again then */
	bool too_large;     /* for that memory */
	uint32_t saved;     /* epoch seconds; when it was last asked for */
	struct log_state unsaved; /* it cannot be written */
};

/*
 * Reads the state from the file fd, which is closed, at now in epoch seconds.
 * Of several collectors, each reads the exporters from which it receives;
 * number, from 1 on, is the number of this one.  After an error, which is
 * logged, part of the state may have been read.
 */
void keep_state_load(struct keep_state *k, int fd, const struct config *conf,
    uint32_t number, uint32_t now);

/*
 * Takes over the state of a collector that died, if there is any; now is in
 * epoch seconds.
 */
void keep_state_take_over(struct keep_state *k, uint32_t now);

/* Puts the state into the memory of the next collector, if that is due. */
void keep_state_put(struct keep_state *k);

/* A new configuration may name another file: the state is written soon. */
void keep_state_renew(struct keep_state *k);

/* Asks the monitor for a file if one is due.  -1: the monitor has ended. */
int keep_state_tick(struct keep_state *k, uint32_t now)
    __attribute__((warn_unused_result));

/* Asks for a file now, unless one was asked for.  -1 as above. */
int keep_state_ask(struct keep_state *k) __attribute__((warn_unused_result));

/*
 * Writes the state to the file that the monitor has created, and closes it.
 * fd is -1 if the monitor could not create one.  -1 as above.
 */
int keep_state_write(struct keep_state *k, int fd)
    __attribute__((warn_unused_result));

#endif
