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
 * A load: the datagrams that flow-send sends, prepared or made on the way.
 * Functions that fail exit with a message.
 */
#ifndef FLOW_LOAD_H
#define FLOW_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "send/flow-generate.h"

struct packet {
	uint8_t *data;
	size_t len;      /* bytes */
	uint32_t flows;  /* 0: not known */
	size_t exporter; /* number of its sender, from 0; stamped: 0 */
	uint64_t usec;   /* time of receipt, epoch; 0: unknown */
};

/* The data of a packet stay valid for this number of calls. */
#define LOAD_AGAIN 256

/* Returns the next datagram, or NULL at the end. */
typedef struct packet *load_next(void *arg);

/*
 * total datagrams.  The last one is the last packet; the others repeat the
 * other packets in turn.  Without an end, all packets are repeated in turn.
 *
 * Made-up datagrams are stamped with sequence and time when they are sent.  A
 * few of them therefore suffice for a long run and for all sources.
 *
 * If next is set, it returns each datagram, and none is prepared.
 */
struct load {
	load_next *next; /* NULL: packets are */
	void *arg;       /* of next */
	struct packet *packets;
	size_t n, allocated;
	uint64_t total; /* 0: no end */
	bool stamped;
	struct generator gen;    /* stamped: as it was at the start */
	size_t per_datagram;     /* stamped: flows in all but the last */
	struct packet templates; /* with all templates; data NULL: none */
	size_t ntemplates;       /* that the flows use in turn */
};

/*
 * Each source announces its templates, if it has any, once in this number of
 * datagrams.
 */
#define LOAD_TEMPLATES_EVERY 1000

/* Exporters, numbered as they appear. */
struct exporters {
	struct addr *addrs;
	size_t n;
};

/* Returns the number of addr; exporters after the first max share the last. */
size_t exporter_number(struct exporters *exporters, const struct addr *addr,
    size_t max);

/*
 * load is all zero before the call.  nflows 0 means no end.  per is the number
 * of flows in a datagram.  Versions without templates ignore ntemplates.
 */
void load_generated(struct load *load, const struct generator *start,
    uint64_t nflows, size_t per, size_t ntemplates);

/* Loads the sample, with an exporter for each version. */
void load_sample(struct load *load, const struct generator *start);

/* Reports on standard error which packets of the capture are skipped. */
void load_pcap(struct load *load, const char *path);

void load_free(struct load *load);

/* Returns datagram i, from 0. */
struct packet *load_at(const struct load *load, uint64_t i);

#endif
