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

#include "compat/compat.h"

#include "decode/session.h"

#define SOME_SESSIONS      4
#define BRIEF_MANY         (SESSIONS_MAX / 4)
#define STEADY_AMONG_BRIEF 8 /* datagrams */

static struct session *
find(const struct sessions *s, uint16_t port)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->at[i].used && s->at[i].port == port)
			return (&s->at[i]);
	}
	return (NULL);
}

static struct session *
find_free(const struct sessions *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (!s->at[i].used && (s->closing & UINT32_C(1) << i) == 0)
			return (&s->at[i]);
	}
	return (NULL);
}

/* Adds a free entry.  NULL without memory. */
static struct session *
extend(struct sessions *s, struct memory *memory)
{
	const uint8_t room = s->room == 0 ? 1 : (uint8_t)(s->room * 2);
	struct session *more;

	if (s->n == s->room) {
		more = memory_resize(memory, s->at, s->room * sizeof(*more),
		    room * sizeof(*more));
		if (more == NULL)
			return (NULL);
		s->at = more;
		s->room = room;
	}
	s->at[s->n] = (struct session){ .used = false };
	return (&s->at[s->n++]);
}

/* Signed, as the clock may wrap. */
static bool
is_before(const struct session *a, const struct session *b)
{
	return ((int32_t)(a->turn - b->turn) < 0);
}

const struct session *
sessions_next(const struct sessions *s, const struct session *after)
{
	const struct session *next = NULL;
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->at[i].used &&
		    (after == NULL || is_before(after, &s->at[i])) &&
		    (next == NULL || is_before(&s->at[i], next)))
			next = &s->at[i];
	}
	return (next);
}

/* Evicts half of the sessions. */
static void
evict(struct sessions *s)
{
	const struct session *next;
	struct session *session;
	size_t n;

	for (n = 0; n < SESSIONS_MAX / 2; n++) {
		if ((next = sessions_next(s, NULL)) == NULL)
			return;
		session = &s->at[next - s->at];
		if (session->datagrams == 1) {
			s->brief++;
			s->single--;
		}
		session->used = false;
		s->steady &= ~session_bit(s, session);
		s->closing |= session_bit(s, session);
	}
}

bool
sessions_had(const struct sessions *s, uint16_t port)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if ((s->closing & UINT32_C(1) << i) != 0 &&
		    s->at[i].port == port)
			return (true);
	}
	return (false);
}

void
sessions_closed(struct sessions *s)
{
	s->closing = 0;
}

/* NULL without memory, or while all other sessions are closing. */
static struct session *
add(struct sessions *s, struct memory *memory, uint16_t port)
{
	struct session *session = find_free(s);

	if (session == NULL && s->n < SESSIONS_MAX)
		session = extend(s, memory);
	else if (session == NULL && s->closing == 0)
		evict(s);
	if (session != NULL)
		*session = (struct session){ .port = port, .used = true };
	return (session);
}

/* Finds or adds the session and makes it the latest.  NULL without memory. */
static struct session *
touch(struct sessions *s, struct memory *memory, uint16_t port)
{
	struct session *session = find(s, port);

	if (session == NULL && (session = add(s, memory, port)) == NULL)
		return (NULL);
	session->turn = ++s->clock;
	s->latest = (uint8_t)(session - s->at);
	return (session);
}

/* Where ports change, one may come again by chance. */
static uint64_t
steady_after(const struct sessions *s)
{
	const bool changing = s->brief >= BRIEF_MANY ||
	    (s->n >= SOME_SESSIONS && s->single > s->n / 2);

	return (changing ? STEADY_AMONG_BRIEF : 2);
}

uint32_t
sessions_use(struct sessions *s, struct memory *memory, uint16_t port,
    uint32_t now)
{
	struct session *session;

	session =
	    s->n > 0 && s->at[s->latest].used && s->at[s->latest].port == port ?
	    &s->at[s->latest] :
	    touch(s, memory, port);
	if (session == NULL)
		return (0);
	session->datagrams++;
	if (session->datagrams <= 2)
		s->single += session->datagrams == 1 ? 1 : -1;
	if (session->datagrams >= steady_after(s))
		s->steady |= session_bit(s, session);
	session->last_seen = now;
	return (session_bit(s, session));
}

uint32_t
sessions_restore(struct sessions *s, struct memory *memory, uint16_t port,
    uint32_t last_seen, bool steady)
{
	struct session *session;

	if ((session = touch(s, memory, port)) == NULL)
		return (0);
	session->last_seen = last_seen;
	if (steady)
		s->steady |= session_bit(s, session);
	return (session_bit(s, session));
}

uint32_t
sessions_bit(const struct sessions *s, uint16_t port)
{
	const struct session *session = find(s, port);

	return (session == NULL ? 0 : session_bit(s, session));
}

bool
sessions_is_steady(const struct sessions *s, uint16_t port)
{
	const struct session *session = find(s, port);

	return (session != NULL && (s->steady & session_bit(s, session)) != 0);
}

size_t
sessions_count(const struct sessions *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++)
		n += s->at[i].used;
	return (n);
}

void
sessions_free(struct sessions *s, struct memory *memory)
{
	memory_put(memory, s->at, s->room * sizeof(*s->at));
	*s = (struct sessions){ 0 };
}
