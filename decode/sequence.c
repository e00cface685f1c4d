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

#include <string.h>

#include "decode/sequence.h"

#define UPTIME_SLACK_MS 10000 /* an uptime goes back so far by reordering */
#define REGION_MAX      (1U << 30) /* numbers from begin to next, at most */

static int32_t
distance(uint32_t from, uint32_t to)
{
	return ((int32_t)(to - from));
}

static uint32_t
magnitude(int32_t d)
{
	return (d < 0 ? 0 - (uint32_t)d : (uint32_t)d);
}

static bool
is_of(const struct sequence *s, const struct sequence_mark *m)
{
	return (s->version == m->version && s->domain == m->domain);
}

static bool
hole_is_of(const struct sequence_hole *h, const struct sequence_mark *m)
{
	return (h->version == m->version && h->domain == m->domain);
}

/* Moves entry i to the front. */
static struct sequence *
to_front(struct sequences *q, size_t i)
{
	const struct sequence s = q->at[i];

	if (i > 0) {
		memmove(&q->at[1], &q->at[0], i * sizeof(s));
		q->at[0] = s;
	}
	return (&q->at[0]);
}

/* Adds a sequence at the front.  The last one is dropped at SEQUENCES_MAX. */
static struct sequence *
add(struct sequences *q, const struct sequence_mark *m)
{
	struct sequence *s;
	size_t i = 0;

	while (i < SEQUENCES_MAX - 1 && q->at[i].version != 0)
		i++;
	s = to_front(q, i);
	*s = (struct sequence){
		.domain = m->domain,
		.version = m->version,
		.begin = m->number,
	};
	return (s);
}

static void
advance(struct sequence *s, const struct sequence_mark *m)
{
	s->known = m->count != SEQUENCE_UNKNOWN;
	s->next = m->number + (s->known ? m->count : 0);
	if (s->next - s->begin > REGION_MAX)
		s->begin = s->next - REGION_MAX;
	s->uptime_ms = m->uptime_ms;
}

static void
add_hole(struct sequences *q, const struct sequence_mark *m, uint32_t from,
    uint32_t len, bool restarted)
{
	size_t i = 0;

	while (i < SEQUENCE_HOLES - 1 && q->holes[i].version != 0)
		i++;
	memmove(&q->holes[1], &q->holes[0], i * sizeof(q->holes[0]));
	q->holes[0] = (struct sequence_hole){
		.domain = m->domain,
		.version = m->version,
		.from = from,
		.len = len,
		.restarted = restarted,
		.clock = q->clock,
	};
}

static void
remove_hole(struct sequences *q, struct sequence_hole *h)
{
	const size_t i = (size_t)(h - q->holes);

	memmove(h, h + 1, (SEQUENCE_HOLES - 1 - i) * sizeof(*h));
	q->holes[SEQUENCE_HOLES - 1].version = 0;
}

/* Removes the holes of the domain; keep leaves those of restarts. */
static void
remove_holes(struct sequences *q, const struct sequence_mark *m, bool keep)
{
	size_t i = 0;

	while (i < SEQUENCE_HOLES && q->holes[i].version != 0) {
		if (hole_is_of(&q->holes[i], m) &&
		    !(keep && q->holes[i].restarted))
			remove_hole(q, &q->holes[i]);
		else
			i++;
	}
}

static void
remove_all(struct sequences *q, const struct sequence_mark *m)
{
	size_t i = 0;

	while (i < SEQUENCES_MAX && q->at[i].version != 0) {
		if (!is_of(&q->at[i], m)) {
			i++;
			continue;
		}
		memmove(&q->at[i], &q->at[i + 1],
		    (SEQUENCES_MAX - 1 - i) * sizeof(q->at[0]));
		q->at[SEQUENCES_MAX - 1].version = 0;
	}
	remove_holes(q, m, false);
}

/* The index of the sequence in which the number is due, or SEQUENCES_MAX. */
static size_t
find_due(const struct sequences *q, const struct sequence_mark *m)
{
	size_t i;

	for (i = 0; i < SEQUENCES_MAX && q->at[i].version != 0; i++) {
		if (q->at[i].known && q->at[i].next == m->number &&
		    is_of(&q->at[i], m))
			return (i);
	}
	return (SEQUENCES_MAX);
}

/*
 * The index of the sequence whose next is nearest to the number, or unknown;
 * SEQUENCES_MAX if the domain has no sequence.
 */
static size_t
find_nearest(const struct sequences *q, const struct sequence_mark *m)
{
	size_t i, nearest = SEQUENCES_MAX;
	uint32_t d, least = UINT32_MAX;

	for (i = 0; i < SEQUENCES_MAX && q->at[i].version != 0; i++) {
		if (!is_of(&q->at[i], m))
			continue;
		if (!q->at[i].known)
			return (i);
		d = magnitude(distance(q->at[i].next, m->number));
		if (nearest == SEQUENCES_MAX || d < least) {
			nearest = i;
			least = d;
		}
	}
	return (nearest);
}

static bool
was_received(const struct sequence *s, uint32_t number)
{
	return (number - s->begin < s->next - s->begin);
}

/* The sequence of the hole, or NULL if it was dropped. */
static struct sequence *
owner(struct sequences *q, const struct sequence_hole *h)
{
	size_t i;

	for (i = 0; i < SEQUENCES_MAX && q->at[i].version != 0; i++) {
		if (q->at[i].version == h->version &&
		    q->at[i].domain == h->domain && q->at[i].known &&
		    was_received(&q->at[i], h->from))
			return (&q->at[i]);
	}
	return (NULL);
}

/* Whether the number is in the hole, or continues where an empty hole is. */
static bool
fits(struct sequences *q, const struct sequence_hole *h,
    const struct sequence_mark *m)
{
	if (!hole_is_of(h, m))
		return (false);
	if (h->len > 0)
		return (m->number - h->from < h->len && owner(q, h) != NULL);
	return (m->number == h->from && (h->restarted || owner(q, h) == NULL));
}

static struct sequence_hole *
find_hole(struct sequences *q, const struct sequence_mark *m)
{
	size_t i;

	for (i = 0; i < SEQUENCE_HOLES && q->holes[i].version != 0; i++) {
		if (fits(q, &q->holes[i], m))
			return (&q->holes[i]);
	}
	return (NULL);
}

/* Makes the datagrams at the front of the hole another sequence. */
static struct sequence_change
split(struct sequences *q, struct sequence_hole *h,
    const struct sequence_mark *m)
{
	struct sequence_change change = {
		.missing = -(int64_t)h->len,
		.restarts = h->restarted ? -1 : 0,
	};
	struct sequence *s = h->len > 0 ? owner(q, h) : NULL;
	uint32_t begin = h->from;

	if (s != NULL) {
		begin = s->begin;
		s->begin = h->from + h->len;
	}
	remove_hole(q, h);
	s = add(q, m);
	s->begin = begin;
	advance(s, m);
	return (change);
}

/* Removes the received numbers from the middle of the hole. */
static void
cut(struct sequences *q, struct sequence_hole *h, const struct sequence_mark *m,
    uint32_t received)
{
	const uint32_t before = m->number - h->from;
	const uint32_t after = h->len - before - received;

	h->len = before;
	if (after > 0)
		add_hole(q, m, m->number + received, after, false);
}

/* Records a number that is in a hole. */
static struct sequence_change
fill(struct sequences *q, struct sequence_hole *h,
    const struct sequence_mark *m)
{
	struct sequence_change change = { .late = m->count };
	uint32_t received = h->len - (m->number - h->from);

	if (h->len == 0)
		received = 0;
	else if (received > m->count)
		received = m->count;
	change.missing = -(int64_t)received;
	if (m->number != h->from) {
		cut(q, h, m, received);
		return (change);
	}
	if (h->len > 0 && h->len == received) {
		remove_hole(q, h);
		return (change);
	}
	if (h->turns == 0 || (uint8_t)(q->clock - h->clock) > 1)
		h->turns++;
	h->clock = q->clock;
	if (h->turns >= SEQUENCE_TURNS || h->len > SEQUENCE_WINDOW ||
	    h->restarted)
		return (split(q, h, m));
	h->from += h->len > 0 ? received : m->count;
	h->len -= received;
	return (change);
}

static bool
uptime_went_back(const struct sequence *s, const struct sequence_mark *m)
{
	return (m->uptime_ms < s->uptime_ms &&
	    s->uptime_ms - m->uptime_ms > UPTIME_SLACK_MS);
}

/* Records a number that is not ahead, and in no hole. */
static struct sequence_change
fall_back(struct sequences *q, struct sequence *s,
    const struct sequence_mark *m)
{
	const uint32_t left = s->next;
	const uint32_t n = m->count == SEQUENCE_UNKNOWN ? 1 : m->count;

	if (distance(s->next, m->number) >= -SEQUENCE_WINDOW) {
		if (!was_received(s, m->number) && m->count != SEQUENCE_UNKNOWN)
			add_hole(q, m, m->number + n, 0, false);
		return ((struct sequence_change){ .late = n });
	}
	remove_holes(q, m, true);
	add_hole(q, m, left, 0, true);
	s->begin = m->number;
	advance(s, m);
	return ((struct sequence_change){ .restarts = 1 });
}

/* Records a number that is not due. */
static struct sequence_change
record_unexpected(struct sequences *q, struct sequence *s,
    const struct sequence_mark *m)
{
	const int32_t ahead = distance(s->next, m->number);
	struct sequence_hole *h;

	if (uptime_went_back(s, m)) {
		remove_all(q, m);
		advance(add(q, m), m);
		return ((struct sequence_change){ .restarts = 1 });
	}
	if (m->count != SEQUENCE_UNKNOWN && (h = find_hole(q, m)) != NULL)
		return (fill(q, h, m));
	if (ahead < 0)
		return (fall_back(q, s, m));
	add_hole(q, m, s->next, (uint32_t)ahead, false);
	advance(s, m);
	return ((struct sequence_change){ .missing = ahead });
}

struct sequence_change
sequences_record(struct sequences *q, const struct sequence_mark *m)
{
	static const struct sequence_change none;
	struct sequence *s;
	size_t i;

	q->clock++;
	if ((i = find_due(q, m)) < SEQUENCES_MAX) {
		advance(to_front(q, i), m);
		return (none);
	}
	if ((i = find_nearest(q, m)) == SEQUENCES_MAX) {
		advance(add(q, m), m);
		return (none);
	}
	s = to_front(q, i);
	if (s->known)
		return (record_unexpected(q, s, m));
	advance(s, m);
	return (none);
}
