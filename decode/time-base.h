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
 * The time from which an exporter of IPFIX counts its uptime.  Options data
 * tell it (systemInitTimeMilliseconds), and a restart makes it wrong until the
 * next options data.  The header of IPFIX has no uptime, but flows have: after
 * a restart their uptimes are small, and by the old init time the flows would
 * be as old as the system was at its restart.
 *
 * The init time is lost if a flow ended at less than half of the uptime that the
 * latest message by it had, and would be older than TIME_BASE_LATE_MS, or the
 * sequence number has also fallen to less than its half.  A flow that timed out
 * is not so old.  The init time counts again if a flow agrees with it by
 * TIME_BASE_SLACK_MS: then the flow that was judged was only late.
 */
#ifndef TIME_BASE_H
#define TIME_BASE_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/message-header.h"

#define TIME_BASE_SLACK_MS 10000
#define TIME_BASE_LATE_MS  3900000 /* timeouts of an hour are in use */

/* All zero: unknown. */
struct time_base {
	uint64_t init_time; /* ms since the epoch; 0: unknown */
	uint32_t heard;     /* export time of a message by it; 0: unknown */
	uint32_t sequence;  /* of that message */
	bool lost;          /* the exporter has restarted since */
};

/* Options data of this message told init_time. */
void time_base_told(struct time_base *b, const struct message_header *msg);

/* A flow of this message ended at this uptime (ms).  Updates lost. */
void time_base_check(struct time_base *b, const struct message_header *msg,
    uint32_t uptime);

/* The init time in ms since the epoch, or 0 if it is unknown. */
static inline uint64_t
time_base_init_time(const struct time_base *b)
{
	return (b->lost ? 0 : b->init_time);
}

#endif
