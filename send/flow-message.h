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
 * Writes messages of NetFlow v9 and IPFIX set by set, and makes up messages for
 * flow-generate.c.
 */
#ifndef FLOW_MESSAGE_H
#define FLOW_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/cursor.h"
#include "send/flow-generator.h"
#include "store.h"

/* The records of a template. */
struct shape {
	uint16_t version; /* NF_VERSION_9 or NF_VERSION_IPFIX */
	uint16_t template_id;
	/*
	 * STORE_FIELD_*: their fields, and the family of addresses.
	 * AGENT_INFO adds the start of the uptime to IPFIX, and
	 * FLOW_ENGINE_INFO adds the engine.  Fields that are not those of a
	 * flow, such as the agent, are ignored.
	 */
	uint32_t fields;
	uint8_t counter_len, engine_len; /* octets: 4 or 8; 1 or 2 */
};

/* Returns the fields, STORE_FIELD_*, that records can have. */
uint32_t message_fields(void);

/* A message that is being written. */
struct message_writer {
	uint16_t version;
	uint16_t records; /* templates too */
	uint8_t *start;
	uint8_t *set; /* the open one, or NULL */
	struct wcursor w;
};

/* buf has at least the size of a header. */
void message_begin(struct message_writer *m, uint16_t version, uint8_t *buf,
    size_t size);

/*
 * Adds a template, or a record with the fields of shape.  Absolute times in
 * IPFIX are computed from the flow's own time of export.  FLOWD_ESPACE if it
 * does not fit; the message is then unchanged.  FLOWD_EINVAL if a value does
 * not fit into the shape; the message is then invalid.
 */
int message_add_template(struct message_writer *m, const struct shape *shape)
    __attribute__((warn_unused_result));
int message_add(struct message_writer *m, const struct shape *shape,
    const struct flow *flow) __attribute__((warn_unused_result));

/*
 * Completes the message with times, sequence and domain of gen.  Returns its
 * octets.
 */
size_t message_end(struct message_writer *m, const struct generator *gen);

/* Returns the number of made-up flows that fit into a message of len octets. */
size_t message_fits(const struct generator *gen, size_t len);

/* Works like generate_datagram, but does not advance the sequence. */
int message_data(const struct generator *gen, const struct flow *flows,
    size_t n, uint8_t *buf, size_t size, size_t *len)
    __attribute__((warn_unused_result));

/* Work like generate_templates and generate_stamp. */
int message_templates(const struct generator *gen, size_t n, uint8_t *buf,
    size_t size, size_t *len) __attribute__((warn_unused_result));
int message_stamp(const struct generator *gen, uint8_t *buf, size_t len)
    __attribute__((warn_unused_result));

#endif
