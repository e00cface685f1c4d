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
 * A configuration that the collector is receiving from the monitor: the packed
 * text of flowd.conf, then its descriptors in the order of priv-msg.h.  Any
 * deviation from the protocol ends the process.
 */
#ifndef STAGED_H
#define STAGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/output.h"
#include "collector/receive.h"
#include "config/config.h"

struct staged {
	struct config *conf;             /* NULL: no configuration is staged */
	struct listener *listeners;      /* conf->nlistens */
	size_t nlisteners;               /* received */
	struct output_forward *forwards; /* conf->nforwards */
	size_t nforwards;
	struct output_log *logs; /* conf->nlogs */
	size_t nlogs;
	int logsock; /* -1: none, or its reader is absent */
	int control; /* -1: none */
};

void staged_init(struct staged *s);

/* Reads a packed configuration of len bytes from sock.  -1 with errno. */
int staged_begin(struct staged *s, int sock, size_t len)
    __attribute__((warn_unused_result));

/* These take ownership of descriptors, of which -1 is none. */
void staged_add_listener(struct staged *s, const struct listener *listener);
void staged_add_forward(struct staged *s, const struct output_forward *forward);
void staged_add_log(struct staged *s, int fd, uint32_t lock);
void staged_set_control(struct staged *s, int fd);

/* Whether the descriptors that the configuration needs are there. */
bool staged_is_complete(const struct staged *s);

#endif
