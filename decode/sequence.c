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

#define SCORE_MAX      16 /* of the leading unit */
#define SAME_MAX       3  /* repetitions that make a number constant */
#define SAME_NO_MORE   UINT8_MAX
#define RESTORED_SCORE (SCORE_MAX / 2)

/* A datagram in the unit of its stream. */
struct position {
	uint8_t stream;
	uint32_t number; /* of the first of count numbers */
	uint32_t count;  /* or SEQUENCE_UNKNOWN */
	uint32_t uptime_ms;
	const struct sequence_step *step;
	uint16_t port;
};

enum explained { CANNOT_SAY, EXPLAINED, CONTRADICTED };

const char *
sequence_unit_name(enum sequence_unit unit)
{
	static const char *const names[SEQUENCE_UNITS] = {
		[SEQUENCE_NONE] = "nothing",
		[SEQUENCE_FLOWS] = "flows",
		[SEQUENCE_RECORDS] = "records",
		[SEQUENCE_DATAGRAMS] = "datagrams",
		[SEQUENCE_FLOWS_AFTER] = "flows-with-own",
		[SEQUENCE_RECORDS_AFTER] = "records-with-own",
		[SEQUENCE_CONSTANT] = "nothing",
	};

	return (names[unit]);
}

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
includes_own(enum sequence_unit unit)
{
	return (unit == SEQUENCE_FLOWS_AFTER || unit == SEQUENCE_RECORDS_AFTER);
}

static uint32_t
widened(uint16_t count)
{
	return (count == SEQUENCE_STEP_UNKNOWN ? SEQUENCE_UNKNOWN : count);
}

/* No datagram has so many records, as it has a header. */
static uint16_t
narrowed(uint32_t count)
{
	return (count < SEQUENCE_STEP_UNKNOWN ? (uint16_t)count :
						SEQUENCE_STEP_UNKNOWN);
}

static uint32_t
count_of(enum sequence_unit unit, const struct sequence_step *step)
{
	switch (unit) {
	case SEQUENCE_FLOWS:
	case SEQUENCE_FLOWS_AFTER:
		return (widened(step->flows));
	case SEQUENCE_RECORDS:
	case SEQUENCE_RECORDS_AFTER:
		return (widened(step->records));
	case SEQUENCE_DATAGRAMS:
		return (1);
	default:
		return (0);
	}
}

static struct position
position_of(const struct sequences *q, uint8_t stream,
    const struct sequence_step *step, uint32_t uptime_ms, uint16_t port)
{
	const enum sequence_unit unit = q->streams[stream - 1].unit;
	struct position p = {
		.stream = stream,
		.number = step->number,
		.count = count_of(unit, step),
		.uptime_ms = uptime_ms,
		.port = port,
		.step = step,
	};

	if (includes_own(unit) && p.count != SEQUENCE_UNKNOWN)
		p.number -= p.count;
	return (p);
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
add(struct sequences *q, const struct position *p)
{
	struct sequence *s;
	size_t i = 0;

	while (i < SEQUENCES_MAX - 1 && q->at[i].stream != 0)
		i++;
	s = to_front(q, i);
	*s = (struct sequence){ .stream = p->stream, .begin = p->number };
	return (s);
}

static void
advance(struct sequence *s, const struct position *p)
{
	s->known = p->count != SEQUENCE_UNKNOWN;
	s->next = p->number + (s->known ? p->count : 0);
	if (s->next - s->begin > SEQUENCE_REGION)
		s->begin = s->next - SEQUENCE_REGION;
	s->uptime_ms = p->uptime_ms;
	s->last = *p->step;
	s->port = p->port;
	s->restored = false;
}

static void
add_hole(struct sequences *q, const struct position *p, uint32_t from,
    uint32_t len, bool restarted)
{
	size_t i = 0;

	while (i < SEQUENCE_HOLES - 1 && q->holes[i].stream != 0)
		i++;
	memmove(&q->holes[1], &q->holes[0], i * sizeof(q->holes[0]));
	q->holes[0] = (struct sequence_hole){
		.stream = p->stream,
		.from = from,
		.len = len,
		.restarted = restarted,
		.clock = (uint8_t)q->clock,
	};
}

static void
remove_hole(struct sequences *q, struct sequence_hole *h)
{
	const size_t i = (size_t)(h - q->holes);

	memmove(h, h + 1, (SEQUENCE_HOLES - 1 - i) * sizeof(*h));
	q->holes[SEQUENCE_HOLES - 1].stream = 0;
}

/* Removes the holes of the stream; keep leaves those of restarts. */
static void
remove_holes(struct sequences *q, uint8_t stream, bool keep)
{
	size_t i = 0;

	while (i < SEQUENCE_HOLES && q->holes[i].stream != 0) {
		if (q->holes[i].stream == stream &&
		    !(keep && q->holes[i].restarted))
			remove_hole(q, &q->holes[i]);
		else
			i++;
	}
}

static void
remove_sequence(struct sequences *q, size_t i)
{
	memmove(&q->at[i], &q->at[i + 1],
	    (SEQUENCES_MAX - 1 - i) * sizeof(q->at[0]));
	q->at[SEQUENCES_MAX - 1].stream = 0;
}

static void
remove_all(struct sequences *q, uint8_t stream)
{
	size_t i = 0;

	while (i < SEQUENCES_MAX && q->at[i].stream != 0) {
		if (q->at[i].stream == stream)
			remove_sequence(q, i);
		else
			i++;
	}
	remove_holes(q, stream, false);
}

/* The index of the sequence in which the number is due, or SEQUENCES_MAX. */
static size_t
find_due(const struct sequences *q, const struct position *p)
{
	size_t i;

	for (i = 0; i < SEQUENCES_MAX && q->at[i].stream != 0; i++) {
		if (q->at[i].known && q->at[i].next == p->number &&
		    q->at[i].stream == p->stream)
			return (i);
	}
	return (SEQUENCES_MAX);
}

/*
 * The index of the sequence whose next is nearest to the number, or unknown;
 * SEQUENCES_MAX if the stream has no sequence.
 */
static size_t
find_nearest(const struct sequences *q, const struct position *p)
{
	size_t i, nearest = SEQUENCES_MAX;
	uint32_t d, least = UINT32_MAX;

	for (i = 0; i < SEQUENCES_MAX && q->at[i].stream != 0; i++) {
		if (q->at[i].stream != p->stream)
			continue;
		if (!q->at[i].known)
			return (i);
		d = magnitude(distance(q->at[i].next, p->number));
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
	return (!s->doubtful && number - s->begin < s->next - s->begin);
}

/* The sequence of the hole, or NULL if it was dropped. */
static struct sequence *
owner(struct sequences *q, const struct sequence_hole *h)
{
	size_t i;

	for (i = 0; i < SEQUENCES_MAX && q->at[i].stream != 0; i++) {
		if (q->at[i].stream == h->stream && q->at[i].known &&
		    was_received(&q->at[i], h->from))
			return (&q->at[i]);
	}
	return (NULL);
}

/* Whether the number is in the hole, or continues where an empty hole is. */
static bool
fits(struct sequences *q, const struct sequence_hole *h,
    const struct position *p)
{
	if (h->stream != p->stream)
		return (false);
	if (h->len > 0)
		return (p->number - h->from < h->len && owner(q, h) != NULL);
	return (p->number == h->from && (h->restarted || owner(q, h) == NULL));
}

static struct sequence_hole *
find_hole(struct sequences *q, const struct position *p)
{
	size_t i;

	for (i = 0; i < SEQUENCE_HOLES && q->holes[i].stream != 0; i++) {
		if (fits(q, &q->holes[i], p))
			return (&q->holes[i]);
	}
	return (NULL);
}

/* Makes the datagrams at the front of the hole another sequence. */
static void
split(struct sequences *q, struct sequence_hole *h, const struct position *p,
    struct sequence_change *change)
{
	struct sequence *s = h->len > 0 ? owner(q, h) : NULL;
	uint32_t begin = h->from;

	change->missing -= h->len;
	change->restarts -= h->restarted;
	if (s != NULL) {
		begin = s->begin;
		s->begin = h->from + h->len;
	}
	remove_hole(q, h);
	s = add(q, p);
	s->begin = begin;
	advance(s, p);
}

/* Removes the received numbers from the middle of the hole. */
static void
cut(struct sequences *q, struct sequence_hole *h, const struct position *p,
    uint32_t received)
{
	const uint32_t before = p->number - h->from;
	const uint32_t after = h->len - before - received;

	h->len = before;
	if (after > 0)
		add_hole(q, p, p->number + received, after, false);
}

/* Records a number that is in a hole. */
static void
fill(struct sequences *q, struct sequence_hole *h, const struct position *p,
    struct sequence_change *change)
{
	uint32_t received = h->len - (p->number - h->from);

	if (h->len == 0)
		received = 0;
	else if (received > p->count)
		received = p->count;
	change->late += p->count;
	if (p->number != h->from) {
		change->missing -= received;
		cut(q, h, p, received);
		return;
	}
	if (h->len > 0 && h->len == received) {
		change->missing -= received;
		remove_hole(q, h);
		return;
	}
	if (h->turns == 0 || (uint8_t)(q->clock - h->clock) > 1)
		h->turns++;
	h->clock = (uint8_t)q->clock;
	if (h->turns >= SEQUENCE_TURNS || h->len > SEQUENCE_WINDOW ||
	    h->restarted) {
		split(q, h, p, change);
		return;
	}
	change->missing -= received;
	h->from += h->len > 0 ? received : p->count;
	h->len -= received;
}

static bool
uptime_went_back(const struct sequence *s, uint32_t uptime_ms)
{
	return (uptime_ms < s->uptime_ms &&
	    s->uptime_ms - uptime_ms > UPTIME_SLACK_MS);
}

/* Whether the number may have been forged: s is the nearest sequence. */
static bool
is_doubtful(struct sequences *q, const struct sequence *s,
    const struct position *p)
{
	return (uptime_went_back(s, p->uptime_ms) ||
	    (distance(s->next, p->number) > (int32_t)SEQUENCE_JUMP &&
		(p->count == SEQUENCE_UNKNOWN || find_hole(q, p) == NULL)));
}

static void
begin_doubtful(struct sequences *q, const struct sequence *nearest,
    const struct position *p, struct sequence_change *change)
{
	const uint32_t left = nearest->next;
	struct sequence *s = add(q, p);

	advance(s, p);
	s->begin = left;
	s->doubtful = true;
	change->doubtful++;
}

/* The index of the sequence that the first one left; SEQUENCES_MAX for none. */
static size_t
find_left(const struct sequences *q)
{
	size_t i;

	for (i = 1; i < SEQUENCES_MAX && q->at[i].stream != 0; i++) {
		if (q->at[i].stream == q->at[0].stream && !q->at[i].doubtful &&
		    q->at[i].next == q->at[0].begin)
			return (i);
	}
	return (SEQUENCES_MAX);
}

/* Another number follows in the first sequence, which was doubtful. */
static void
believe(struct sequences *q, const struct position *p,
    struct sequence_change *change)
{
	struct sequence *s = &q->at[0];
	const size_t i = find_left(q);
	const struct sequence other = i < SEQUENCES_MAX ? q->at[i] : *s;
	const uint32_t first = position_of(q, s->stream, &s->last, 0, 0).number;
	const uint32_t between = first - other.next;

	s->begin = first;
	s->doubtful = false;
	change->doubtful--;
	if (i == SEQUENCES_MAX)
		return;
	if (uptime_went_back(&other, s->uptime_ms)) {
		const struct sequence restarted = *s;

		remove_all(q, restarted.stream);
		*add(q, p) = restarted;
		change->restarts++;
		return;
	}
	remove_sequence(q, i);
	if (!other.known)
		return;
	if (between > SEQUENCE_REGION) {
		change->restarts++;
		return;
	}
	change->missing += between;
	add_hole(q, p, other.next, between, false);
	s->begin = s->next - other.begin > SEQUENCE_REGION ?
	    s->next - SEQUENCE_REGION :
	    other.begin;
}

/* Records a number that is not ahead, and in no hole. */
static void
fall_back(struct sequences *q, struct sequence *s, const struct position *p,
    struct sequence_change *change)
{
	const uint32_t left = s->next;
	const uint32_t n = p->count == SEQUENCE_UNKNOWN ? 1 : p->count;

	if (distance(s->next, p->number) >= -SEQUENCE_WINDOW) {
		if (!was_received(s, p->number) && p->count != SEQUENCE_UNKNOWN)
			add_hole(q, p, p->number + n, 0, false);
		change->late += n;
		return;
	}
	remove_holes(q, p->stream, true);
	add_hole(q, p, left, 0, true);
	s->begin = p->number;
	advance(s, p);
	change->restarts++;
}

/* Records a number that is not due. */
static void
apply_unexpected(struct sequences *q, struct sequence *s,
    const struct position *p, struct sequence_change *change)
{
	const int32_t ahead = distance(s->next, p->number);
	struct sequence_hole *h;

	if (p->count != SEQUENCE_UNKNOWN && (h = find_hole(q, p)) != NULL) {
		fill(q, h, p, change);
		return;
	}
	if (ahead < 0) {
		fall_back(q, s, p, change);
		return;
	}
	add_hole(q, p, s->next, (uint32_t)ahead, false);
	advance(s, p);
	change->missing += ahead;
}

/* Records a datagram in the unit of its stream. */
static void
apply(struct sequences *q, const struct position *p,
    struct sequence_change *change)
{
	const enum sequence_unit unit = q->streams[p->stream - 1].unit;
	struct sequence *s;
	size_t i;

	if ((i = find_due(q, p)) < SEQUENCES_MAX) {
		if (to_front(q, i)->doubtful)
			believe(q, p, change);
		advance(&q->at[0], p);
		return;
	}
	if ((i = find_nearest(q, p)) == SEQUENCES_MAX) {
		advance(add(q, p), p);
		return;
	}
	if (is_doubtful(q, &q->at[i], p)) {
		begin_doubtful(q, &q->at[i], p, change);
		return;
	}
	s = to_front(q, i);
	if (s->doubtful && distance(s->next, p->number) >= 0)
		believe(q, p, change);
	if (p->count == SEQUENCE_UNKNOWN && includes_own(unit)) {
		/* Where it begins is unknown, but not the due number. */
		advance(s, p);
		s->known = true;
	} else if (s->known)
		apply_unexpected(q, s, p, change);
	else
		advance(s, p);
}

/* Whether the number is the next one after last, in this unit. */
static enum explained
explains_step(enum sequence_unit unit, const struct sequence_step *last,
    const struct sequence_step *step)
{
	const uint32_t count = count_of(unit, includes_own(unit) ? step : last);

	if (count == SEQUENCE_UNKNOWN)
		return (CANNOT_SAY);
	return (
	    step->number == last->number + count ? EXPLAINED : CONTRADICTED);
}

static enum explained
explains_in(const struct sequences *q, const struct sequence *s,
    enum sequence_unit unit, const struct sequence_step *step)
{
	struct position p;

	if (!s->restored)
		return (explains_step(unit, &s->last, step));
	if (unit != q->streams[s->stream - 1].unit)
		return (CANNOT_SAY);
	p = position_of(q, s->stream, step, 0, 0);
	if (!s->known || (p.count == SEQUENCE_UNKNOWN && includes_own(unit)))
		return (CANNOT_SAY);
	return (s->next == p.number ? EXPLAINED : CONTRADICTED);
}

/* The latest pending datagram of the stream, or NULL. */
static const struct sequence_pending *
latest_pending(const struct sequences *q, uint8_t stream)
{
	const struct sequence_pending *latest = NULL;
	size_t i;

	for (i = 0; i < SEQUENCE_PENDING && q->pending[i].stream != 0; i++) {
		if (q->pending[i].stream == stream)
			latest = &q->pending[i];
	}
	return (latest);
}

/*
 * Whether the number follows the latest pending datagram of the stream, or else
 * the latest one of any of its sequences, in this unit.
 */
static enum explained
explains(const struct sequences *q, uint8_t stream, enum sequence_unit unit,
    const struct sequence_step *step)
{
	const struct sequence_pending *pending = latest_pending(q, stream);
	enum explained result = CANNOT_SAY, r;
	size_t i;

	if (pending != NULL)
		return (explains_step(unit, &pending->step, step));
	for (i = 0; i < SEQUENCES_MAX && q->at[i].stream != 0; i++) {
		if (q->at[i].stream != stream)
			continue;
		if ((r = explains_in(q, &q->at[i], unit, step)) == EXPLAINED)
			return (r);
		result = r == CONTRADICTED ? r : result;
	}
	return (result);
}

/*
 * The unit with the highest score.  Of equal ones, that of the stream is the
 * best, and then, where it counts records, another one that does.
 */
static enum sequence_unit
best_unit(const struct sequence_stream *st)
{
	static const enum sequence_unit others[] = { SEQUENCE_FLOWS,
		SEQUENCE_FLOWS_AFTER, SEQUENCE_DATAGRAMS,
		SEQUENCE_RECORDS_AFTER, SEQUENCE_RECORDS };
	const size_t n = sizeof(others) / sizeof(others[0]);
	const bool records = st->unit == SEQUENCE_RECORDS;
	enum sequence_unit best = st->unit, unit;
	size_t i;

	for (i = 0; i < n; i++) {
		unit = others[records ? n - 1 - i : i];
		if (st->scores[unit] > st->scores[best])
			best = unit;
	}
	return (best);
}

/* Keeps the differences of scores, and the leading one within SCORE_MAX. */
static void
limit_scores(struct sequence_stream *st)
{
	uint8_t *each;

	if (st->scores[best_unit(st)] <= SCORE_MAX)
		return;
	for (each = st->scores; each < st->scores + SEQUENCE_UNITS; each++)
		*each -= *each > 0;
}

/*
 * Updates the scores by a step.  True if it is explained by a unit that
 * explained at least as many as that of the stream, which does not.
 */
static bool
score(struct sequence_stream *st, const enum explained e[SEQUENCE_UNITS])
{
	bool any = false, other = false;
	int i;

	if (e[st->unit] == CANNOT_SAY)
		return (false);
	for (i = SEQUENCE_FLOWS; i < SEQUENCE_CONSTANT; i++)
		any = any || e[i] == EXPLAINED;
	for (i = SEQUENCE_FLOWS; any && i < SEQUENCE_CONSTANT; i++) {
		if (e[i] == EXPLAINED)
			st->scores[i]++;
		else if (e[i] == CONTRADICTED && st->scores[i] > 0)
			st->scores[i]--;
	}
	limit_scores(st);
	for (i = SEQUENCE_FLOWS; i < SEQUENCE_CONSTANT; i++)
		other = other ||
		    (e[i] == EXPLAINED && e[st->unit] == CONTRADICTED &&
			st->scores[i] >= st->scores[st->unit]);
	return (other);
}

static void
remove_pending(struct sequences *q, size_t i)
{
	memmove(&q->pending[i], &q->pending[i + 1],
	    (SEQUENCE_PENDING - 1 - i) * sizeof(q->pending[0]));
	q->pending[SEQUENCE_PENDING - 1].stream = 0;
}

/* Records the pending datagrams of a stream, whose unit is known now. */
static void
resolve(struct sequences *q, uint8_t stream, struct sequence_change *change)
{
	struct sequence_pending pending;
	struct position p;
	size_t i = 0;

	while (i < SEQUENCE_PENDING && q->pending[i].stream != 0) {
		pending = q->pending[i];
		if (pending.stream != stream) {
			i++;
			continue;
		}
		remove_pending(q, i);
		p = position_of(q, stream, &pending.step, pending.uptime_ms,
		    pending.port);
		apply(q, &p, change);
	}
}

/* Gives the stream another unit.  Its sequences continue after their last. */
static void
set_unit(struct sequences *q, uint8_t stream, enum sequence_unit unit)
{
	struct position p;
	struct sequence *s;
	size_t i;

	q->streams[stream - 1].unit = (uint8_t)unit;
	remove_holes(q, stream, false);
	for (i = 0; i < SEQUENCES_MAX && q->at[i].stream != 0; i++) {
		s = &q->at[i];
		if (s->stream != stream)
			continue;
		p = position_of(q, stream, &s->last, s->uptime_ms, s->port);
		s->known = !s->restored && p.count != SEQUENCE_UNKNOWN;
		s->begin = p.number;
		s->next = p.number + (s->known ? p.count : 0);
	}
}

bool
sequences_are_pending(const struct sequences *q,
    const struct sequence_stream *st)
{
	size_t i;

	for (i = 0; i < SEQUENCE_PENDING && q->pending[i].stream != 0; i++) {
		if (q->pending[i].stream == st - q->streams + 1)
			return (true);
	}
	return (false);
}

/* False if there are SEQUENCE_PENDING already. */
static bool
add_pending(struct sequences *q, uint8_t stream,
    const struct sequence_step *step, const struct sequence_mark *mark)
{
	size_t i = 0;

	while (i < SEQUENCE_PENDING && q->pending[i].stream != 0)
		i++;
	if (i == SEQUENCE_PENDING)
		return (false);
	q->pending[i] = (struct sequence_pending){
		.stream = stream,
		.step = *step,
		.uptime_ms = mark->uptime_ms,
		.port = mark->port,
	};
	return (true);
}

/*
 * Whether the effect of a datagram is unknown, since the unit is; other is the
 * result of score().  v5 and v7 hardly ever count something else, so that they
 * need no first step.
 */
static bool
is_undecided(const struct sequences *q, const struct sequence_stream *st,
    const struct sequence_mark *mark, enum explained own, bool other)
{
	const uint8_t mine = st->scores[st->unit];

	if (other)
		return (true);
	if (sequences_are_pending(q, st))
		return (own != EXPLAINED || mine < st->scores[best_unit(st)]);
	return (
	    mine == 0 && own == CONTRADICTED && mark->unit != SEQUENCE_FLOWS);
}

static void
record(struct sequences *q, uint8_t stream, const struct sequence_mark *mark,
    const struct sequence_step *step, struct sequence_change *change)
{
	struct sequence_stream *st = &q->streams[stream - 1];
	enum explained e[SEQUENCE_UNITS] = { CANNOT_SAY };
	enum sequence_unit best;
	struct position p;
	bool other, leads;
	int i;

	for (i = SEQUENCE_FLOWS; i < SEQUENCE_CONSTANT; i++)
		e[i] = explains(q, stream, (enum sequence_unit)i, step);
	other = score(st, e);
	best = best_unit(st);
	leads = st->scores[best] >= st->scores[st->unit] +
		(st->unit == mark->unit ? SEQUENCE_LEAD : SEQUENCE_LEAD_OTHER);
	if (!leads && is_undecided(q, st, mark, e[st->unit], other) &&
	    add_pending(q, stream, step, mark))
		return;
	if (best != st->unit && (leads || sequences_are_pending(q, st)))
		set_unit(q, stream, best);
	resolve(q, stream, change);
	p = position_of(q, stream, step, mark->uptime_ms, mark->port);
	apply(q, &p, change);
}

static bool
is_of(const struct sequence_stream *st, const struct sequence_mark *m)
{
	return (st->version == m->version && st->domain == m->domain);
}

/* Whether the number is due in the stream, or may be while it is young. */
static bool
is_due(const struct sequences *q, uint8_t stream,
    const struct sequence_step *step)
{
	const struct sequence_stream *st = &q->streams[stream - 1];
	int i;

	if (st->scores[st->unit] > 0)
		return (explains(q, stream, st->unit, step) == EXPLAINED);
	for (i = SEQUENCE_FLOWS; i < SEQUENCE_CONSTANT; i++) {
		if (explains(q, stream, (enum sequence_unit)i, step) ==
		    EXPLAINED)
			return (true);
	}
	return (false);
}

static void
forget_pending(struct sequences *q, uint8_t stream)
{
	size_t i = 0;

	while (i < SEQUENCE_PENDING && q->pending[i].stream != 0) {
		if (q->pending[i].stream == stream)
			remove_pending(q, i);
		else
			i++;
	}
}

static void
drop_stream(struct sequences *q, uint8_t stream)
{
	forget_pending(q, stream);
	remove_all(q, stream);
	q->streams[stream - 1] = (struct sequence_stream){ .version = 0 };
}

/* At SEQUENCES_MAX the least recently used one is dropped. */
static uint8_t
new_stream(struct sequences *q, uint16_t version, uint32_t domain,
    uint16_t port, enum sequence_unit unit)
{
	size_t i, oldest = 0;

	for (i = 0; i < SEQUENCES_MAX && q->streams[i].version != 0; i++) {
		if (distance(q->streams[oldest].turn, q->streams[i].turn) < 0)
			oldest = i;
	}
	if (i == SEQUENCES_MAX) {
		i = oldest;
		drop_stream(q, (uint8_t)(i + 1));
	}
	q->streams[i] = (struct sequence_stream){
		.version = version,
		.domain = domain,
		.port = port,
		.unit = (uint8_t)unit,
		.turn = q->clock,
	};
	return ((uint8_t)(i + 1));
}

/* The stream of this port, or the shared one; 0 if there is none. */
static uint8_t
find_own(const struct sequences *q, const struct sequence_mark *m)
{
	const struct sequence_stream *st;
	uint8_t shared = 0;
	size_t i;

	for (i = 0; i < SEQUENCES_MAX; i++) {
		st = &q->streams[i];
		if (!is_of(st, m))
			continue;
		if (st->port == m->port)
			return ((uint8_t)(i + 1));
		if (st->port == 0)
			shared = (uint8_t)(i + 1);
	}
	return (shared);
}

/* The stream of another port in which the number is due; 0 for none. */
static uint8_t
find_due_stream(const struct sequences *q, const struct sequence_mark *m,
    const struct sequence_step *step)
{
	size_t i;

	for (i = 0; i < SEQUENCES_MAX; i++) {
		if (is_of(&q->streams[i], m) &&
		    is_due(q, (uint8_t)(i + 1), step))
			return ((uint8_t)(i + 1));
	}
	return (0);
}

/* Whether the number is within SEQUENCE_NEAR of one of the stream. */
static bool
is_near(const struct sequences *q, uint8_t stream,
    const struct sequence_step *step)
{
	size_t i;

	for (i = 0; i < SEQUENCES_MAX && q->at[i].stream != 0; i++) {
		if (q->at[i].stream == stream &&
		    magnitude(distance(q->at[i].next, step->number)) <=
			SEQUENCE_NEAR)
			return (true);
	}
	return (false);
}

/*
 * The stream whose port sent a single datagram, as this one did, and may be of
 * the same process; 0 for none.
 */
static uint8_t
find_unsteady(const struct sequences *q, const struct sequence_mark *m,
    const struct sequence_step *step)
{
	size_t i;

	if (m->steady)
		return (0);
	for (i = 0; i < SEQUENCES_MAX; i++) {
		if (is_of(&q->streams[i], m) && !q->streams[i].steady &&
		    is_near(q, (uint8_t)(i + 1), step))
			return ((uint8_t)(i + 1));
	}
	return (0);
}

/* Makes all that belongs to a stream another one's. */
static void
give(struct sequences *q, uint8_t from, uint8_t to)
{
	size_t i;

	for (i = 0; i < SEQUENCES_MAX && q->at[i].stream != 0; i++) {
		if (q->at[i].stream == from)
			q->at[i].stream = to;
	}
	for (i = 0; i < SEQUENCE_HOLES && q->holes[i].stream != 0; i++) {
		if (q->holes[i].stream == from)
			q->holes[i].stream = to;
	}
	for (i = 0; i < SEQUENCE_PENDING && q->pending[i].stream != 0; i++) {
		if (q->pending[i].stream == from)
			q->pending[i].stream = to;
	}
}

/*
 * Shares a stream between all ports.  It takes over the streams of the domain
 * whose ports sent a single datagram: a domain has one shared stream.
 */
static void
share(struct sequences *q, uint8_t stream)
{
	struct sequence_stream *st = &q->streams[stream - 1], *other;
	size_t i;

	st->port = 0;
	for (i = 0; i < SEQUENCES_MAX; i++) {
		other = &q->streams[i];
		if (other == st || other->version != st->version ||
		    other->domain != st->domain || other->steady)
			continue;
		if (other->unit == st->unit)
			give(q, (uint8_t)(i + 1), stream);
		drop_stream(q, (uint8_t)(i + 1));
	}
}

/* Lets the stream of another port continue; after some times, of any port. */
static void
move(struct sequences *q, uint8_t stream, const struct sequence_mark *m)
{
	struct sequence_stream *st = &q->streams[stream - 1];
	size_t i = 0;

	st->port = m->port;
	st->steady = m->steady;
	if (++st->moves >= SEQUENCE_MOVES) {
		st->steady = false;
		share(q, stream);
	}
	/* Other ports were other processes if this one returns. */
	while (m->steady && i < SEQUENCE_PENDING && q->pending[i].stream != 0) {
		if (q->pending[i].stream == stream &&
		    q->pending[i].port != m->port)
			remove_pending(q, i);
		else
			i++;
	}
}

/* Whether t has received the numbers that are missing between s and step. */
static bool
is_between(const struct sequences *q, const struct sequence *s,
    const struct sequence *t, const struct sequence_step *step)
{
	const struct sequence_stream *a = &q->streams[s->stream - 1];
	const struct sequence_stream *b = &q->streams[t->stream - 1];

	return (s->stream != t->stream && !t->doubtful &&
	    a->version == b->version && a->domain == b->domain &&
	    a->unit == b->unit && s->known && t->known && t->begin == s->next &&
	    t->next != t->begin &&
	    t->next == position_of(q, t->stream, step, 0, 0).number);
}

/*
 * Two ports with parts of one sequence: the number follows in that of another
 * port, which begins where this one's ended.
 */
static void
join(struct sequences *q, uint8_t stream, const struct sequence_step *step)
{
	struct sequence *s, *t;
	uint8_t other;
	size_t i, k;

	for (i = 0; i < SEQUENCES_MAX && q->at[i].stream != 0; i++) {
		s = &q->at[i];
		for (k = 0; s->stream == stream && k < SEQUENCES_MAX &&
		     q->at[k].stream != 0;
		     k++) {
			t = &q->at[k];
			if (!is_between(q, s, t, step))
				continue;
			other = t->stream;
			t->begin = s->begin;
			t->stream = stream;
			give(q, other, stream);
			drop_stream(q, other);
			remove_sequence(q, i);
			share(q, stream);
			return;
		}
	}
}

/*
 * A port that returns, and continues where the stream of another one only
 * seemed to have lost numbers.  0 if there is no such stream.
 */
static uint8_t
reclaim(struct sequences *q, const struct sequence_mark *m,
    const struct sequence_step *step, struct sequence_change *change)
{
	const struct sequence_stream *st;
	struct sequence_hole *h;
	struct sequence *s;
	struct position p;
	size_t i;

	for (i = 0; i < SEQUENCE_HOLES && q->holes[i].stream != 0; i++) {
		h = &q->holes[i];
		st = &q->streams[h->stream - 1];
		p = position_of(q, h->stream, step, m->uptime_ms, m->port);
		if (!is_of(st, m) || h->from != p.number ||
		    (h->len == 0 && !h->restarted))
			continue;
		if ((s = owner(q, h)) != NULL)
			s->begin = h->from + h->len;
		change->missing -= h->len;
		change->restarts -= h->restarted;
		remove_hole(q, h);
		p.stream =
		    new_stream(q, m->version, m->domain, m->port, st->unit);
		s = add(q, &p);
		s->next = p.number;
		s->known = true;
		return (p.stream);
	}
	return (0);
}

/*
 * A port that returns, while its first datagram is in a stream that another
 * port has taken over for its own first one: both are processes.  Gives the
 * returning one a stream with its datagram.  0 if there is none.
 */
static uint8_t
part(struct sequences *q, const struct sequence_mark *m)
{
	struct sequence_pending pending;
	struct position p;
	uint8_t stream;
	size_t i;

	for (i = 0; i < SEQUENCE_PENDING && q->pending[i].stream != 0; i++) {
		pending = q->pending[i];
		if (pending.port != m->port ||
		    !is_of(&q->streams[pending.stream - 1], m))
			continue;
		remove_pending(q, i);
		stream = new_stream(q, m->version, m->domain, m->port, m->unit);
		p = position_of(q, stream, &pending.step, pending.uptime_ms,
		    pending.port);
		advance(add(q, &p), &p);
		return (stream);
	}
	for (i = 0; i < SEQUENCES_MAX && q->at[i].stream != 0; i++) {
		if (q->at[i].port != m->port || q->at[i].restored ||
		    !is_of(&q->streams[q->at[i].stream - 1], m) ||
		    latest_pending(q, q->at[i].stream) == NULL)
			continue;
		stream = new_stream(q, m->version, m->domain, m->port, m->unit);
		q->at[i].stream = stream;
		return (stream);
	}
	return (0);
}

static uint8_t
stream_of(struct sequences *q, const struct sequence_mark *m,
    const struct sequence_step *step, struct sequence_change *change)
{
	struct sequence_stream *st;
	uint8_t stream = find_own(q, m);

	if (stream != 0) {
		st = &q->streams[stream - 1];
		if (st->port != 0 && m->steady) {
			st->steady = true;
			st->moves = 0;
			if (!is_due(q, stream, step))
				join(q, stream, step);
		}
		return (stream);
	}
	if ((stream = find_due_stream(q, m, step)) != 0) {
		move(q, stream, m);
		return (stream);
	}
	if (m->steady && (stream = part(q, m)) != 0)
		return (stream);
	if ((stream = find_unsteady(q, m, step)) != 0) {
		q->streams[stream - 1].port = m->port;
		return (stream);
	}
	if (m->steady && (stream = reclaim(q, m, step, change)) != 0)
		return (stream);
	stream = new_stream(q, m->version, m->domain, m->port, m->unit);
	q->streams[stream - 1].steady = m->steady;
	return (stream);
}

static const struct sequence *
first_of(const struct sequences *q, uint8_t stream)
{
	size_t i;

	for (i = 0; i < SEQUENCES_MAX && q->at[i].stream != 0; i++) {
		if (q->at[i].stream == stream)
			return (&q->at[i]);
	}
	return (NULL);
}

/* Whether the number is constant, which shows nothing. */
static bool
is_constant(struct sequences *q, uint8_t stream,
    const struct sequence_mark *mark)
{
	struct sequence_stream *st = &q->streams[stream - 1];
	const struct sequence *first = first_of(q, stream);

	if (first == NULL || first->restored || st->same == SAME_NO_MORE)
		return (false);
	if (first->last.number != mark->number) {
		if (st->unit == SEQUENCE_CONSTANT) {
			remove_all(q, stream);
			st->unit = (uint8_t)mark->unit;
		}
		st->same = SAME_NO_MORE;
		return (false);
	}
	if (st->unit == SEQUENCE_CONSTANT)
		return (true);
	if (mark->flows == 0 || first->last.flows == 0 || ++st->same < SAME_MAX)
		return (false);
	forget_pending(q, stream);
	st->unit = SEQUENCE_CONSTANT;
	return (true);
}

/*
 * Whether the step changes nothing but the sequence: each unit that explained
 * steps before explains this one, too.
 */
static bool
is_usual(const struct sequence_stream *st, const struct sequence *s,
    const struct sequence_step *step)
{
	const uint32_t length = step->number - s->last.number;
	const uint32_t expected[SEQUENCE_UNITS] = {
		[SEQUENCE_FLOWS] = s->last.flows,
		[SEQUENCE_RECORDS] = s->last.records,
		[SEQUENCE_DATAGRAMS] = 1,
		[SEQUENCE_FLOWS_AFTER] = step->flows,
		[SEQUENCE_RECORDS_AFTER] = step->records,
	};
	int i;

	if (st->scores[st->unit] < SCORE_MAX || st->same != SAME_NO_MORE ||
	    s->restored || s->doubtful ||
	    step->flows == SEQUENCE_STEP_UNKNOWN ||
	    s->last.flows == SEQUENCE_STEP_UNKNOWN)
		return (false);
	for (i = SEQUENCE_FLOWS; i < SEQUENCE_CONSTANT; i++) {
		if (st->scores[i] > 0 && expected[i] != length)
			return (false);
	}
	return (true);
}

/* Does all for a usual datagram of a stream of this port: the fast path. */
static bool
record_usual(struct sequences *q, const struct sequence_mark *mark,
    const struct sequence_step *step)
{
	struct sequence_stream *st;
	struct sequence *s;
	size_t i;

	for (i = 0; i < SEQUENCES_MAX && q->at[i].stream != 0; i++) {
		s = &q->at[i];
		st = &q->streams[s->stream - 1];
		if (st->port != mark->port || !is_of(st, mark))
			continue;
		if (st->unit == SEQUENCE_CONSTANT &&
		    s->last.number == step->number)
			return (true);
		if (!is_usual(st, s, step))
			continue;
		if (i > 0)
			s = to_front(q, i);
		s->last = *step;
		s->port = mark->port;
		s->next = step->number +
		    (includes_own(st->unit) ? 0 : count_of(st->unit, step));
		if (s->next - s->begin > SEQUENCE_REGION)
			s->begin = s->next - SEQUENCE_REGION;
		s->uptime_ms = mark->uptime_ms;
		st->turn = q->clock;
		st->steady = st->steady || mark->steady;
		st->moves = 0;
		return (true);
	}
	return (false);
}

struct sequence_change
sequences_record(struct sequences *q, const struct sequence_mark *mark)
{
	const struct sequence_step step = {
		.number = mark->number,
		.flows = narrowed(mark->flows),
		.records = narrowed(mark->records),
	};
	struct sequence_change change = { .missing = 0 };
	uint8_t stream;

	q->clock++;
	if (q->pending[0].stream == 0 && record_usual(q, mark, &step))
		return (change);
	stream = stream_of(q, mark, &step, &change);
	q->streams[stream - 1].turn = q->clock;
	if (!is_constant(q, stream, mark))
		record(q, stream, mark, &step, &change);
	change.unit = (enum sequence_unit)q->streams[stream - 1].unit;
	return (change);
}

bool
sequences_are_constant(const struct sequences *q, uint16_t version)
{
	bool any = false;
	size_t i;

	for (i = 0; i < SEQUENCES_MAX; i++) {
		if (q->streams[i].version != version)
			continue;
		if (q->streams[i].unit != SEQUENCE_CONSTANT)
			return (false);
		any = true;
	}
	return (any);
}

bool
sequences_save(const struct sequences *q, size_t i,
    struct sequence_saved *saved)
{
	const struct sequence *s = &q->at[i];
	const struct sequence_stream *st;

	if (i >= SEQUENCES_MAX || s->stream == 0)
		return (false);
	st = &q->streams[s->stream - 1];
	*saved = (struct sequence_saved){
		.version = st->version,
		.port = st->port,
		.domain = st->domain,
		.next = s->next,
		.uptime_ms = s->uptime_ms,
		.unit = st->unit,
		.known = s->known,
		.steady = st->steady,
	};
	return (true);
}

void
sequences_doubt(struct sequences *q)
{
	size_t i;

	for (i = 0; i < SEQUENCES_MAX; i++)
		q->at[i].known = false;
}

void
sequences_restore(struct sequences *q, const struct sequence_saved *saved)
{
	const struct sequence_mark m = {
		.version = saved->version,
		.domain = saved->domain,
		.port = saved->port,
	};
	uint8_t stream = find_own(q, &m);
	struct sequence_stream *st;
	size_t i = 0;

	while (i < SEQUENCES_MAX && q->at[i].stream != 0)
		i++;
	if (i == SEQUENCES_MAX)
		return;
	if (stream == 0 || q->streams[stream - 1].port != saved->port)
		stream = new_stream(q, saved->version, saved->domain,
		    saved->port, (enum sequence_unit)saved->unit);
	st = &q->streams[stream - 1];
	st->scores[st->unit] = RESTORED_SCORE;
	st->steady = saved->steady;
	q->at[i] = (struct sequence){
		.stream = stream,
		.known = saved->known,
		.begin = saved->next,
		.next = saved->next,
		.uptime_ms = saved->uptime_ms,
		.restored = true,
	};
}
