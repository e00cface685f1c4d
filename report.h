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
 * The statistics in words, for SIGUSR2 and at the end.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

#include "exporter.h"
#include "filter.h"
#include "output.h"

/*
 * Logs what is known of each exporter, the sums, and the rules' counters.
 * now is in epoch seconds; unauthorised and kernel_drops are datagrams of no
 * exporter.
 */
void report_statistics(const struct exporter_table *exporters, uint32_t now,
    uint64_t unauthorised, uint64_t kernel_drops, uint64_t skipped,
    const struct output_counters *out, const struct filter *filter);

#endif
