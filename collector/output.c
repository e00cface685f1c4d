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

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "collector/exporter-logs.h"
#include "collector/flowlog.h"
#include "collector/logsock.h"
#include "collector/output.h"

#define NO_LOG SIZE_MAX

struct output {
	const struct config *conf; /* the logs'; NULL: none yet */
	struct flowlog **logs;     /* conf->nlogs; NULL: with %{exporter} */
	size_t rest;               /* index of that without tags, or NO_LOG */
	struct flowlog *room_in;   /* the log with the latest output_room() */
	struct exporter_logs *exporters;
	bool paused; /* all logs */
	struct flowlog_locks *locks;
	uint32_t number; /* of this collector, from 1 on */

	struct logsock *logsock;
	bool use_logsock;

	struct output_forward *forwards;
	size_t nforwards;

	record_outcome *outcome;
	struct flowlog_counters closed; /* of logs that were closed */
	uint64_t forwarded, forward_lost;
};

struct output *
output_new(struct flowlog_locks *locks, uint32_t number,
    record_outcome *outcome)
{
	struct output *o;

	if ((o = calloc(1, sizeof(*o))) == NULL)
		return (NULL);
	o->locks = locks;
	o->number = number;
	o->rest = NO_LOG;
	if ((o->logsock = logsock_new(outcome)) == NULL ||
	    (o->exporters = exporter_logs_new(locks, number, outcome)) ==
		NULL) {
		logsock_free(o->logsock);
		free(o);
		return (NULL);
	}
	o->outcome = outcome;
	return (o);
}

static size_t
nlogs(const struct output *o)
{
	return (o->conf == NULL ? 0 : o->conf->nlogs);
}

/* The logs of the configuration, and then those of exporters. */
static size_t
nall(const struct output *o)
{
	return (nlogs(o) + exporter_logs_max(o->exporters));
}

/* One of these; NULL: a log with %{exporter}, or none. */
static struct flowlog *
log_at(const struct output *o, size_t i)
{
	const size_t n = nlogs(o);

	return (i < n ? o->logs[i] : exporter_logs_at(o->exporters, i - n));
}

void
output_count(const struct output *o, struct collector_counters *counters)
{
	struct flowlog_counters logs = o->closed;
	size_t i;

	for (i = 0; i < nlogs(o); i++) {
		if (o->logs[i] != NULL)
			flowlog_counters_add(&logs, o->logs[i]);
	}
	exporter_logs_count(o->exporters, &logs);
	counters->logs_evicted = exporter_logs_evicted(o->exporters);
	counters->log_bytes = logs.bytes;
	counters->log_errors = logs.errors;
	counters->log_lost = logs.lost;
	counters->logsock_sent = logsock_sent(o->logsock);
	counters->logsock_lost = logsock_lost(o->logsock);
	counters->forwarded = o->forwarded;
	counters->forward_lost = o->forward_lost;
}

static void
end_log(struct output *o, struct flowlog *l)
{
	flowlog_end(l);
	flowlog_counters_add(&o->closed, l);
	flowlog_free(l);
}

static void
end_logs(struct output *o, struct flowlog **logs, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (logs[i] != NULL)
			end_log(o, logs[i]);
	}
	free(logs);
}

void
output_free(struct output *o)
{
	if (o == NULL)
		return;
	end_logs(o, o->logs, nlogs(o));
	exporter_logs_end(o->exporters);
	exporter_logs_free(o->exporters);
	logsock_free(o->logsock);
	output_set_forwards(o, NULL, 0);
	free(o);
}

/* Removes the log of this path from the former ones; NULL if there is none. */
static struct flowlog *
remove_log(struct flowlog **logs, size_t n, const char *path)
{
	struct flowlog *l;
	size_t i;

	for (i = 0; i < n; i++) {
		if (logs[i] == NULL || strcmp(flowlog_name(logs[i]), path) != 0)
			continue;
		l = logs[i];
		logs[i] = NULL;
		return (l);
	}
	return (NULL);
}

/* The log keeps the buffer of a former log with the same path. */
static struct flowlog *
make_log(struct output *o, const struct conf_log *log,
    const struct output_log *opened, struct flowlog *former, uint64_t buffer)
{
	const struct flowlog_lock lock = { o->locks, opened->lock, o->number };
	struct flowlog *l = former;

	if (l == NULL &&
	    (l = flowlog_new(log->path, &lock, o->outcome)) == NULL)
		fatal("memory exhausted");
	flowlog_set_limit(l, buffer);
	flowlog_pause(l, o->paused);
	flowlog_set_fd(l, opened->fd);
	return (l);
}

void
output_set_logs(struct output *o, const struct config *conf,
    const struct output_log *opened)
{
	size_t i, nbefore = nlogs(o);
	struct flowlog **before = o->logs, **logs;
	uint64_t buffer = conf->limits.buffer;

	if (buffer == 0)
		buffer = FLOWLOG_BUFFER_DEFAULT;
	buffer /= config_workers(conf);
	logs = calloc(conf->nlogs == 0 ? 1 : conf->nlogs, sizeof(*logs));
	if (logs == NULL)
		fatal("memory exhausted");
	o->rest = NO_LOG;
	for (i = 0; i < conf->nlogs; i++) {
		if (conf->logs[i].ntags == 0)
			o->rest = i;
		if (opened[i].fd != -1)
			logs[i] = make_log(o, &conf->logs[i], &opened[i],
			    remove_log(before, nbefore, conf->logs[i].path),
			    buffer);
	}
	end_logs(o, before, nbefore);
	o->logs = logs;
	o->conf = conf;
	exporter_logs_configure(o->exporters, conf, buffer);
}

bool
output_want_log(struct output *o, struct priv_want_log *want)
{
	return (exporter_logs_want(o->exporters, want));
}

void
output_open_log(struct output *o, int fd, uint32_t lock)
{
	if (exporter_logs_open(o->exporters, fd, lock) == -1)
		fatalx("the monitor sent an unexpected log of an exporter");
}

void
output_close_log(struct output *o, size_t place)
{
	if (exporter_logs_close(o->exporters, place) == -1)
		fatalx("the monitor closed log %zu, which does not exist",
		    place);
}

void
output_reopen_log(struct output *o, size_t which, int fd)
{
	if (which >= nlogs(o) || o->logs[which] == NULL)
		fatalx("the monitor sent log %zu, which does not exist", which);
	flowlog_set_fd(o->logs[which], fd);
}

bool
output_was_torn(struct output *o)
{
	struct flowlog *l;
	bool torn = false;
	size_t i;

	for (i = 0; i < nall(o); i++) {
		if ((l = log_at(o, i)) != NULL)
			torn = flowlog_was_torn(l) || torn;
	}
	return (torn);
}

bool
output_has_dead_log(const struct output *o)
{
	const struct flowlog *l;
	size_t i;

	for (i = 0; i < nall(o); i++) {
		if ((l = log_at(o, i)) != NULL && flowlog_is_dead(l))
			return (true);
	}
	return (false);
}

void
output_pause_logs(struct output *o, bool pause)
{
	size_t i;

	o->paused = pause;
	for (i = 0; i < nlogs(o); i++) {
		if (o->logs[i] != NULL)
			flowlog_pause(o->logs[i], pause);
	}
	exporter_logs_pause(o->exporters, pause);
}

size_t
output_left(const struct output *o)
{
	const struct flowlog *l;
	size_t i, left = 0;

	for (i = 0; i < nall(o); i++) {
		if ((l = log_at(o, i)) != NULL)
			left += flowlog_left(l);
	}
	return (left);
}

static size_t
flush_logs(struct output *o)
{
	struct flowlog *l;
	size_t i, left = 0;

	for (i = 0; i < nall(o); i++) {
		if ((l = log_at(o, i)) != NULL)
			left += flowlog_flush(l);
	}
	return (left);
}

size_t
output_flush(struct output *o)
{
	logsock_flush(o->logsock);
	return (flush_logs(o));
}

size_t
output_npollfds(const struct output *o)
{
	return (nall(o) + 1);
}

void
output_pollfds(const struct output *o, struct pollfd *pfds)
{
	const struct flowlog *l;
	size_t i, n = nall(o);

	for (i = 0; i < n; i++) {
		l = log_at(o, i);
		pfds[i] = (struct pollfd){
			.events = POLLOUT,
			.fd = l == NULL ? -1 : flowlog_blocked_on(l),
		};
	}
	pfds[n] = (struct pollfd){
		.events = POLLOUT,
		.fd = logsock_blocked_on(o->logsock),
	};
}

void
output_set_logsock(struct output *o, int fd)
{
	logsock_set_fd(o->logsock, fd);
}

void
output_use_logsock(struct output *o, bool use)
{
	o->use_logsock = use;
	if (!use)
		output_set_logsock(o, -1);
}

bool
output_wants_logsock(const struct output *o)
{
	return (o->use_logsock && !logsock_is_connected(o->logsock));
}

static void
close_forward(const struct output_forward *f)
{
	if (f->fd != -1)
		(void)close(f->fd);
}

int
output_renew_forward(struct output *o, size_t i,
    const struct output_forward *forward)
{
	if (i >= o->nforwards)
		return (-1);
	close_forward(&o->forwards[i]);
	o->forwards[i] = *forward;
	return (0);
}

void
output_set_forwards(struct output *o, const struct output_forward *forwards,
    size_t n)
{
	size_t i;

	for (i = 0; i < o->nforwards; i++)
		close_forward(&o->forwards[i]);
	free(o->forwards);
	o->forwards = NULL;
	o->nforwards = 0;
	if (n == 0)
		return;
	if ((o->forwards = reallocarray(NULL, n, sizeof(*forwards))) == NULL)
		fatal("memory exhausted");
	memcpy(o->forwards, forwards, n * sizeof(*forwards));
	o->nforwards = n;
}

static bool
has_tag(const struct conf_log *log, uint32_t tag)
{
	size_t lo = 0, hi = log->ntags, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (log->tags[mid] == tag)
			return (true);
		if (log->tags[mid] < tag)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (false);
}

/* The index of the log for the flow, or NO_LOG. */
static size_t
choose(const struct output *o, const struct flow *flow)
{
	size_t i;

	if ((flow->fields & STORE_FIELD_TAG) == 0)
		return (o->rest);
	for (i = 0; i < o->conf->nlogs; i++) {
		if (has_tag(&o->conf->logs[i], flow->tag))
			return (i);
	}
	return (o->rest);
}

/* The log with this index, or the exporter's log of it.  NULL: no place. */
static struct flowlog *
log_of(struct output *o, size_t i, const struct addr *exporter)
{
	return (o->logs[i] != NULL ?
		o->logs[i] :
		exporter_logs_find(o->exporters, i, exporter));
}

static enum output_result
put_to_logsock(struct output *o, const uint8_t *record, size_t len, void *owner)
{
	switch (logsock_send(o->logsock, record, len, owner)) {
	case LOGSOCK_SENT:
		return (OUTPUT_STORED);
	case LOGSOCK_BUFFERED:
		return (OUTPUT_BUFFERED);
	case LOGSOCK_LOST:
		break;
	}
	return (OUTPUT_LOST);
}

/* If there are both a log and the log socket, the log decides the outcome. */
enum output_result
output_put(struct output *o, const struct addr *exporter,
    const struct flow *flow, const uint8_t *record, size_t len, void *owner)
{
	const size_t i = choose(o, flow);
	enum output_result r = OUTPUT_NOWHERE;
	struct flowlog *l;
	uint8_t *room;

	if (o->use_logsock)
		r = put_to_logsock(o, record, len, i == NO_LOG ? owner : NULL);
	if (i == NO_LOG)
		return (r);
	if ((l = log_of(o, i, exporter)) == NULL)
		return (OUTPUT_LOST);
	if ((room = flowlog_room(l, len)) == NULL) {
		flowlog_refuse(l);
		return (OUTPUT_LOST);
	}
	memcpy(room, record, len);
	flowlog_commit(l, len, 1, owner);
	return (OUTPUT_BUFFERED);
}

uint8_t *
output_room(struct output *o, const struct addr *exporter, size_t len)
{
	if (o->use_logsock || o->rest == NO_LOG || o->conf->nlogs != 1)
		return (NULL);
	o->room_in = log_of(o, o->rest, exporter);
	return (o->room_in == NULL ? NULL : flowlog_room(o->room_in, len));
}

void
output_commit(struct output *o, size_t len, size_t records, void *owner)
{
	flowlog_commit(o->room_in, len, records, owner);
}

void
output_end(struct output *o)
{
	end_logs(o, o->logs, nlogs(o));
	exporter_logs_end(o->exporters);
	o->logs = NULL;
	o->rest = NO_LOG;
	o->conf = NULL;
	output_set_logsock(o, -1);
}

/* Whether the system accepts the datagram. */
static bool
send_to(const struct output_forward *f, const uint8_t *data, size_t len)
{
	int tries;

	/* The first may only report that an earlier one was refused. */
	for (tries = 0; f->fd != -1 && tries < 2; tries++) {
		if (send(f->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
		    (ssize_t)len)
			return (true);
	}
	return (false);
}

void
output_forward(struct output *o, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < o->nforwards; i++) {
		if (send_to(&o->forwards[i], data, len))
			o->forwarded++;
		else
			o->forward_lost++;
	}
}

bool
output_is_forward(const struct output *o, const struct addr *from,
    uint16_t port)
{
	const struct priv_forward *self;
	size_t i;

	for (i = 0; i < o->nforwards; i++) {
		self = &o->forwards[i].self;
		if (self->port == port && from->family != ADDR_NONE &&
		    addr_equal(&self->addr, from))
			return (true);
	}
	return (false);
}
