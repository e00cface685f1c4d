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
 * Notifies the service manager of the state of flowd, by the protocol of
 * sd_notify(3): a datagram of VARIABLE=value lines to the socket named in the
 * environment variable NOTIFY_SOCKET.  Without it every function does nothing.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

/*
 * Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and removes them from the
 * environment, so that children do not inherit them.
 */
void notify_begin(void);

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);

/*
 * Resets the watchdog of the service manager if it is due.  Returns the
 * milliseconds until it is due again, or -1 if there is no watchdog.
 */
int notify_alive(void);

#endif
