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
 * Between the monitor and the collector.  All messages are defined here.
 */
#ifndef PRIVSEP_H
#define PRIVSEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "config.h"
#include "turns.h"

/*
 * A message is this structure, in host order, through a stream socket; at
 * most one descriptor goes with it.  Even types are the collector's: they have
 * neither value nor body nor descriptor.  Odd types are the monitor's.
 */
struct priv_msg {
	uint32_t type;     /* enum priv_type */
	uint32_t value;    /* as the type says, else 0 */
	uint32_t body_len; /* bytes that follow; PRIV_CONFIG only */
};

enum priv_type {
	/*
	 * A configuration: PRIV_CONFIG, then its descriptors in the order of
	 * the configuration, then PRIV_COMMIT, which brings all into force.
	 */
	PRIV_CONFIG = 1, /* body: config_pack */
	/* With a descriptor; or value: 1 + which listener so far stays. */
	PRIV_LISTENER = 3,
	PRIV_FORWARD = 5, /* with a descriptor */
	PRIV_COMMIT = 7,

	/*
	 * With a descriptor.  Within a configuration: its next log; value is
	 * the log's turn (turns.h).  Otherwise: the new file of the log whose
	 * index in the configuration is value.
	 */
	PRIV_LOG = 9,
	/* The connected log socket; without a descriptor, nobody reads it. */
	PRIV_LOGSOCK = 11,
	PRIV_STATISTICS = 13, /* log them */
	PRIV_STOP = 15,       /* write everything received, and exit */
	PRIV_STATE = 17,      /* with a descriptor: the state to begin with */
	PRIV_STATE_FILE = 19, /* write it to this descriptor; none: not now */

	PRIV_LOGS_CUT = 21, /* they end with whole records */
	PRIV_CONTROL = 23,  /* within a configuration: listens for clients */

	PRIV_READY = 2,         /* the configuration is in force */
	PRIV_WANT_LOGSOCK = 4,  /* please connect it anew */
	PRIV_WANT_STATE = 6,    /* please begin a state file */
	PRIV_STATE_WRITTEN = 8, /* it is complete */
	/* A PRIV_LOG outside of a configuration is in use, the old file not. */
	PRIV_LOG_TAKEN = 10,
	/* A write was not whole; none is made until PRIV_LOGS_CUT. */
	PRIV_WANT_CUT = 12,
};

/* What the command line says. */
struct flowd_options {
	const char *conf_path;
	const struct conf_macro *macros;
	size_t nmacros;
	bool debug;      /* -d */
	bool foreground; /* -d or -g */
	bool insecure;   /* -X INSECURE */
	bool unconfined; /* -X NOSANDBOX */
};

/*
 * Sends a message, with fd where it is not -1.  Blocks, at most as long as the
 * socket's timeout.  -1 with errno.
 */
int priv_send(int sock, enum priv_type type, uint32_t value, const void *body,
    size_t body_len, int fd) __attribute__((warn_unused_result));

/*
 * Receives the fixed part; *fd is -1 where none came.  1, or 0 at the end of
 * file, or -1 with errno (EPROTO for what is no message).  A descriptor that
 * came is closed on failure.
 */
int priv_receive(int sock, struct priv_msg *msg, int *fd)
    __attribute__((warn_unused_result));

/*
 * Receives a request of the collector's.  1 with its type, which is one of
 * those above; 0 at the end of file; -1 for anything else.
 */
int priv_receive_request(int sock, enum priv_type *type)
    __attribute__((warn_unused_result));

/* Receives exactly len bytes of body.  -1 with errno. */
int priv_receive_body(int sock, void *body, size_t len)
    __attribute__((warn_unused_result));

/*
 * Reads the configuration at opts->conf_path in a child without rights.
 * NULL after messages.
 */
struct config *privsep_load_config(const struct flowd_options *opts);

/* What a collector starts with. */
struct collector_place {
	int sock;            /* to the monitor */
	struct batch *batch; /* to receive into; holds what is to do first */
	struct turns *turns; /* to write to logs */
	uint32_t number;     /* from 1 on; of config_workers */
};

/* Does not return. */
typedef void collector_main(const struct collector_place *place);

/*
 * Runs flowd: opens everything, detaches unless in the foreground, and
 * watches over the collectors.  These are collect, called in processes of their
 * own and without rights.  Returns the exit status.
 */
int monitor_run(const struct flowd_options *opts, struct config *conf,
    collector_main *collect);

#endif
