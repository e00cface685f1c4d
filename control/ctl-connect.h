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
 * Requests to a running flowd over its control sockets, and signals to it.
 */
#ifndef CTL_CONNECT_H
#define CTL_CONNECT_H

#include <sys/types.h>

#include "control/control-msg.h"
#include "control/ctl-answer.h"

/*
 * Sends the request to all collectors of the flowd whose control socket is at
 * path, and receives their answers, sorted.  -1 after a message.
 */
int ctl_ask(const char *path, const struct control_request *request,
    struct answer *answer) __attribute__((warn_unused_result));

/*
 * Sends a signal to the monitor.  The kernel reports the process that opened
 * the socket, so that the collector cannot choose it.  -1 after a message.
 */
int ctl_signal(const char *path, int signal)
    __attribute__((warn_unused_result));

#endif
