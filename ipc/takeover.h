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
 * Memory that outlives a collector: the monitor allocates it, the collector
 * keeps the state of its exporters in it, and the next collector takes the state
 * over.
 *
 * The layout is struct takeover.  It has a version, the number of the half that
 * is valid, the lengths of both halves, and the halves.  A half is one block of
 * octets in the encoding of the state file (decode/state.h): templates as the
 * octets that came, options data, sessions, and sequences; it has a version and
 * a checksum of its own, so that other protocols can add their state.  There is
 * no pointer in it, and nothing compiled.
 *
 * The collector fills the half that is not valid and then makes it the valid
 * one, so that it can be killed at any moment.  The monitor does not interpret
 * the block: it copies the valid half to the memory of the next collector.  That
 * one checks every value, as in a state file, since the dead collector may have
 * been in the hands of an attacker.
 */
#ifndef TAKEOVER_H
#define TAKEOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAKEOVER_VERSION   1
#define TAKEOVER_NONE      0 /* valid: no half */
#define TAKEOVER_HALVES    2
#define TAKEOVER_STATE_MAX ((size_t)8 << 20) /* bytes; bounds the time, too */

struct takeover {
	uint32_t version;
	volatile uint32_t valid; /* the half from 1 on, or TAKEOVER_NONE */
	uint64_t lens[TAKEOVER_HALVES];
	uint8_t halves[TAKEOVER_HALVES][TAKEOVER_STATE_MAX];
};

/* Without state.  Shared with processes that are started later.  NULL with
 * errno. */
struct takeover *takeover_new(void);
void takeover_free(struct takeover *t);

/* Processes that are started later do not share it. */
void takeover_keep_from_children(struct takeover *t);

/* The same with a copy of the state in another one.  NULL with errno. */
struct takeover *takeover_copy(const struct takeover *from);

/* The half that is not valid, of TAKEOVER_STATE_MAX bytes. */
uint8_t *takeover_room(struct takeover *t);

/* Makes this half the valid one, with len bytes of state. */
void takeover_commit(struct takeover *t, size_t len);

/* Finds the valid state.  False if there is none, or t is not of this version. */
bool takeover_state(const struct takeover *t, const uint8_t **state,
    size_t *len);

#endif
