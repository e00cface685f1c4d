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
#include "collector/flowlog.h"
#include "collector/logsock.h"
#include "collector/output.h"

struct output {
	const struct config *conf; /* the logs'; NULL: none yet */
	struct flowlog **logs;     /* conf->nlogs */
	struct flowlog *rest;      /* without tags; or NULL */
	bool paused;               /* all of them */
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
	if ((o->logsock = logsock_new(outcome)) == NULL) {
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

static void
add_log_counters(struct flowlog_counters *sum, const struct flowlog *l)
{
	const struct flowlog_counters *n = flowlog_counters(l);

	sum->bytes += n->bytes;
	sum->errors += n->errors;
	sum->lost += n->lost;
}

void
output_count(const struct output *o, struct collector_counters *counters)
{
	struct flowlog_counters logs = o->closed;
	size_t i;

	for (i = 0; i < nlogs(o); i++)
		add_log_counters(&logs, o->logs[i]);
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
	add_log_counters(&o->closed, l);
	flowlog_free(l);
}

void
output_free(struct output *o)
{
	size_t i;

	if (o == NULL)
		return;
	for (i = 0; i < nlogs(o); i++)
		end_log(o, o->logs[i]);
	free(o->logs);
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

void
output_set_logs(struct output *o, const struct config *conf,
    const struct output_log *opened)
{
	size_t i, nbefore = nlogs(o);
	struct flowlog **before = o->logs, **logs, *l;
	struct flowlog_lock lock = { .locks = o->locks, .owner = o->number };
	uint64_t buffer = conf->limits.buffer;

	if (buffer == 0)
		buffer = FLOWLOG_BUFFER_DEFAULT;
	buffer /= config_workers(conf);
	logs = calloc(conf->nlogs == 0 ? 1 : conf->nlogs, sizeof(*logs));
	if (logs == NULL)
		fatal("memory exhausted");
	o->rest = NULL;
	for (i = 0; i < conf->nlogs; i++) {
		l = remove_log(before, nbefore, conf->logs[i].path);
		lock.index = opened[i].lock;
		if (l == NULL &&
		    (l = flowlog_new(conf->logs[i].path, &lock, o->outcome)) ==
			NULL)
			fatal("memory exhausted");
		flowlog_set_limit(l, buffer);
		flowlog_pause(l, o->paused);
		flowlog_set_fd(l, opened[i].fd);
		if (conf->logs[i].ntags == 0)
			o->rest = l;
		logs[i] = l;
	}
	for (i = 0; i < nbefore; i++) {
		if (before[i] != NULL)
			end_log(o, before[i]);
	}
	free(before);
	o->logs = logs;
	o->conf = conf;
}

void
output_reopen_log(struct output *o, size_t which, int fd)
{
	if (which >= nlogs(o))
		fatalx("the monitor sent log %zu, which does not exist", which);
	flowlog_set_fd(o->logs[which], fd);
}

bool
output_was_torn(struct output *o)
{
	bool torn = false;
	size_t i;

	for (i = 0; i < nlogs(o); i++)
		torn = flowlog_was_torn(o->logs[i]) || torn;
	return (torn);
}

bool
output_has_dead_log(const struct output *o)
{
	size_t i;

	for (i = 0; i < nlogs(o); i++) {
		if (flowlog_is_dead(o->logs[i]))
			return (true);
	}
	return (false);
}

void
output_pause_logs(struct output *o, bool pause)
{
	size_t i;

	o->paused = pause;
	for (i = 0; i < nlogs(o); i++)
		flowlog_pause(o->logs[i], pause);
}

size_t
output_left(const struct output *o)
{
	size_t i, left = 0;

	for (i = 0; i < nlogs(o); i++)
		left += flowlog_left(o->logs[i]);
	return (left);
}

static size_t
flush_logs(struct output *o)
{
	size_t i, left = 0;

	for (i = 0; i < nlogs(o); i++)
		left += flowlog_flush(o->logs[i]);
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
	return (nlogs(o) + 1);
}

void
output_pollfds(const struct output *o, struct pollfd *pfds)
{
	size_t i, n = nlogs(o);

	for (i = 0; i < n; i++)
		pfds[i] = (struct pollfd){
			.events = POLLOUT,
			.fd = flowlog_blocked_on(o->logs[i]),
		};
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

/* The log for the flow, or NULL. */
static struct flowlog *
choose(const struct output *o, const struct flow *flow)
{
	size_t i;

	if ((flow->fields & STORE_FIELD_TAG) == 0)
		return (o->rest);
	for (i = 0; i < o->conf->nlogs; i++) {
		if (has_tag(&o->conf->logs[i], flow->tag))
			return (o->logs[i]);
	}
	return (o->rest);
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
output_put(struct output *o, const struct flow *flow, const uint8_t *record,
    size_t len, void *owner)
{
	struct flowlog *l = choose(o, flow);
	enum output_result r = OUTPUT_NOWHERE;
	uint8_t *room;

	if (o->use_logsock)
		r = put_to_logsock(o, record, len, l == NULL ? owner : NULL);
	if (l == NULL)
		return (r);
	if ((room = flowlog_room(l, len)) == NULL) {
		flowlog_refuse(l);
		return (OUTPUT_LOST);
	}
	memcpy(room, record, len);
	flowlog_commit(l, len, 1, owner);
	return (OUTPUT_BUFFERED);
}

uint8_t *
output_room(struct output *o, size_t len)
{
	if (o->use_logsock || o->rest == NULL || o->conf->nlogs != 1)
		return (NULL);
	return (flowlog_room(o->rest, len));
}

void
output_commit(struct output *o, size_t len, size_t records, void *owner)
{
	flowlog_commit(o->rest, len, records, owner);
}

void
output_end(struct output *o)
{
	size_t i;

	for (i = 0; i < nlogs(o); i++)
		end_log(o, o->logs[i]);
	free(o->logs);
	o->logs = NULL;
	o->rest = NULL;
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
