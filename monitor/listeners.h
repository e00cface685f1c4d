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
 * The monitor's listening sockets, and how they change with a configuration.
 */
#ifndef LISTENERS_H
#define LISTENERS_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

struct open_listener {
	struct conf_listen conf;
	int fds[CONFIG_WORKERS_MAX]; /* one for each worker */
	uint32_t kept; /* 0: new; or 1 + index in the set before */
};

struct listeners {
	struct open_listener *list;
	size_t n;
	uint32_t nworkers;
};

/*
 * Opens the listeners of conf and joins its groups.  Sockets of the set before
 * on the same address, port and interface are kept; those that will go are in
 * nobody's way.  conf_before, which that set belongs to, may be NULL with an
 * empty set.  -1 after a message; everything is as it was then.
 */
int listeners_open(struct listeners *l, const struct config *conf,
    const struct listeners *before, const struct config *conf_before);

/* Closes what listeners_open opened, and leaves what it joined. */
void listeners_back_out(struct listeners *l, const struct config *conf,
    const struct config *conf_before);

/*
 * What only the set before has gets no more datagrams; it can still be read.
 * From here on there is no way back.
 */
void listeners_retire(const struct listeners *l,
    const struct listeners *before);

/*
 * Makes l the set in force: closes what only the set before has, and leaves
 * the groups that conf lacks.  before is empty afterwards.
 */
void listeners_replace(struct listeners *l, const struct config *conf,
    struct listeners *before, const struct config *conf_before);

#endif
