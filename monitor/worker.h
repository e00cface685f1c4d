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
 * The collectors and their lives: each is started, receives a configuration,
 * and is replaced when it dies, with the same sockets and the datagrams that it
 * had not finished.
 */
#ifndef WORKER_H
#define WORKER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "ipc/batch.h"
#include "ipc/collector-place.h"
#include "monitor/deaths.h"
#include "base/log-limit.h"
#include "monitor/log-relay.h"
#include "monitor/opened.h"
#include "ipc/priv-msg.h"
#include "ipc/flowlog-lock.h"

/* A collector, or the place of one that died. */
struct worker {
	uint32_t number;           /* from 1 on */
	pid_t pid;                 /* -1: never started */
	int sock;                  /* to it; -1: none */
	struct log_relay messages; /* its standard error */
	bool ready;                /* has answered its first configuration */
	uint32_t configuring;      /* PRIV_READYs that it owes */
	uint32_t given_logs;       /* PRIV_LOG_TAKENs that it owes */
	uint32_t requests;         /* rate-limited, in this second: */
	time_t second;             /* clock_sec() */
	int state;                 /* state file being written; -1: none */
	struct batch *batch;       /* shared with it */
	struct deaths deaths;
};

struct workers {
	collector_main *collect;
	const struct rights_options *rights;
	bool debug;
	bool reloading; /* a new configuration is not yet in force */
	bool reopening; /* a former log file may still be written to */
	bool stopping;  /* PRIV_STOP was sent to all */
	struct flowlog_locks *locks; /* shared with the collectors */
	struct log_limit logsock_warned;
	uint32_t n;
	struct worker list[CONFIG_WORKERS_MAX];
};

/* Starts the collectors of o; -1 after a message. */
int workers_start(struct workers *ws, const struct opened *o);

/* Frees what workers_start allocated; the processes have ended. */
void workers_free(struct workers *ws);

/*
 * Sends the configuration of o with its descriptors; fresh: to a collector that
 * has none yet.  A collector that cannot receive it is killed, and its
 * successor receives it.
 */
void worker_send_config(struct workers *ws, struct worker *w,
    const struct opened *o, bool fresh);

/* Sends the new log socket, or that it has no reader.  -1 with errno. */
int worker_send_logsock(struct workers *ws, const struct worker *w,
    const struct config *conf);

/* Sends all collectors the new file of log i, as worker_send_config does. */
void workers_send_log(struct workers *ws, const struct flowlogs *logs,
    size_t i);

/* Sends all collectors an order after which they log their statistics. */
void workers_send_order(struct workers *ws, enum priv_type type);

/*
 * Kills a collector if it still runs, waits for it, and cleans up after it:
 * its messages, its state file, a crash dump, the ends of logs.  True if it
 * had been told to stop and exited with status 0.
 */
bool worker_reap(struct workers *ws, struct worker *w, const struct opened *o);

/* Reaps all that were not yet. */
void workers_reap_all(struct workers *ws, const struct opened *o);

/*
 * Starts the successor of a collector that was reaped.  -1 after a message if
 * too many died, or there is no memory.
 */
int worker_restart(struct workers *ws, struct worker *w,
    const struct opened *o);

/* Removes the state file that the collector is writing, if any. */
void worker_abandon_state(struct worker *w, const struct config *conf);

/* Whether any collector is writing its state file. */
bool workers_write_state(const struct workers *ws);

/* Whether all collectors are ready for the first time. */
bool workers_are_ready(const struct workers *ws);

/* Whether all have answered all configurations that they were sent. */
bool workers_are_configured(const struct workers *ws);

/* The same, and have taken all logs. */
bool workers_are_at_rest(const struct workers *ws);

/*
 * Reports a new configuration and reopened logs, once for all collectors, when
 * no collector uses the former ones any more.
 */
void workers_report(struct workers *ws);

/* Whether all were reaped. */
bool workers_are_gone(const struct workers *ws);

#endif
