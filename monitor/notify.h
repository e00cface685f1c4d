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
 * Telling the service manager how flowd is doing, by the protocol of
 * sd_notify(3): a datagram of VARIABLE=value lines to the socket that the
 * environment's NOTIFY_SOCKET names.  Without one every call does nothing.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

/*
 * Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment,
 * so that children do not have them.
 */
void notify_begin(void);

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);

/*
 * Says that the monitor is alive, where that is wanted and due, and returns
 * the milliseconds until it is due again, or -1 where nobody wants to know.
 */
int notify_alive(void);

#endif
