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
 * Moves flowd to the background.
 */
#ifndef DAEMONIZE_H
#define DAEMONIZE_H

#include <stdbool.h>

/*
 * Forks and detaches from the session.  The process that flowd was started as
 * waits, and exits with status 0 after daemonize_finish, or with 1 if the
 * background process ends before that.  Returns the descriptor for
 * daemonize_finish, in the background process.
 */
int daemonize_begin(void);

/*
 * After the start: lets the first process exit, and disconnects from the
 * terminal.
 */
void daemonize_finish(int waiting, bool debug);

/* Replaces the descriptors from standard input to last by /dev/null. */
void daemonize_forget_terminal(int last);

#endif
