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
 * Made-up messages of NetFlow v9 and IPFIX: what flow-generate.c has datagrams
 * of the other versions for.  All flows have the same 18 fields.
 */
#ifndef FLOW_MESSAGE_H
#define FLOW_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "flow-generate.h"

/* Flows in a message of len octets. */
size_t message_fits(const struct generator *gen, size_t len);

/* As generate_datagram, but that the sequence stays. */
int message_data(const struct generator *gen, const struct flow *flows,
    size_t n, uint8_t *buf, size_t size, size_t *len)
    __attribute__((warn_unused_result));

/* As generate_templates and generate_stamp. */
int message_templates(const struct generator *gen, size_t n, uint8_t *buf,
    size_t size, size_t *len) __attribute__((warn_unused_result));
int message_stamp(const struct generator *gen, uint8_t *buf, size_t len)
    __attribute__((warn_unused_result));

#endif
