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
 * Reads the UDP datagrams in a packet capture.
 */
#ifndef FLOW_PCAP_H
#define FLOW_PCAP_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/* Numbers of packets without a complete UDP datagram. */
struct flow_pcap_skipped {
	uint64_t other; /* not UDP over IP */
	uint64_t fragments;
	uint64_t damaged; /* or cut short by the capture */
};

/* A datagram: its sender, and its payload, which is valid during the call. */
typedef void flow_pcap_take(void *arg, const struct addr *src,
    const uint8_t *data, size_t len);

/*
 * Calls take for each UDP datagram of the capture at path, in order; "-" is
 * standard input.  Returns 0, or -1 after a message if the file cannot be read
 * to its end.
 */
int flow_pcap_read(const char *path, flow_pcap_take *take, void *arg,
    struct flow_pcap_skipped *skipped) __attribute__((warn_unused_result));

/*
 * Returns a static text for users: the version of libpcap, or that it is
 * absent.
 */
const char *flow_pcap_version(void);

#endif
