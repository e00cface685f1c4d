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
 * What flowdctl(8) and the collector say to each other on the control socket.
 *
 * A client sends one request, struct control_request, and gets one answer, a
 * stream of records that begins with CONTROL_HELLO and is complete where it
 * ends with CONTROL_END; then the collector closes.  All is big-endian and goes
 * through cursor.h.  A record is its type (u16), the length of its body (u32)
 * and the body: members of its structure below, as control-msg.c lists them,
 * numbers in 8 bytes, addresses in a byte for the family and 16, texts as u32 length
 * and bytes.  What is read is checked as what anybody could have written.
 *
 * A record is of one moment.  The whole is not, since it is made in steps as
 * the client takes it: each exporter that is there from the beginning to the
 * end of the answer is in it exactly once, one that comes or goes meanwhile
 * may be in it.  The same holds for the templates of an exporter; of samplers,
 * domains and interfaces one may be missing or twice where such came meanwhile.
 * Sums (CONTROL_SUMMARY) are those at the beginning.  CONTROL_HELLO is the same
 * in all versions, so that each side can tell that the other has another.
 *
 * A collector whose configuration changes closes without CONTROL_END: ask
 * again.
 */
#ifndef CONTROL_MSG_H
#define CONTROL_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "lib/counters.h"
#include "lib/cursor.h"
#include "base/pack.h"

#define CONTROL_VERSION 1 /* changes with what any member means */

#define CONTROL_MAGIC       0x6643746cU /* in front of a request */
#define CONTROL_REQUEST_LEN 25          /* bytes */
#define CONTROL_HEADER_LEN  6           /* bytes, of a record */
#define CONTROL_BODY_MAX    (72 * 1024) /* bytes; a template fills 64 KiB */
#define CONTROL_TEXT_MAX    4096        /* of a rule, which may be longer */

/* What is wanted; of exporters one alone where addr says so. */
#define CONTROL_WANT_SUMMARY   (1U << 0)
#define CONTROL_WANT_MEMORY    (1U << 1)
#define CONTROL_WANT_RULES     (1U << 2)
#define CONTROL_WANT_EXPORTERS (1U << 3)
#define CONTROL_WANT_TEMPLATES (1U << 4) /* of these exporters */
#define CONTROL_WANT_OPTIONS   (1U << 5) /* samplers, domains, interfaces */
#define CONTROL_WANT_ALL       0x3fU

struct control_request {
	uint32_t wants;   /* CONTROL_WANT_* */
	struct addr addr; /* ADDR_NONE: every exporter */
};

enum control_type {
	CONTROL_HELLO = 1,
	CONTROL_SUMMARY = 2,
	CONTROL_MEMORY = 3,
	CONTROL_RULE = 4,
	CONTROL_EXPORTER = 5,
	CONTROL_TEMPLATE = 6,
	CONTROL_SAMPLER = 7,
	CONTROL_DOMAIN = 8,
	CONTROL_INTERFACE = 9,
	CONTROL_END = 10, /* no body */
	CONTROL_TYPES
};

struct control_hello {
	uint64_t version;         /* CONTROL_VERSION */
	uint64_t worker, workers; /* from 1; each has a socket of its own */
	uint64_t now, started;    /* epoch seconds; the collector's start */
	struct pack_view release;
};

/* The latest minute, the latest hour, and since the exporter is known. */
enum control_span {
	CONTROL_MINUTE,
	CONTROL_HOUR,
	CONTROL_START,
	CONTROL_PERIODS
};

#define CONTROL_UNKNOWN (UINT64_C(1) << 63)

/* The flows and datagrams of an exporter in a span of time. */
struct control_period {
	uint64_t seconds; /* that it covers, never 0 */
	uint64_t datagrams, flows, missing;
	uint64_t complete; /* ppm of flows; CONTROL_UNKNOWN */
};

struct control_summary {
	uint64_t exporters;
	struct control_period periods[CONTROL_PERIODS];
	struct counters counters; /* of all, also those that were forgotten */
	struct collector_counters collector;
};

struct control_memory {
	uint64_t state_used, state_limit; /* bytes: templates, options, held */
	uint64_t held_sets, held_limit;   /* data that waits for templates */
	uint64_t exporters, exporters_limit;
	uint64_t exporter_size;   /* bytes of each */
	uint64_t templates_limit; /* of each exporter */
	uint64_t filter_used;     /* bytes: rules and tables */
};

struct control_rule {
	uint64_t number; /* from 1 */
	uint64_t evaluations, matches, wins;
	uint64_t length; /* bytes of the whole text */
	struct pack_view text;
};

struct control_exporter {
	struct addr addr;
	uint64_t first_seen, last_seen; /* epoch seconds */
	uint64_t named;                 /* by a flow source of its own */
	uint64_t versions;              /* a bit for each, 1 << version */
	uint64_t unsupported;           /* the latest such version */
	uint64_t v5_interval, v5_mode;  /* sampling, as v5 headers have it */
	uint64_t known_templates, samplers, domains, interfaces;
	uint64_t held_sets, held_bytes; /* that wait */
	/* Of flows looked at, one of a batch: input is the output. */
	uint64_t looked_at, in_is_out;
	uint64_t clock; /* ms that its own is ahead, signed; CONTROL_UNKNOWN */
	struct control_period periods[CONTROL_PERIODS];
	struct counters counters;
};

struct control_template {
	struct addr exporter;
	uint64_t version, domain, id;
	uint64_t options;   /* describes options data */
	uint64_t withdrawn; /* data wait until it is repeated */
	uint64_t scopes, fields;
	uint64_t announced;   /* epoch seconds; 0: in the state file */
	uint64_t interval;    /* seconds since the time before; 0 unknown */
	struct pack_view raw; /* field specifiers as sent */
};

struct control_sampler {
	struct addr exporter;
	uint64_t version, domain, id, mode;
	uint64_t one_of; /* packets */
};

struct control_domain {
	struct addr exporter;
	uint64_t version, domain;
	uint64_t init_time; /* ms of the epoch; 0 unknown */
	uint64_t exported_octets, exported_messages, exported_flows;
	uint64_t ignored_packets, ignored_octets;
	uint64_t unsent_flows, unsent_packets;
};

struct control_interface {
	struct addr exporter;
	uint64_t index;
	struct pack_view name, description;
};

/* Room for any of them. */
union control_record {
	struct control_hello hello;
	struct control_summary summary;
	struct control_memory memory;
	struct control_rule rule;
	struct control_exporter exporter;
	struct control_template template;
	struct control_sampler sampler;
	struct control_domain domain;
	struct control_interface interface;
};

/* What a number is, for whoever shows it or adds it up. */
enum control_nature {
	CONTROL_IDENTITY, /* tells records apart, or describes one */
	CONTROL_COUNTER,  /* only grows; several collectors' add up */
	CONTROL_GAUGE,    /* a quantity; they add up as well */
	CONTROL_TIME,     /* epoch seconds */
	CONTROL_FLAG,
	CONTROL_VERSIONS, /* bits */
	CONTROL_SHARE,    /* ppm, or CONTROL_UNKNOWN */
	CONTROL_OFFSET,   /* signed ms, or CONTROL_UNKNOWN */
};

struct control_field {
	const char *name;
	const char *metric; /* of Prometheus, without its prefix, or NULL */
	const char *help;
	size_t offset;
	enum pack_kind kind; /* PACK_NUMBER of 8 bytes, _ADDR or _VIEW */
	enum control_nature nature;
};

/* Members of a record that lie in one structure within it. */
struct control_part {
	const struct control_field *fields;
	const struct counter *counters; /* where there are no fields */
	size_t n;                       /* fields or counters */
	size_t base; /* bytes from the record to the structure */
};

#define CONTROL_PARTS 5

/* The members of a record are those of its parts, in their order. */
struct control_layout {
	struct control_part parts[CONTROL_PARTS];
	size_t size; /* bytes of the record */
};

/* NULL for a type without members, or that is none. */
const struct control_layout *control_layout(unsigned int type);

/*
 * Describes member i of a record, from 0, with the offset in the record.
 * False behind the last.
 */
bool control_field(const struct control_layout *layout, size_t i,
    struct control_field *field);

/* Writes header and body.  FLOWD_ESPACE: nothing was written. */
int control_pack(struct wcursor *w, enum control_type type, const void *record)
    __attribute__((warn_unused_result));

/*
 * Takes the next record from the front of c.  FLOWD_ESHORT where it has not
 * come whole; FLOWD_EINVAL for what is no record.
 */
int control_unpack(struct cursor *c, enum control_type *type,
    union control_record *record) __attribute__((warn_unused_result));

void control_pack_request(const struct control_request *request,
    uint8_t buf[CONTROL_REQUEST_LEN]);

/* FLOWD_EINVAL, or FLOWD_EVERSION for a client of another release. */
int control_unpack_request(const uint8_t buf[CONTROL_REQUEST_LEN],
    struct control_request *request) __attribute__((warn_unused_result));

#endif
