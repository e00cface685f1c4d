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
 * The monitor's side of the logs: their files, by names that the monitor
 * makes.
 */
#ifndef LOGFILES_H
#define LOGFILES_H

#include <stddef.h>

#include "config.h"
#include "privsep.h"

struct logfile {
	int fd;
};

struct logfiles {
	const struct config *conf;
	const struct flowd_options *opts;
	struct logfile *list; /* conf->nlogs */
};

/*
 * Opens the logs of conf, which has to live as long as they do; before are
 * those that the collector writes to meanwhile.  0, or -1 after a message where
 * one cannot be, and then none is open and no new file is left.
 */
int logfiles_open(struct logfiles *l, const struct config *conf,
    const struct flowd_options *opts, const struct logfiles *before);

void logfiles_close(struct logfiles *l);

/* Opens log i anew by its name.  -1 after a message: it is as it was. */
int logfiles_reopen(struct logfiles *l, size_t i);

#endif
