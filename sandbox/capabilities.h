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
 * What Linux divides root's rights into.  Elsewhere these do nothing.
 */
#ifndef CAPABILITIES_H
#define CAPABILITIES_H

/*
 * Empties the set of what a program that is executed could have: none ever is.
 * Who may not do that needs no_new_privs instead.  -1 with errno.
 */
int capabilities_bound(void) __attribute__((warn_unused_result));

/*
 * Leaves the monitor those that opening logs and ports takes, and starting
 * and ending its children.  -1 with errno.
 */
int capabilities_keep(void) __attribute__((warn_unused_result));

/* Leaves none at all, whoever this process runs as.  -1 with errno. */
int capabilities_drop(void) __attribute__((warn_unused_result));

#endif
