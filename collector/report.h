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
 * Logs the statistics, at SIGUSR2 and at the end.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

#include "decode/exporter.h"
#include "filter.h"
#include "lib/counters.h"

/*
 * Logs the statistics of each exporter, their sums, the counters that belong to
 * no exporter, and those of the filter's rules.  now is in epoch seconds.
 */
void report_statistics(const struct exporter_table *exporters, uint32_t now,
    const struct collector_counters *collector, const struct filter *filter);

#endif
