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

#include "compat/compat.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/log.h"
#include "monitor/crashdump.h"
#include "monitor/daemonize.h"
#include "monitor/notify.h"
#include "monitor/senders.h"
#include "monitor/signals.h"
#include "monitor/statefile.h"
#include "monitor/worker.h"
#include "sandbox/sandbox.h"

#define SEND_SECONDS    10  /* for a collector to receive a message */
#define FAILING_SECONDS 300 /* of failed starts, before flowd exits */
#define UNREADY_MAX     2   /* deaths that one state may have caused */

/* The use of the descriptor that a message carries. */
static enum sandbox_use
use_of(enum priv_type type)
{
	switch (type) {
	case PRIV_LISTENER:
		return (SANDBOX_USE_LISTENER);
	case PRIV_FORWARD:
		return (SANDBOX_USE_FORWARD);
	case PRIV_LOG:
	case PRIV_EXPORTER_LOG:
		return (SANDBOX_USE_FLOWLOG);
	case PRIV_LOGSOCK:
		return (SANDBOX_USE_LOGSOCK);
	case PRIV_CONTROL:
		return (SANDBOX_USE_CONTROL);
	case PRIV_STATE:
		return (SANDBOX_USE_STATE);
	case PRIV_STATE_FILE:
		return (SANDBOX_USE_STATE_FILE);
	default:
		fatalx("message %d carries no descriptor", (int)type);
	}
}

static int
send_copy(const struct workers *ws, const struct worker *w, enum priv_type type,
    uint32_t value, const void *body, size_t body_len, int fd)
{
	int copy, r;

	if ((copy = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1)
		return (-1);
	r = ws->rights->unconfined ? 0 : sandbox_restrict(copy, use_of(type));
	if (r == 0)
		r = priv_send(w->sock, type, value, body, body_len, copy);
	(void)close(copy);
	return (r);
}

int
worker_send_fd(const struct workers *ws, const struct worker *w,
    enum priv_type type, uint32_t value, int fd)
{
	return (send_copy(ws, w, type, value, NULL, 0, fd));
}

/* Sends fd and closes it.  -1 with errno. */
static int
send_and_close(const struct workers *ws, const struct worker *w,
    enum priv_type type, int fd)
{
	int r = worker_send_fd(ws, w, type, 0, fd);

	(void)close(fd);
	return (r);
}

int
worker_send_logsock(struct workers *ws, const struct worker *w,
    const struct config *conf)
{
	const int fd = sender_open_logsock(conf, &ws->logsock);

	return (fd == -1 ? priv_send(w->sock, PRIV_LOGSOCK, 0, NULL, 0, -1) :
			   send_and_close(ws, w, PRIV_LOGSOCK, fd));
}

/*
 * Sends the state file of every worker, oldest first: the number of workers may
 * have changed, and a later file overrides an earlier one.
 */
static int
send_states(const struct workers *ws, const struct worker *w,
    const struct opened *o)
{
	int fds[CONFIG_WORKERS_MAX], r = 0;
	size_t i, n;

	if (o->conf->statefile == NULL || o->state_off)
		return (0);
	n = statefile_open_all(o->conf->statefile, CONFIG_WORKERS_MAX, fds);
	for (i = 0; i < n; i++) {
		if (r == 0)
			r = send_and_close(ws, w, PRIV_STATE, fds[i]);
		else
			(void)close(fds[i]);
	}
	return (r);
}

static int
send_listeners(const struct workers *ws, const struct worker *w,
    const struct listeners *l, bool fresh)
{
	const struct open_listener *li;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < l->n; i++) {
		li = &l->list[i];
		r = fresh || li->kept == 0 ?
		    worker_send_fd(ws, w, PRIV_LISTENER, 0,
			li->fds[w->number - 1]) :
		    priv_send(w->sock, PRIV_LISTENER, li->kept, NULL, 0, -1);
	}
	return (r);
}

static int
send_forward(const struct workers *ws, const struct worker *w,
    const struct open_forward *f, uint32_t value)
{
	if (f->fd == -1)
		return (priv_send(w->sock, PRIV_FORWARD, value, &f->self,
		    sizeof(f->self), -1));
	return (send_copy(ws, w, PRIV_FORWARD, value, &f->self, sizeof(f->self),
	    f->fd));
}

static int
send_forwards(const struct workers *ws, const struct worker *w,
    const struct forwards *f)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < f->n; i++)
		r = send_forward(ws, w, &f->list[i], 0);
	return (r);
}

/* A log with %{exporter} has no descriptor. */
static int
send_log(const struct workers *ws, const struct worker *w,
    const struct flowlog_file *f, uint32_t value)
{
	return (f->fd == -1 ? priv_send(w->sock, PRIV_LOG, value, NULL, 0, -1) :
			      worker_send_fd(ws, w, PRIV_LOG, value,
				  flowlog_file_collector_fd(f)));
}

static int
send_logs(const struct workers *ws, const struct worker *w,
    const struct open_flowlogs *logs)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < logs->conf->nlogs; i++)
		r = send_log(ws, w, &logs->list[i], logs->list[i].lock);
	return (r);
}

static int
send_control(const struct workers *ws, const struct worker *w,
    const struct control_sockets *controls)
{
	const int fd = control_sockets_fd(controls, w->number);

	return (fd == -1 ? 0 : worker_send_fd(ws, w, PRIV_CONTROL, 0, fd));
}

static int
send_packed(const struct worker *w, const struct config *conf)
{
	uint8_t *data;
	size_t len;
	int r;

	if (config_pack(conf, &data, &len) != 0)
		fatalx("the configuration cannot be packed");
	r = priv_send(w->sock, PRIV_CONFIG, 0, data, len, -1);
	free(data);
	return (r);
}

/* -1 with errno if the collector does not receive in time. */
static int
try_send_config(struct workers *ws, const struct worker *w,
    const struct opened *o, bool fresh)
{
	if (send_packed(w, o->conf) == -1 ||
	    (fresh && send_states(ws, w, o) == -1) ||
	    send_listeners(ws, w, &o->listeners, fresh) == -1 ||
	    send_forwards(ws, w, &o->forwards) == -1 ||
	    send_logs(ws, w, &o->logs.open) == -1)
		return (-1);
	if (o->conf->logsock != NULL &&
	    worker_send_logsock(ws, w, o->conf) == -1)
		return (-1);
	if (send_control(ws, w, &o->controls) == -1)
		return (-1);
	return (priv_send(w->sock, PRIV_COMMIT, 0, NULL, 0, -1));
}

/* After a failed send, with its errno.  The successor receives everything. */
static void
kill_unreachable(const struct worker *w, const char *object)
{
	log_warn("cannot send the %s to the collector; restarting it", object);
	(void)kill(w->pid, SIGKILL);
}

void
worker_send_config(struct workers *ws, struct worker *w, const struct opened *o,
    bool fresh)
{
	/* The successor of a dead one receives everything. */
	if (w->sock == -1)
		return;
	w->configuring++;
	/* A new configuration may need as many requests as the first. */
	w->requests = 0;
	if (try_send_config(ws, w, o, fresh) == -1)
		kill_unreachable(w, "configuration");
}

/* Closes the log of an exporter in all places of the collector. */
static int
close_exporter_log(struct worker *w, const struct flowlog_places *places,
    size_t log)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < places->each; i++) {
		if (*flowlog_place(places, w->number, i) != log)
			continue;
		w->sent_logs++;
		r = priv_send(w->sock, PRIV_CLOSE_LOG, (uint32_t)i, NULL, 0,
		    -1);
	}
	return (r);
}

void
workers_send_log(struct workers *ws, const struct flowlogs *logs, size_t i)
{
	const struct flowlog_file *f = &logs->open.list[i];
	struct worker *w;
	int r;

	for (w = ws->list; w < ws->list + ws->n; w++) {
		if (w->sock == -1)
			continue;
		if (f->of_exporter)
			r = close_exporter_log(w, &logs->places, i);
		else {
			w->sent_logs++;
			r = send_log(ws, w, f, (uint32_t)i);
		}
		if (r == -1)
			kill_unreachable(w, "log");
	}
}

void
workers_send_listener(struct workers *ws, const struct listeners *l, size_t i)
{
	struct worker *w;

	for (w = ws->list; w < ws->list + ws->n; w++) {
		if (w->sock != -1 &&
		    worker_send_fd(ws, w, PRIV_LISTENER, (uint32_t)i,
			l->list[i].fds[w->number - 1]) == -1)
			kill_unreachable(w, "listener");
	}
}

void
workers_send_forward(struct workers *ws, const struct forwards *f, size_t i)
{
	struct worker *w;

	for (w = ws->list; w < ws->list + ws->n; w++) {
		if (w->sock != -1 &&
		    send_forward(ws, w, &f->list[i], (uint32_t)i) == -1)
			kill_unreachable(w, "forward");
	}
}

void
workers_send_order(struct workers *ws, enum priv_type type)
{
	struct worker *w;

	for (w = ws->list; w < ws->list + ws->n; w++) {
		log_relay_expect_report(&w->messages, clock_sec());
		if (w->sock != -1 &&
		    priv_send(w->sock, type, 0, NULL, 0, -1) == -1)
			log_debug("cannot send an order to the collector");
	}
}

static _Noreturn void
become_collector(const struct workers *ws, const struct worker *w, int sock,
    int messages)
{
	const struct collector_place place = {
		.sock = sock,
		.batch = w->batch,
		.takeover = w->takeover,
		.locks = ws->locks,
		.number = w->number,
	};
	const char *summary = rights_summary(ws->rights);

	signals_ignore();
	log_relay_enter(&w->messages, messages, ws->debug);
	daemonize_forget_terminal(STDOUT_FILENO);
	if (!ws->rights->unconfined &&
	    (sandbox_restrict(sock, SANDBOX_USE_MONITOR) == -1 ||
		sandbox_restrict(STDERR_FILENO, SANDBOX_USE_STDERR) == -1))
		fatal("cannot restrict descriptors");
	rights_drop(ws->rights, SANDBOX_COLLECTOR, &sock, 1);
	log_info("collector runs as %s", summary);
	ws->collect(&place);
	exit(1);
}

/*
 * Forks a collector with the other ends of the sockets.  -1 with errno; sock is
 * then closed.
 */
static int
fork_collector(struct workers *ws, struct worker *w, int pair[2])
{
	int messages = log_relay_open(&w->messages);
	int error;

	w->pid = messages == -1 ? -1 : fork();
	if (w->pid == 0) {
		(void)close(pair[0]);
		become_collector(ws, w, pair[1], messages);
	}
	error = errno;
	(void)close(pair[1]);
	if (messages != -1)
		(void)close(messages);
	if (w->pid == -1) {
		(void)close(pair[0]);
		log_relay_close(&w->messages, clock_sec());
		errno = error;
		return (-1);
	}
	return (0);
}

/* -1 with errno. */
static int
start(struct workers *ws, struct worker *w, const struct opened *o)
{
	const struct timeval tv = { .tv_sec = SEND_SECONDS };
	int pair[2];

	w->ready = false;
	w->watch = (struct watch){ .next = 0 };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1 ||
	    fork_collector(ws, w, pair) == -1)
		return (-1);
	batch_keep_from_children(w->batch);
	takeover_keep_from_children(w->takeover);
	w->deaths.born = clock_sec();
	w->sock = pair[0];
	(void)setsockopt(w->sock, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	worker_send_config(ws, w, o, true);
	return (0);
}

int
workers_start(struct workers *ws, const struct opened *o)
{
	struct worker *w;
	uint32_t i;

	ws->n = config_workers(o->conf);
	if ((ws->locks = flowlog_locks_new()) == NULL)
		fatal("no memory for the locks of logs");
	for (i = 0; i < ws->n; i++) {
		w = &ws->list[i];
		*w = (struct worker){ .number = i + 1,
			.pid = -1,
			.sock = -1,
			.state = -1 };
		log_relay_init(&w->messages, w->number, clock_sec());
		if ((w->batch = batch_new()) == NULL ||
		    (w->takeover = takeover_new()) == NULL)
			fatal("no memory for datagrams");
		if (start(ws, w, o) == -1) {
			log_warn("cannot start a collector");
			return (-1);
		}
	}
	return (0);
}

void
workers_free(struct workers *ws)
{
	uint32_t i;

	for (i = 0; i < ws->n; i++) {
		batch_free(ws->list[i].batch);
		takeover_free(ws->list[i].takeover);
	}
	flowlog_locks_free(ws->locks);
}

void
worker_abandon_state(struct worker *w, const struct config *conf)
{
	char path[PATH_MAX];

	if (w->state != -1)
		statefile_abandon(
		    statefile_name(conf->statefile, w->number, path), w->state);
	w->state = -1;
}

bool
worker_reap(struct workers *ws, struct worker *w, struct opened *o)
{
	int status = 0;

	/* A collector can close its socket without exiting. */
	(void)kill(w->pid, SIGKILL);
	(void)child_wait(w->pid, &status);
	(void)close(w->sock);
	w->sock = -1;
	w->configuring = 0;
	w->sent_logs = 0;
	log_relay_close(&w->messages, clock_sec());
	worker_abandon_state(w, o->conf);
	if (ws->stopping && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return (true);
	deaths_explain(w->pid, status);
	if (o->conf->crashdump != NULL)
		crashdump_write(o->conf->crashdump, w->batch);
	/* Before batch_new: the children that this forks would share it. */
	flowlogs_repair(&o->logs, ws->locks, w->number, true);
	flowlog_locks_release(ws->locks, w->number);
	flowlogs_release(&o->logs, w->number);
	return (false);
}

void
workers_reap_all(struct workers *ws, struct opened *o)
{
	struct worker *w;

	for (w = ws->list; w < ws->list + ws->n; w++) {
		if (w->sock != -1)
			(void)worker_reap(ws, w, o);
	}
}

/*
 * The state that the successor takes over; NULL with errno.  If two collectors
 * in turn died before they were ready, the state may have killed them.
 */
static struct takeover *
next_state(const struct worker *w, uint32_t unready)
{
	if (unready < UNREADY_MAX)
		return (takeover_copy(w->takeover));
	log_warnx("%" PRIu32
		  " collectors in turn died before they were ready; "
		  "the next one takes over no state of exporters",
	    unready);
	return (takeover_new());
}

/* Makes the memory of the successor, once for each death.  -1 with errno. */
static int
inherit(struct worker *w)
{
	const uint32_t unready = w->ready ? 0 : w->unready + 1;
	struct takeover *state;
	struct batch *rest;

	if (w->inherited)
		return (0);
	if ((state = next_state(w, unready)) == NULL)
		return (-1);
	if ((rest = deaths_inherit(&w->deaths, w->batch, w->watch.hangs)) ==
	    NULL) {
		takeover_free(state);
		return (-1);
	}
	batch_free(w->batch);
	w->batch = rest;
	takeover_free(w->takeover);
	w->takeover = state;
	w->unready = unready;
	w->inherited = true;
	return (0);
}

/* A start has failed, with errno.  -1 after a message: for too long. */
static int
start_failed(struct worker *w, time_t now)
{
	if (w->failing == 0) {
		w->failing = now;
		log_warn(
		    "cannot start a collector; trying again each second, and "
		    "datagrams wait");
	}
	w->restart = now + 1;
	if (now - w->failing < FAILING_SECONDS)
		return (0);
	log_warn("no collector could be started for %d seconds; flowd exits",
	    FAILING_SECONDS);
	return (-1);
}

static int
try_restart(struct workers *ws, struct worker *w, const struct opened *o,
    time_t now)
{
	log_info("starting a new collector");
	if (inherit(w) == -1 || start(ws, w, o) == -1)
		return (start_failed(w, now));
	if (w->failing != 0)
		log_info("the collector could be started again");
	w->restart = w->failing = 0;
	return (0);
}

int
worker_restart(struct workers *ws, struct worker *w, const struct opened *o)
{
	const uint32_t limit = o->conf->limits.deaths;
	const time_t now = clock_sec();
	const uint32_t count = deaths_count(&w->deaths, now);

	if (limit != 0 && count >= limit) {
		log_warnx("%" PRIu32
			  " collectors died within %d seconds; flowd exits",
		    count, DEATHS_SECONDS);
		return (-1);
	}
	w->inherited = false;
	w->restart = now + deaths_wait(&w->deaths, now, count);
	return (w->restart == now ? try_restart(ws, w, o, now) : 0);
}

int
workers_restart(struct workers *ws, const struct opened *o, time_t now,
    bool all)
{
	struct worker *w;

	for (w = ws->list; w < ws->list + ws->n; w++) {
		if (w->restart != 0 && (all || now >= w->restart) &&
		    try_restart(ws, w, o, now) == -1)
			return (-1);
	}
	return (0);
}

void
workers_watch(struct workers *ws, time_t now)
{
	struct worker *w;

	for (w = ws->list; w < ws->list + ws->n; w++) {
		if (w->sock == -1 ||
		    !watch_finds_hang(&w->watch, w->batch, now,
			watch_interval(), w->ready))
			continue;
		log_warnx("collector %d hangs; killing it", (int)w->pid);
		(void)kill(w->pid, SIGKILL);
	}
}

static bool
all_of(const struct workers *ws, bool (*is)(const struct worker *w))
{
	uint32_t i;

	for (i = 0; i < ws->n; i++) {
		if (!is(&ws->list[i]))
			return (false);
	}
	return (true);
}

static bool
writes_no_state(const struct worker *w)
{
	return (w->state == -1);
}

static bool
is_ready(const struct worker *w)
{
	return (w->ready);
}

static bool
is_configured(const struct worker *w)
{
	return (w->configuring == 0);
}

static bool
is_at_rest(const struct worker *w)
{
	return (w->configuring == 0 && w->sent_logs == 0);
}

static bool
is_gone(const struct worker *w)
{
	return (w->sock == -1);
}

static bool
is_not_due(const struct worker *w)
{
	return (w->restart == 0);
}

bool
workers_write_state(const struct workers *ws)
{
	return (!all_of(ws, writes_no_state));
}

bool
workers_are_ready(const struct workers *ws)
{
	return (all_of(ws, is_ready));
}

bool
workers_are_at_rest(const struct workers *ws)
{
	return (all_of(ws, is_at_rest));
}

void
workers_report(struct workers *ws)
{
	if (ws->reloading && all_of(ws, is_configured)) {
		ws->reloading = false;
		log_info("new configuration in force");
		notify_ready();
	}
	/* Other programs may now compress, empty or remove the old files. */
	if (ws->reopening && workers_are_at_rest(ws)) {
		ws->reopening = false;
		log_info("logs reopened");
	}
}

bool
workers_wait(const struct workers *ws)
{
	return (!all_of(ws, is_not_due));
}

bool
workers_are_gone(const struct workers *ws)
{
	return (all_of(ws, is_gone));
}
