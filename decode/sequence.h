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
 * The sequence numbers of an exporter.  They show lost flows, late or duplicate
 * datagrams, and restarts of the exporter.
 *
 * The number of a datagram is that of its first flow (v5, v7), of its first
 * data record (IPFIX), or of the datagram (v9).  The number after its last flow
 * or record is due next.  A sequence belongs to a version and a domain, which
 * may have several sequences: FreeBSD's ng_netflow numbers the flows of each
 * routing table separately, and sends all of them with one engine.  These are
 * the cases of a number:
 *
 * - It is due in a sequence of its domain: nothing is missing.
 * - It is ahead of the nearest sequence: the numbers between are missing, and
 *   are recorded as a hole.
 * - It is in a hole: the datagram is late, and its numbers are no longer
 *   missing.  If datagrams continue at the front of a hole while the sequence
 *   continues too, these are two sequences, and nothing of the hole was
 *   missing.  This needs SEQUENCE_TURNS turns, or one if the hole is longer
 *   than SEQUENCE_WINDOW.
 * - It is at most SEQUENCE_WINDOW before the due number: the datagram is a
 *   duplicate, or late if the sequence begins after it.  If datagrams continue
 *   from a late one in turn with the sequence, as above, they are another
 *   sequence.
 * - It is further back, or it is not due and the exporter's uptime went back:
 *   the sequence restarted.  If only the number went back and the old sequence
 *   continues later, there was no restart, and the number began another
 *   sequence.
 *
 * Limits: The first datagrams of a sequence whose numbers another one had
 * received count as duplicates, and their losses are not seen.  Losses in
 * sequences with similar numbers may be counted for the wrong one, or not at
 * all.  The least recently used sequences are dropped at SEQUENCES_MAX, and the
 * oldest holes at SEQUENCE_HOLES; their missing numbers stay counted as
 * missing.  If an exporter without an uptime (IPFIX) restarts within
 * SEQUENCE_WINDOW of its first number, its datagrams count as late until it
 * exceeds the numbers that it had before.
 */
#ifndef SEQUENCE_H
#define SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEQUENCES_MAX   8     /* of one exporter */
#define SEQUENCE_HOLES  8     /* of one exporter */
#define SEQUENCE_WINDOW 65536 /* flows, or datagrams of v9 */
#define SEQUENCE_TURNS  3

#define SEQUENCE_UNKNOWN UINT32_MAX

/* One sequence; all numbers are modulo 2^32. */
struct sequence {
	uint32_t domain;    /* engine, or observation domain */
	uint32_t begin;     /* begin to next - 1 were received, except holes */
	uint32_t next;      /* the number that is due */
	uint32_t uptime_ms; /* in the latest datagram */
	bool known;         /* next is known */
	uint16_t version;   /* 0: this entry is free */
};

struct sequence_hole {
	uint32_t domain;
	uint32_t from;    /* the first missing number */
	uint32_t len;     /* 0: another sequence may continue at from */
	uint16_t version; /* 0: this entry is free */
	uint8_t turns;    /* turns in which datagrams continued at from */
	uint8_t clock;    /* sequences.clock of the latest turn */
	bool restarted;   /* the sequence left from, probably by a restart */
};

/* The sequences of one exporter, sorted by last use.  All zero: empty. */
struct sequences {
	struct sequence at[SEQUENCES_MAX];
	struct sequence_hole holes[SEQUENCE_HOLES]; /* the newest first */
	uint8_t clock;                              /* datagrams */
};

/* The sequence number of one datagram. */
struct sequence_mark {
	uint16_t version;
	uint32_t domain;
	uint32_t number;
	uint32_t count; /* numbers that it uses, or SEQUENCE_UNKNOWN */
	uint32_t uptime_ms;
};

/* Changes of the counters.  Negative ones correct earlier results. */
struct sequence_change {
	int64_t missing; /* flows, or datagrams of v9 */
	uint32_t late;   /* flows, or datagrams of v9 */
	int restarts;
};

/* Records a datagram's number and returns its effect. */
struct sequence_change sequences_record(struct sequences *q,
    const struct sequence_mark *mark);

#endif
