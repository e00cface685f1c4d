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
 * What is known of each exporter: counters, sequence numbers, sampling, and
 * what was said of it.  An exporter is its address.
 *
 * The counters add up, for each exporter and in all, and at any time:
 *
 *	datagrams = decoded + invalid + unsupported + held + no_template
 *	    (+ unauthorised, which belongs to no exporter)
 *	flows = stored + discarded + lost + buffered
 *
 * The counters of COUNTER_LEVEL may fall: held and buffered count what waits,
 * and late datagrams reduce the sequence_* and restarts (sequence.h).
 */
#ifndef EXPORTER_H
#define EXPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "counters.h"
#include "held.h"
#include "history.h"
#include "log-limit.h"
#include "memory.h"
#include "options.h"
#include "protocol.h"
#include "recent.h"
#include "sequence.h"
#include "template.h"

/* The limits where flowd.conf has no statement. */
#define EXPORTERS_DEFAULT 65536
#define TEMPLATES_DEFAULT 4096                /* of each exporter */
#define MEMORY_DEFAULT    ((size_t)512 << 20) /* bytes, in all */

#define EXPORTER_IDLE 600 /* seconds after which one may go */

/* Causes of messages; each is limited on its own. */
enum exporter_cause {
	EXPORTER_INVALID,
	EXPORTER_UNSUPPORTED,
	EXPORTER_TEMPLATE,
	EXPORTER_NO_TEMPLATE,
	EXPORTER_RECORD,
	EXPORTER_MEMORY,
	EXPORTER_TEMPLATES_FULL,
	EXPORTER_TEMPLATES_ROOM,
	EXPORTER_IS_NEW,
	EXPORTER_RESTARTED,
	EXPORTER_TEMPLATE_CHANGED,
	EXPORTER_RESAMPLED,
	EXPORTER_CAUSES
};

/*
 * What exporters may have said of them in all.  Addresses can be made up: what
 * is said of those does not take from the others, nor are they so many that no
 * warning finds room.
 */
enum exporter_budget {
	EXPORTER_NAMED,   /* by a flow source of their own */
	EXPORTER_NEWS,    /* that others are new */
	EXPORTER_UNNAMED, /* what else is said of others */
	EXPORTER_BUDGETS
};

/* What all exporters draw on. */
struct exporters_shared {
	struct exporter_table *table;
	struct memory memory;
	struct held_queue held;
	size_t templates_max; /* of each exporter */
	bool changed;         /* since the state was saved */
	struct log_budget budgets[EXPORTER_BUDGETS];
	struct log_state memory_full;
};

/* See exporter_skew_ms. */
struct exporter_skew {
	uint32_t minute;        /* of the epoch; 0: nothing is known */
	int64_t latest, before; /* ms, of that minute and the one before */
};

struct exporter {
	struct addr addr;
	struct counters counters;
	uint64_t versions[PROTOCOLS]; /* datagrams, well-formed */
	struct history history;
	struct sequences sequences;
	struct log_limit said[EXPORTER_CAUSES];
	uint32_t first_seen, last_seen; /* epoch seconds */
	struct exporter_skew skew;
	uint16_t sampling_interval; /* of v5 headers: 1 of N; 0 unknown */
	uint8_t sampling_mode;      /* of v5 headers: 0-3 */
	uint16_t unsupported;       /* the latest such version; 0 none */
	/* Of the flows looked at, one of a batch: input is the output. */
	uint64_t looked_at, in_is_out;
	struct exporters_shared *shared;
	struct templates templates;
	struct options options;
	struct held_owner held;
	bool named; /* by a flow source of its own */
	bool gone;  /* from the table, but for flows that are buffered */
	bool templates_full;
	bool known; /* it has been said to be new, or is of the state file */
	struct exporter *hash_next;
	struct recent use; /* in one of the table's lists */
};

struct exporter_table;

struct exporter_limits {
	size_t exporters;
	size_t templates; /* of each exporter */
	size_t memory;    /* bytes of templates, options, held data */
};

/* NULL without memory. */
struct exporter_table *exporters_new(const struct exporter_limits *limits);

/* What is over a lower limit goes only as something new takes its place. */
void exporters_set_limits(struct exporter_table *table,
    const struct exporter_limits *limits);

/* No flow of theirs may be buffered any more. */
void exporters_free(struct exporter_table *table);

/*
 * The exporter at addr, made where it is new; now is in epoch seconds.  NULL
 * without memory.  The pointer is good until the next call.
 *
 * Addresses can be made up, so at the limit a new one pushes out nobody who is
 * in use: the one unused for longest goes if that is EXPORTER_IDLE seconds ago,
 * and named ones stay but for other named ones.  Where none goes, the
 * result is a stand-in that remembers nothing until the next call but the
 * counters, which are those of all such addresses.
 */
struct exporter *exporter_get(struct exporter_table *table,
    const struct addr *addr, uint32_t now, bool named);

/*
 * Frees memory for e by forgetting another, of those that exporter_get would
 * let go for it.  False where there is none.
 */
bool exporter_make_room(const struct exporter *e, uint32_t now);

/* The exporter at addr, without making or using it; or NULL. */
const struct exporter *exporter_find(const struct exporter_table *table,
    const struct addr *addr);

/*
 * For walks in steps: the exporter that follows that at after, which may have
 * gone, or the first where after is of no family.  NULL behind the last.  The
 * order is the table's own.  Who is there all the time is met exactly once.
 */
const struct exporter *exporters_next(const struct exporter_table *table,
    const struct addr *after);

/* What they draw on, and how many there may be. */
const struct exporters_shared *exporters_shared(
    const struct exporter_table *table);
size_t exporters_limit(const struct exporter_table *table);

/*
 * Calls visit for each, the one unused for longest first, named ones last.
 */
void exporters_each(const struct exporter_table *table,
    void (*visit)(void *arg, const struct exporter *exporter), void *arg);

/* Of those that the table holds; it counts as evicted. */
void exporter_forget(struct exporter *e);

size_t exporters_count(const struct exporter_table *table);

/* The sums of all, exporters that were forgotten or never kept included. */
void exporters_sum(const struct exporter_table *table, struct counters *sum);

/* Whether there is something new for the state file; and then there is not. */
bool exporters_changed(const struct exporter_table *table);
void exporters_saved(struct exporter_table *table);

/* Gives up data that have waited for a template for too long. */
void exporters_expire(struct exporter_table *table, uint32_t now);

/*
 * What became of flows of e that were counted as buffered.  e may be one that
 * the table has forgotten meanwhile.
 */
void exporter_settle(struct exporter *e, uint64_t stored, uint64_t lost);

/* Exporters that went for others at the limit. */
uint64_t exporters_evicted(const struct exporter_table *table);

/* Records the sequence number of a datagram: see sequence.h. */
void exporter_sequence(struct exporter *exporter, enum protocol_id id,
    uint32_t domain, uint32_t seq, uint32_t count, uint32_t uptime_ms);

/*
 * Records a well-formed datagram: its protocol, and the times of its reception
 * and of its export by its header, both of the epoch.
 */
void exporter_heard(struct exporter *e, enum protocol_id id, uint32_t recv_sec,
    uint32_t recv_usec, uint32_t export_sec, uint32_t export_nsec);

/*
 * How far the exporter's clock is ahead of ours, as far as can be told: time
 * of export minus time of reception, of the datagram that was under way for
 * the shortest time in this minute and the one before.  v9 and IPFIX tell the
 * time in whole seconds, so that it is up to a second less than it should be.
 * False where nothing came in that time.
 */
bool exporter_skew_ms(const struct exporter *e, uint32_t now, int64_t *ms);

enum exporter_span { EXPORTER_MINUTE, EXPORTER_HOUR, EXPORTER_START };

/* What an exporter has sent in a span of time, and what was missing of it. */
struct exporter_period {
	uint32_t seconds;   /* that it covers, never 0 */
	uint64_t datagrams; /* received */
	uint64_t flows;     /* decoded, and not lost to output errors */
	uint64_t missing;   /* flows that there should have been too */
	bool numbered;      /* by the exporter, so that gaps are seen */
};

/*
 * The latest minute (60 to 75 seconds), hour (60 to 72 minutes), or everything
 * since first_seen, up to now; less where the exporter is not known for so
 * long.  flows / seconds is a rate.
 *
 * Flows are missing by the sequence numbers, and by output errors.  Flows that
 * a filter discards are not: that is what it is for.  Where datagrams are
 * missing instead, as v9 numbers those and as data wait in vain for templates,
 * each is taken for as many flows as the others of the period had; so where all
 * is v9, the share of flows is a share of datagrams.  Numbers of v9 and IPFIX
 * count options data, which are no flows.  What comes twice counts twice.
 */
void exporter_period(const struct exporter *e, uint32_t now,
    enum exporter_span span, struct exporter_period *period);

/* The sum over all exporters in the table. */
void exporters_period(const struct exporter_table *table, uint32_t now,
    enum exporter_span span, struct exporter_period *sum);

/*
 * The share of flows that are there, in parts per million, rounded down so that
 * a million is all of them.  -1 where nobody knows: nothing was sent, or only
 * v1, which has no numbers.
 */
int32_t exporter_complete(const struct exporter_period *period);

/*
 * Say "ADDR: message", at most once a minute for each cause, with the number of
 * those held back in between, and within what may be said of all exporters:
 * log-limit.h.
 */
void exporter_warnx(struct exporter *exporter, enum exporter_cause cause,
    uint32_t now, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void exporter_info(struct exporter *exporter, enum exporter_cause cause,
    uint32_t now, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
