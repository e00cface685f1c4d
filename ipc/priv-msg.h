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
 * The messages between the monitor and a collector.  All of them are defined
 * here.
 */
#ifndef PRIV_MSG_H
#define PRIV_MSG_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/*
 * A message is this structure, in host byte order, on a stream socket, with at
 * most one descriptor.  Even types are requests of the collector, which carry
 * no value and no descriptor; only PRIV_WANT_EXPORTER_LOG has a body.  Odd types are
 * orders of the monitor.
 */
struct priv_msg {
	uint32_t type;     /* enum priv_type */
	uint32_t value;    /* defined by the type, else 0 */
	uint32_t body_len; /* bytes that follow */
};

enum priv_type {
	/*
	 * A configuration: PRIV_CONFIG, then its descriptors in the order of
	 * the configuration, then PRIV_COMMIT, which puts it into force.
	 */
	PRIV_CONFIG = 1, /* body: config_pack() */
	/*
	 * Within a configuration: its next listener, with a descriptor; or
	 * value: 1 + index of a listener to keep.  Otherwise: the new socket of
	 * the listener whose index in the configuration is value.
	 */
	PRIV_LISTENER = 3,
	/*
	 * Body: struct priv_forward; without a descriptor if the target cannot
	 * be reached.  Within a configuration: its next forward.  Otherwise:
	 * the new socket of the forward whose index is value.
	 */
	PRIV_FORWARD = 5,
	PRIV_COMMIT = 7,

	/*
	 * With a descriptor.  Within a configuration: its next log; value is
	 * the index of its lock (flowlog-lock.h).  Otherwise: the new file of
	 * the log whose index in the configuration is value.
	 */
	PRIV_LOG = 9,
	/* The connected log socket; without a descriptor it has no reader. */
	PRIV_LOGSOCK = 11,
	PRIV_STATISTICS = 13, /* log them */
	PRIV_STOP = 15,       /* write everything received, then exit */
	PRIV_STATE = 17,      /* with a descriptor: the state to start with */
	PRIV_STATE_FILE = 19, /* write the state to it; none: not now */

	/* All logs end with a whole record.  Answers both requests for logs. */
	PRIV_LOGS_REPAIRED = 21,
	PRIV_CONTROL = 23, /* in a configuration: the listening socket */
	/*
	 * Answers PRIV_WANT_EXPORTER_LOG: the log, with value as in a configuration; or
	 * no descriptor, if the log cannot be opened now.
	 */
	PRIV_EXPORTER_LOG = 25,
	/* Close the log in the place that is value; PRIV_LOG_TAKEN follows. */
	PRIV_CLOSE_LOG = 27,

	PRIV_READY = 2,         /* the configuration is in force */
	PRIV_WANT_LOGSOCK = 4,  /* reconnect the log socket */
	PRIV_WANT_STATE = 6,    /* create a state file */
	PRIV_STATE_WRITTEN = 8, /* the state file is complete */
	/*
	 * A PRIV_LOG outside a configuration replaced the descriptor, or
	 * PRIV_CLOSE_LOG closed it.
	 */
	PRIV_LOG_TAKEN = 10,
	/*
	 * A write was short; the collector writes none until
	 * PRIV_LOGS_REPAIRED.
	 */
	PRIV_WANT_REPAIR = 12,
	/*
	 * A descriptor of a log is dead.  The collector writes to no log until
	 * PRIV_LOGS_REPAIRED.  Before that, it receives a PRIV_LOG for each log
	 * that the monitor could open again.
	 */
	PRIV_WANT_LOGS = 14,
	/*
	 * Open the log of an exporter; body: struct priv_want_log.  The
	 * collector has closed the log that was in this place.
	 */
	PRIV_WANT_EXPORTER_LOG = 16,
};

struct priv_want_log {
	uint32_t place; /* of this collector */
	uint32_t log;   /* its index in the configuration */
	struct addr exporter;
};

/* A request as the monitor receives it. */
struct priv_request {
	uint32_t type; /* of any value */
	struct priv_want_log
	    want; /* all zero unless type is PRIV_WANT_EXPORTER_LOG */
};

/* The address that a forwarding socket sends from. */
struct priv_forward {
	struct addr addr; /* ADDR_NONE: unknown */
	uint32_t port;
};

/*
 * Sends a message, with fd unless that is -1.  Blocks until the socket's
 * time-out at most.  -1 with errno.
 */
int priv_send(int sock, enum priv_type type, uint32_t value, const void *body,
    size_t body_len, int fd) __attribute__((warn_unused_result));

/*
 * Receives the fixed part; *fd is -1 if no descriptor came, else the caller
 * closes it.  1, or 0 at the end of file, or -1 with errno (EPROTO for an
 * invalid message), with no descriptor left open.
 */
int priv_receive(int sock, struct priv_msg *msg, int *fd)
    __attribute__((warn_unused_result));

/* Sends PRIV_WANT_EXPORTER_LOG.  -1 with errno. */
int priv_send_want_log(int sock, const struct priv_want_log *want)
    __attribute__((warn_unused_result));

/*
 * Receives a request of the collector.  1 for a request of any type; 0 at the
 * end of file; -1 for a message that is cut short, or that has a value, a
 * descriptor, or another body than its type has.
 */
int priv_receive_request(int sock, struct priv_request *request)
    __attribute__((warn_unused_result));

/* Receives exactly len bytes of body.  -1 with errno. */
int priv_receive_body(int sock, void *body, size_t len)
    __attribute__((warn_unused_result));

#endif
