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
 * The monitor.  It keeps the rights that flowd was started with, opens files
 * and sockets, and sends the descriptors to the collectors, which have no
 * rights:
 *
 *   monitor    root; never reads from the network.  It obeys signals.  When a
 *              collector dies, it logs the cause and starts another one with
 *              the same sockets, where the kernel queues datagrams meanwhile.
 *   collector  unprivileged user, chrooted, confined (sandbox.h); collect() in
 *              collect.c.  With "workers" there are several, each with sockets
 *              of its own on the same addresses, which share the logs.
 *   parser     a child process that exits when it has read flowd.conf;
 *              config-load.c.
 *
 * requests.c has the policy: the requests that a collector may send.  The
 * monitor receives messages of the collectors on a pipe: see log-relay.h.
 */
#include "compat/compat.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/udp-socket.h"
#include "monitor/control-socket.h"
#include "monitor/daemonize.h"
#include "monitor/flowlogs.h"
#include "monitor/interfaces.h"
#include "monitor/log-relay.h"
#include "monitor/notify.h"
#include "monitor/opened.h"
#include "monitor/pidfile.h"
#include "monitor/reload.h"
#include "monitor/requests.h"
#include "monitor/signals.h"
#include "monitor/worker.h"
#include "privsep.h"
#include "sandbox/rights.h"

#define DEFAULT_PIDFILE PACKAGE_RUNSTATEDIR "/flowd.pid"
#define START_SECONDS   20      /* until the collectors must be ready */
#define STOP_SECONDS    30      /* until the collectors must have exited */
#define NS_IN_MS        1000000 /* nanoseconds in a millisecond */

/* The collectors' sockets, and after them the pipes with their messages. */
#define POLLFDS_MAX ((size_t)2 * CONFIG_WORKERS_MAX)

struct monitor {
	const struct monitor_options *opts;
	struct opened now; /* in force */
	struct workers workers;
	int waiting; /* descriptor of the process that waits; -1: none */
	struct pidfile pidfile;
	bool failed;    /* a collector did not exit with 0 while stopping */
	time_t stop_by; /* clock_sec() */
};

static void
send_log(void *arg, size_t i)
{
	struct monitor *m = arg;

	workers_send_log(&m->workers, &m->now.logs, i);
}

static void
send_listener(void *arg, size_t i)
{
	struct monitor *m = arg;

	workers_send_listener(&m->workers, &m->now.listeners, i);
}

static void
send_forward(void *arg, size_t i)
{
	struct monitor *m = arg;

	workers_send_forward(&m->workers, &m->now.forwards, i);
}

/* -1 with errno, after it has replaced all sockets that it can. */
static int
renew_interface(void *arg, const struct new_interface *new)
{
	struct monitor *m = arg;
	struct opened *o = &m->now;
	int r, error;

	r = listeners_renew(&o->listeners, o->conf, new, send_listener, m);
	error = errno;
	if (forwards_renew(&o->forwards, o->conf, new, send_forward, m) == -1)
		return (-1);
	errno = error;
	return (r);
}

static void
check_interfaces(struct monitor *m)
{
	interfaces_check(&m->now.interfaces, renew_interface, m);
}

static void
tick_interfaces(struct monitor *m)
{
	if (!m->workers.stopping && interfaces_wait(&m->now.interfaces) == 0)
		check_interfaces(m);
}

static void
reopen_logs(struct monitor *m)
{
	flowlogs_reopen(&m->now.logs, send_log, m);
	m->workers.reopening = true;
	workers_report(&m->workers);
}

static void
tick_logs(struct monitor *m)
{
	if (!m->workers.stopping && flowlogs_need_ticks(&m->now.logs))
		flowlogs_tick(&m->now.logs, workers_are_at_rest(&m->workers),
		    send_log, m);
}

/* In the foreground there is no default pidfile. */
const char *
monitor_pidfile(const struct monitor_options *opts, const struct config *conf)
{
	if (conf->pidfile != NULL)
		return (conf->pidfile);
	if (opts->pidfile != NULL)
		return (opts->pidfile);
	return (opts->foreground ? NULL : DEFAULT_PIDFILE);
}

static int
write_pidfile(struct monitor *m)
{
	const char *path = monitor_pidfile(m->opts, m->now.conf);

	return (path == NULL ? 0 : pidfile_write(&m->pidfile, path));
}

static void
begin_stop(struct monitor *m)
{
	log_info("stopping");
	notify_stopping();
	/* Collectors that wait for their start have datagrams to store. */
	(void)workers_restart(&m->workers, &m->now, clock_sec(), true);
	m->workers.stopping = true;
	m->stop_by = clock_sec() + STOP_SECONDS;
	workers_send_order(&m->workers, PRIV_STOP);
}

static void
act_on_signals(struct monitor *m)
{
	if (signals_received(ORDER_STOP) && !m->workers.stopping)
		begin_stop(m);
	if (m->workers.stopping)
		return;
	if (signals_received(ORDER_RELOAD)) {
		signals_answer(
		    reload(&m->opts->source, &m->workers, &m->now) == 0);
		check_interfaces(m);
	}
	if (signals_received(ORDER_REOPEN))
		reopen_logs(m);
	if (signals_received(ORDER_STATISTICS))
		workers_send_order(&m->workers, PRIV_STATISTICS);
}

/* Milliseconds to the next second of the date; logs are rotated by date. */
static int
ms_to_next_second(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return ((int)(((long)NS_PER_SECOND - ts.tv_nsec) / NS_IN_MS) + 1);
}

/* Whether messages of a collector wait in its pipe, since it sent too many. */
static bool
is_held_back(const struct workers *ws)
{
	const time_t now = clock_sec();
	uint32_t i;

	for (i = 0; i < ws->n; i++) {
		if (log_relay_fd(&ws->list[i].messages, now) == -1)
			return (true);
	}
	return (false);
}

/* The smaller of two numbers of milliseconds, of which -1 is unlimited. */
static int
sooner(int a, int b)
{
	return (b == -1 || (a != -1 && a < b) ? a : b);
}

/*
 * How long to wait for the collectors at most; NULL: without limit.  The
 * service manager must hear from the monitor as often as it demands.
 */
static const struct timespec *
wait_limit(const struct monitor *m, struct timespec *ts)
{
	int ms = notify_alive();

	if (!m->workers.stopping) {
		ms = sooner(ms, interfaces_wait(&m->now.interfaces));
		ms = sooner(ms, (int)watch_interval() * 1000);
	}
	if (m->workers.stopping || flowlogs_need_ticks(&m->now.logs) ||
	    is_held_back(&m->workers) || workers_wait(&m->workers))
		ms = sooner(ms, ms_to_next_second());
	if (!m->workers.stopping && flowlogs_are_due(&m->now.logs))
		ms = 0;
	if (ms == -1)
		return (NULL);
	*ts = (struct timespec){ .tv_sec = ms / 1000,
		.tv_nsec = (long)(ms % 1000) * NS_IN_MS };
	return (ts);
}

/*
 * Waits until a collector has a request or a message, and logs the messages.
 * The first workers.n of pfds tell which sockets can be read.  unblocked is the
 * mask of signals while waiting; NULL: it does not change.
 */
static void
wait_for_collectors(struct workers *ws, struct pollfd *pfds,
    const struct timespec *timeout, const sigset_t *unblocked)
{
	const time_t now = clock_sec();
	struct worker *w;
	uint32_t i;
	bool any;

	for (i = 0; i < ws->n; i++) {
		w = &ws->list[i];
		pfds[i] = (struct pollfd){ .fd = w->sock, .events = POLLIN };
		pfds[ws->n + i] = (struct pollfd){
			.fd = log_relay_fd(&w->messages, now),
			.events = POLLIN,
		};
	}
	any = ppoll(pfds, (nfds_t)2 * ws->n, timeout, unblocked) > 0;
	for (i = 0; i < ws->n; i++) {
		if (!any)
			pfds[i].revents = 0;
		else if (pfds[ws->n + i].revents != 0)
			(void)log_relay_read(&ws->list[i].messages, now);
	}
}

/* A collector has sent a request or exited.  -1: flowd cannot continue. */
static int
serve_collector(struct monitor *m, struct worker *w)
{
	struct workers *ws = &m->workers;
	int r;

	if ((r = request_answer(ws, w, &m->now)) == 1)
		return (0);
	if (r == -1)
		log_warnx(
		    "the collector sent an invalid request, or too many "
		    "requests; restarting it");
	if (!worker_reap(ws, w, &m->now) && ws->stopping)
		m->failed = true;
	return (ws->stopping ? 0 : worker_restart(ws, w, &m->now));
}

/* Runs until flowd is told to stop or fails.  Returns the exit status. */
static int
monitor_loop(struct monitor *m, const sigset_t *unblocked)
{
	struct workers *ws = &m->workers;
	struct pollfd pfds[POLLFDS_MAX];
	struct timespec ts;
	uint32_t i;

	for (;;) {
		signals_deliver(unblocked);
		act_on_signals(m);
		tick_logs(m);
		tick_interfaces(m);
		workers_watch(ws, clock_sec());
		if (!ws->stopping &&
		    workers_restart(ws, &m->now, clock_sec(), false) == -1) {
			workers_reap_all(ws, &m->now);
			return (1);
		}
		wait_for_collectors(ws, pfds, wait_limit(m, &ts), unblocked);
		if (ws->stopping && clock_sec() >= m->stop_by) {
			log_warnx(
			    "the collector has not exited after %d "
			    "seconds; killing it",
			    STOP_SECONDS);
			workers_reap_all(ws, &m->now);
			return (1);
		}
		for (i = 0; i < ws->n; i++) {
			if (pfds[i].revents != 0 &&
			    serve_collector(m, &ws->list[i]) == -1) {
				workers_reap_all(ws, &m->now);
				return (1);
			}
		}
		if (ws->stopping && workers_are_gone(ws))
			return (m->failed ? 1 : 0);
	}
}

/* Waits until the first collectors are ready; -1 on a time-out or a death. */
static int
wait_ready(struct workers *ws, struct opened *o)
{
	const time_t give_up = clock_sec() + START_SECONDS;
	const struct timespec second = { .tv_sec = 1 };
	struct pollfd pfds[POLLFDS_MAX];
	uint32_t i;

	while (!workers_are_ready(ws)) {
		wait_for_collectors(ws, pfds, &second, NULL);
		for (i = 0; i < ws->n; i++) {
			if (pfds[i].revents != 0 &&
			    request_answer(ws, &ws->list[i], o) != 1) {
				workers_reap_all(ws, o);
				return (-1);
			}
		}
		if (clock_sec() >= give_up) {
			log_warnx(
			    "the collector is not ready after %d "
			    "seconds; flowd exits",
			    START_SECONDS);
			return (-1);
		}
	}
	return (0);
}

/* The steps that fail if rights are missing or the configuration is wrong. */
static int
open_first(struct monitor *m, struct config *conf)
{
	struct opened first = { .conf = NULL };

	if (udp_secret_init() == -1) {
		log_warn("the system has no random numbers");
		return (-1);
	}
	if (rights_check(&m->opts->rights) == -1 ||
	    control_socket_check(conf) == -1 ||
	    opened_open(&first, conf, &m->now, false) == -1)
		return (-1);
	m->now = first;
	return (0);
}

static void
finish_start(struct monitor *m)
{
	if (m->waiting != -1)
		daemonize_finish(m->waiting, m->opts->debug);
	m->waiting = -1;
	log_info("flowd is running");
	notify_ready();
}

static int
run_until_told(struct monitor *m)
{
	sigset_t unblocked;
	int status = 1;

	signals_catch(&unblocked);
	rights_reduce(&m->opts->rights);
	/* In this process: clients learn its process ID and signal it. */
	if (control_sockets_open(&m->now.controls, m->now.conf,
		config_workers(m->now.conf), NULL, NULL) == -1)
		return (1);
	if (workers_start(&m->workers, &m->now) == 0 &&
	    wait_ready(&m->workers, &m->now) == 0 && write_pidfile(m) == 0) {
		finish_start(m);
		status = monitor_loop(m, &unblocked);
	}
	control_sockets_remove(&m->now.controls, m->now.conf);
	pidfile_remove(&m->pidfile);
	return (status);
}

int
monitor_run(const struct monitor_options *opts, struct config *conf,
    collector_main *collect)
{
	struct monitor m = {
		.opts = opts,
		.now = { .rights = &opts->rights,
		    .state_magic = opts->state_magic },
		.workers = { .collect = collect,
		    .rights = &opts->rights,
		    .debug = opts->debug },
		.waiting = -1,
	};
	int status;

	log_init("monitor", opts->foreground ? LOG_TO_STDERR : LOG_TO_BOTH,
	    opts->debug);
	notify_begin();
	if (open_first(&m, conf) == -1) {
		config_free(conf);
		return (1);
	}
	if (!opts->foreground)
		m.waiting = daemonize_begin();
	status = run_until_told(&m);
	opened_close(&m.now);
	workers_free(&m.workers);
	return (status);
}
