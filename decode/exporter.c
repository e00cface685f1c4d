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

#include "decode/exporter.h"
#include "decode/protocol.h"

#define MINUTE_SECONDS 60

/*
 * Removes evicted sessions from the state, or from a part of it, so that the
 * datagram does not pay for all.  False if more is to do.
 */
static bool
close_sessions(struct exporter *e, bool begin)
{
	bool done;

	done = templates_forget_sessions(&e->templates, e->sessions.closing,
	    begin);
	done = options_forget_sessions(&e->options, &e->memory, &e->sessions,
		   begin) &&
	    done;
	if (done)
		sessions_closed(&e->sessions);
	return (done);
}

uint32_t
exporter_session(struct exporter *e, uint16_t port, uint32_t now)
{
	const bool were_closing = e->sessions.closing != 0;
	uint32_t session;

	session = sessions_use(&e->sessions, &e->memory, port, now);
	if (e->sessions.closing != 0 && close_sessions(e, !were_closing) &&
	    session == 0)
		session = sessions_use(&e->sessions, &e->memory, port, now);
	return (session);
}

uint32_t
exporter_restore_session(struct exporter *e, uint16_t port, uint32_t last_seen,
    bool steady)
{
	uint32_t session;

	session =
	    sessions_restore(&e->sessions, &e->memory, port, last_seen, steady);
	if (e->sessions.closing == 0)
		return (session);
	if (!close_sessions(e, true)) {
		while (!close_sessions(e, false))
			;
	}
	return (sessions_restore(&e->sessions, &e->memory, port, last_seen,
	    steady));
}

bool
exporter_has_sampler(const struct exporter *e, size_t i)
{
	return (samplers_is_latest(options_samplers(&e->options), i) ||
	    sessions_is_steady(&e->sessions,
		samplers_at(options_samplers(&e->options), i)->port));
}

bool
exporter_has_domain(const struct exporter *e, size_t i)
{
	return (options_is_latest_domain(&e->options, i) ||
	    sessions_is_steady(&e->sessions,
		options_domain(&e->options, i)->port));
}

void
exporter_sequence(struct exporter *e, enum protocol_id id,
    struct sequence_mark *mark)
{
	struct counters *n = &e->counters;
	struct sequence_change change;

	mark->version = protocols[id].number;
	mark->unit = protocols[id].unit;
	change = sequences_record(&e->sequences, mark);
	if (change.unit == SEQUENCE_DATAGRAMS)
		n->sequence_lost_datagrams += (uint64_t)change.missing;
	else
		n->sequence_lost += (uint64_t)change.missing;
	n->sequence_late += change.late;
	n->sequence_doubtful += (uint64_t)(int64_t)change.doubtful;
	n->restarts += (uint64_t)(int64_t)change.restarts;
}

static void
note_skew(struct exporter_skew *s, uint32_t minute, int64_t ms)
{
	if (minute != s->minute) {
		s->before = minute == s->minute + 1 ? s->latest : INT64_MIN;
		s->minute = minute;
		s->latest = ms;
	} else if (ms > s->latest)
		s->latest = ms;
}

void
exporter_heard(struct exporter *e, enum protocol_id id, uint32_t recv_sec,
    uint32_t recv_usec, uint32_t export_sec, uint32_t export_nsec)
{
	const int64_t ms = ((int64_t)export_sec - recv_sec) * 1000 +
	    (int64_t)(export_nsec / 1000000) - recv_usec / 1000;

	e->versions[id]++;
	note_skew(&e->skew, recv_sec / MINUTE_SECONDS, ms);
}

bool
exporter_skew_ms(const struct exporter *e, uint32_t now, int64_t *ms)
{
	const struct exporter_skew *s = &e->skew;

	if (s->minute == 0 || now / MINUTE_SECONDS - s->minute > 1)
		return (false);
	*ms = s->latest;
	if (now / MINUTE_SECONDS == s->minute && s->before > s->latest)
		*ms = s->before;
	return (true);
}
