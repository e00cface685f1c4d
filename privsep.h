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
 * The monitor: the process that keeps the rights that flowd was started with.
 */
#ifndef PRIVSEP_H
#define PRIVSEP_H

#include <stdbool.h>

#include "config/config.h"
#include "ipc/collector-place.h"
#include "sandbox/rights.h"

/* Options of the command line, and the magic bytes of a state file. */
struct monitor_options {
	struct config_source source;
	struct rights_options rights;
	bool debug;              /* -d */
	bool foreground;         /* -d or -g */
	const char *pidfile;     /* -p, if conf has none; NULL: not given */
	const char *state_magic; /* first bytes of a state file */
};

/*
 * The pidfile of a flowd with this configuration and these options.  NULL: it
 * writes none.
 */
const char *monitor_pidfile(const struct monitor_options *opts,
    const struct config *conf);

/*
 * Runs flowd: opens everything that conf names, detaches unless in the
 * foreground, and starts, restarts and stops the collectors.  Each collector
 * is a process without rights that calls collect.  Takes ownership of conf.
 * Returns the exit status of flowd.
 */
int monitor_run(const struct monitor_options *opts, struct config *conf,
    collector_main *collect);

#endif
