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
 * The connected socket through which a collector sends to the log socket.  The
 * monitor opens it, since the sandbox of a collector does not permit
 * connect(2).
 */
#ifndef SENDERS_H
#define SENDERS_H

#include "base/log-limit.h"
#include "config/config.h"

/* Conditions of the log socket, for its messages.  Zeroed at the start. */
struct sender_conditions {
	struct log_state unconnected, small;
};

/*
 * A socket connected to the log socket of conf.  -1 if it has no reader, after
 * a message whose rate is limited.
 */
int sender_open_logsock(const struct config *conf,
    struct sender_conditions *conditions);

#endif
