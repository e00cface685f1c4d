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

#ifndef CRC32_H
#define CRC32_H

#include <stddef.h>
#include <stdint.h>

/*
 * The checksum of flow records: reflected CRC-32 of IEEE 802.3 (polynomial
 * 0xEDB88320) with initial value 0 and no final inversion.  Start with crc 0;
 * the result of one call is the crc of the next.
 */
uint32_t flowd_crc32(uint32_t crc, const void *data, size_t len);

/*
 * Sets crcs to the checksums of n pieces of len bytes each.  Each piece begins
 * stride bytes after the beginning of the one before it.
 */
void flowd_crc32_each(const void *data, size_t stride, size_t len, size_t n,
    uint32_t *crcs);

/* Works like flowd_crc32, but uses no special instructions of the processor. */
uint32_t flowd_crc32_table(uint32_t crc, const void *data, size_t len);

#endif
