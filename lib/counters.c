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

#include "lib/counters.h"

/* clang-format off */
#define EXPORTER_COUNTER(number, member, name, kind, metric, help) \
	{ number, #member, name, kind, metric, help, \
	    offsetof(struct counters, member) },
#define COLLECTOR_COUNTER(number, member, name, kind, metric, help) \
	{ number, #member, name, kind, metric, help, \
	    offsetof(struct collector_counters, member) },

const struct counter exporter_counters[EXPORTER_COUNTERS] = {
	COUNTERS_OF_EXPORTER(EXPORTER_COUNTER)
};
const struct counter collector_counters[COLLECTOR_COUNTERS] = {
	COUNTERS_OF_COLLECTOR(COLLECTOR_COUNTER)
};
/* clang-format on */

void
counters_add(struct counters *sum, const struct counters *more)
{
	const struct counter *c = exporter_counters;
	uint64_t *to;
	size_t i;

	for (i = 0; i < EXPORTER_COUNTERS; i++, c++) {
		to = (uint64_t *)((uint8_t *)sum + c->offset);
		*to += counter_value(c, more);
	}
}

const struct counter *
counter_find(unsigned int number, bool *of_exporter)
{
	const struct counter *c = exporter_counters;
	size_t i;

	*of_exporter = true;
	for (i = 0; i < EXPORTER_COUNTERS; i++, c++) {
		if (c->number == number)
			return (c);
	}
	*of_exporter = false;
	for (i = 0, c = collector_counters; i < COLLECTOR_COUNTERS; i++, c++) {
		if (c->number == number)
			return (c);
	}
	return (NULL);
}
