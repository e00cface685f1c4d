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

#include "decode/protocol.h"
#include "lib/cursor.h"
#include "netflow.h"

const struct protocol protocols[PROTOCOLS] = {
	[PROTOCOL_V1] = { "v1", "NetFlow version 1", NF_VERSION_1, NF_VERSION_1,
	    NF_VERSION_LEN, SEQUENCE_NONE, false, decode_v1 },
	[PROTOCOL_V5] = { "v5", "NetFlow version 5", NF_VERSION_5, NF_VERSION_5,
	    NF_VERSION_LEN, SEQUENCE_FLOWS, false, decode_v5 },
	[PROTOCOL_V7] = { "v7", "NetFlow version 7", NF_VERSION_7, NF_VERSION_7,
	    NF_VERSION_LEN, SEQUENCE_FLOWS, false, decode_v7 },
	[PROTOCOL_V9] = { "v9", "NetFlow version 9", NF_VERSION_9, NF_VERSION_9,
	    NF_VERSION_LEN, SEQUENCE_DATAGRAMS, true, decode_v9 },
	[PROTOCOL_IPFIX] = { "IPFIX", "NetFlow version 10", NF_VERSION_IPFIX,
	    NF_VERSION_IPFIX, NF_VERSION_LEN, SEQUENCE_RECORDS, true,
	    decode_ipfix },
};

bool
protocol_of(const uint8_t *data, size_t len, enum protocol_id *id)
{
	struct cursor c;
	uint32_t long_version;
	uint16_t version;
	int i;

	cur_init(&c, data, len);
	if (cur_u16(&c, &version) != 0)
		return (false);
	cur_init(&c, data, len);
	(void)cur_u32(&c, &long_version); /* 0 if the datagram is shorter */
	for (i = 0; i < PROTOCOLS; i++) {
		if (protocols[i].version ==
		    (protocols[i].version_len == sizeof(version) ?
			    version :
			    long_version)) {
			*id = (enum protocol_id)i;
			return (true);
		}
	}
	return (false);
}

bool
protocol_is_sflow(const uint8_t *data, size_t len, uint32_t *version)
{
	struct cursor c;

	cur_init(&c, data, len);
	if (cur_u32(&c, version) != 0)
		return (false);
	return (*version == SFLOW_VERSION_2 || *version == SFLOW_VERSION_4 ||
	    *version == SFLOW_VERSION_5);
}

bool
protocol_has_templates(uint16_t number)
{
	int i;

	for (i = 0; i < PROTOCOLS; i++) {
		if (protocols[i].number == number)
			return (protocols[i].has_templates);
	}
	return (false);
}
