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
 * The options data of an exporter: its sampling, the names of its interfaces,
 * the start times of its systems, and its own counters.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "decode/ie.h"
#include "decode/option-table.h"
#include "decode/option-text.h"
#include "decode/sampler.h"
#include "decode/session.h"
#include "decode/time-base.h"
#include "decode/tmpl.h"
#include "lib/cursor.h"

/*
 * Entries kept for one exporter; at the limit, or without memory, a new one
 * evicts the least recently used of its table.  sampler.h has that of samplers.
 */
#define INTERFACES_MAX 4096 /* limit interfaces has priority */
#define DOMAINS_MAX    256

struct interface {
	struct option_link link;
	uint32_t index; /* SNMP ifIndex */
	uint16_t port;  /* UDP source port that told it last; 0: unknown */
	char *name, *description;
};

struct domain {
	struct option_link link;
	uint32_t id;
	uint16_t version;
	uint16_t port; /* UDP source port of the options data */
	uint32_t turn; /* options.clock of its latest update */
	struct time_base base;
	uint64_t told; /* the latest init time, which base may not have yet */
	bool used;     /* times of flows were computed with base */
	bool own_data; /* also those of flows from its port */
	bool waiting;  /* for the flows of its own port only */
	/* Totals as exported; 0 unknown. */
	uint64_t exported_octets, exported_messages, exported_flows;
	uint64_t ignored_packets, ignored_octets;
	uint64_t unsent_flows, unsent_packets;
};

/* All zero: empty. */
struct options {
	struct samplers *samplers; /* NULL: none */
	struct option_table interfaces, domains;
	uint32_t clock;   /* updates of domains */
	uint64_t refused; /* values ignored for want of memory */
};

extern const struct option_kind interface_kind, domain_kind;

/* The samplers, or empty ones. */
const struct samplers *options_samplers(const struct options *o);

/* The entry at index i of its table. */
const struct interface *options_interface(const struct options *o, size_t i);
const struct domain *options_domain(const struct options *o, size_t i);

/* A record of options data, after template_run. */
struct options_record {
	uint16_t version;
	uint16_t port;   /* UDP source port */
	uint32_t domain; /* of the message */
	const struct tmpl *tmpl;
	struct cursor octets; /* from its first octet on */
	const struct flow *flow;
	const struct ie_values *values;
};

/* What became of it. */
struct options_result {
	bool applied;  /* it had data that are kept */
	bool dropped;  /* some of these could not be kept: there is no memory */
	bool changed;  /* the state file has to be written */
	bool doubtful; /* an init time does not count before it is repeated */
	/* The new rate of a sampler whose rate was another one, else unknown. */
	struct sampling_rate resampled;
};

/*
 * Applies a record.  A new entry begins with the values that a session told that
 * is not steady: it may be the same.
 */
struct options_result options_apply(struct options *o, struct memory *memory,
    const struct sessions *sessions, const struct options_record *record);

/*
 * The time from which the domain counts its uptime, or NULL; valid until options
 * data are applied.  The session from port comes first, or else the one that
 * told it last and does not wait.  It counts as a use; for_data: flows get times
 * by it.
 */
struct time_base *options_time_base(struct options *o, uint16_t version,
    uint32_t domain, uint16_t port, bool for_data);

/* Whether no other session told more recently about the same one. */
bool options_is_latest_domain(const struct options *o, size_t i);

/*
 * Drops the samplers and domains of closing sessions, if another session has the
 * same ones.  Looks at some entries, from the first on if begin is true, and
 * returns whether all have been looked at.
 */
bool options_forget_sessions(struct options *o, struct memory *memory,
    const struct sessions *sessions, bool begin);

/*
 * Inserts an entry, or replaces the one with the same key.  True if the state
 * file has to be written.
 */
bool options_put_sampler(struct options *o, struct memory *memory,
    const struct sessions *sessions, const struct sampler *sampler);
bool options_put_interface(struct options *o, struct memory *memory,
    const struct interface *interface);
bool options_put_domain(struct options *o, struct memory *memory,
    const struct domain *domain);

/*
 * Frees memory of the interfaces: drops the least recently used one, or the
 * table if that is empty.  False if there is none.
 */
bool options_evict_name(struct options *o, struct memory *memory);

/* Bytes of memory in use. */
size_t options_memory(const struct options *o);

void options_free(struct options *o, struct memory *memory);

#endif
