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
 * The transport sessions of one exporter: the UDP source ports that it sends
 * from (RFC 7011 section 8).  The address alone identifies an exporter, since
 * the line cards of a router send templates and data from different ports.  But
 * two processes behind one address may use a template ID differently, so that
 * the exporter's state remembers which sessions it came from.
 *
 * A session has a bit, which state stores in a mask.  At SESSIONS_MAX the half
 * of the sessions that was used less recently is evicted together, so that an
 * exporter whose port changes with each datagram does not make flowd search all
 * state for the bit of a session with each datagram.
 *
 * A session is steady from its second datagram on.  Some exporters and NATs use
 * another port for each datagram: sessions that are not steady may be one
 * process.  Where many sessions had a single datagram, a steady one needs more.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

#define SESSIONS_MAX 32 /* of one exporter; a mask has a bit for each */

struct session {
	uint64_t datagrams; /* since the start of the collector */
	uint32_t last_seen; /* epoch seconds */
	uint32_t turn;      /* sessions.clock of its latest use */
	uint16_t port;
	bool used; /* false: this entry is free */
};

/* All zero: empty. */
struct sessions {
	struct session *at;
	uint8_t n, room;  /* entries, free ones included */
	uint8_t latest;   /* the entry of the latest datagram */
	int8_t single;    /* sessions that have sent one datagram */
	uint32_t steady;  /* bits of steady sessions */
	uint32_t closing; /* bits of evicted ones that state may still have */
	uint32_t clock;
	uint32_t brief; /* sessions evicted after a single datagram */
};

/*
 * Records a datagram from the port and returns the bit of its session; now is
 * in epoch seconds.  Without memory for another session, or while those that
 * were evicted are still closing, the result is 0, which is no session's bit.
 */
uint32_t sessions_use(struct sessions *s, struct memory *memory, uint16_t port,
    uint32_t now);

/* The same without a datagram, for a session of the state file. */
uint32_t sessions_restore(struct sessions *s, struct memory *memory,
    uint16_t port, uint32_t last_seen, bool steady);

/*
 * Evicted sessions are closing: the caller removes them from all state, in parts
 * if that is much.  Whether one of them had this port; and all are closed.
 */
bool sessions_had(const struct sessions *s, uint16_t port);
void sessions_closed(struct sessions *s);

/* The bit of a session in the array at. */
static inline uint32_t
session_bit(const struct sessions *s, const struct session *session)
{
	return (UINT32_C(1) << (session - s->at));
}

/* The bit of the session from this port; 0 if there is none. */
uint32_t sessions_bit(const struct sessions *s, uint16_t port);

size_t sessions_count(const struct sessions *s);

/* Whether the session from this port is steady. */
bool sessions_is_steady(const struct sessions *s, uint16_t port);

/*
 * For walks from the least recently used session on: the one that follows
 * after, or the first if that is NULL.  NULL after the last.
 */
const struct session *sessions_next(const struct sessions *s,
    const struct session *after);

void sessions_free(struct sessions *s, struct memory *memory);

#endif
