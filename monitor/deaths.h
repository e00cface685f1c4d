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
 * What becomes of it when a collector dies: why it did, whether that happens
 * too often, and the datagrams that it had taken from the kernel.
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

/* Of all collectors so far; starts zeroed. */
struct deaths {
	time_t when[DEATHS_MAX]; /* monotonic, latest first */
	bool retried;            /* the first that was left */
	uint64_t skipped;        /* datagrams */
};

/* Says why, from what waitpid told. */
void deaths_explain(pid_t pid, int status);

/* Whether one more, now, is too many; says so. */
bool deaths_too_many(struct deaths *d, time_t now);

/*
 * The batch for the next collector, with what the dead one had not done.  The
 * datagram that it had in hand is tried once more; the one that had been
 * tried so is left out, with a message, and counted.  NULL with errno.
 */
struct batch *deaths_inherit(struct deaths *d, const struct batch *old);

#endif
