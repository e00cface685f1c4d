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

#include <stdbool.h>

#include "privsep.h"

/*
 * Says what user and root directory the collector will not have, and why.  -1
 * after a message about what a start would fail at.
 */
int rights_check(const struct flowd_options *opts);

/* Whether this process has rights to give up. */
bool rights_to_drop(const struct flowd_options *opts);

/*
 * Becomes PRIVSEP_USER for good, inside PRIVSEP_PATH if asked, and makes sure
 * that there is no way back.  Ends the process where any of it fails.
 */
void rights_drop(bool do_chroot);

#endif
