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
 * The sequence numbers of an exporter: what is missing, what came late, and
 * when it began anew.
 *
 * A datagram has the number of its first flow (v5, v7), of its first data
 * record (IPFIX), or its own (v9); the next number is due after it.  Sequences
 * belong to (version, domain), where there may be several of them: FreeBSD's
 * ng_netflow numbers each routing table's flows by themselves, and sends all
 * with one engine.  So this is what becomes of a number:
 *
 * - It is due in one of the sequences of its domain: nothing is missing.
 * - It is ahead of the nearest of them: what is between is missing, and is
 *   remembered as a hole.
 * - It is in a hole: it came late, and is missing no longer.  Where a hole's
 *   front goes on while its sequence does too, SEQUENCE_TURNS times, or once if
 *   the hole is longer than SEQUENCE_WINDOW, these are two sequences, and
 *   nothing of the hole was missing.
 * - It is among numbers that have come, or shortly before the first: it came
 *   twice, or late.  In the latter case, if it goes on in turn with others as
 *   above, it is another sequence.
 * - It is further back, or not due and the exporter's uptime went back: the
 *   sequence began anew.  Where only the number said so and the one before
 *   goes on after all, it was another sequence.
 *
 * What this cannot tell: a sequence that is first seen among numbers of another
 * one is taken for its duplicates, and what is missing of it is not seen.  What
 * is missing where sequences are near each other may be counted for another, or
 * not.  Of more than SEQUENCES_MAX in all the ones unused for longest are
 * forgotten, and so are holes; what was missing then stays so.  An exporter
 * without an uptime (IPFIX) that begins anew within SEQUENCE_WINDOW of its
 * start seems to be late until it is past the numbers it had.
 */
#ifndef SEQUENCE_H
#define SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEQUENCES_MAX   8     /* of one exporter */
#define SEQUENCE_HOLES  8     /* the same */
#define SEQUENCE_WINDOW 65536 /* flows, or datagrams of v9 */
#define SEQUENCE_TURNS  3

#define SEQUENCE_UNKNOWN UINT32_MAX

/* One sequence; all numbers are modulo 2^32. */
struct sequence {
	uint32_t domain;    /* engine, or observation domain */
	uint32_t begin;     /* from here to next they came, but for holes */
	uint32_t next;      /* the one that is due */
	uint32_t uptime_ms; /* in the latest datagram */
	bool known;         /* next is */
	uint16_t version;   /* 0: this entry is free */
};

struct sequence_hole {
	uint32_t domain;
	uint32_t from;    /* the first number that is missing */
	uint32_t len;     /* 0: only what may go on at from is of interest */
	uint16_t version; /* 0: this entry is free */
	uint8_t turns;    /* in which from went on */
	uint8_t clock;    /* of the latest */
	bool restarted;   /* the sequence that left from has, it seems */
};

/* Those of one exporter, the one used last first.  Zeroed is empty. */
struct sequences {
	struct sequence at[SEQUENCES_MAX];
	struct sequence_hole holes[SEQUENCE_HOLES]; /* the newest first */
	uint8_t clock;                              /* datagrams */
};

/* What a datagram says. */
struct sequence_mark {
	uint16_t version;
	uint32_t domain;
	uint32_t number;
	uint32_t count; /* numbers that it uses, or SEQUENCE_UNKNOWN */
	uint32_t uptime_ms;
};

/* What it changes; negative takes back what was found before. */
struct sequence_change {
	int64_t missing; /* flows, or datagrams of v9 */
	uint32_t late;   /* the same */
	int restarts;
};

struct sequence_change sequences_take(struct sequences *q,
    const struct sequence_mark *mark);

#endif
