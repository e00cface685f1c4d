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
 * The input of bench/reader: one sequence of generated flows as logs and as a
 * file of nfdump.  Functions exit with a message if they fail.
 */
#ifndef READER_DATA_H
#define READER_DATA_H

#include <stdbool.h>
#include <stdint.h>

#define DATA_ALL    "all.flow"   /* all fields, with checksum */
#define DATA_BRIEF  "brief.flow" /* those of the short text */
#define DATA_GZIP   "all.flow.gz"
#define DATA_RULES  "rules.conf"    /* ten */
#define DATA_FILTER "filter.nfdump" /* selects the same flows */
#define DATA_NFDUMP "flows.nfdump"

/* Writes the logs, the rules and the filter to the current directory. */
void data_make_logs(uint64_t nflows);

/*
 * Makes nfcapd write DATA_NFDUMP to the current directory, from datagrams of
 * version 9.  Returns false, and logs it, if nfcapd cannot be run.
 */
bool data_make_nfdump(uint64_t nflows);

#endif
