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
 * The collector's loop: waits for datagrams, for orders of the monitor, for
 * outputs that accept data again, and for clients of the control socket.
 */
#include "compat/compat.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "collector/collect.h"
#include "collector/control.h"
#include "collector/intake.h"
#include "collector/keep-state.h"
#include "collector/output.h"
#include "collector/pace.h"
#include "collector/progress.h"
#include "collector/report.h"
#include "collector/sockets.h"
#include "collector/staged.h"
#include "config/config.h"
#include "decode/exporters.h"
#include "ipc/priv-msg.h"
#include "lib/counters.h"

#define TICK              NS_PER_SECOND /* nanoseconds between periodic tasks */
#define LOGS_WAIT_MAX     64 /* seconds between requests to reopen logs */
#define LAST_WAIT_SECONDS 5  /* at the end: for logs, and for the monitor */

struct collector {
	int sock;            /* to the monitor */
	uint32_t number;     /* among config_workers(), from 1 on */
	struct config *conf; /* in force; NULL before the first */
	struct staged staged;
	struct exporter_table *exporters;
	struct output *output;
	struct intake *intake;
	struct sockets *sockets;
	struct control *control;
	struct keep_state state;
	struct pace pace;
	struct batch *batch;    /* shared with the monitor */
	struct pollfd *pfds;    /* sock, output, control, sockets */
	uint32_t last_tick;     /* epoch seconds */
	bool repair_asked;      /* the logs are held until the answer */
	uint32_t repair_before; /* epoch seconds; the last such request */
	uint32_t logs_before;   /* epoch seconds; the last PRIV_WANT_LOGS */
	uint32_t logs_wait;     /* seconds until the next one; 0: none before */
	bool log_asked;         /* PRIV_EXPORTER_LOG will come */
	bool stopping;          /* the monitor ordered it */
};

static uint32_t
now_sec(void)
{
	return ((uint32_t)time(NULL));
}

static void
count_result(void *owner, uint64_t stored, uint64_t lost)
{
	exporter_count_outcome(owner, stored, lost);
}

/* Waits for events, ns nanoseconds at most. */
static void
wait_for(struct pollfd *pfds, size_t n, uint64_t ns)
{
	const struct timespec ts = {
		.tv_sec = (time_t)(ns / NS_PER_SECOND),
		.tv_nsec = (long)(ns % NS_PER_SECOND),
	};

	if (ppoll(pfds, n, &ts, NULL) == -1 && errno != EINTR)
		fatal("poll");
}

/*
 * The monitor has ended.  Nothing reads messages any more, so the collector
 * writes what it has received, and exits without statistics.
 */
static _Noreturn void
end_orphaned(struct collector *c)
{
	sockets_drain(c->sockets);
	output_pause_logs(c->output, false);
	output_end(c->output);
	exit(1);
}

static void
send_request(struct collector *c, enum priv_type type)
{
	if (priv_send(c->sock, type, 0, NULL, 0, -1) == -1)
		end_orphaned(c);
}

/* Sets every counter that belongs to no exporter. */
static void
count_all(void *arg, struct collector_counters *counters)
{
	struct collector *c = arg;

	output_count(c->output, counters);
	counters->evicted = exporters_evicted(c->exporters);
	counters->unauthorised = intake_unauthorised(c->intake);
	counters->forward_looped = intake_looped(c->intake);
	counters->kernel_drops = sockets_dropped(c->sockets);
	counters->skipped = c->batch->skipped;
	counters->collector_deaths = c->batch->deaths;
}

static void
report(struct collector *c)
{
	struct collector_counters counters;

	/* Flows that can be written now must not count as buffered. */
	(void)output_flush(c->output);
	count_all(c, &counters);
	log_wait_for_room(true);
	report_statistics(c->exporters, now_sec(), &counters,
	    intake_filter(c->intake));
	log_wait_for_room(false);
}

/* Sends a request during which no log is written. */
static void
ask_about_logs(struct collector *c, enum priv_type type)
{
	c->repair_asked = true;
	output_pause_logs(c->output, true);
	send_request(c, type);
}

/*
 * Asks the monitor to cut off a partial record at the end of a log, at most
 * once a second.
 */
static void
ask_for_repair(struct collector *c)
{
	const uint32_t now = now_sec();

	if (c->repair_asked || now == c->repair_before ||
	    !output_was_torn(c->output))
		return;
	c->repair_before = now;
	ask_about_logs(c, PRIV_WANT_REPAIR);
}

/* Asks the monitor to open dead logs again, at growing intervals. */
static void
ask_for_logs(struct collector *c, uint32_t now)
{
	if (!output_has_dead_log(c->output)) {
		c->logs_wait = 0;
		return;
	}
	if (c->repair_asked || now - c->logs_before < c->logs_wait)
		return;
	c->logs_before = now;
	if (c->logs_wait == 0)
		c->logs_wait = 1;
	else if (c->logs_wait < LOGS_WAIT_MAX)
		c->logs_wait *= 2;
	ask_about_logs(c, PRIV_WANT_LOGS);
}

/* Asks the monitor to open the log of an exporter.  False: none is wanted. */
static bool
ask_for_log(struct collector *c)
{
	struct priv_want_log want;

	if (!output_want_log(c->output, &want))
		return (false);
	c->log_asked = true;
	if (priv_send_want_log(c->sock, &want) == -1)
		end_orphaned(c);
	return (true);
}

static void
resume_logs(struct collector *c)
{
	c->repair_asked = false;
	output_pause_logs(c->output, false);
}

/* Each collector has an equal share of the limits. */
static void
apply_limits(struct collector *c, const struct config *conf)
{
	const struct conf_limits *l = &conf->limits;
	const uint32_t workers = config_workers(conf);
	struct exporter_limits limits = {
		.exporters =
		    l->exporters == 0 ? EXPORTERS_DEFAULT : l->exporters,
		.templates =
		    l->templates == 0 ? TEMPLATES_DEFAULT : l->templates,
		.interfaces = l->interfaces,
		.memory = l->memory == 0 ? MEMORY_DEFAULT :
		    l->memory > SIZE_MAX ? SIZE_MAX :
					   (size_t)l->memory,
	};

	limits.exporters = (limits.exporters + workers - 1) / workers;
	limits.memory /= workers;
	exporters_set_limits(c->exporters, &limits);
}

static void
load_state(struct collector *c, int fd)
{
	if (c->staged.conf == NULL || fd == -1)
		fatalx("the monitor sent an unexpected state");
	apply_limits(c, c->staged.conf);
	keep_state_load(&c->state, fd, c->staged.conf, c->number, now_sec());
}

static void
stage_config(struct collector *c, const struct priv_msg *order)
{
	if (staged_begin(&c->staged, c->sock, order->body_len) == -1)
		end_orphaned(c);
}

/* Stages a new socket, or one of the configuration that is in force. */
static void
stage_listener(struct collector *c, const struct priv_msg *order, int fd)
{
	struct listener listener = { .fd = fd };

	if (fd == -1 &&
	    (order->value == 0 ||
		sockets_move(c->sockets, order->value - 1, &listener) == -1))
		fatalx("the monitor named a listener that does not exist");
	staged_add_listener(&c->staged, &listener);
}

/* Receives the new socket of a listener that is in force. */
static void
renew_listener(struct collector *c, const struct priv_msg *order, int fd)
{
	size_t buffer;

	if (fd == -1 ||
	    sockets_renew(c->sockets, order->value, fd, &buffer) == -1)
		fatalx("the monitor sent an unexpected listener");
	pace_set_buffer(&c->pace, buffer);
}

static void
receive_listener(struct collector *c, const struct priv_msg *order, int fd)
{
	if (c->staged.conf == NULL)
		renew_listener(c, order, fd);
	else
		stage_listener(c, order, fd);
}

static void
receive_forward(struct collector *c, const struct priv_msg *order, int fd)
{
	struct output_forward forward = { .fd = fd };

	if (order->body_len != sizeof(forward.self))
		fatalx("the monitor sent an unexpected forward");
	if (priv_receive_body(c->sock, &forward.self, sizeof(forward.self)) ==
	    -1)
		end_orphaned(c);
	if (c->staged.conf != NULL)
		staged_add_forward(&c->staged, &forward);
	else if (output_renew_forward(c->output, order->value, &forward) == -1)
		fatalx("the monitor sent an unexpected forward");
}

/* The monitor closes the former file after PRIV_LOG_TAKEN. */
static void
release_former(struct collector *c)
{
	ask_for_repair(c);
	send_request(c, PRIV_LOG_TAKEN);
}

static void
receive_log(struct collector *c, const struct priv_msg *order, int fd)
{
	if (c->staged.conf != NULL) {
		staged_add_log(&c->staged, fd, order->value);
		return;
	}
	if (fd == -1)
		fatalx("the monitor sent a log without descriptor");
	output_reopen_log(c->output, order->value, fd);
	release_former(c);
}

static void
receive_exporter_log(struct collector *c, const struct priv_msg *order, int fd)
{
	c->log_asked = false;
	output_open_log(c->output, fd, order->value);
}

static void
close_log(struct collector *c, const struct priv_msg *order)
{
	output_close_log(c->output, order->value);
	release_former(c);
}

static void
receive_logsock(struct collector *c, int fd)
{
	if (c->staged.conf != NULL)
		c->staged.logsock = fd;
	else
		output_set_logsock(c->output, fd);
}

static void
replace_outputs(struct collector *c)
{
	struct staged *s = &c->staged;

	output_set_logs(c->output, s->conf, s->logs);
	c->log_asked = false;
	free(s->logs);
	output_set_forwards(c->output, s->forwards, s->nforwards);
	free(s->forwards);
	output_use_logsock(c->output, s->conf->logsock != NULL);
	output_set_logsock(c->output, s->logsock);
}

static void
replace_control(struct collector *c)
{
	const struct control_source source = {
		.worker = c->number,
		.workers = config_workers(c->staged.conf),
		.exporters = c->exporters,
		.filter = intake_filter(c->intake),
		.conf = c->staged.conf,
		.sockets = c->sockets,
		.count = count_all,
		.arg = c,
		.last_death = c->batch->last_death,
	};

	control_use(c->control, c->staged.control, &source);
}

static void
replace_pollfds(struct collector *c)
{
	const size_t n = 1 + output_npollfds(c->output) + CONTROL_POLLFDS +
	    sockets_count(c->sockets);

	/* Room for a socket each, also if a set of them is in use. */
	free(c->pfds);
	if ((c->pfds = calloc(n, sizeof(*c->pfds))) == NULL)
		fatal("memory exhausted");
}

/*
 * Puts the staged configuration into force.  Datagrams that are queued are
 * processed by the former one, and those that follow by the new one.
 */
static void
commit_config(struct collector *c)
{
	struct staged *s = &c->staged;
	const bool first = c->conf == NULL;

	if (!staged_is_complete(s))
		fatalx("the monitor sent an incomplete configuration");
	pace_set_buffer(&c->pace,
	    sockets_replace(c->sockets, s->listeners, s->nlisteners));
	replace_outputs(c);
	apply_limits(c, s->conf);
	if (first)
		keep_state_take_over(&c->state, now_sec());
	intake_configure(c->intake, s->conf);
	replace_control(c);
	replace_pollfds(c);
	config_free(c->conf);
	c->conf = s->conf;
	staged_init(s);
	if (!first)
		keep_state_renew(&c->state);
	c->last_tick = 0;
	ask_for_repair(c);
	send_request(c, PRIV_READY);
}

/* Receives an order of the monitor and executes it. */
static void
obey(struct collector *c)
{
	struct priv_msg order;
	int fd;

	progress_step();
	if (priv_receive(c->sock, &order, &fd) != 1)
		end_orphaned(c);
	switch ((enum priv_type)order.type) {
	case PRIV_CONFIG:
		stage_config(c, &order);
		return;
	case PRIV_LISTENER:
		receive_listener(c, &order, fd);
		return;
	case PRIV_FORWARD:
		receive_forward(c, &order, fd);
		return;
	case PRIV_COMMIT:
		commit_config(c);
		return;
	case PRIV_LOG:
		receive_log(c, &order, fd);
		return;
	case PRIV_EXPORTER_LOG:
		receive_exporter_log(c, &order, fd);
		return;
	case PRIV_CLOSE_LOG:
		close_log(c, &order);
		return;
	case PRIV_LOGSOCK:
		receive_logsock(c, fd);
		return;
	case PRIV_CONTROL:
		staged_set_control(&c->staged, fd);
		return;
	case PRIV_STATE:
		load_state(c, fd);
		return;
	case PRIV_STATE_FILE:
		if (keep_state_write(&c->state, fd) == -1)
			end_orphaned(c);
		return;
	case PRIV_STATISTICS:
		report(c);
		return;
	case PRIV_LOGS_REPAIRED:
		resume_logs(c);
		return;
	case PRIV_STOP:
		c->stopping = true;
		return;
	default:
		fatalx("the monitor sent the unknown order %u", order.type);
	}
}

/* Executes orders until *pending is false, or the monitor sends none. */
static void
obey_while(struct collector *c, const bool *pending)
{
	struct pollfd pfd = { .fd = c->sock, .events = POLLIN };

	while (*pending && poll(&pfd, 1, LAST_WAIT_SECONDS * 1000) == 1)
		obey(c);
}

/* Writes everything, within LAST_WAIT_SECONDS.  Returns the bytes that stay. */
static size_t
flush_all(struct collector *c)
{
	const uint64_t give_up = clock_ns() + LAST_WAIT_SECONDS * NS_PER_SECOND;
	size_t i, left, n = output_npollfds(c->output);
	bool blocked;

	for (;;) {
		do
			obey_while(c, &c->log_asked);
		while (ask_for_log(c));
		left = output_flush(c->output);
		output_pollfds(c->output, c->pfds);
		for (i = 0, blocked = false; i < n; i++)
			blocked = blocked || c->pfds[i].fd != -1;
		if ((left == 0 && !blocked) || clock_ns() >= give_up)
			return (left);
		wait_for(c->pfds, n, left > 0 && !blocked ? PACE_WRITE : TICK);
	}
}

static void
save_last_state(struct collector *c)
{
	if (c->conf->statefile == NULL)
		return;
	/* An order to write may be on its way: nothing is decoded any more. */
	c->state.last = true;
	if (keep_state_ask(&c->state) == -1)
		end_orphaned(c);
	obey_while(c, &c->state.asked);
}

static _Noreturn void
stop(struct collector *c)
{
	size_t left;

	if (c->conf == NULL)
		exit(0);
	if (!c->repair_asked && output_has_dead_log(c->output))
		ask_about_logs(c, PRIV_WANT_LOGS);
	obey_while(c, &c->repair_asked);
	resume_logs(c);
	sockets_drain(c->sockets);
	left = flush_all(c);
	output_end(c->output);
	save_last_state(c);
	report(c);
	output_free(c->output);
	exit(left > 0 ? 1 : 0);
}

/* The periodic tasks, once a second. */
static void
tick(struct collector *c)
{
	const uint32_t now = now_sec();

	if (now == c->last_tick)
		return;
	c->last_tick = now;
	log_report_dropped();
	intake_tick(c->intake, now);
	exporters_expire(c->exporters, now);
	if (c->conf != NULL && c->conf->limits.silence != 0)
		exporters_forget_silent(c->exporters, now,
		    c->conf->limits.silence);
	control_expire(c->control, now);
	ask_for_logs(c, now);
	if (output_wants_logsock(c->output))
		send_request(c, PRIV_WANT_LOGSOCK);
	if (c->conf->statefile != NULL && keep_state_tick(&c->state, now) == -1)
		end_orphaned(c);
}

static struct pollfd *
control_pfds(const struct collector *c)
{
	return (c->pfds + 1 + output_npollfds(c->output));
}

/*
 * Waits for an event, unless more datagrams are known to be queued; before
 * that, lets datagrams gather.  Returns the results for the sockets.
 */
static const struct pollfd *
wait_for_work(struct collector *c, bool more)
{
	struct pollfd *const control = control_pfds(c);
	struct pollfd *const sockets = control + CONTROL_POLLFDS;
	const size_t nothers = (size_t)(sockets - c->pfds);
	uint64_t gather = more ? 0 : c->pace.gather;
	uint64_t timeout = TICK, until_write;

	c->pfds[0] = (struct pollfd){ .fd = c->sock, .events = POLLIN };
	output_pollfds(c->output, c->pfds + 1);
	control_pollfds(c->control, control);
	sockets_pollfds(c->sockets, sockets);
	until_write = pace_until_write(&c->pace, clock_ns());
	if (output_left(c->output) > 0 && until_write < timeout)
		timeout = until_write;
	if (gather > 0)
		wait_for(c->pfds, nothers, gather);
	wait_for(c->pfds, nothers + sockets_npollfds(c->sockets),
	    more || gather > 0 ? 0 : timeout);
	return (sockets);
}

/* Processes datagrams that are queued.  True if there are more. */
static bool
receive(struct collector *c, const struct pollfd *pfds)
{
	size_t n = 0;
	const bool more = sockets_read(c->sockets, pfds, &n);

	pace_looked(&c->pace, clock_ns(), n);
	return (more);
}

/* Writes when it is due, or when a blocked output accepts data again. */
static void
write_when_due(struct collector *c)
{
	const uint64_t now = clock_ns();
	size_t i, n = output_npollfds(c->output);
	bool ready = false;

	for (i = 1; i <= n; i++)
		ready = ready || c->pfds[i].revents != 0;
	if (!ready &&
	    (output_left(c->output) == 0 ||
		pace_until_write(&c->pace, now) > 0))
		return;
	(void)output_flush(c->output);
	pace_wrote(&c->pace, now);
}

static struct collector *
collector_new(const struct collector_place *place)
{
	static const struct exporter_limits limits = {
		.exporters = EXPORTERS_DEFAULT,
		.templates = TEMPLATES_DEFAULT,
		.memory = MEMORY_DEFAULT,
	};
	struct collector *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->exporters = exporters_new(&limits)) == NULL ||
	    (c->output = output_new(place->locks, place->number,
		 count_result)) == NULL ||
	    (c->intake = intake_new(c->exporters, c->output)) == NULL ||
	    (c->sockets = sockets_new(place->batch, c->intake)) == NULL ||
	    (c->control = control_new(now_sec())) == NULL)
		fatal("memory exhausted");
	c->sock = place->sock;
	c->number = place->number;
	c->batch = place->batch;
	progress_init(c->batch);
	c->state.sock = c->sock;
	c->state.exporters = c->exporters;
	c->state.takeover = place->takeover;
	c->state.successor = c->batch->deaths > 0;
	staged_init(&c->staged);
	return (c);
}

_Noreturn void
collect(const struct collector_place *place)
{
	struct collector *c = collector_new(place);
	bool more = false;

	while (c->conf == NULL && !c->stopping)
		obey(c);
	if (!c->stopping)
		sockets_resume(c->sockets);
	while (!c->stopping) {
		progress_step();
		tick(c);
		more = receive(c, wait_for_work(c, more));
		keep_state_put(&c->state);
		write_when_due(c);
		control_serve(c->control, control_pfds(c), now_sec());
		ask_for_repair(c);
		(void)ask_for_log(c);
		if (c->pfds[0].revents != 0)
			obey(c);
	}
	stop(c);
}
