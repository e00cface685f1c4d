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
 * The death of a collector: logs the cause, counts deaths, and saves the
 * datagrams that the collector had received but not processed.
 */
#ifndef DEATHS_H
#define DEATHS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "ipc/batch.h"

#define DEATHS_MAX     5 /* in DEATHS_SECONDS */
#define DEATHS_SECONDS 60

/* The deaths of a collector and its predecessors.  Zeroed at the start. */
struct deaths {
	time_t when[DEATHS_MAX]; /* monotonic, latest first */
	bool retried;     /* the first datagram of the batch is a retry */
	uint64_t skipped; /* datagrams */
};

/* Logs the cause of a death.  status is that of waitpid(2). */
void deaths_explain(pid_t pid, int status);

/* Counts a death.  True after a message if there were too many. */
bool deaths_too_many(struct deaths *d, time_t now);

/*
 * The batch for the next collector: the datagrams that the dead one had not
 * finished.  The datagram that it was processing is retried once, and after a
 * second death it is skipped and counted.  Both are logged.  NULL with errno.
 */
struct batch *deaths_inherit(struct deaths *d, const struct batch *old);

#endif
