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
 * Watches over the interfaces that a configuration names.  Sockets and groups
 * belong to the index of an interface: they are of no use any more when it was
 * removed, also after an interface of the same name was created.
 *
 * The monitor compares the indices every few seconds.  Messages of the kernel,
 * such as those of rtnetlink(7), would arrive earlier, but differ between
 * systems, and a process with rights would have to parse them.
 */
#ifndef INTERFACES_H
#define INTERFACES_H

#include <net/if.h>

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/log-limit.h"
#include "config/config.h"

struct watched_interface {
	char name[IF_NAMESIZE];
	unsigned int index; /* of the sockets and groups on it */
	bool gone;          /* when it was last looked for */
	struct log_state gone_logged, failure_logged;
};

struct interfaces {
	struct watched_interface *list;
	size_t n;
	time_t checked; /* clock_sec() */
};

/*
 * Finds the interfaces of conf.  Call it before the listeners are opened.
 * before: the interfaces of the configuration that is in force.
 */
void interfaces_open(struct interfaces *in, const struct config *conf,
    const struct interfaces *before);

void interfaces_close(struct interfaces *in);

/* The milliseconds until interfaces_check is due; -1: never. */
int interfaces_wait(const struct interfaces *in);

/* An interface that was removed and created again. */
struct new_interface {
	const char *name;
	unsigned int old_index, index;
};

/*
 * Looks for all interfaces and logs changes.  For an interface that was created
 * again, calls renew, which replaces the sockets on it.  If renew returns -1
 * with errno, it is called again at the next check.
 */
void interfaces_check(struct interfaces *in,
    int (*renew)(void *arg, const struct new_interface *new), void *arg);

#endif
