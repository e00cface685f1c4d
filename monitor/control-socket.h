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
 * The monitor's control sockets, which flowdctl(8) connects to and the collectors
 * serve.
 */
#ifndef CONTROL_SOCKET_H
#define CONTROL_SOCKET_H

#include "compat/compat.h"

#include <sys/types.h>

#include <stdbool.h>

#include "config/config.h"

struct control_socket {
	int fd; /* listens */
	bool kept;
	dev_t device; /* of the file, while it is ours */
	ino_t inode;
};

/* One for each collector: that of number K is PATH.K, of the first PATH. */
struct control_sockets {
	struct control_socket list[CONFIG_WORKERS_MAX];
	uint32_t n; /* 0: none */
};

/*
 * Whether the group is there; -1 after a message.  Called once before the
 * monitor is confined, it loads what looks up groups in this system.
 */
int control_socket_check(const struct config *conf);

/*
 * Opens what conf states for n collectors, or keeps those before where their
 * paths are the same and still lead to them.  What nobody listens at is
 * replaced if it is a socket.  before and conf_before are NULL at the start.
 * -1 after a message; all is as it was then.
 *
 * The kernel tells whoever connects the process that listens: this one, which
 * is what flowdctl(8) signals.
 */
int control_sockets_open(struct control_sockets *s, const struct config *conf,
    uint32_t n, const struct control_sockets *before,
    const struct config *conf_before);

/* Removes what control_sockets_open made, and undoes what it changed. */
void control_sockets_back_out(struct control_sockets *s,
    const struct config *conf, const struct config *conf_before);

/* Makes s those in force; of the ones before those go that were not kept. */
void control_sockets_replace(struct control_sockets *s,
    struct control_sockets *before, const struct config *conf_before);

/* Closes them, and removes their files but those that are another's by now. */
void control_sockets_remove(struct control_sockets *s,
    const struct config *conf);

/* That of the collector with this number, or -1. */
int control_sockets_fd(const struct control_sockets *s, uint32_t number);

#endif
