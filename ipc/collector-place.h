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
 * The descriptors and the shared memory that the monitor passes to a collector
 * when it starts it.
 */
#ifndef COLLECTOR_PLACE_H
#define COLLECTOR_PLACE_H

#include <stdint.h>

#include "ipc/batch.h"
#include "ipc/flowlog-lock.h"
#include "ipc/takeover.h"

/* The collector owns none of these; all are valid until it exits. */
struct collector_place {
	int sock;                  /* to the monitor; see priv-msg.h */
	struct batch *batch;       /* may have datagrams of a dead collector */
	struct takeover *takeover; /* may have the state of a dead collector */
	struct flowlog_locks *locks; /* of the logs */
	uint32_t number; /* of this collector, 1 to config_workers() */
};

/* The collector's main function.  It calls exit() and does not return. */
typedef void collector_main(const struct collector_place *place);

#endif
