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
 * Compresses a closed log in a separate process.
 */
#ifndef FLOWLOG_COMPRESS_H
#define FLOWLOG_COMPRESS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/rights.h"

#define FLOWLOG_COMPRESS_HEAD 19 /* bytes that flowlog_compress_made needs */

/*
 * Starts a process that compresses the file in to the file out in the format
 * of gzip, and syncs it to disk.  The process exits with status 0 or an errno.
 * It has the lowest priority, and no rights except these two descriptors.
 * Returns its process ID, or -1 with errno.
 */
pid_t flowlog_compress_start(const struct rights_options *opts, int in,
    int out);

/* Whether flowlog_compress_start wrote the file that begins with head. */
bool flowlog_compress_made(const uint8_t *head, size_t len);

#endif
