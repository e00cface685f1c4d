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
 * Streams.  Numbers belong to a stream: a version, a domain and a source port.
 * A port without a stream takes over the one of another port in which its
 * number is due.  If that happens SEQUENCE_MOVES times, or if the numbers of
 * two ports are parts of one sequence, the stream is shared by all ports of the
 * domain.  A port that has sent a single datagram also continues a stream whose
 * port has sent no more, with a number within SEQUENCE_NEAR: some exporters
 * and NATs change the port with each datagram.  Any other port begins a stream,
 * and nothing is missing before it.
 *
 * Units.  The number of a datagram should be that of its first flow (v5, v7), of
 * its first data record (IPFIX), or of the datagram (v9).  Exporters count
 * something else, too: enum sequence_unit.  Each step between two datagrams
 * speaks for the units that predict it, and against the others.  A stream
 * begins with the unit of its protocol.  Another unit replaces it when it leads
 * by SEQUENCE_LEAD, and replaces any other unit by SEQUENCE_LEAD_OTHER.  While
 * another unit explains more steps, or while no step has been explained yet (v9
 * and IPFIX), datagrams are pending: their effect is known only when the unit
 * is, after SEQUENCE_PENDING of them at the latest.  So no loss is counted that
 * a recognised unit would take back.
 *
 * Sequences.  A stream may have several: FreeBSD's ng_netflow numbers the flows
 * of each routing table separately, and sends all of them with one engine.  The
 * number after the last flow, record or datagram is due next.  These are the
 * cases of a number:
 *
 * - It is due in a sequence of its stream: nothing is missing.
 * - It is more than SEQUENCE_JUMP ahead of the nearest sequence, or it is not due
 *   and the exporter's uptime went back.  Anyone can forge one datagram, so it
 *   begins a doubtful sequence, and nothing is missing.  This changes when a
 *   number follows in the doubtful sequence, at most SEQUENCE_JUMP ahead: if the
 *   other one has not continued in between, the numbers between are missing, or
 *   it was a restart.
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
 * - It is further back: the sequence restarted.  If the old sequence continues
 *   later, there was no restart, and the number began another sequence.
 *
 * It was also a restart if the uptime went back, or if the numbers between are
 * more than SEQUENCE_REGION.
 *
 * Limits: The first datagrams of a sequence whose numbers another one had
 * received count as duplicates, and their losses are not seen.  Losses in
 * sequences with similar numbers may be counted for the wrong one, or not at
 * all.  The least recently used streams and sequences are dropped at
 * SEQUENCES_MAX, and the oldest holes at SEQUENCE_HOLES; their missing numbers
 * stay counted as missing.  If an exporter without an uptime (IPFIX) restarts
 * within SEQUENCE_WINDOW of its first number, its datagrams count as late until
 * it exceeds the numbers that it had before.
 */
#ifndef SEQUENCE_H
#define SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEQUENCES_MAX       8     /* of one exporter; also streams */
#define SEQUENCE_HOLES      8     /* of one exporter */
#define SEQUENCE_PENDING    8     /* datagrams of one exporter */
#define SEQUENCE_WINDOW     65536 /* flows, records or datagrams */
#define SEQUENCE_NEAR       1000
#define SEQUENCE_JUMP       (1U << 20)
#define SEQUENCE_REGION     (1U << 30) /* numbers of one sequence, at most */
#define SEQUENCE_TURNS      3
#define SEQUENCE_MOVES      3
#define SEQUENCE_LEAD       3 /* before the unit of the protocol */
#define SEQUENCE_LEAD_OTHER 2 /* before any other, as by one such step */

#define SEQUENCE_UNKNOWN UINT32_MAX

/*
 * What numbers count.  The state file and flowdctl's answers contain these
 * values.
 */
enum sequence_unit {
	SEQUENCE_NONE = 0,    /* the protocol has no sequence numbers */
	SEQUENCE_FLOWS = 1,   /* data records of flows, before the datagram */
	SEQUENCE_RECORDS = 2, /* data records, including those of options */
	SEQUENCE_DATAGRAMS = 3,
	SEQUENCE_FLOWS_AFTER = 4, /* including those of the datagram itself */
	SEQUENCE_RECORDS_AFTER = 5,
	SEQUENCE_CONSTANT = 6, /* the number is always the same */
	SEQUENCE_UNITS
};

/* A word for the unit: "flows". */
const char *sequence_unit_name(enum sequence_unit unit);

/* The sequence number of one datagram. */
struct sequence_mark {
	uint16_t version;
	uint16_t port;
	uint32_t domain; /* engine, or observation domain */
	uint32_t number;
	uint32_t flows, records; /* in it, or SEQUENCE_UNKNOWN */
	uint32_t uptime_ms;
	enum sequence_unit unit; /* of the protocol */
	bool steady;             /* the port has sent a datagram before */
};

/* A number as sent, for the steps in all units. */
struct sequence_step {
	uint32_t number;
	uint16_t flows, records; /* SEQUENCE_STEP_UNKNOWN */
};
#define SEQUENCE_STEP_UNKNOWN UINT16_MAX

struct sequence_stream {
	uint32_t domain;
	uint32_t turn;    /* sequences.clock of its latest use */
	uint16_t version; /* 0: this entry is free */
	uint16_t port;    /* the latest; 0: shared by all ports */
	uint8_t unit;     /* enum sequence_unit */
	uint8_t moves;    /* times that another port continued it, in turn */
	uint8_t same;     /* repetitions of its first number */
	bool steady;      /* its port has sent several datagrams */
	uint8_t scores[SEQUENCE_UNITS];
};

/* One sequence; all numbers are modulo 2^32. */
struct sequence {
	struct sequence_step last;
	/*
	 * begin to next - 1 were received, except holes; if it is doubtful, the
	 * number that was due in another sequence.
	 */
	uint32_t begin;
	uint32_t next;      /* the number that is due */
	uint32_t uptime_ms; /* in the latest datagram */
	uint16_t port;      /* that sent the latest datagram */
	uint8_t stream;     /* its index plus 1; 0: this entry is free */
	bool known;         /* next is known */
	bool restored;      /* last is not known */
	bool doubtful;      /* it is a single datagram, far from others */
};

struct sequence_hole {
	uint32_t from;  /* the first missing number */
	uint32_t len;   /* 0: another sequence may continue at from */
	uint8_t stream; /* as in struct sequence */
	uint8_t turns;  /* turns in which datagrams continued at from */
	uint8_t clock;  /* sequences.clock of the latest turn */
	bool restarted; /* the sequence left from, probably by a restart */
};

/* A datagram whose effect is not known yet. */
struct sequence_pending {
	struct sequence_step step;
	uint32_t uptime_ms;
	uint16_t port;
	uint8_t stream; /* as in struct sequence */
};

/* The sequences of one exporter.  All zero: empty. */
struct sequences {
	struct sequence_stream streams[SEQUENCES_MAX];
	struct sequence at[SEQUENCES_MAX];          /* the latest used first */
	struct sequence_hole holes[SEQUENCE_HOLES]; /* the newest first */
	struct sequence_pending pending[SEQUENCE_PENDING]; /* oldest first */
	uint32_t clock;                                    /* datagrams */
};

/* Changes of the counters.  Negative ones correct earlier results. */
struct sequence_change {
	int64_t missing; /* in the unit */
	uint32_t late;   /* in the unit */
	int restarts;
	int doubtful; /* sequences */
	enum sequence_unit unit;
};

/* Records a datagram's number and returns its effect. */
struct sequence_change sequences_record(struct sequences *q,
    const struct sequence_mark *mark);

/* Whether datagrams of the stream are pending. */
bool sequences_are_pending(const struct sequences *q,
    const struct sequence_stream *stream);

/* Whether the numbers of this version are constant, in all streams. */
bool sequences_are_constant(const struct sequences *q, uint16_t version);

/* A sequence of the state file. */
struct sequence_saved {
	uint16_t version, port;
	uint32_t domain, next, uptime_ms;
	uint8_t unit;
	bool known, steady;
};

/* Reads sequence i of the list; false if there are fewer. */
bool sequences_save(const struct sequences *q, size_t i,
    struct sequence_saved *saved);

/* Forgets the numbers that are due. */
void sequences_doubt(struct sequences *q);

/* Adds a sequence at the end of the list. */
void sequences_restore(struct sequences *q, const struct sequence_saved *saved);

#endif
