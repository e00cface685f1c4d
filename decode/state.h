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
 * What survives a restart: templates, options and sequences of all exporters,
 * as one block of bytes for the state file.
 *
 * The block: "flowdst" and a version, u32 CRC-32 of what follows (crc32.h),
 * u32 number of exporters, and these, each with its address (family u8, 16
 * octets), a u8 that is 1 where a flow source names it, a u32 of when it was
 * seen last, in epoch seconds, and five counted lists: sequences, templates with
 * their field specifiers as they came, samplers, interfaces, and times of
 * domains.  Integers are big-endian.
 */
#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/exporter.h"

#define STATE_MAGIC   "flowdst"         /* what it begins with */
#define STATE_LEN_MAX ((size_t)1 << 30) /* bytes; more is refused */

/* *data is allocated, and freed by the caller.  FLOWD_ENOMEM. */
int state_pack(const struct exporter_table *table, uint8_t **data, size_t *len)
    __attribute__((warn_unused_result));

/* Whether an exporter is one of those that are wanted; NULL wants them all. */
typedef bool state_wants(void *arg, const struct addr *addr);

/*
 * Puts back what state_pack took, of the exporters that are wanted and of which
 * the table has nothing younger; now is in epoch seconds.  Nothing in data is
 * trusted.  FLOWD_EVERSION for something else, FLOWD_ECRC, FLOWD_ESHORT and
 * FLOWD_EINVAL for damage; exporters read before the damage stay.
 */
int state_unpack(struct exporter_table *table, const uint8_t *data, size_t len,
    uint32_t now, state_wants *wants, void *arg)
    __attribute__((warn_unused_result));

#endif
