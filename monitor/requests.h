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
 * The requests that a collector may send to the monitor.  The table in
 * requests.c is the policy: a collector that sends anything else is killed.  A
 * request is one struct priv_msg without a value or a descriptor.  Only one type
 * has a body, which is numbers and an address, so no path, length or text of a
 * collector reaches the monitor.
 */
#ifndef REQUESTS_H
#define REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/opened.h"
#include "monitor/worker.h"

/* Limited requests of a collector: logs of exporters, and all others. */
#define REQUESTS_LOGS_A_SECOND 300
#define REQUESTS_A_SECOND      20

/* Whether the collector may send a request of this type now, at any rate. */
bool request_is_allowed(const struct worker *w, uint32_t type);

/*
 * Receives a request and answers it.  1; 0 at the end of file; -1 for anything
 * that is not allowed, or if the answer cannot be sent.
 */
int request_answer(struct workers *ws, struct worker *w, struct opened *o);

#endif
