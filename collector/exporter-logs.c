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

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log-limit.h"
#include "base/log.h"
#include "collector/exporter-logs.h"
#include "config/flowlog-name.h"
#include "lib/hash.h"
#include "lib/recent.h"

#define NONE           SIZE_MAX
#define WAITING_MIN    64  /* logs without a place, beside those with one */
#define EVICT_TRIES    16  /* logs, from the least recently used one on */
#define RETRY_SECONDS  10  /* after the monitor could not open a log */
#define WANTS_A_SECOND 100 /* the monitor accepts thrice as many */

enum log_stage {
	LOG_NONE,
	LOG_WANTED, /* has flows, and no file */
	LOG_ASKED,  /* the same; the monitor's answer will come */
	LOG_OPEN,
};

struct exporter_log {
	enum log_stage stage;
	struct flowlog *l; /* NULL: none */
	size_t log;        /* index in the configuration */
	struct addr exporter;
	size_t place; /* if asked or open */
	struct recent used;
	size_t next;  /* with the same hash */
	time_t retry; /* clock_sec(); not asked for before */
};

struct exporter_logs {
	struct flowlog_locks *locks;
	uint32_t number; /* of this collector */
	record_outcome *outcome;

	const struct config *conf;
	uint64_t buffer; /* bytes, of all logs beyond the first MiB of each */
	size_t blocks;   /* of it in use; flowlog_share_limit() */
	bool paused;
	struct exporter_log *logs;
	size_t n, nused;
	struct recent_list used;
	size_t *buckets, nbuckets; /* a power of two */

	size_t *places; /* the log in each place, or NONE */
	size_t nplaces;

	size_t asked;      /* log, or NONE */
	size_t nwanted;    /* logs in LOG_WANTED */
	size_t next;       /* where the search for the next request begins */
	time_t second;     /* clock_sec() of the latest request */
	uint32_t requests; /* in this second */

	struct flowlog_counters closed;
	uint64_t evicted;
	struct log_state evicting;
	struct log_limit full;
};

struct exporter_logs *
exporter_logs_new(struct flowlog_locks *locks, uint32_t number,
    record_outcome *outcome)
{
	struct exporter_logs *e;

	if ((e = calloc(1, sizeof(*e))) == NULL)
		return (NULL);
	e->locks = locks;
	e->number = number;
	e->outcome = outcome;
	e->asked = NONE;
	return (e);
}

size_t
exporter_logs_max(const struct exporter_logs *e)
{
	return (e->n);
}

struct flowlog *
exporter_logs_at(const struct exporter_logs *e, size_t i)
{
	return (e->logs[i].l);
}

static size_t *
bucket_of(const struct exporter_logs *e, size_t log, const struct addr *a)
{
	uint64_t words[2];

	memcpy(words, a->bytes, sizeof(words));
	return (&e->buckets[hash_mix(hash_mix(words[0] ^ log) ^ words[1]) &
	    (e->nbuckets - 1)]);
}

static void
set_stage(struct exporter_logs *e, struct exporter_log *x, enum log_stage stage)
{
	e->nwanted -= x->stage == LOG_WANTED;
	e->nwanted += stage == LOG_WANTED;
	x->stage = stage;
}

static void
link_log(struct exporter_logs *e, size_t i)
{
	struct exporter_log *x = &e->logs[i];
	size_t *bucket = bucket_of(e, x->log, &x->exporter);

	x->next = *bucket;
	*bucket = i;
	recent_add(&e->used, &x->used);
	e->nused++;
}

static void
unlink_log(struct exporter_logs *e, size_t i)
{
	struct exporter_log *x = &e->logs[i];
	size_t *at = bucket_of(e, x->log, &x->exporter);

	while (*at != i)
		at = &e->logs[*at].next;
	*at = x->next;
	recent_remove(&e->used, &x->used);
	e->nused--;
}

static void
end_log(struct exporter_logs *e, struct flowlog *l)
{
	flowlog_end(l);
	flowlog_counters_add(&e->closed, l);
	flowlog_free(l);
}

static void
remove_log(struct exporter_logs *e, size_t i)
{
	struct exporter_log *x = &e->logs[i];

	unlink_log(e, i);
	end_log(e, x->l);
	set_stage(e, x, LOG_NONE);
	if (x->place != NONE)
		e->places[x->place] = NONE;
	*x = (struct exporter_log){ .stage = LOG_NONE };
}

void
exporter_logs_end(struct exporter_logs *e)
{
	size_t i;

	for (i = 0; i < e->n; i++) {
		if (e->logs[i].l != NULL)
			remove_log(e, i);
	}
}

void
exporter_logs_free(struct exporter_logs *e)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		flowlog_free(e->logs[i].l);
	free(e->logs);
	free(e->buckets);
	free(e->places);
	free(e);
}

/* An array of n NONEs. */
static size_t *
make_array(size_t n)
{
	size_t *array, i;

	if ((array = calloc(n == 0 ? 1 : n, sizeof(*array))) == NULL)
		fatal("memory exhausted");
	for (i = 0; i < n; i++)
		array[i] = NONE;
	return (array);
}

/* Makes room for the logs of that number of places. */
static void
make_room(struct exporter_logs *e, size_t nplaces)
{
	e->n = nplaces == 0 ? 0 : 2 * nplaces + WAITING_MIN;
	for (e->nbuckets = 1; e->nbuckets < 2 * e->n; e->nbuckets *= 2)
		continue;
	e->logs = calloc(e->n == 0 ? 1 : e->n, sizeof(*e->logs));
	if (e->logs == NULL)
		fatal("memory exhausted");
	e->buckets = make_array(e->nbuckets);
	e->places = make_array(nplaces);
	e->nplaces = nplaces;
	e->nused = e->nwanted = e->next = 0;
	e->asked = NONE;
	e->used = (struct recent_list){ NULL, NULL };
}

/* The index of an unused log, or NONE. */
static size_t
find_unused(const struct exporter_logs *e)
{
	size_t i;

	for (i = 0; e->nused < e->n && i < e->n; i++) {
		if (e->logs[i].stage == LOG_NONE)
			return (i);
	}
	return (NONE);
}

/* Makes l, which has no file, the log with an unused index. */
static void
add_log(struct exporter_logs *e, size_t i, size_t log, const struct addr *a,
    struct flowlog *l)
{
	struct exporter_log *x = &e->logs[i];

	x->l = l;
	x->log = log;
	x->exporter = *a;
	x->place = NONE;
	set_stage(e, x, LOG_WANTED);
	link_log(e, i);
	flowlog_set_limit(l, e->buffer);
	flowlog_share_limit(l, &e->blocks);
	flowlog_pause(l, e->paused);
}

/* The log of conf in which the exporter's log has this path, or NONE. */
static size_t
log_with_path(const struct config *conf, const struct addr *a, const char *path)
{
	char made[PATH_MAX];
	size_t i;

	for (i = 0; i < conf->nlogs; i++) {
		if (flowlog_name_has_exporter(&conf->logs[i]) &&
		    flowlog_name_of_exporter(&conf->logs[i], a, made) == 0 &&
		    strcmp(made, path) == 0)
			return (i);
	}
	return (NONE);
}

/* Keeps the records that could not be written to the former file. */
static void
carry_over(struct exporter_logs *e, struct exporter_log *former)
{
	const size_t log =
	    log_with_path(e->conf, &former->exporter, flowlog_name(former->l));
	const size_t unused = find_unused(e);

	if (log != NONE && unused != NONE) {
		flowlog_set_fd(former->l, -1);
		if (flowlog_left(former->l) > 0) {
			add_log(e, unused, log, &former->exporter, former->l);
			return;
		}
	}
	end_log(e, former->l);
}

void
exporter_logs_configure(struct exporter_logs *e, const struct config *conf,
    uint64_t buffer)
{
	struct exporter_log *former = e->logs;
	const size_t n = e->n;
	size_t i;

	e->conf = conf;
	e->buffer = buffer;
	free(e->buckets);
	free(e->places);
	make_room(e, flowlog_name_exporters_max(conf));
	for (i = 0; i < n; i++) {
		if (former[i].l != NULL)
			carry_over(e, &former[i]);
	}
	free(former);
}

void
exporter_logs_pause(struct exporter_logs *e, bool pause)
{
	size_t i;

	e->paused = pause;
	for (i = 0; i < e->n; i++) {
		if (e->logs[i].l != NULL)
			flowlog_pause(e->logs[i].l, pause);
	}
}

static void
report_evicted(struct exporter_logs *e)
{
	e->evicted++;
	if (log_state_hourly(&e->evicting, (uint32_t)time(NULL)))
		log_warnx(
		    "%zu logs of exporters are open, more are not allowed; the "
		    "least recently used ones are closed and opened again; "
		    "raise limit logs",
		    e->nplaces);
}

/* Removes the open log that was least recently used, if all is written. */
static bool
evict(struct exporter_logs *e)
{
	struct recent *link = e->used.oldest;
	struct exporter_log *x;
	int tries = 0;

	while (link != NULL && tries < EVICT_TRIES) {
		x = recent_owner(link, offsetof(struct exporter_log, used));
		link = link->newer;
		if (x->stage != LOG_OPEN)
			continue;
		tries++;
		if (flowlog_flush(x->l) > 0)
			continue;
		report_evicted(e);
		remove_log(e, (size_t)(x - e->logs));
		return (true);
	}
	return (false);
}

static void
report_full(struct exporter_logs *e)
{
	uint32_t held_back;

	if (log_limit_pass(&e->full, (uint32_t)time(NULL), &held_back))
		log_warnx(
		    "%zu logs of exporters have flows that wait for their "
		    "files; flows of other exporters are lost (%" PRIu32
		    " similar held back)",
		    e->n, held_back);
}

static struct flowlog *
begin_log(struct exporter_logs *e, size_t log, const struct addr *a)
{
	char path[PATH_MAX];
	struct flowlog *l;
	size_t i = find_unused(e);

	if (i == NONE && evict(e))
		i = find_unused(e);
	if (i == NONE) {
		report_full(e);
		return (NULL);
	}
	/* Too long a path fails in the monitor. */
	if (flowlog_name_of_exporter(&e->conf->logs[log], a, path) == -1)
		(void)strlcpy(path, e->conf->logs[log].path, sizeof(path));
	if ((l = flowlog_new(path, NULL, e->outcome)) == NULL)
		fatal("memory exhausted");
	add_log(e, i, log, a, l);
	return (l);
}

struct flowlog *
exporter_logs_find(struct exporter_logs *e, size_t log,
    const struct addr *exporter)
{
	size_t i = *bucket_of(e, log, exporter);
	struct exporter_log *x;

	for (; i != NONE; i = x->next) {
		x = &e->logs[i];
		if (x->log != log || !addr_equal(&x->exporter, exporter))
			continue;
		recent_remove(&e->used, &x->used);
		recent_add(&e->used, &x->used);
		return (x->l);
	}
	return (begin_log(e, log, exporter));
}

/* Whether another request is within the rate; counts it. */
static bool
may_ask(struct exporter_logs *e, time_t now)
{
	if (now != e->second)
		e->requests = 0;
	e->second = now;
	return (e->requests++ < WANTS_A_SECOND);
}

/* The next log that is wanted, in turn; NONE: none now. */
static size_t
next_wanted(const struct exporter_logs *e, time_t now)
{
	size_t i, at;

	for (i = 0; e->nwanted > 0 && i < e->n; i++) {
		at = (e->next + i) % e->n;
		if (e->logs[at].stage == LOG_WANTED && now >= e->logs[at].retry)
			return (at);
	}
	return (NONE);
}

/* The first empty place, or NONE. */
static size_t
find_place(const struct exporter_logs *e)
{
	size_t i;

	for (i = 0; i < e->nplaces; i++) {
		if (e->places[i] == NONE)
			return (i);
	}
	return (NONE);
}

bool
exporter_logs_want(struct exporter_logs *e, struct priv_want_log *want)
{
	const time_t now = clock_sec();
	size_t i, place;

	if (e->asked != NONE || (i = next_wanted(e, now)) == NONE ||
	    !may_ask(e, now))
		return (false);
	if ((place = find_place(e)) == NONE && evict(e))
		place = find_place(e);
	if (place == NONE)
		return (false);
	e->logs[i].place = place;
	e->places[place] = i;
	set_stage(e, &e->logs[i], LOG_ASKED);
	e->asked = i;
	e->next = i + 1;
	*want = (struct priv_want_log){
		.place = (uint32_t)place,
		.log = (uint32_t)e->logs[i].log,
		.exporter = e->logs[i].exporter,
	};
	return (true);
}

/* The log has no file now, and needs one. */
static void
want_again(struct exporter_logs *e, struct exporter_log *x)
{
	e->places[x->place] = NONE;
	x->place = NONE;
	set_stage(e, x, LOG_WANTED);
}

int
exporter_logs_open(struct exporter_logs *e, int fd, uint32_t lock)
{
	const struct flowlog_lock of_log = { e->locks, lock, e->number };
	struct exporter_log *x;

	if (e->asked == NONE)
		return (-1);
	x = &e->logs[e->asked];
	e->asked = NONE;
	if (fd == -1) {
		x->retry = clock_sec() + RETRY_SECONDS;
		want_again(e, x);
		return (0);
	}
	flowlog_set_lock(x->l, &of_log);
	flowlog_set_fd(x->l, fd);
	set_stage(e, x, LOG_OPEN);
	return (0);
}

int
exporter_logs_close(struct exporter_logs *e, size_t place)
{
	struct exporter_log *x;

	if (place >= e->nplaces)
		return (-1);
	if (e->places[place] == NONE)
		return (0);
	x = &e->logs[e->places[place]];
	if (x->stage != LOG_OPEN)
		return (0);
	flowlog_set_fd(x->l, -1);
	if (flowlog_left(x->l) == 0)
		remove_log(e, (size_t)(x - e->logs));
	else
		want_again(e, x);
	return (0);
}

uint64_t
exporter_logs_evicted(const struct exporter_logs *e)
{
	return (e->evicted);
}

void
exporter_logs_count(const struct exporter_logs *e, struct flowlog_counters *sum)
{
	size_t i;

	sum->bytes += e->closed.bytes;
	sum->errors += e->closed.errors;
	sum->lost += e->closed.lost;
	for (i = 0; i < e->n; i++) {
		if (e->logs[i].l != NULL)
			flowlog_counters_add(sum, e->logs[i].l);
	}
}
