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
 * A collector's path of a datagram without its sockets, and datagrams that cost
 * it as much as possible.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/intake.h"
#include "tests/unit/wire9.h"

#define HOSTILE_TEMPLATE 256   /* the first id of many */
#define HOSTILE_DATA     30000 /* the id of a template for data */
#define HOSTILE_COUNTED  20    /* datagrams, of most attacks */
#define HOSTILE_LARGE    65000 /* octets of a large datagram */
#define HOSTILE_NOW      (WIRE_EXPORT_SEC + 1)

/* A datagram that waits until its cost is counted. */
struct hostile_datagram {
	uint8_t *data;
	size_t len;
	struct addr from;
	uint16_t port;
	uint32_t at; /* epoch seconds */
};

struct hostile {
	struct wire w; /* the datagram that is being written */
	struct config *conf;
	struct exporter_table *exporters;
	struct output *output;
	struct intake *intake;
	int logsock; /* the reader's end; -1: none */
	/* The sender of the next datagram. */
	uint32_t from; /* IPv4 address */
	uint16_t port;
	uint32_t now; /* epoch seconds */
	bool queueing;
	struct hostile_datagram *queue;
	size_t n, room; /* datagrams in the queue */
	size_t scale;   /* tables are filled to this part of their limits */
};

/*
 * An attack: prepare brings the tables into a state, and attack sends the
 * datagrams whose cost is counted.
 */
struct attack {
	const char *name;
	const char *config; /* statements of flowd.conf; NULL: none */
	void (*prepare)(struct hostile *h, const struct attack *a);
	void (*attack)(struct hostile *h, const struct attack *a);
	size_t size;   /* of what the two functions have to know */
	size_t fields; /* the same */
	bool large;    /* needs too much time for a test */
};

/* Each ends with a name that is NULL.  The first of flows is ordinary. */
extern const struct attack hostile_flows[], hostile_state[], hostile_options[];

#define OF(...) ((const struct wire_field[]){ __VA_ARGS__ })

/* n by the scale, but at least 1. */
size_t hostile_scaled(const struct hostile *h, size_t n);

/* Ends the message in w, and delivers it or adds it to the queue. */
void hostile_send(struct hostile *h);

/* The same for other octets. */
void hostile_send_raw(struct hostile *h, const uint8_t *data, size_t len);

/* Prepares an attack with a->size templates of a->fields fields. */
void hostile_prepare_templates(struct hostile *h, const struct attack *a);

/* Begins a message of IPFIX in w. */
void hostile_begin(struct hostile *h);

/* A message with one set of len octets of data. */
void hostile_data(struct hostile *h, uint16_t id, uint8_t octet, size_t len);

/* A message with one template, or options template. */
void hostile_define(struct hostile *h, uint16_t id,
    const struct wire_field *fields, size_t n);
void hostile_define_options(struct hostile *h, uint16_t id,
    const struct wire_field *fields, size_t n, size_t scopes);

/* n templates of the given number of fields, in few messages. */
void hostile_templates(struct hostile *h, size_t n, size_t fields);

#endif
