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
 * Dropping the rights that flowd was started with.
 */
#ifndef RIGHTS_H
#define RIGHTS_H

#include <stdbool.h>
#include <stddef.h>

#include "sandbox/sandbox.h"

/* Rights that the user has flowd keep, by its command line.  Zeroed: none. */
struct rights_options {
	bool insecure;   /* -X INSECURE: user and root directory */
	bool unconfined; /* -X NOSANDBOX: no sandbox is entered */
};

/*
 * Logs which of user, root directory and sandbox the collector will not have,
 * and why.  -1 after a message if flowd cannot start like this.
 */
int rights_check(const struct rights_options *opts);

/*
 * Drops all rights of this process, irrevocably: closes every descriptor from
 * 3 on but the n in keep, becomes PRIVSEP_USER with PRIVSEP_PATH as its root
 * (not the parser, which opens files), drops all capabilities, checks that no
 * right can be regained, and enters the sandbox of the role.  Steps that opts
 * excludes are skipped.  Exits after a message if a step fails.
 */
void rights_drop(const struct rights_options *opts, enum sandbox_role role,
    const int *keep, size_t n);

/*
 * The same for the monitor.  It keeps its user, root directory and descriptors,
 * and the capabilities to open logs and ports and to start its children.
 */
void rights_reduce(const struct rights_options *opts);

/* "USER, root DIR, sandbox NAME" of the collector, in a static buffer. */
const char *rights_summary(const struct rights_options *opts);

#endif
