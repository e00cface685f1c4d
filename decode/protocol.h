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
 * The table of the protocols that flowd decodes.  CONTRIBUTING.md, "How to add
 * a protocol", lists the places that a new row needs.
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/decoders.h"
#include "decode/sequence.h"

enum protocol_id {
	PROTOCOL_V1,
	PROTOCOL_V5,
	PROTOCOL_V7,
	PROTOCOL_V9,
	PROTOCOL_IPFIX,
	PROTOCOLS
};

struct protocol {
	const char *name;  /* in the statistics */
	const char *title; /* in messages */
	/*
	 * In logs, the state file and flowdctl's answers: 1 to 63, never
	 * reused.
	 */
	uint16_t number;
	/* The number at the start of each datagram, and its octets: 2 or 4. */
	uint32_t version;
	size_t version_len;
	enum sequence_unit unit; /* that its specification demands */
	bool has_templates;      /* flowd keeps them in the state file */
	decoder *decode;
};

extern const struct protocol protocols[PROTOCOLS];

/*
 * Recognises the protocol of a datagram by its first octets.  False if it is
 * none of the table.
 */
bool protocol_of(const uint8_t *data, size_t len, enum protocol_id *id);

/*
 * Recognises sFlow, which flowd names and does not decode, and sets its
 * version.  No version of NetFlow begins with 16 bits of 0, as sFlow does.  The
 * versions in the table of protocols are recognised by protocol_of first.
 */
bool protocol_is_sflow(const uint8_t *data, size_t len, uint32_t *version);

/* Whether the protocol of this number is in the table and has templates. */
bool protocol_has_templates(uint16_t number);

#endif
