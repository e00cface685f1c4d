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

#include "decode/time-base.h"

static uint32_t
uptime_at(const struct time_base *b, uint32_t sec)
{
	return ((uint32_t)((uint64_t)sec * 1000 - b->init_time));
}

static void
hear(struct time_base *b, const struct message_header *msg)
{
	b->heard = msg->export_sec;
	b->sequence = msg->sequence;
}

void
time_base_told(struct time_base *b, const struct message_header *msg)
{
	b->lost = false;
	hear(b, msg);
}

/* Whether an end that is late ms before the export began a new uptime. */
static bool
fell_back(const struct time_base *b, const struct message_header *msg,
    uint32_t uptime, uint32_t late)
{
	const uint32_t was = uptime_at(b, b->heard);
	const uint32_t now = uptime_at(b, msg->export_sec);
	const bool wrapped =
	    msg->export_sec >= b->heard && now < was && uptime <= now;

	return (uptime < was / 2 && !wrapped &&
	    (late > TIME_BASE_LATE_MS || msg->sequence < b->sequence / 2));
}

void
time_base_check(struct time_base *b, const struct message_header *msg,
    uint32_t uptime)
{
	const uint32_t late = uptime_at(b, msg->export_sec) - uptime;

	/* 0 is also sent by exporters that do not know the uptime. */
	if (uptime == 0)
		return;
	if (late + TIME_BASE_SLACK_MS <= 2 * TIME_BASE_SLACK_MS)
		b->lost = false;
	else if (b->heard != 0 && fell_back(b, msg, uptime, late))
		b->lost = true;
	else if (uptime < uptime_at(b, b->heard))
		return;
	if (!b->lost && msg->export_sec >= b->heard)
		hear(b, msg);
}
