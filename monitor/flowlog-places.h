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
 * The logs of exporters that collectors have open.  Each collector has the same
 * number of places, and one log in each of them.  Several collectors may have
 * the same log.
 */
#ifndef FLOWLOG_PLACES_H
#define FLOWLOG_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOWLOG_PLACE_EMPTY SIZE_MAX

struct flowlog_places {
	size_t *logs; /* for each collector and place; FLOWLOG_PLACE_EMPTY */
	size_t each;  /* places of a collector */
	uint32_t workers;
};

/* each may be 0.  Ends the process if memory is exhausted. */
void flowlog_places_init(struct flowlog_places *p, uint32_t workers,
    size_t each);
void flowlog_places_free(struct flowlog_places *p);

/* The log in a place of the collector with this number, from 1 on. */
size_t *flowlog_place(const struct flowlog_places *p, uint32_t number,
    size_t place);

/* Whether the collector has the log in some place. */
bool flowlog_place_of(const struct flowlog_places *p, uint32_t number,
    size_t log);

/* Whether any collector has the log. */
bool flowlog_places_have(const struct flowlog_places *p, size_t log);

/* Empties the places with the log. */
void flowlog_places_forget(struct flowlog_places *p, size_t log);

#endif
