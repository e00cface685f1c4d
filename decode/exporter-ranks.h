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
 * The ranks of exporters, which decide who is evicted and who loses memory.
 * exporter_get describes the rules.
 */
#ifndef EXPORTER_RANKS_H
#define EXPORTER_RANKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/exporter.h"

#define EXPORTER_IDLE 600 /* seconds after which one may be evicted */

/*
 * An exporter is established when it has sent flows in that many steps of
 * HISTORY_HOUR_STEP, which is for an hour.
 */
#define EXPORTER_ACTIVE 6

/* Others may lose as many parts of their state for a request of this size. */
#define EXPORTER_RECLAIM_MAX(bytes) (32 + (bytes) / 1024)

/* Adds an exporter that is in no list as the most recently used. */
void exporter_enlist(struct exporter *e);

void exporter_delist(struct exporter *e);

/*
 * The same for one in a list: makes it the most recently used in the list of its
 * rank and size, which may have changed.
 */
void exporter_enlist_again(struct exporter *e);

/* Counts the HISTORY_HOUR_STEP that ends now, if flows were decoded in it. */
void exporter_count_step(struct exporter *e);

/* Makes an exporter established, as a restored one may be. */
void exporter_establish(struct exporter *e);

/* Whether it is silent for this time or longer; false for NULL. */
bool exporter_is_silent(const struct exporter *e, uint32_t now,
    uint32_t seconds);

/* The exporter to evict for a new one, or NULL. */
struct exporter *exporter_dispensable(const struct exporter_ranks *ranks,
    uint32_t now, bool named);

/* The exporter that loses memory to e, which would use bytes then, or NULL. */
struct exporter *exporter_loser(struct exporter_ranks *ranks,
    const struct exporter *e, size_t bytes);

#endif
