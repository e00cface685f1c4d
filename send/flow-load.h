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
 * What flow-send is about to send: prepared datagrams, and how they make up
 * the whole.  Functions that fail exit with a message.
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
	size_t exporter; /* 0, 1 ...: who sent it; stamped: 0 */
	uint64_t usec;   /* of the epoch, when it came; 0: not known */
};

/* A packet does not come again, and its data stay, for the next so many. */
#define LOAD_AGAIN 256

/* The next datagram, or NULL at the end. */
typedef struct packet *load_next(void *arg);

/*
 * Total datagrams, of which the last is the last packet, and those before it
 * go round the other ones.  Without end, all go round.
 *
 * Made-up ones are stamped with sequence and time when they are sent, so that
 * few of them do for long runs, and any of them for any source.
 *
 * Or else next gives all of them, one by one, and there is nothing prepared.
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
	struct packet templates; /* announces them; data NULL: none */
	size_t ntemplates;       /* the flows take turns with these */
};

/*
 * Each source announces its templates, where there are any, before the first
 * of this many datagrams.
 */
#define LOAD_TEMPLATES_EVERY 1000

/* Exporters, numbered as they appear. */
struct exporters {
	struct addr *addrs;
	size_t n;
};

/* The number of addr; those beyond max exporters share the last one. */
size_t exporter_number(struct exporters *exporters, const struct addr *addr,
    size_t max);

/*
 * load is all zero before; nflows 0: no end; per: flows of a datagram.
 * ntemplates is of no meaning to versions that have none.
 */
void load_generated(struct load *load, const struct generator *start,
    uint64_t nflows, size_t per, size_t ntemplates);

/* The sample, with each version from an exporter of its own. */
void load_sample(struct load *load, const struct generator *start);

/* Says on standard error what of the capture path is passed over. */
void load_pcap(struct load *load, const char *path);

void load_free(struct load *load);

/* Datagram i, from 0 up. */
struct packet *load_at(const struct load *load, uint64_t i);

#endif
