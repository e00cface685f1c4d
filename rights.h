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
 * Giving up the rights that flowd was started with.
 */
#ifndef RIGHTS_H
#define RIGHTS_H

#include <stddef.h>

#include "privsep.h"
#include "sandbox.h"

/*
 * Says what of user, root directory and sandbox the collector will not have,
 * and why.  -1 after a message about what a start would fail at.
 */
int rights_check(const struct flowd_options *opts);

/*
 * For good: keeps of the descriptors from 3 on those n alone, becomes
 * PRIVSEP_USER, in PRIVSEP_PATH unless the role is to open files, gives up all
 * capabilities, makes sure that there is no way back, and enters the sandbox.
 * What the user stated at the start is left out.  Ends the process where any of
 * it fails.
 */
void rights_drop(const struct flowd_options *opts, enum sandbox_role role,
    const int *keep, size_t n);

/*
 * The same for the monitor, which keeps user, root and descriptors, and what
 * it takes to open logs and ports and to start its children.
 */
void rights_reduce(const struct flowd_options *opts);

/* "USER, root DIR, sandbox NAME", as the collector runs.  Static. */
const char *rights_summary(const struct flowd_options *opts);

#endif
