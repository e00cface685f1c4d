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
 * Drops the rights that flowd was started with.
 */
#ifndef RIGHTS_H
#define RIGHTS_H

#include <stdbool.h>
#include <stddef.h>

#include "sandbox/sandbox.h"

/* Steps that the command line excludes.  Zeroed: none. */
struct rights_options {
	bool insecure;   /* -X INSECURE: keep the user and the root directory */
	bool unconfined; /* -X NOSANDBOX: enter no sandbox */
};

/*
 * Logs a warning if the collector will keep its user and root directory, or
 * run without a sandbox, and why.  -1 after a message if flowd cannot start
 * with these options, user and root directory.
 */
int rights_check(const struct rights_options *opts);

/*
 * Drops all rights of this process, irrevocably.  Closes every descriptor from
 * 3 on except the n in keep, changes the root directory to PRIVSEP_PATH (not
 * for the parser, which opens files), becomes PRIVSEP_USER, checks that no
 * right can be regained, drops all capabilities, and enters the sandbox of the
 * role.  Skips the steps that opts excludes.  Exits after a message if a step
 * fails.
 */
void rights_drop(const struct rights_options *opts, enum sandbox_role role,
    const int *keep, size_t n);

/*
 * Reduces the rights of the monitor.  It keeps its user, root directory and
 * descriptors, and the capabilities to open logs and ports and to start its
 * children.
 */
void rights_reduce(const struct rights_options *opts);

/* "USER, root DIR, sandbox NAME" of the collector, in a static buffer. */
const char *rights_summary(const struct rights_options *opts);

#endif
