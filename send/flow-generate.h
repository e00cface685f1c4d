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
 * Makes up NetFlow for tests, benchmarks and first steps.  The same options
 * produce the same bytes on every machine.
 */
#ifndef FLOW_GENERATE_H
#define FLOW_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "send/flow-generator.h"
#include "store.h"

/*
 * Return the number of flows in a datagram: the usual one of exporters, and the
 * maximum of the version and of UDP.  0 for a version that is not generated.
 */
size_t generate_usual(const struct generator *gen);
size_t generate_most(const struct generator *gen);

/* Returns whether flows of the version need templates. */
bool generate_has_templates(uint16_t version);

/*
 * Makes the next flow, with the fields of the version as flowd decodes them,
 * but without agent and receive time.  Its times are milliseconds of gen's
 * uptime.
 */
void generate_flow(struct generator *gen, struct flow *flow);

/* Returns the sequence number after these datagrams with these flows. */
uint32_t generate_sequence(uint16_t version, uint64_t datagrams,
    uint64_t flows);

/*
 * Makes the datagram with n flows, which may be 0, and advances the sequence:
 * v9 counts datagrams, the others count flows.  Version, times and engine are
 * those of gen, not of the flows; absolute times in IPFIX are those of the
 * flows.  Sets *len to its bytes.  FLOWD_ESPACE; FLOWD_EVERSION; FLOWD_EINVAL
 * for a value that does not fit into the version.
 */
int generate_datagram(struct generator *gen, const struct flow *flows, size_t n,
    uint8_t *buf, size_t size, size_t *len) __attribute__((warn_unused_result));

/*
 * Makes a datagram with the templates 256 to 256 + n - 1, which differ only in
 * their ids.  It has no flow, but advances the sequence of v9.
 */
#define GENERATE_TEMPLATES_MAX 18 /* in one Ethernet frame */

int generate_templates(struct generator *gen, size_t n, uint8_t *buf,
    size_t size, size_t *len) __attribute__((warn_unused_result));

/*
 * Writes the version, times, engine, template and sequence of gen to a complete
 * datagram, so that prepared datagrams can be sent repeatedly.  The absolute
 * times of IPFIX flows do not change.  FLOWD_ESPACE, FLOWD_EVERSION.
 */
int generate_stamp(const struct generator *gen, uint8_t *buf, size_t len)
    __attribute__((warn_unused_result));

/*
 * Makes a part of the sample, which is a small fixed set of flows; parts count
 * from 0.  The flows of a part have one version, which becomes that of gen, and
 * fit into one datagram.  Returns their number, 0 after the last part.
 */
#define GENERATE_SAMPLE_FLOWS 12 /* in all parts */

size_t generate_sample(struct generator *gen, size_t part,
    struct flow flows[GENERATE_SAMPLE_FLOWS]);

#endif
