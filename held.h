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
 * Data sets that came before their template.  They wait, within bounds, and
 * are decoded when it comes, with the time at which they were received.
 */
#ifndef HELD_H
#define HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cursor.h"
#include "template.h"

#define HELD_SECONDS        1800  /* the usual interval of templates */
#define HELD_SETS_MAX       65536 /* of all exporters */
#define HELD_SETS_EXPORTER  1024
#define HELD_BYTES_EXPORTER (1U << 20)
#define HELD_BUCKETS        4096 /* a power of two */

struct exporter;

/* The header of a v9 or IPFIX message, and when it was received. */
struct message {
	uint16_t version;
	uint32_t domain;
	uint32_t sequence;
	uint32_t export_sec;          /* epoch */
	uint32_t sys_uptime_ms;       /* v9 only */
	uint32_t recv_sec, recv_usec; /* epoch */
};

/* A datagram that waits, by its sets that do and its reader. */
struct held_datagram {
	size_t users;
	bool given_up; /* a part will never be decoded */
};

/* Each set that waits is in these lists, by its age. */
enum held_list_of { HELD_OF_ALL, HELD_OF_EXPORTER, HELD_OF_BUCKET, HELD_LISTS };

struct held_ends {
	struct held_set *newest, *oldest;
};

struct held_set {
	struct {
		struct held_set *newer, *older;
	} in[HELD_LISTS];
	struct exporter *exporter;
	struct held_datagram *datagram;
	struct message message;
	uint16_t id;
	size_t len; /* octets of data */
	uint8_t data[];
};

/* All sets that wait.  But for the secret, zeroed is empty. */
struct held_queue {
	struct held_ends all;
	struct held_ends buckets[HELD_BUCKETS]; /* by what is waited for */
	uint64_t secret; /* so that nobody can aim at a bucket */
	size_t count;
};

/* Those of one exporter.  Zeroed is empty. */
struct held_list {
	struct held_ends sets;
	size_t count, bytes;
};

/*
 * Keeps a copy of the set.  *datagram is NULL for the first set of a datagram
 * and is made then; all sets of one datagram share it, and the caller ends it
 * with held_close.  Where bounds are reached the exporter's oldest sets are
 * given up for it.  -1 where this one cannot be kept.
 */
int held_add(struct exporter *e, const struct message *msg, uint16_t id,
    struct cursor data, struct held_datagram **datagram)
    __attribute__((warn_unused_result));

/* The rest of the datagram has been decoded, or not. */
void held_close(struct exporter *e, struct held_datagram *datagram,
    bool decoded);

/*
 * Takes the exporter's oldest set that waits for key, which the caller passes
 * to held_done after it has used it.  NULL where there is none.
 */
struct held_set *held_take(struct exporter *e, const struct template_key *key);

/* Frees a set that held_take gave.  decoded tells what became of it. */
void held_done(struct held_set *set, bool decoded);

/* Gives up what waits for key; its template will never be known. */
void held_give_up(struct exporter *e, const struct template_key *key);

/* Gives up all of an exporter, which is about to be forgotten. */
void held_forget(struct exporter *e);

/* Gives up what has waited for too long. */
void held_expire(struct held_queue *q, uint32_t now);

#endif
