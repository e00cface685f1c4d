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
 * A configuration and everything that the monitor opened for it.
 */
#ifndef OPENED_H
#define OPENED_H

#include <stdbool.h>

#include "config/config.h"
#include "monitor/control-socket.h"
#include "monitor/flowlogs.h"
#include "monitor/forwards.h"
#include "monitor/interfaces.h"
#include "monitor/listeners.h"
#include "sandbox/rights.h"

struct opened {
	/* The same for every configuration; set once, before the first. */
	const struct rights_options *rights;
	const char *state_magic; /* first bytes of a state file */

	struct config *conf; /* owned; NULL: no configuration is open */
	struct interfaces interfaces;
	struct listeners listeners;
	struct flowlogs logs;
	struct forwards forwards;
	struct control_sockets controls;
	bool state_off; /* the statefile is another program's file */
};

/*
 * Opens the listeners and logs of conf, all or none, and checks that its other
 * files can be written.  Changes conf->workers if that number is not possible.
 * before stays in force; before->conf is NULL at the start.  writing: a
 * collector is writing its state file.  -1 after a message; the caller then
 * frees conf.  o->controls does not change: the caller opens these.
 */
int opened_open(struct opened *o, struct config *conf,
    const struct opened *before, bool writing);

/*
 * Replaces o by next: closes the files and sockets that only o has, and frees
 * its conf.  The caller has sent next to the collectors.
 */
void opened_replace(struct opened *o, struct opened *next);

/* Closes the logs and frees the rest.  The collectors have exited. */
void opened_close(struct opened *o);

#endif
