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
 * Whose turn it is to write to a log that several collectors write to, in
 * memory that they share with the monitor.  Who has left part of a record in
 * a log keeps the turn until that is mended, so that records stay whole; nobody
 * waits for it, but keeps his records and tries again.
 */
#ifndef TURNS_H
#define TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TURNS_MAX    4096
#define TURN_NOBODY  0
#define TURN_MONITOR UINT32_MAX /* collectors have numbers from 1 on */

struct turns;

/* One log's turn, as one process sees it. */
struct turn {
	struct turns *all;
	uint32_t which; /* below TURNS_MAX */
	uint32_t who;
};

/* Shared with processes that are started from here on.  NULL with errno. */
struct turns *turns_new(void);
void turns_free(struct turns *t);

/* Whether who has the turn now, or had it before. */
bool turn_take(const struct turn *t);

/* The same, after up to so many milliseconds. */
bool turn_wait(const struct turn *t, int ms);

bool turn_is_mine(const struct turn *t);

/* Ends the turn, if it is that of who. */
void turn_end(const struct turn *t);

/* Ends all turns of one who is dead. */
void turns_end_of(struct turns *all, uint32_t who);

#endif
