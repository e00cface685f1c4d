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
 * The set of UDP sockets that a configuration names.  The monitor opens them,
 * and replaces the set when the configuration changes.
 */
#ifndef LISTENERS_H
#define LISTENERS_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "monitor/interfaces.h"

struct open_listener {
	struct conf_listen conf;
	int fds[CONFIG_WORKERS_MAX]; /* one for each worker */
	unsigned int ifindex; /* of the interface, which fds are bound to */
	uint32_t kept;        /* 0: new; or 1 + index in the set before */
};

struct listeners {
	struct open_listener *list;
	size_t n;
	uint32_t nworkers;
};

/*
 * Opens the listeners of conf and joins its groups.  Sockets of before on the
 * same address, port and interface are kept.  Other sockets of before do not
 * prevent new ones on addresses that overlap theirs.  conf_before is the
 * configuration of before; it may be NULL if before is empty.  Its groups on
 * interfaces that are gone are no error.  -1 after a message; nothing has
 * changed then.
 */
int listeners_open(struct listeners *l, const struct config *conf,
    const struct listeners *before, const struct config *conf_before);

/* Undoes listeners_open: closes new sockets, leaves joined groups. */
void listeners_back_out(struct listeners *l, const struct config *conf,
    const struct config *conf_before);

/*
 * Sockets that only before has receive no more datagrams, but those in their
 * buffers can still be read.  listeners_back_out must not follow.
 */
void listeners_retire(const struct listeners *l,
    const struct listeners *before);

/*
 * Replaces before by l: closes the sockets that only before has, and leaves
 * the groups that conf lacks.  before is empty afterwards.
 */
void listeners_replace(struct listeners *l, const struct config *conf,
    struct listeners *before, const struct config *conf_before);

/*
 * Replaces the sockets that are bound to the interface, and joins its groups
 * again.  Calls send for each listener with new sockets.  -1 with errno; a
 * later call continues.
 */
int listeners_renew(struct listeners *l, const struct config *conf,
    const struct new_interface *interface, void (*send)(void *arg, size_t i),
    void *arg);

#endif
