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
 * The death of a collector: logs the cause, counts deaths, decides when the next
 * collector starts, and saves the datagrams that the dead one had received but
 * not processed.
 *
 * The successor starts at once.  After DEATHS_FREE deaths within a minute the
 * monitor waits: a second, and twice as long after each further death, up to
 * DEATHS_WAIT_MAX.  A collector that lives for a minute ends this.
 */
#ifndef DEATHS_H
#define DEATHS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"
#include "ipc/batch.h"

#define DEATHS_FREE     5 /* in DEATHS_SECONDS, before restarts have to wait */
#define DEATHS_SECONDS  60
#define DEATHS_WAIT_MAX 60 /* seconds */

/* The deaths of a collector and its predecessors.  Zeroed at the start. */
struct deaths {
	time_t when[CONFIG_DEATHS_MAX]; /* clock_sec(), latest first; 0: none */
	time_t born;      /* clock_sec(); the start of the latest collector */
	time_t wait;      /* seconds before the next start; 0: none */
	uint64_t number;  /* since the start of flowd */
	time_t latest;    /* epoch; 0: none */
	bool retried;     /* the first datagram of the batch is a retry */
	uint64_t skipped; /* datagrams */
};

/* Logs the cause of a death.  status is that of waitpid(2). */
void deaths_explain(pid_t pid, int status);

/*
 * Counts a death at now, of clock_sec().  Returns the number of deaths within
 * DEATHS_SECONDS, up to CONFIG_DEATHS_MAX.
 */
uint32_t deaths_count(struct deaths *d, time_t now);

/* Returns the seconds to wait before the next start; logs a wait. */
time_t deaths_wait(struct deaths *d, time_t now, uint32_t count);

/*
 * The batch for the next collector: the datagrams that the dead one had not
 * finished.  The datagram that it was processing is retried once, and after a
 * second death it is skipped and counted.  If the collector hung, it is skipped
 * at once.  All are logged.  NULL with errno.
 */
struct batch *deaths_inherit(struct deaths *d, const struct batch *old,
    bool hung);

#endif
