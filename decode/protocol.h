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
 * The protocols that flowd reads, as one table.
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/decoders.h"

enum protocol_id {
	PROTOCOL_V1,
	PROTOCOL_V5,
	PROTOCOL_V7,
	PROTOCOL_V9,
	PROTOCOL_IPFIX,
	PROTOCOLS
};

/* What the sequence number of a datagram counts. */
enum sequence_unit {
	SEQUENCE_NONE, /* there is no such number */
	SEQUENCE_FLOWS,
	SEQUENCE_RECORDS, /* data records, those of options included */
	SEQUENCE_DATAGRAMS,
};

struct protocol {
	const char *name;  /* in reports */
	const char *title; /* in messages */
	uint16_t number;   /* in logs, the state file and flowdctl's answers */
	/* A datagram begins with this number, of so many octets. */
	uint32_t version;
	size_t version_len; /* 2 or 4 */
	enum sequence_unit unit;
	decoder *decode;
};

extern const struct protocol protocols[PROTOCOLS];

/* Recognises the protocol of a datagram by its front.  False for others. */
bool protocol_of(const uint8_t *data, size_t len, enum protocol_id *id);

#endif
