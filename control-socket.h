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
 * The monitor's control socket, which flowdctl(8) connects to and the collector
 * serves.
 */
#ifndef CONTROL_SOCKET_H
#define CONTROL_SOCKET_H

#include "compat.h"

#include <sys/types.h>

#include <stdbool.h>

#include "config.h"

struct control_socket {
	int fd; /* listens; -1: none */
	bool kept;
	dev_t device; /* of the file, while it is ours */
	ino_t inode;
};

/*
 * Whether the group is there; -1 after a message.  Called once before the
 * monitor is confined, it loads what looks up groups in this system.
 */
int control_socket_check(const struct config *conf);

/*
 * Opens what conf states, or keeps the one before where its path is the same
 * and still leads to it.  What nobody listens at is replaced if it is a socket.
 * Both of before are NULL at the start.  -1 after a message; all is
 * as it was then.
 *
 * The kernel tells whoever connects the process that listens: this one, which
 * is what flowdctl(8) signals.
 */
int control_socket_open(struct control_socket *s, const struct config *conf,
    const struct control_socket *before, const struct config *conf_before);

/* Removes what control_socket_open made, and undoes what it changed. */
void control_socket_back_out(struct control_socket *s,
    const struct config *conf, const struct config *conf_before);

/* Makes s the one in force; the one before goes unless it was kept. */
void control_socket_replace(struct control_socket *s,
    struct control_socket *before, const struct config *conf_before);

/* Closes it, and removes its file unless that is another's by now. */
void control_socket_remove(struct control_socket *s, const struct config *conf);

#endif
