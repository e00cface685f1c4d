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
 * Dispatches datagrams to the decoders of their protocols.
 */
#include <inttypes.h>

#include "decode/decode.h"
#include "decode/exporter-log.h"
#include "decode/protocol.h"
#include "lib/cursor.h"

static enum decoded
refuse_sflow(struct exporter *exporter, uint32_t version, uint32_t now)
{
	exporter->unsupported = (uint16_t)version;
	exporter->unsupported_sflow = true;
	exporter_warnx(exporter, EXPORTER_UNSUPPORTED, now,
	    "sFlow version %" PRIu32 " is not supported; datagram dropped",
	    version);
	return (DECODE_UNSUPPORTED);
}

static enum decoded
refuse(const struct datagram *dgram, struct exporter *exporter)
{
	struct cursor c;
	uint32_t sflow;
	uint16_t version;

	if (protocol_is_sflow(dgram->data, dgram->len, &sflow))
		return (refuse_sflow(exporter, sflow, dgram->recv_sec));

	cur_init(&c, dgram->data, dgram->len);
	if (cur_u16(&c, &version) != 0) {
		exporter_warnx(exporter, EXPORTER_INVALID, dgram->recv_sec,
		    "datagram of %zu octets has no version; dropped",
		    dgram->len);
		return (DECODE_INVALID);
	}
	exporter->unsupported = version;
	exporter->unsupported_sflow = false;
	exporter_warnx(exporter, EXPORTER_UNSUPPORTED, dgram->recv_sec,
	    "NetFlow version %u is not supported; datagram dropped", version);
	return (DECODE_UNSUPPORTED);
}

/* A sender is an exporter once a datagram of it has been decoded. */
static void
report_new(struct exporter *e, enum protocol_id id, uint32_t now,
    enum decoded r)
{
	if (r == DECODE_INVALID || r == DECODE_UNSUPPORTED)
		return;
	e->known = true;
	exporter_info(e, EXPORTER_IS_NEW, now, "new exporter, sends %s",
	    protocols[id].title);
}

enum decoded
netflow_decode(const struct datagram *dgram, struct exporter *exporter,
    struct flow_sink *sink)
{
	const uint64_t restarts = exporter->counters.restarts;
	enum protocol_id id;
	enum decoded r;

	if (!protocol_of(dgram->data, dgram->len, &id))
		return (refuse(dgram, exporter));
	sink_set_listener(sink, dgram->listener);
	sink->octets += dgram->len;
	r = protocols[id].decode(dgram, exporter, sink);
	if (!exporter->known)
		report_new(exporter, id, dgram->recv_sec, r);
	if (exporter->counters.restarts > restarts)
		exporter_info(exporter, EXPORTER_RESTARTED, dgram->recv_sec,
		    "sequence numbers start again; the exporter was "
		    "probably restarted");
	return (r);
}
