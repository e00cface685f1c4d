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
 * Which messages are held back, so that what others send fills no disk.
 */
#ifndef LOG_LIMIT_H
#define LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LIMIT_INTERVAL 60 /* seconds between equal messages */
#define LOG_LIMIT_DOUBLED  6  /* times that it may be, as they go on */

/* Holds back what would be repeated; starts zeroed. */
struct log_limit {
	uint32_t last;      /* epoch seconds; 0 is never */
	uint32_t held_back; /* messages since then */
	uint32_t doubled;   /* times */
};

/*
 * Whether a message may go out at now, in epoch seconds.  If so, *held_back is
 * the number of those held back since the one before; else it is counted.
 * The interval between two doubles while the cause goes on, up to 64 minutes,
 * and is a minute again after one without it.
 */
bool log_limit_pass(struct log_limit *limit, uint32_t now, uint32_t *held_back);

/* Something that begins and ends; starts zeroed. */
struct log_state {
	struct log_limit limit;
	bool said;     /* that it has begun */
	uint32_t last; /* epoch seconds; when it did, or went on */
};

/* As log_limit_pass, for a message that it has begun, or goes on. */
bool log_state_begin(struct log_state *state, uint32_t now,
    uint32_t *held_back);

/* Whether to say that it has ended: there was one that it has begun. */
bool log_state_end(struct log_state *state);

/* The same of what ends when it has not gone on for so many seconds. */
bool log_state_rest(struct log_state *state, uint32_t now, uint32_t seconds);

#define LOG_BUDGET_LINES   250 /* at once */
#define LOG_BUDGET_SECONDS 160 /* for one more */

/*
 * How many messages there may be of many limits, 790 in a day at the most.
 * Starts zeroed.
 */
struct log_budget {
	uint32_t used;  /* lines */
	uint32_t since; /* epoch seconds; until when used ones have come back */
	uint64_t held_back; /* messages for which there were none left */
};

/* As log_limit_pass; *held_back is set where the message passes. */
bool log_budget_pass(struct log_budget *budget, uint32_t now,
    uint64_t *held_back);

#endif
