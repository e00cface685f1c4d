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
 * The collector processes.  The monitor starts them, sends them the
 * configuration, and replaces one that dies.  The successor has the same
 * sockets, and the datagrams that the dead one had not finished.
 */
#ifndef WORKER_H
#define WORKER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/log-limit.h"
#include "ipc/batch.h"
#include "ipc/collector-place.h"
#include "ipc/flowlog-lock.h"
#include "ipc/priv-msg.h"
#include "ipc/takeover.h"
#include "monitor/deaths.h"
#include "monitor/log-relay.h"
#include "monitor/opened.h"
#include "monitor/senders.h"
#include "monitor/watch.h"

/* A collector and, after its death, its successor. */
struct worker {
	uint32_t number;           /* from 1 on */
	pid_t pid;                 /* -1: never started */
	int sock;                  /* to the collector; -1: it was reaped */
	struct log_relay messages; /* its standard error */
	bool ready;                /* has answered its first configuration */
	uint32_t configuring;      /* PRIV_READYs that it has yet to send */
	uint32_t sent_logs;        /* PRIV_LOG_TAKENs that it has yet to send */
	uint32_t requests;         /* limited ones in the second below */
	uint32_t wanted_logs;      /* the same of PRIV_WANT_EXPORTER_LOG */
	time_t second;             /* clock_sec() */
	int state;                 /* state file being written; -1: none */
	struct log_state unsaved;  /* the state file cannot be written */
	struct batch *batch;       /* shared with the collector */
	struct takeover *takeover; /* shared with the collector */
	time_t restart;   /* clock_sec() of the next attempt; 0: none is due */
	bool inherited;   /* batch is the successor's */
	uint32_t unready; /* deaths in turn before it was ready */
	time_t failing;   /* clock_sec() of the first that failed; 0: none */
	struct deaths deaths;
	struct watch watch;
};

struct workers {
	collector_main *collect;
	const struct rights_options *rights;
	bool debug;
	bool reloading; /* a new configuration is not yet in force */
	bool reopening; /* a collector may still write to an old log */
	bool stopping;  /* PRIV_STOP was sent to all */
	struct flowlog_locks *locks; /* shared with the collectors */
	struct sender_conditions logsock;
	uint32_t n;
	struct worker list[CONFIG_WORKERS_MAX];
};

/* Starts the collectors of o; -1 after a message. */
int workers_start(struct workers *ws, const struct opened *o);

/* Frees the memory of workers_start.  The collectors have exited. */
void workers_free(struct workers *ws);

/*
 * Sends the configuration of o with its descriptors.  fresh: the collector has
 * no configuration yet.  If it does not receive within 10 seconds, it is
 * killed, and its successor receives the configuration.
 */
void worker_send_config(struct workers *ws, struct worker *w,
    const struct opened *o, bool fresh);

/*
 * Sends a duplicate of fd, with the rights that a collector needs for it.  -1
 * with errno.
 */
int worker_send_fd(const struct workers *ws, const struct worker *w,
    enum priv_type type, uint32_t value, int fd)
    __attribute__((warn_unused_result));

/*
 * Sends a socket that is connected to the log socket, or none if the log socket
 * has no reader.  -1 with errno.
 */
int worker_send_logsock(struct workers *ws, const struct worker *w,
    const struct config *conf);

/*
 * Sends the new file of log i to all collectors, as worker_send_config does.  If
 * it is the log of an exporter, makes the collectors close it.
 */
void workers_send_log(struct workers *ws, const struct flowlogs *logs,
    size_t i);

/* Send the new sockets of listener or forward i in the same way. */
void workers_send_listener(struct workers *ws, const struct listeners *l,
    size_t i);
void workers_send_forward(struct workers *ws, const struct forwards *f,
    size_t i);

/*
 * Sends an order to the collectors that run, after which they log their
 * statistics.
 */
void workers_send_order(struct workers *ws, enum priv_type type);

/*
 * Kills a collector if it still runs, and waits for it.  Logs its last
 * messages, removes its unfinished state file, writes a crash dump, and removes
 * partial records from logs.  True if it was told to stop and exited with
 * status 0.
 */
bool worker_reap(struct workers *ws, struct worker *w, struct opened *o);

/* Reaps all collectors that were not reaped yet. */
void workers_reap_all(struct workers *ws, struct opened *o);

/*
 * Counts the death of a collector that was reaped, and starts its successor, at
 * once or later.  -1 after a message if flowd has to exit: see limit deaths in
 * flowd.conf(5).
 */
int worker_restart(struct workers *ws, struct worker *w,
    const struct opened *o);

/*
 * Starts the collectors that are due, with now of clock_sec(); all: those that
 * would wait, too.  A start that fails is repeated each second.  -1 after a
 * message if that fails for too long.
 */
int workers_restart(struct workers *ws, const struct opened *o, time_t now,
    bool all);

/* Kills the collectors that hang. */
void workers_watch(struct workers *ws, time_t now);

/* Whether a collector is to be started later. */
bool workers_wait(const struct workers *ws);

/* Removes the state file that the collector is writing, if any. */
void worker_abandon_state(struct worker *w, const struct config *conf);

/* Whether any collector is writing its state file. */
bool workers_write_state(const struct workers *ws);

/* Whether all collectors have answered their first configuration. */
bool workers_are_ready(const struct workers *ws);

/* Whether all collectors have answered every configuration and log. */
bool workers_are_at_rest(const struct workers *ws);

/*
 * Logs "new configuration in force" or "logs reopened", once for all
 * collectors, when none of them uses the old configuration or logs any more.
 */
void workers_report(struct workers *ws);

/* Whether all collectors were reaped. */
bool workers_are_gone(const struct workers *ws);

#endif
