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
 * The state that survives a restart: templates, options and sequences of all
 * exporters, as one block of bytes for the state file.
 *
 * The block is the magic "flowdst", u8 version, u32 CRC-32 of these and of the
 * rest (crc32.h), u32 number of exporters, and the exporters.  Each exporter is its
 * address (family u8, 16 octets), a u8 that is 1 if a flow source names it, the
 * u32 time when it was last seen in epoch seconds, and six counted lists:
 * sessions, sequences, templates with their field specifiers as sent, samplers,
 * interfaces, and start times of domains.  Integers are big-endian.
 *
 * This is version 3.  Version 2, which has no sessions, is read, too: each of
 * its templates serves all sessions until they announce their own.  Its CRC
 * does not include magic and version.
 */
#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/exporter.h"

#define STATE_MAGIC   "flowdst"         /* the first bytes of the block */
#define STATE_LEN_MAX ((size_t)1 << 30) /* bytes of the largest block */

/*
 * Packs the state of all exporters.  *data is allocated; the caller frees it.
 * FLOWD_ENOMEM, also for a state of more than STATE_LEN_MAX.  last: no datagram
 * will be decoded any more; otherwise sequences are packed without the number
 * that is due, which would be old when it is read.
 */
int state_pack(const struct exporter_table *table, bool last, uint8_t **data,
    size_t *len) __attribute__((warn_unused_result));

/* The same into size bytes at buf.  FLOWD_ESPACE: they are too few. */
int state_pack_into(const struct exporter_table *table, bool last, uint8_t *buf,
    size_t size, size_t *len) __attribute__((warn_unused_result));

/* Whether the caller wants the exporter at addr. */
typedef bool state_wants(void *arg, const struct addr *addr);

/*
 * Restores into the table the exporters of data that are wanted and that the
 * table has not seen later; now is in epoch seconds.  If wants is NULL, all are
 * wanted.  All of data is checked.  FLOWD_EVERSION if data is no state of this
 * version; FLOWD_ECRC, FLOWD_ESHORT or FLOWD_EINVAL if it is damaged;
 * FLOWD_ENOMEM.  Exporters read before the error stay in the table.
 */
int state_unpack(struct exporter_table *table, const uint8_t *data, size_t len,
    uint32_t now, state_wants *wants, void *arg)
    __attribute__((warn_unused_result));

#endif
