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

#include "compat/compat.h"

#include <stdlib.h>

#include "base/log.h"
#include "monitor/flowlog-places.h"

static size_t
count(const struct flowlog_places *p)
{
	return (p->each * p->workers);
}

void
flowlog_places_init(struct flowlog_places *p, uint32_t workers, size_t each)
{
	size_t i;

	*p = (struct flowlog_places){ .each = each, .workers = workers };
	p->logs = calloc(count(p) == 0 ? 1 : count(p), sizeof(*p->logs));
	if (p->logs == NULL)
		fatal("no memory for logs");
	for (i = 0; i < count(p); i++)
		p->logs[i] = FLOWLOG_PLACE_EMPTY;
}

void
flowlog_places_free(struct flowlog_places *p)
{
	free(p->logs);
	*p = (struct flowlog_places){ .logs = NULL };
}

size_t *
flowlog_place(const struct flowlog_places *p, uint32_t number, size_t place)
{
	return (&p->logs[(number - 1) * p->each + place]);
}

bool
flowlog_place_of(const struct flowlog_places *p, uint32_t number, size_t log)
{
	size_t i;

	for (i = 0; i < p->each; i++) {
		if (*flowlog_place(p, number, i) == log)
			return (true);
	}
	return (false);
}

bool
flowlog_places_have(const struct flowlog_places *p, size_t log)
{
	uint32_t number;

	for (number = 1; number <= p->workers; number++) {
		if (flowlog_place_of(p, number, log))
			return (true);
	}
	return (false);
}

void
flowlog_places_forget(struct flowlog_places *p, size_t log)
{
	size_t i;

	for (i = 0; i < count(p); i++) {
		if (p->logs[i] == log)
			p->logs[i] = FLOWLOG_PLACE_EMPTY;
	}
}
