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
 * The protocol between flowdctl(8) and the collector on the control socket.
 *
 * A client sends one request, struct control_request.  The collector sends one
 * answer and closes the connection.  An answer is a stream of records.  It
 * begins with CONTROL_HELLO, and is complete if it ends with CONTROL_END.
 *
 * A record has a type (u16), the length of its body in bytes (u32), and the
 * body: the members of its structure below in the order of the table in
 * control-msg.c.  A number has 8 bytes, an address a byte for its family and 16
 * bytes, a text its length (u32) and its bytes.  All numbers are big-endian.
 * Both sides check the bytes that they receive, because these may be hostile.
 *
 * Each record is consistent, but the answer is not: the collector makes it in
 * steps, as fast as the client reads it.  An exporter that exists during the
 * whole answer is in it exactly once.  An exporter that appears or is evicted
 * meanwhile may be in it.  The same holds for the templates of an exporter.  A
 * sampler, domain or interface can be absent or occur twice if others appear
 * meanwhile.  CONTROL_SUMMARY has the sums at the beginning of the answer.
 *
 * CONTROL_HELLO is the same in all versions, so that each side can detect
 * another version.  A collector whose configuration changes closes the
 * connection without CONTROL_END; the client then sends its request again.
 */
#ifndef CONTROL_MSG_H
#define CONTROL_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "base/pack.h"
#include "lib/counters.h"
#include "lib/cursor.h"

#define CONTROL_VERSION 1 /* changes with the members or their meaning */

#define CONTROL_MAGIC       0x6643746cU /* the beginning of a request */
#define CONTROL_REQUEST_LEN 25          /* bytes */
#define CONTROL_HEADER_LEN  6           /* bytes, of a record */
#define CONTROL_BODY_MAX    (72 * 1024) /* bytes; a template has up to 64 KiB */
#define CONTROL_TEXT_MAX    4096        /* bytes of a rule; the rest is cut */

/* The parts of the answer. */
#define CONTROL_WANT_SUMMARY   (1U << 0)
#define CONTROL_WANT_MEMORY    (1U << 1)
#define CONTROL_WANT_RULES     (1U << 2)
#define CONTROL_WANT_EXPORTERS (1U << 3)
#define CONTROL_WANT_TEMPLATES (1U << 4) /* of these exporters */
#define CONTROL_WANT_OPTIONS   (1U << 5) /* samplers, domains, interfaces */
#define CONTROL_WANT_SESSIONS  (1U << 6)
#define CONTROL_WANT_LISTENERS (1U << 7)
#define CONTROL_WANT_ALL       0xffU

struct control_request {
	uint32_t wants;   /* CONTROL_WANT_* */
	struct addr addr; /* of one exporter; ADDR_NONE: all exporters */
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
	CONTROL_SESSION = 11,
	CONTROL_STREAM = 12,
	CONTROL_LISTENER = 13,
	CONTROL_TYPES
};

struct control_hello {
	uint64_t version;         /* CONTROL_VERSION */
	uint64_t worker, workers; /* from 1; each has a socket of its own */
	uint64_t now, started;    /* epoch seconds; the collector's start */
	struct pack_view release;
};

/* The last minute, the last hour, and since the exporter's first datagram. */
enum control_span {
	CONTROL_MINUTE,
	CONTROL_HOUR,
	CONTROL_START,
	CONTROL_PERIODS
};

#define CONTROL_UNKNOWN (UINT64_C(1) << 63)

/* The datagrams and flows of an exporter in a period. */
struct control_period {
	uint64_t seconds; /* the length of the period, never 0 */
	uint64_t datagrams, flows, missing;
	uint64_t complete; /* ppm of flows that arrived; CONTROL_UNKNOWN */
};

struct control_summary {
	uint64_t exporters;
	uint64_t last_death; /* of a collector, epoch seconds; 0: none */
	struct control_period periods[CONTROL_PERIODS];
	struct counters counters; /* of all exporters, also evicted ones */
	struct collector_counters collector;
};

struct control_memory {
	uint64_t state_used, state_limit; /* bytes: templates, options, held */
	uint64_t held_sets, held_limit;   /* data that wait for templates */
	uint64_t exporters, exporters_limit;
	uint64_t exporter_size;   /* bytes per exporter */
	uint64_t templates_limit; /* per exporter */
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
	uint64_t named;                 /* 1: in a flow source statement */
	uint64_t versions;              /* a bit for each, 1 << version */
	uint64_t unsupported;           /* the latest unsupported version */
	uint64_t unsupported_sflow;     /* 1: which is of sFlow, not NetFlow */
	uint64_t v5_interval, v5_mode;  /* sampling in v5 headers */
	uint64_t known_templates, samplers, domains, interfaces;
	/* Of these, evicted ones, and values ignored for want of memory. */
	uint64_t samplers_evicted, domains_evicted, interfaces_evicted;
	uint64_t options_refused;
	uint64_t sessions;              /* source ports in memory */
	uint64_t brief_sessions;        /* evicted after one datagram */
	uint64_t held_sets, held_bytes; /* data that wait for templates */
	/* Checked flows, and those whose input interface is the output. */
	uint64_t looked_at, in_is_out;
	uint64_t large; /* flows of more octets than half of 4 bytes count */
	uint64_t clock; /* its clock minus ours, signed ms; CONTROL_UNKNOWN */
	struct control_period periods[CONTROL_PERIODS];
	struct counters counters;
};

/* The datagrams from one UDP source port of an exporter. */
struct control_session {
	struct addr exporter;
	uint64_t port;
	uint64_t datagrams; /* since the start of the collector */
	uint64_t last_seen; /* epoch seconds */
};

/* The sequence numbers of a version, a domain and a source port. */
struct control_stream {
	struct addr exporter;
	uint64_t version, domain;
	uint64_t port;         /* 0: several */
	uint64_t pending;      /* 1: the unit is not certain yet */
	struct pack_view unit; /* what they count, as a word */
};

struct control_template {
	struct addr exporter;
	uint64_t version, domain, id;
	uint64_t port;     /* that announced it last; 0: unknown */
	uint64_t sessions; /* whose definition it is */
	uint64_t in_use;   /* 1: data arrived since its newest rival did */
	uint64_t used;     /* 1: data arrived */
	uint64_t waiting;  /* 1: it changes nothing before it is repeated */
	uint64_t doubtful; /* 1: another one waits; data may be held */
	uint64_t changes;  /* of the definition, after data of it */
	uint64_t options;  /* 1: an options template */
	uint64_t scopes, fields;
	uint64_t announced;   /* epoch seconds; 0: from the state file */
	uint64_t interval;    /* seconds between the last two; 0: unknown */
	struct pack_view raw; /* field specifiers as sent */
};

struct control_sampler {
	struct addr exporter;
	uint64_t version, domain, id, port, mode;
	/* What it is about; 0: all. */
	uint64_t interface, line_card, output_interface;
	uint64_t metering_process, exporting_process, template, sequence;
	struct pack_view selectors; /* of the sequence, such as "3 4" */
	struct pack_view name;      /* as sent */
	uint64_t sent_in;           /* domain of the message */
	uint64_t algorithm;         /* IANA's selectorAlgorithm; 0: unknown */
	uint64_t sampled, one_of;   /* packets; 0 of 0: unknown */
};

struct control_domain {
	struct addr exporter;
	uint64_t version, domain, port;
	uint64_t init_time; /* milliseconds of the epoch; 0: unknown */
	uint64_t exported_octets, exported_messages, exported_flows;
	uint64_t ignored_packets, ignored_octets;
	uint64_t unsent_flows, unsent_packets;
};

struct control_interface {
	struct addr exporter;
	uint64_t index;
	uint64_t port; /* that told the name last; 0: unknown */
	struct pack_view name, description;
};

struct control_listener {
	uint64_t number; /* from 1, in the order of the configuration */
	struct addr addr;
	uint64_t port;
	struct pack_view interface; /* empty: every interface */
	struct pack_view name;      /* empty: none */
	uint64_t datagrams;         /* received since it was opened */
	uint64_t gone;              /* 1: the interface was removed */
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
	struct control_session session;
	struct control_stream stream;
	struct control_listener listener;
};

/* The nature of a number determines how it is shown and added. */
enum control_nature {
	CONTROL_IDENTITY, /* identifies or describes the record */
	CONTROL_COUNTER,  /* only grows; is added over collectors */
	CONTROL_GAUGE,    /* grows and falls; is added over collectors */
	CONTROL_TIME,     /* seconds of the epoch */
	CONTROL_FLAG,     /* 0 or 1 */
	CONTROL_VERSIONS, /* a bit for each version */
	CONTROL_SHARE,    /* ppm, or CONTROL_UNKNOWN */
	CONTROL_OFFSET,   /* signed ms, or CONTROL_UNKNOWN */
};

struct control_field {
	const char *name;
	const char *metric; /* for Prometheus, without its prefix, or NULL */
	const char *help;   /* NULL: not shown with an explanation */
	size_t offset;
	enum pack_kind kind; /* PACK_NUMBER of 8 bytes, _ADDR or _VIEW */
	enum control_nature nature;
};

/* Consecutive members of a record that are in one structure. */
struct control_part {
	const struct control_field *fields;
	const struct counter *counters; /* if fields is NULL */
	size_t n;                       /* fields or counters */
	size_t base; /* offset of the structure in the record */
};

#define CONTROL_PARTS 5

/* The members of a record: those of its parts, in their order. */
struct control_layout {
	struct control_part parts[CONTROL_PARTS];
	size_t size; /* bytes of the record */
};

/* Returns the layout of a type.  NULL: no such type, or no members. */
const struct control_layout *control_layout(unsigned int type);

/*
 * Fills in field for member i, counted from 0, with its offset in the record.
 * False: there is no such member.
 */
bool control_field(const struct control_layout *layout, size_t i,
    struct control_field *field);

/* Writes header and body of a record.  FLOWD_ESPACE: w is unchanged. */
int control_pack(struct wcursor *w, enum control_type type, const void *record)
    __attribute__((warn_unused_result));

/*
 * Reads the next record from c.  FLOWD_ESHORT: it is incomplete; FLOWD_EINVAL:
 * it is invalid.  After an error, c is unchanged.
 */
int control_unpack(struct cursor *c, enum control_type *type,
    union control_record *record) __attribute__((warn_unused_result));

void control_pack_request(const struct control_request *request,
    uint8_t buf[CONTROL_REQUEST_LEN]);

/* FLOWD_EINVAL; FLOWD_EVERSION: the client is of another release. */
int control_unpack_request(const uint8_t buf[CONTROL_REQUEST_LEN],
    struct control_request *request) __attribute__((warn_unused_result));

#endif
