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
 */
#ifndef EXPORTER_H
#define EXPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "held.h"
#include "log-limit.h"
#include "options.h"
#include "template.h"

/* The limits where flowd.conf has no statement. */
#define EXPORTERS_DEFAULT 65536
#define TEMPLATES_DEFAULT 4096                /* of each exporter */
#define MEMORY_DEFAULT    ((size_t)512 << 20) /* bytes, in all */

#define EXPORTER_SEQUENCES 8   /* kept for each exporter */
#define EXPORTER_IDLE      600 /* seconds after which one may go */

/*
 * datagrams = decoded + invalid + unsupported + held + no_template, and, in
 * the whole only, + unauthorised.  flows = stored + discarded + lost.
 */
struct counters {
	uint64_t datagrams;       /* received from the network */
	uint64_t decoded;         /* gave their flows, perhaps none */
	uint64_t invalid;         /* malformed, nothing of them stored */
	uint64_t unsupported;     /* of a version that flowd does not read */
	uint64_t unauthorised;    /* from no "flow source" */
	uint64_t held;            /* wait for a template now */
	uint64_t no_template;     /* waited for one in vain, in part */
	uint64_t flows;           /* decoded */
	uint64_t stored;          /* in the log, or sent to the logsock */
	uint64_t discarded;       /* by the filter */
	uint64_t lost;            /* to output errors */
	uint64_t records_refused; /* data records that are no flow */
	uint64_t options;         /* options data records applied */
	uint64_t templates;       /* definitions that were new or changed */
	uint64_t templates_refused;
	uint64_t withdrawals;
	uint64_t sets_reserved; /* sets with an id of no meaning */
	uint64_t sequence_lost; /* flows that a number was missing for */
	uint64_t sequence_lost_datagrams; /* the same in v9 */
	uint64_t sequence_late;           /* behind their turn, or twice */
	uint64_t restarts;                /* sequences that began anew */
};

#define COUNTERS (sizeof(struct counters) / sizeof(uint64_t))

/* One sequence of flow numbers, of one engine of the exporter. */
struct sequence {
	uint32_t domain;    /* engine, or observation domain */
	uint32_t next;      /* expected number */
	uint32_t uptime_ms; /* in the latest datagram */
	bool known;         /* next is */
	uint16_t version;   /* 0: this entry is free */
};

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

struct exporter {
	struct addr addr;
	struct counters counters;
	struct sequence sequences[EXPORTER_SEQUENCES];
	struct log_limit said[EXPORTER_CAUSES];
	uint32_t first_seen, last_seen; /* epoch seconds */
	uint16_t sampling_interval;     /* v5: 1 of N; 0 unknown */
	uint8_t sampling_mode;          /* v5: 0-3 */
	struct exporters_shared *shared;
	struct templates templates;
	struct options options;
	struct held_list held;
	bool named; /* by a flow source of its own */
	bool templates_full;
	bool known; /* it has been said to be new, or is of the state file */
	struct exporter *hash_next;
	struct exporter *newer, *older; /* by last use */
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

/*
 * Calls visit for each, the one unused for longest first, named ones last.
 */
void exporters_each(const struct exporter_table *table,
    void (*visit)(void *arg, const struct exporter *exporter), void *arg);

size_t exporters_count(const struct exporter_table *table);

/* The sums of all, exporters that were forgotten or never kept included. */
void exporters_sum(const struct exporter_table *table, struct counters *sum);

/* Whether there is something new for the state file; and then there is not. */
bool exporters_changed(const struct exporter_table *table);
void exporters_saved(struct exporter_table *table);

/* Gives up data that have waited for a template for too long. */
void exporters_expire(struct exporter_table *table, uint32_t now);

#define SEQUENCE_UNKNOWN UINT32_MAX

/*
 * Takes note of a datagram whose first flow has number seq and that carries
 * count flows, or SEQUENCE_UNKNOWN; v9 counts datagrams instead of flows.  A
 * number ahead of the expected one counts flows as lost, one shortly behind it
 * as late.  Another number together with an uptime that went back, or one far
 * behind, is a restart and counts nothing as lost.
 */
void exporter_sequence(struct exporter *exporter, uint16_t version,
    uint32_t domain, uint32_t seq, uint32_t count, uint32_t uptime_ms);

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
