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
 * An HTTP/1.0 server for Prometheus that only answers /metrics.  One process
 * serves all clients.  Their number is limited: a further one ends the oldest
 * that has not sent its request yet, or the oldest that reads its page if these
 * are more.  The clients of one second get the same page.
 */
#ifndef CTL_SERVE_H
#define CTL_SERVE_H

/*
 * Serves the metrics of the flowd with this control socket on ADDR:PORT until a
 * signal arrives.  acknowledged is a file of findings to leave out, or NULL; it
 * is read for each page.  Returns the exit status.
 */
int ctl_serve(const char *socket, const char *endpoint,
    const char *acknowledged);

#endif
