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
 * Writes the last batch of datagrams of a collector that died to a pcap file,
 * which flow-send and other programs can read.
 */
#ifndef CRASHDUMP_H
#define CRASHDUMP_H

#include "ipc/batch.h"

#define CRASHDUMPS_MAX 8 /* files; then the oldest is replaced */

/* Checks that dir can be opened as a directory; -1 after a message. */
int crashdump_check(const char *dir);

/*
 * Writes the file and logs its name, or logs the error.  Writes no file for an
 * empty batch.
 */
void crashdump_write(const char *dir, const struct batch *b);

#endif
