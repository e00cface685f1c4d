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
 * Capabilities of Linux: the parts of root's rights.  On other systems these
 * functions do nothing and return 0.
 */
#ifndef CAPABILITIES_H
#define CAPABILITIES_H

/*
 * Empties the bounding set, so that a program executed by this process could
 * gain no capability.  flowd executes no program.  A process that may not
 * change the set is left to no_new_privs.  -1 with errno.
 */
int capabilities_bound(void) __attribute__((warn_unused_result));

/*
 * Reduces the capabilities of the monitor to those for opening logs and ports,
 * and for starting and killing its children.  -1 with errno.
 */
int capabilities_keep(void) __attribute__((warn_unused_result));

/* Drops all capabilities of this process, also of root.  -1 with errno. */
int capabilities_drop(void) __attribute__((warn_unused_result));

#endif
