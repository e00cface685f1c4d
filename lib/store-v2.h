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
 * Reads logs of version 2, which flowd wrote before 0.9. flowd-log(5) describes
 * their layout.
 */
#ifndef STORE_V2_H
#define STORE_V2_H

#include <stddef.h>
#include <stdint.h>

#include "store.h"

#define STORE_V2_FILE_HEADER_LEN 16 /* bytes */

/*
 * Checks the file header at buf.  Sets *start_sec to the time at which the log
 * was started, in seconds since the epoch.  FLOWD_ESHORT, FLOWD_EVERSION.
 */
int store_v2_check_file(const uint8_t *buf, size_t size, uint32_t *start_sec)
    __attribute__((warn_unused_result));

/* Works like store_decode.  FLOWD_ESHORT, FLOWD_EHEADER, FLOWD_ECRC. */
int store_v2_decode(const uint8_t *buf, size_t size, struct flow *flow,
    size_t *len) __attribute__((warn_unused_result));

#endif
