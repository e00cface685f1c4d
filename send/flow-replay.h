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
 * Makes datagrams from the flows of a log, as an exporter would send them.  It
 * makes one at a time, so that logs of any length can be sent.
 */
#ifndef FLOW_REPLAY_H
#define FLOW_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "send/flow-load.h"

struct replay;

/* The result, which is the exit status of flow-send. */
enum replay_status {
	REPLAY_ALL = 0,
	REPLAY_FAILED = 1,   /* the log could not be read to its end */
	REPLAY_LEFT_OUT = 2, /* the version cannot carry some of the flows */
};

/*
 * path may be "-". version is 5, 9 or 10.  The agents of the log are numbered
 * in the order of their appearance, from 0 to nsources - 1, for
 * packet.exporter; all further agents share the last number.  Exits with a
 * message on failure.
 */
struct replay *replay_open(const char *path, uint16_t version, size_t nsources);

/* The load_next of a replay, which is arg. */
struct packet *replay_next(void *arg);

/* Reports which flows were left out, and frees the replay. */
enum replay_status replay_close(struct replay *rp);

#endif
