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
 * The samplers of an exporter, by its options data: which rate applies to which
 * part of its flows.
 *
 * Options data are about a domain, or about a part of it: the scope says which
 * (RFC 3954 section 6.1, RFC 7011 section 3.4.2.1).  Several parts together are
 * a smaller part, such as a sampler of an interface.
 */
#ifndef SAMPLER_H
#define SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "decode/option-table.h"
#include "decode/sampling-rate.h"
#include "decode/session.h"

/*
 * Entries kept for one exporter; at the limit, or without memory, a new one
 * evicts the least recently used.
 */
#define SAMPLERS_MAX 4096

/* Selectors of one sequence, and different combinations of parts. */
#define SELECTORS_MAX      8
#define SAMPLER_SHAPES_MAX 8

/*
 * The parts, in their order of precedence: if several entries apply to a flow,
 * the one with the first of these parts has the rate, and of two with this part,
 * the one with the next one of them.
 */
enum sampler_part {
	PART_SEQUENCE,  /* selectionSequenceId */
	PART_SELECTOR,  /* selectorId or samplerId */
	PART_INTERFACE, /* of input or output */
	PART_OUTPUT,    /* the output interface */
	PART_METERING,  /* meteringProcessId */
	PART_EXPORTING, /* exportingProcessId */
	PART_TEMPLATE,  /* of the flows */
	PART_LINE_CARD,
	SAMPLER_PARTS
};

/* Names for messages, such as "metering process". */
extern const char *const sampler_part_names[SAMPLER_PARTS];

struct sampler {
	struct option_link link;
	uint32_t domain;  /* that it is about */
	uint32_t sent_in; /* the domain of the message */
	uint16_t version;
	uint16_t port;     /* UDP source port of the options data */
	uint32_t turn;     /* samplers.clock of its latest update */
	uint16_t mode;     /* selectorAlgorithm, samplerMode, ... as sent */
	uint8_t algorithm; /* enum sampling_algorithm */
	uint8_t shape;     /* a bit for each part, the first one the highest */
	uint64_t part[SAMPLER_PARTS]; /* 0: all */
	struct sampling_rate rate;
	/* Of a sequence, whose rate is the product of theirs. */
	uint8_t nselectors;
	uint64_t selectors[SELECTORS_MAX];
	char *name; /* as sent; NULL: none */
	/* Only in samplers.sums; hashes of keys, 0 for none. */
	bool all_domains;
	uint64_t teller;  /* of the entry whose rate it has */
	uint64_t other;   /* another one that told last */
	uint64_t differs; /* one with another rate */
};

/* All zero: empty. */
struct samplers {
	struct option_table table;
	/*
	 * What entries agree on, for flows whose records do not name a part, or
	 * which are of another domain: see samplers_find.
	 */
	struct option_table sums;
	uint32_t clock; /* updates */
	/* The combinations of parts of all entries, by precedence. */
	uint8_t shapes[SAMPLER_SHAPES_MAX], nshapes;
};

extern const struct option_kind sampler_kind;

/* The entry at index i of the table. */
const struct sampler *samplers_at(const struct samplers *s, size_t i);

/*
 * Returns the entry with the key of sampler, which may be new: then turn is 0
 * and all values but the key are 0.  NULL without memory, or if it is of one
 * combination of parts too many.  The caller sets the shape of the key by
 * sampler_set_shape.
 */
struct sampler *samplers_get(struct samplers *s, struct memory *memory,
    const struct sampler *key);

void sampler_set_shape(struct sampler *sampler);

/*
 * Records an update of an entry, whose values the caller has changed.  Only want
 * of memory makes other entries unaware of it.
 */
void samplers_updated(struct samplers *s, struct memory *memory,
    const struct sessions *sessions, struct sampler *entry);

/*
 * The entry of another session that told most recently about what the entry is
 * about, or NULL.
 */
const struct sampler *samplers_other(const struct samplers *s,
    const struct sampler *entry);

/* Whether no other session told more recently about the same one. */
bool samplers_is_latest(const struct samplers *s, size_t i);

/* The parts of an exporter that a flow belongs to. */
struct sampler_query {
	uint16_t version, port;
	uint32_t domain;
	uint8_t named; /* parts that the record names, if only as none */
	uint64_t part[SAMPLER_PARTS]; /* 0: none */
	uint64_t interface2;          /* tried after that of part; 0: none */
};

/* The bit of a part in masks. */
static inline uint8_t
sampler_bit(enum sampler_part part)
{
	return ((uint8_t)(1U << (SAMPLER_PARTS - 1 - part)));
}

/*
 * Finds the entry for a flow, or NULL.  It is valid until the next update.
 *
 * By the precedence of its parts, the entry that is about the flow is looked
 * for in the flow's domain, in domain 0, and in any domain, if all that tell
 * about these parts agree.  If there is none and the record does not name the
 * parts that entries are about, these count if they agree.  Of several sessions
 * the flow's own comes first, or else the one that told last.
 */
const struct sampler *samplers_find(const struct samplers *s,
    const struct sampler_query *query);

/*
 * The rate and algorithm of an entry.  The rate of a sequence is unknown if that
 * of one of its selectors is.
 */
struct sampling_rate samplers_rate(const struct samplers *s,
    const struct sampler *entry, uint8_t *algorithm);

/*
 * Drops entries of closing sessions that another session has, too; see
 * options_forget_sessions.
 */
bool samplers_forget_sessions(struct samplers *s, struct memory *memory,
    const struct sessions *sessions, bool begin);

/* Bytes of memory in use. */
size_t samplers_memory(const struct samplers *s);

void samplers_free(struct samplers *s, struct memory *memory);

#endif
