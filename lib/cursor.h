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
 * Bounds-checked access to wire and file bytes, which are big-endian
 * throughout (RFC 3954 section 4, RFC 7011 section 6.1).  A cursor is a view:
 * it owns nothing, and always raw_at <= raw_end.  A read that does not fit
 * returns FLOWD_ESHORT, sets the value to zero, and moves nothing.  Only this
 * file uses the members; tests/build-layout.py checks that.
 */
#ifndef CURSOR_H
#define CURSOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "errors.h"

struct cursor {
	const uint8_t *raw_at, *raw_end;
};

/* The same for writing.  FLOWD_ESPACE if the item does not fit. */
struct wcursor {
	uint8_t *raw_start, *raw_at, *raw_end;
};

static inline uint16_t
be16(const uint8_t *p)
{
	return ((uint16_t)(p[0] << 8 | p[1]));
}

static inline uint32_t
be32(const uint8_t *p)
{
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3]);
}

static inline uint64_t
be64(const uint8_t *p)
{
	return ((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* The same for writing; the caller has checked the space. */
static inline void
be16_put(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
be32_put(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static inline void
be64_put(uint8_t *p, uint64_t v)
{
	be32_put(p, (uint32_t)(v >> 32));
	be32_put(p + 4, (uint32_t)v);
}

static inline void
cur_init(struct cursor *c, const uint8_t *data, size_t len)
{
	c->raw_at = data;
	c->raw_end = data + len;
}

static inline size_t
cur_left(const struct cursor *c)
{
	return ((size_t)(c->raw_end - c->raw_at));
}

static inline int
cur_skip(struct cursor *c, size_t len)
{
	if (cur_left(c) < len)
		return (FLOWD_ESHORT);
	c->raw_at += len;
	return (0);
}

/* The octets at the cursor, of which there are cur_left().  Moves nothing. */
static inline const uint8_t *
cur_peek(const struct cursor *c)
{
	return (c->raw_at);
}

/* The next len octets, which the cursor passes; NULL if there are fewer. */
static inline const uint8_t *
cur_take(struct cursor *c, size_t len)
{
	const uint8_t *taken = c->raw_at;

	if (cur_left(c) < len)
		return (NULL);
	c->raw_at += len;
	return (taken);
}

/* Removes the octets that follow the next len. */
static inline int
cur_truncate(struct cursor *c, size_t len)
{
	if (cur_left(c) < len)
		return (FLOWD_ESHORT);
	c->raw_end = c->raw_at + len;
	return (0);
}

static inline int
cur_u8(struct cursor *c, uint8_t *out)
{
	*out = 0;
	if (cur_left(c) < 1)
		return (FLOWD_ESHORT);
	*out = *c->raw_at++;
	return (0);
}

static inline int
cur_u16(struct cursor *c, uint16_t *out)
{
	*out = 0;
	if (cur_left(c) < 2)
		return (FLOWD_ESHORT);
	*out = be16(c->raw_at);
	c->raw_at += 2;
	return (0);
}

static inline int
cur_u32(struct cursor *c, uint32_t *out)
{
	*out = 0;
	if (cur_left(c) < 4)
		return (FLOWD_ESHORT);
	*out = be32(c->raw_at);
	c->raw_at += 4;
	return (0);
}

static inline int
cur_u64(struct cursor *c, uint64_t *out)
{
	*out = 0;
	if (cur_left(c) < 8)
		return (FLOWD_ESHORT);
	*out = be64(c->raw_at);
	c->raw_at += 8;
	return (0);
}

static inline int
cur_bytes(struct cursor *c, void *out, size_t len)
{
	if (cur_left(c) < len) {
		memset(out, 0, len);
		return (FLOWD_ESHORT);
	}
	memcpy(out, c->raw_at, len);
	c->raw_at += len;
	return (0);
}

/*
 * Splits the next len bytes off into sub, so that an error inside an item
 * cannot reach outside it.  On failure sub is empty.
 */
static inline int
cur_sub(struct cursor *c, size_t len, struct cursor *sub)
{
	if (cur_left(c) < len) {
		cur_init(sub, c->raw_at, 0);
		return (FLOWD_ESHORT);
	}
	cur_init(sub, c->raw_at, len);
	c->raw_at += len;
	return (0);
}

static inline void
wcur_init(struct wcursor *w, uint8_t *data, size_t len)
{
	w->raw_start = w->raw_at = data;
	w->raw_end = data + len;
}

static inline size_t
wcur_left(const struct wcursor *w)
{
	return ((size_t)(w->raw_end - w->raw_at));
}

/* The number of octets written. */
static inline size_t
wcur_len(const struct wcursor *w)
{
	return ((size_t)(w->raw_at - w->raw_start));
}

/* The next len octets, for the caller to write; NULL if there is no space. */
static inline uint8_t *
wcur_take(struct wcursor *w, size_t len)
{
	uint8_t *taken = w->raw_at;

	if (wcur_left(w) < len)
		return (NULL);
	w->raw_at += len;
	return (taken);
}

/* Passes the next len octets, which keep their values. */
static inline int
wcur_skip(struct wcursor *w, size_t len)
{
	return (wcur_take(w, len) == NULL ? FLOWD_ESPACE : 0);
}

static inline int
wcur_zero(struct wcursor *w, size_t len)
{
	uint8_t *taken = wcur_take(w, len);

	if (taken == NULL)
		return (FLOWD_ESPACE);
	memset(taken, 0, len);
	return (0);
}

static inline int
wcur_bytes(struct wcursor *w, const void *data, size_t len)
{
	if (wcur_left(w) < len)
		return (FLOWD_ESPACE);
	memcpy(w->raw_at, data, len);
	w->raw_at += len;
	return (0);
}

static inline int
wcur_u8(struct wcursor *w, uint8_t v)
{
	return (wcur_bytes(w, &v, 1));
}

static inline int
wcur_u16(struct wcursor *w, uint16_t v)
{
	if (wcur_left(w) < 2)
		return (FLOWD_ESPACE);
	be16_put(w->raw_at, v);
	w->raw_at += 2;
	return (0);
}

static inline int
wcur_u32(struct wcursor *w, uint32_t v)
{
	if (wcur_left(w) < 4)
		return (FLOWD_ESPACE);
	be32_put(w->raw_at, v);
	w->raw_at += 4;
	return (0);
}

static inline int
wcur_u64(struct wcursor *w, uint64_t v)
{
	if (wcur_left(w) < 8)
		return (FLOWD_ESPACE);
	be64_put(w->raw_at, v);
	w->raw_at += 8;
	return (0);
}

#endif
