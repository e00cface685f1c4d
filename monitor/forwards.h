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
 * The sockets that forward datagrams to other collectors.  All workers send on
 * the same sockets, so each worker recognises the datagrams of the others.
 */
#ifndef FORWARDS_H
#define FORWARDS_H

#include <stddef.h>

#include "config/config.h"
#include "ipc/priv-msg.h"
#include "monitor/interfaces.h"

struct open_forward {
	int fd; /* -1: it could not be opened */
	struct priv_forward self;
};

struct forwards {
	struct open_forward *list; /* as in the configuration */
	size_t n;
};

/*
 * Checks that no target is a listener of conf on any address, which would
 * receive the datagrams and forward them again.  -1 after a message.
 */
int forwards_check(const struct config *conf);

/* Opens a socket to each target.  Logs failures, and continues. */
void forwards_open(struct forwards *f, const struct config *conf);

/*
 * Replaces the sockets to targets on an interface that was created again.
 * Calls send for each of them.  -1 with errno if one cannot be opened.
 */
int forwards_renew(struct forwards *f, const struct config *conf,
    const struct new_interface *interface, void (*send)(void *arg, size_t i),
    void *arg);

void forwards_close(struct forwards *f);

#endif
