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
 * The signals by which users control flowd.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stdbool.h>

enum signal_order {
	ORDER_STOP,
	ORDER_RELOAD,
	ORDER_REOPEN, /* the logs */
	ORDER_STATISTICS,
	NORDERS,
};

/*
 * The value that flowd -r queues with SIGHUP.  The monitor then answers with
 * SIGUSR1 if the new configuration is in force, or with SIGUSR2.
 */
#define SIGNALS_ANSWER 0x666c6f77

/*
 * Installs the handlers and blocks the signals.  They are delivered only in
 * signals_deliver, and in ppoll with the mask in *unblocked.  The end of a child
 * also ends the wait of ppoll.
 */
void signals_catch(sigset_t *unblocked);

/* Delivers pending signals, even if ppoll never has to wait. */
void signals_deliver(const sigset_t *unblocked);

/* Whether a signal with this order was received since the last call. */
bool signals_received(enum signal_order order);

/* Sends the result of a reload to the process that asked for it, if any. */
void signals_answer(bool success);

/*
 * In a collector: ignores and unblocks the signals.  A collector obeys only the
 * monitor.  Ctrl-C signals both, and the monitor stops the collector.
 */
void signals_ignore(void);

#endif
