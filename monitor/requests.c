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

#include <limits.h>
#include <time.h>

#include "base/clock.h"
#include "base/log-cause.h"
#include "monitor/requests.h"
#include "monitor/statefile.h"

static uint32_t
now_sec(void)
{
	return ((uint32_t)time(NULL));
}

static int
answer_ready(struct workers *ws, struct worker *w, struct opened *o,
    const struct priv_request *request)
{
	(void)o;
	(void)request;
	w->configuring--;
	w->ready = true;
	workers_report(ws);
	return (0);
}

static int
answer_log_taken(struct workers *ws, struct worker *w, struct opened *o,
    const struct priv_request *request)
{
	(void)o;
	(void)request;
	w->sent_logs--;
	workers_report(ws);
	return (0);
}

static int
answer_want_logsock(struct workers *ws, struct worker *w, struct opened *o,
    const struct priv_request *request)
{
	(void)request;
	/* A reload may have removed it before the collector learns of it. */
	return (
	    o->conf->logsock == NULL ? 0 : worker_send_logsock(ws, w, o->conf));
}

static int
answer_want_state(struct workers *ws, struct worker *w, struct opened *o,
    const struct priv_request *request)
{
	struct log_cause cause;
	char path[PATH_MAX];

	(void)request;
	worker_abandon_state(w, o->conf);
	if (o->conf->statefile != NULL && !o->state_off) {
		w->state = statefile_begin(
		    statefile_name(o->conf->statefile, w->number, path),
		    &cause);
		if (w->state == -1)
			(void)log_cause_hourly(&cause, &w->unsaved, now_sec());
	}
	return (w->state == -1 ?
		priv_send(w->sock, PRIV_STATE_FILE, 0, NULL, 0, -1) :
		worker_send_fd(ws, w, PRIV_STATE_FILE, 0, w->state));
}

static int
answer_state_written(struct workers *ws, struct worker *w, struct opened *o,
    const struct priv_request *request)
{
	const int fd = w->state;
	struct log_cause cause;
	char path[PATH_MAX];

	(void)ws;
	(void)request;
	w->state = -1;
	/* A reload has removed the file meanwhile. */
	if (fd == -1)
		return (0);
	(void)statefile_name(o->conf->statefile, w->number, path);
	if (statefile_finish(path, fd, &cause) == -1)
		(void)log_cause_hourly(&cause, &w->unsaved, now_sec());
	else if (log_state_end(&w->unsaved))
		log_info("statefile %s was written again", path);
	return (0);
}

/* A collector must not be able to truncate a log, so the monitor does. */
static int
answer_want_repair(struct workers *ws, struct worker *w, struct opened *o,
    const struct priv_request *request)
{
	(void)request;
	flowlogs_repair(&o->logs, ws->locks, w->number, false);
	return (priv_send(w->sock, PRIV_LOGS_REPAIRED, 0, NULL, 0, -1));
}

struct logs_of_workers {
	struct workers *ws;
	const struct flowlogs *logs;
};

static void
send_log(void *arg, size_t i)
{
	const struct logs_of_workers *to = arg;

	workers_send_log(to->ws, to->logs, i);
}

/*
 * Opens the logs again.  Skipped while a collector has not yet confirmed the
 * latest files, since the monitor keeps the former ones open until then.
 */
static int
answer_want_logs(struct workers *ws, struct worker *w, struct opened *o,
    const struct priv_request *request)
{
	struct logs_of_workers to = { ws, &o->logs };

	(void)request;
	if (workers_are_at_rest(ws))
		flowlogs_revive(&o->logs, ws->locks, w->number, send_log, &to);
	return (priv_send(w->sock, PRIV_LOGS_REPAIRED, 0, NULL, 0, -1));
}

/*
 * While a new configuration is on its way, the request may refer to the old
 * one; the collector asks again when it has the new one.
 */
static int
answer_want_exporter_log(struct workers *ws, struct worker *w, struct opened *o,
    const struct priv_request *request)
{
	const struct priv_want_log *want = &request->want;
	const struct flowlog_file *f;

	if (w->configuring > 0)
		return (0);
	if (!flowlogs_may_want(&o->logs, want))
		return (-1);
	if ((f = flowlogs_want(&o->logs, w->number, want)) == NULL)
		return (priv_send(w->sock, PRIV_EXPORTER_LOG, 0, NULL, 0, -1));
	return (worker_send_fd(ws, w, PRIV_EXPORTER_LOG, f->lock,
	    flowlog_file_collector_fd(f)));
}

static bool
awaits_ready(const struct worker *w)
{
	return (w->configuring > 0);
}

static bool
awaits_log_taken(const struct worker *w)
{
	return (w->sent_logs > 0);
}

/* The policy. */
static const struct request {
	enum priv_type type;
	bool (*is_allowed)(const struct worker *w); /* NULL: at any time */
	uint32_t a_second; /* all with this limit together; 0: unlimited */
	int (*answer)(struct workers *ws, struct worker *w, struct opened *o,
	    const struct priv_request *request);
} requests[] = {
	{ PRIV_READY, awaits_ready, 0, answer_ready },
	{ PRIV_LOG_TAKEN, awaits_log_taken, 0, answer_log_taken },
	{ PRIV_WANT_LOGSOCK, NULL, REQUESTS_A_SECOND, answer_want_logsock },
	{ PRIV_WANT_STATE, NULL, REQUESTS_A_SECOND, answer_want_state },
	{ PRIV_STATE_WRITTEN, NULL, REQUESTS_A_SECOND, answer_state_written },
	{ PRIV_WANT_REPAIR, NULL, REQUESTS_A_SECOND, answer_want_repair },
	{ PRIV_WANT_LOGS, NULL, REQUESTS_A_SECOND, answer_want_logs },
	{ PRIV_WANT_EXPORTER_LOG, NULL, REQUESTS_LOGS_A_SECOND,
	    answer_want_exporter_log },
};
#define NREQUESTS (sizeof(requests) / sizeof(requests[0]))

/* NULL if the request is not allowed now. */
static const struct request *
find_request(const struct worker *w, uint32_t type)
{
	const struct request *r;

	for (r = requests; r < requests + NREQUESTS; r++) {
		if ((uint32_t)r->type == type)
			return (r->is_allowed == NULL || r->is_allowed(w) ?
				r :
				NULL);
	}
	return (NULL);
}

bool
request_is_allowed(const struct worker *w, uint32_t type)
{
	return (find_request(w, type) != NULL);
}

/*
 * Counts a request; false if there are too many.  The limit keeps a collector
 * from occupying the monitor.
 */
static bool
is_within_rate(struct worker *w, const struct request *r)
{
	uint32_t *n =
	    r->type == PRIV_WANT_EXPORTER_LOG ? &w->wanted_logs : &w->requests;
	const time_t now = clock_sec();

	if (r->a_second == 0)
		return (true);
	if (now != w->second)
		w->requests = w->wanted_logs = 0;
	w->second = now;
	return (++*n <= r->a_second);
}

int
request_answer(struct workers *ws, struct worker *w, struct opened *o)
{
	struct priv_request received;
	const struct request *request;
	int r;

	if ((r = priv_receive_request(w->sock, &received)) != 1)
		return (r);
	request = find_request(w, received.type);
	if (request == NULL || !is_within_rate(w, request))
		return (-1);
	return (request->answer(ws, w, o, &received) == 0 ? 1 : -1);
}
