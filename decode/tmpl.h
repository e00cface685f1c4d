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
 * A template of NetFlow v9 (RFC 3954 sections 5.2 and 6.1) or IPFIX (RFC 7011
 * section 3.4), compiled once to a program that copies the fields of a data
 * record to the members of its flow.
 *
 * Two sessions may define one key differently: each definition is a template of
 * its own, and these are rivals.  template.h has the states of templates.
 */
#ifndef TMPL_H
#define TMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/ie.h"
#include "decode/packet.h"
#include "decode/template-key.h"
#include "lib/recent.h"
#include "store.h"

/* The kinds of op: the usual lengths have their own, the others HOW_ANY_*. */
enum how {
	HOW_SKIP,
	HOW_U8,
	HOW_U16,
	HOW_U32,
	HOW_U64, /* as wide as their destinations */
	HOW_U32_TO_64,
	HOW_BYTES4,
	HOW_BYTES16,
	HOW_ANY_UNSIGNED,
	HOW_ANY_BYTES,
	HOW_SECONDS,
	HOW_NTP_MICRO,
	HOW_NTP_NANO,
	HOW_MILLI,
	HOW_NANO,
	HOW_DSCP,
	HOW_PRECEDENCE,
	HOW_OCTETS,
};

/* How one field of a record is read; see template-run.h. */
struct op {
	uint16_t off;  /* octets into a record of fixed lengths */
	uint16_t len;  /* octets, or FIELDSPEC_VARIABLE */
	uint16_t dst;  /* offset in its structure */
	uint8_t width; /* bytes there */
	uint8_t how;
	bool in_flow; /* dst is in struct flow */
};

enum template_family {
	FAMILY_NONE,
	FAMILY_4,
	FAMILY_6,
	FAMILY_BOTH, /* each record's values decide */
};

/* Decisions that each record's values need, in the order of record.c. */
enum step {
	STEP_FAMILY = 1,
	STEP_MASKS = 2,
	STEP_GATEWAY = 4,
	STEP_FLAGS = 8,   /* TCP flags of their counters */
	STEP_PORTS = 16,  /* the protocol decides which they are */
	STEP_PACKET = 32, /* the record has octets of a packet */
	STEP_TIMES = 64,  /* not just fields 21 and 22 of v9 */
};

/* A flow without address, octets and packets has no content. */
enum template_content {
	CONTENT_NONE,
	CONTENT_PERHAPS, /* each record's values decide */
	CONTENT_ALWAYS,
};

struct tmpl {
	struct template_key key;
	bool options;    /* describes options data */
	bool variable;   /* has fields of variable length */
	bool rival;      /* other definitions have the same key */
	bool superseded; /* not announced or used since a rival came */
	bool in_use;     /* its data arrived since the newest rival did */
	bool used;       /* its data arrived */
	bool waiting;    /* states of template.h */
	bool challenged;
	bool has_protocol, has_src_port, has_dst_port;
	bool own_reverse; /* RFC 5103: values of the reverse direction */
	uint8_t family;   /* enum template_family */
	uint8_t content;  /* enum template_content, of flows */
	uint8_t steps;    /* enum step */
	bool of_packet;   /* each record describes one packet */
	uint16_t absent;  /* enum packet_value that no element has */
	/*
	 * With addresses of both families: that of the later ones, and the
	 * enum packet_value of elements before these.
	 */
	uint32_t inner_family;
	uint16_t of_outer;
	uint16_t scopes; /* scope fields of options data */
	uint16_t nfields;
	uint16_t port;       /* that announced it last; 0 unknown */
	uint32_t record_len; /* octets; the least, if variable */
	uint32_t fields;     /* STORE_FIELD_* of every flow */
	struct slots slots;  /* that it fills */
	const struct op *ops;
	/*
	 * The same template for the next header outside, where it describes
	 * the headers of a tunnel; NULL for the outermost.
	 */
	const struct tmpl *outer;
	const uint8_t *raw; /* field specifiers as sent */
	uint32_t nops;
	uint32_t nsampling; /* ops after these, for template_run_sampling */
	uint32_t raw_len;   /* bytes */
	uint32_t size;      /* bytes of memory in all */
	uint32_t owners;    /* sessions whose definition it is */
	uint32_t changes;   /* of the definition of its key, after data of it */
	uint64_t born;      /* templates.clock when it was defined */
	uint64_t turn;      /* and when it became the common one, or waits */
	uint32_t data_from; /* sessions whose data used it */
	uint32_t last_data; /* epoch seconds when data used it */
	uint32_t announced; /* epoch seconds of the latest; 0 unknown */
	uint32_t interval;  /* seconds between the latest two; 0 unknown */
	struct tmpl *hash_next;
	struct recent use;
};

#endif
