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
 * The control sockets.  The monitor opens them, flowdctl(8) connects to them,
 * and the collectors answer.
 */
#ifndef CONTROL_SOCKET_H
#define CONTROL_SOCKET_H

#include "compat/compat.h"

#include <sys/types.h>

#include <stdbool.h>

#include "config/config.h"

struct control_socket {
	int fd;       /* listening */
	bool kept;    /* from the set before */
	dev_t device; /* of the file at its path when it was created */
	ino_t inode;
};

/* One socket per collector: PATH for the first, PATH.K for number K. */
struct control_sockets {
	struct control_socket list[CONFIG_WORKERS_MAX];
	uint32_t n; /* 0: none */
};

/*
 * Checks that the group exists; -1 after a message.  Called once before the
 * monitor enters its sandbox, so that the C library loads its name service.
 */
int control_socket_check(const struct config *conf);

/*
 * Opens the control sockets of conf for n collectors.  A socket of before is
 * kept if its path has not changed and its file is still in place.  A socket
 * file on which no process listens is replaced.  before and conf_before are
 * NULL at the start.  -1 after a message; nothing has changed then.
 *
 * The kernel reports the process that called listen to clients.  It is the
 * monitor, so flowdctl(8) knows which process to signal.
 */
int control_sockets_open(struct control_sockets *s, const struct config *conf,
    uint32_t n, const struct control_sockets *before,
    const struct config *conf_before);

/* Undoes control_sockets_open: removes new sockets, restores groups. */
void control_sockets_back_out(struct control_sockets *s,
    const struct config *conf, const struct config *conf_before);

/* Replaces before by s: removes the sockets of before that s did not keep. */
void control_sockets_replace(struct control_sockets *s,
    struct control_sockets *before, const struct config *conf_before);

/* Closes the sockets and removes those files that are still theirs. */
void control_sockets_remove(struct control_sockets *s,
    const struct config *conf);

/* The listening socket of the collector with this number, or -1. */
int control_sockets_fd(const struct control_sockets *s, uint32_t number);

#endif
