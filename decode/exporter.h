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
 * The state of one exporter, which its address identifies: counters, sequence
 * numbers, templates, options, held data, and the limits of its messages.
 *
 * The counters add up, for each exporter and in all, and at any time:
 *
 *	datagrams = decoded + invalid + unsupported + held + no_template
 *	    (+ unauthorised, which belongs to no exporter)
 *	flows = stored + discarded + lost + buffered
 *
 * The counters of COUNTER_LEVEL may fall: held and buffered count datagrams and
 * flows that wait, and late datagrams reduce sequence_* and restarts
 * (sequence.h).
 */
#ifndef EXPORTER_H
#define EXPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "base/log-limit.h"
#include "base/memory.h"
#include "decode/flow-times.h"
#include "decode/held.h"
#include "decode/ie.h"
#include "decode/history.h"
#include "decode/options.h"
#include "decode/protocol.h"
#include "decode/sequence.h"
#include "decode/session.h"
#include "decode/template.h"
#include "lib/counters.h"
#include "lib/recent.h"

/* Causes of messages; each has a limit of its own. */
enum exporter_cause {
	EXPORTER_INVALID,
	EXPORTER_UNSUPPORTED,
	EXPORTER_TEMPLATE,
	EXPORTER_NO_TEMPLATE,
	EXPORTER_MEMORY,
	EXPORTER_TEMPLATES_FULL,
	EXPORTER_TEMPLATES_ROOM,
	EXPORTER_IS_NEW,
	EXPORTER_RESTARTED,
	EXPORTER_UPTIME,
	EXPORTER_TEMPLATE_CHANGED,
	EXPORTER_TEMPLATE_DOUBTFUL,
	EXPORTER_RESAMPLED,
	EXPORTER_NO_CONTENT,
	EXPORTER_AMPLIFIED,
	EXPORTER_CAUSES
};

/*
 * Budgets for messages about exporters as a whole.  Forged addresses must
 * neither exhaust the budget of named exporters nor fill the log.
 */
enum exporter_budget {
	EXPORTER_NAMED,   /* exporters with a flow source of their own */
	EXPORTER_NEWS,    /* others, when they are new */
	EXPORTER_UNNAMED, /* others, all other messages */
	EXPORTER_BUDGETS
};

#define EXPORTER_RECORDS 16 /* decoded at once */

/* Octets: a counter of 4 bytes is half full. */
#define EXPORTER_LARGE_FLOW (UINT64_C(1) << 31)

/* Lists by the size of the exporter's state, for each rank. */
#define EXPORTER_SIZES 16
#define EXPORTER_LISTS (MEMORY_RANKS * EXPORTER_SIZES)

/* The exporters of the table by rank, size and last use. */
struct exporter_ranks {
	struct recent_list by_use[EXPORTER_LISTS];
	size_t count_by[MEMORY_RANKS]; /* exporters */
	size_t limit;                  /* exporters in all */
};

/* The resources that all exporters share. */
struct exporters_shared {
	struct exporter_table *table;
	struct exporter_ranks ranks;
	struct memory_pool memory;
	struct held_queue held;
	size_t templates_max;  /* of each exporter */
	size_t interfaces_max; /* the same, with names */
	bool changed;          /* since the state file was written */
	struct log_budget budgets[EXPORTER_BUDGETS];
	struct log_state memory_full;
	/* Of the records being decoded; nothing is kept here. */
	struct ie_values values[EXPORTER_RECORDS];
};

/* See exporter_skew_ms. */
struct exporter_skew {
	uint32_t minute;        /* of the epoch; 0: nothing is known */
	int64_t latest, before; /* ms, of that minute and the one before */
};

struct exporter {
	struct addr addr;
	uint32_t first_seen; /* epoch seconds */
	struct counters counters;
	uint64_t versions[PROTOCOLS]; /* datagrams, well-formed */
	struct history *history; /* NULL in its first HISTORY_MINUTE_STEP */
	struct sequences sequences;
	struct log_limit new_limit;   /* of EXPORTER_IS_NEW */
	struct log_limit *log_limits; /* see exporter_log_limit */
	uint32_t last_seen;           /* epoch seconds */
	struct exporter_skew skew;
	uint16_t sampling_interval; /* of v5 headers: 1 of N; 0 unknown */
	uint8_t sampling_mode;      /* of v5 headers: 0-3 */
	uint16_t unsupported;       /* the latest such version; 0 none */
	bool unsupported_sflow;     /* which is a version of sFlow */
	/* One flow of each batch is checked for equal interfaces. */
	uint32_t looked_at, in_is_out;
	uint32_t large; /* flows of EXPORTER_LARGE_FLOW octets or more */
	bool named : 1; /* by a flow source of its own */
	bool gone : 1;  /* not in the table; flows of it are still buffered */
	bool templates_full : 1;
	bool known : 1; /* was logged as new, or is in the state file */
	uint8_t active; /* steps with flows, up to EXPORTER_ACTIVE */
	uint8_t list;   /* of the lists by rank; EXPORTER_LISTS: the stand-in */
	struct exporters_shared *shared;
	struct memory memory;
	struct sessions sessions;
	struct templates templates;
	struct options options;
	struct held_owner held;
	struct exporter *hash_next;
	struct recent use; /* in this list */
};

/* The exporter of a link in a list by use; NULL for NULL. */
static inline struct exporter *
exporter_of(struct recent *link)
{
	return (recent_owner(link, offsetof(struct exporter, use)));
}

/*
 * Records a datagram of the session from this port, and returns the session's
 * bit; now is in epoch seconds.
 */
uint32_t exporter_session(struct exporter *e, uint16_t port, uint32_t now);

/* The same for a session of the state file, which sent no datagram now. */
uint32_t exporter_restore_session(struct exporter *e, uint16_t port,
    uint32_t last_seen, bool steady);

/*
 * Whether this sampler or domain is probably in use: the latest of its kind, or
 * that of a steady session.
 */
bool exporter_has_sampler(const struct exporter *e, size_t i);
bool exporter_has_domain(const struct exporter *e, size_t i);

/*
 * Records the sequence number of a datagram: see sequence.h.  The caller sets
 * all of the mark but version and unit.
 */
void exporter_sequence(struct exporter *exporter, enum protocol_id id,
    struct sequence_mark *mark);

/*
 * Records a well-formed datagram: its protocol, and the times of its reception
 * and of its export by its header, both of the epoch.
 */
void exporter_heard(struct exporter *e, enum protocol_id id, uint32_t recv_sec,
    uint32_t recv_usec, uint32_t export_sec, uint32_t export_nsec);

/*
 * Estimates by how many ms the exporter's clock is ahead of ours: the largest
 * difference of export time and reception time in this minute and the one
 * before, which is that of the fastest datagram.  v9 and IPFIX have whole
 * seconds, so their result is up to one second too low.  False if no
 * datagram arrived in these minutes.
 */
bool exporter_skew_ms(const struct exporter *e, uint32_t now, int64_t *ms);

/* Counts a flow whose times did not fit, if so. */
static inline void
exporter_count_times(struct exporter *e, enum flow_times times)
{
	if (times == FLOW_TIMES_OLD)
		e->counters.times_old++;
	else if (times == FLOW_TIMES_IMPOSSIBLE)
		e->counters.times_impossible++;
}

#endif
