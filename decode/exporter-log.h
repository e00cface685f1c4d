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
 * Messages about an exporter.
 */
#ifndef EXPORTER_LOG_H
#define EXPORTER_LOG_H

#include <stdint.h>

#include "decode/exporter.h"

/*
 * The limit of messages of this cause.  They are allocated with the first
 * message that needs one; NULL without memory.  The exporter owns them.
 */
struct log_limit *exporter_log_limit(struct exporter *exporter,
    enum exporter_cause cause);

/*
 * Logs "ADDR: message", at most once a minute for each exporter and cause, with
 * the number of messages held back since, and within the budgets that all
 * exporters share: log-limit.h.
 */
void exporter_warnx(struct exporter *exporter, enum exporter_cause cause,
    uint32_t now, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void exporter_info(struct exporter *exporter, enum exporter_cause cause,
    uint32_t now, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
