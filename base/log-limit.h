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
 * Limits the rate of messages, so that faulty or hostile exporters cannot fill
 * the disk.  A message beyond the limit is held back: it is counted, not
 * written.
 */
#ifndef LOG_LIMIT_H
#define LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LIMIT_INTERVAL 60 /* seconds between equal messages */
#define LOG_LIMIT_DOUBLED  6  /* how often the interval doubles at most */
#define LOG_LIMIT_HELD_MAX ((1U << 28) - 1) /* messages; more are not counted */

/* The limit of one message.  Zeroed at the start. */
struct log_limit {
	uint32_t last; /* epoch seconds of the last message; 0: none */
	/* Each exporter has many of these, which are therefore small. */
	uint32_t held_back : 28; /* messages since then */
	uint32_t doubled : 4;    /* how often the interval has doubled */
};

/*
 * Whether a message may be written at now, in epoch seconds.  If so,
 * *held_back is the number of messages held back since the last one; else this
 * one is counted as held back.  The interval doubles each time that messages
 * were held back in it, up to 64 minutes.  After an interval without any it is
 * a minute again.
 */
bool log_limit_pass(struct log_limit *limit, uint32_t now, uint32_t *held_back);

/* A condition with a message at its beginning and end.  Zeroed at the start. */
struct log_state {
	struct log_limit limit;
	bool logged;   /* the beginning, but not yet the end */
	uint32_t last; /* epoch seconds when the condition was last seen */
};

/* As log_limit_pass, for the message that the condition has begun or lasts. */
bool log_state_begin(struct log_state *state, uint32_t now,
    uint32_t *held_back);

#define LOG_STATE_REPEAT 3600 /* seconds */

/*
 * Whether to log that the condition has begun, or an hour later that it lasts.
 * A condition that begins again is logged once a minute at most.
 */
bool log_state_hourly(struct log_state *state, uint32_t now);

/* Whether to log the end of the condition: its beginning was logged. */
bool log_state_end(struct log_state *state);

/*
 * As log_state_end, for a condition that ends when it has not been seen for
 * that many seconds.  False before.
 */
bool log_state_expire(struct log_state *state, uint32_t now, uint32_t seconds);

#define LOG_BUDGET_LINES   250 /* messages at once */
#define LOG_BUDGET_SECONDS 160 /* until the budget grows by a message */

/*
 * A budget that many limits share: at most 790 messages a day.  Zeroed at the
 * start.
 */
struct log_budget {
	uint32_t used;      /* messages of LOG_BUDGET_LINES */
	uint32_t since;     /* epoch seconds; used was reduced until then */
	uint64_t held_back; /* messages while the budget was used up */
};

/* As log_limit_pass; *held_back is set only if the message may be written. */
bool log_budget_pass(struct log_budget *budget, uint32_t now,
    uint64_t *held_back);

#endif
