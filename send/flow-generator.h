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
 * The state of the generator of flows and headers.  flow-generate makes the
 * flows, and flow-message makes the messages.
 */
#ifndef FLOW_GENERATOR_H
#define FLOW_GENERATOR_H

#include <stdbool.h>
#include <stdint.h>

struct generator {
	uint16_t version;                /* 1, 5, 7, 9 or 10, which is IPFIX */
	bool ipv6;                       /* v9 and IPFIX: what the flows are */
	uint16_t template_id;            /* v9 and IPFIX: theirs, from 256 up */
	uint32_t domain;                 /* v9 and IPFIX: the source */
	uint8_t engine_type, engine_id;  /* v5 */
	uint16_t sampling;               /* v5: mode and interval, as sent */
	uint32_t time_sec, time_nanosec; /* of the export, epoch */
	uint32_t sys_uptime_ms;
	uint32_t sequence; /* of the next flow */
	uint64_t random;   /* state; starts as the seed */
};

#endif
