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
 * Made-up NetFlow, for tests, benches and first steps.  The same options give
 * the same bytes, on every machine.
 */
#ifndef FLOW_GENERATE_H
#define FLOW_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "send/flow-generator.h"
#include "store.h"

/*
 * Flows in a datagram of gen: what exporters usually send, and the most that
 * the version and UDP allow.  0 for a version that is not generated.
 */
size_t generate_usual(const struct generator *gen);
size_t generate_most(const struct generator *gen);

/* Whether flows of the version need templates. */
bool generate_has_templates(uint16_t version);

/*
 * The next flow: fields that the version carries, as flowd would decode
 * them, without agent and receive time.  Times are those of gen's uptime.
 */
void generate_flow(struct generator *gen, struct flow *flow);

/* The sequence number behind so many datagrams with so many flows. */
uint32_t generate_sequence(uint16_t version, uint64_t datagrams,
    uint64_t flows);

/*
 * The datagram that carries n flows, which may be 0, and moves the sequence
 * on; v9 counts datagrams, the others flows.  Version, times and engine are the
 * generator's, whatever the flows say; absolute times in IPFIX are the flows'.
 * *len is its bytes.  FLOWD_ESPACE; FLOWD_EVERSION; FLOWD_EINVAL for a value
 * that the version has no room for.
 */
int generate_datagram(struct generator *gen, const struct flow *flows, size_t n,
    uint8_t *buf, size_t size, size_t *len) __attribute__((warn_unused_result));

/*
 * The same for a datagram that announces the templates 256 to 256 + n - 1,
 * which are the same but for their ids.  It is no flow, but moves the sequence
 * of v9.
 */
#define GENERATE_TEMPLATES_MAX 18 /* in one Ethernet frame */

int generate_templates(struct generator *gen, size_t n, uint8_t *buf,
    size_t size, size_t *len) __attribute__((warn_unused_result));

/*
 * Gives a finished datagram the version, times, engine, template and sequence
 * of gen, so that prepared datagrams can be sent again and again.  gen stays as
 * it is.  The times of IPFIX flows, which are absolute, stay too.
 * FLOWD_ESPACE, FLOWD_EVERSION.
 */
int generate_stamp(const struct generator *gen, uint8_t *buf, size_t len)
    __attribute__((warn_unused_result));

/*
 * The sample, a small fixed set of flows, comes in parts, from 0 up.  The
 * flows of a part are of one version, which gen gets, and go into one
 * datagram.  Returns how many they are, 0 behind the last part.
 */
#define GENERATE_SAMPLE_FLOWS 12 /* in all parts */

size_t generate_sample(struct generator *gen, size_t part,
    struct flow flows[GENERATE_SAMPLE_FLOWS]);

#endif
