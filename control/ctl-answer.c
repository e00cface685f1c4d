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

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "control/ctl-answer.h"
#include "errors.h"

/* Room for one more, which is the last then; NULL without memory. */
static void *
append(struct answer_list *list, size_t size)
{
	const size_t room = list->room == 0 ? 16 : list->room * 2;
	void *grown;

	if (list->n == list->room) {
		grown = reallocarray(list->records, room, size);
		if (grown == NULL)
			return (NULL);
		list->records = grown;
		list->room = room;
	}
	return ((uint8_t *)list->records + list->n++ * size);
}

static void *
record_at(const struct answer *a, enum control_type type, size_t i)
{
	const struct answer_list *list = &a->lists[type];

	return (i >= list->n ?
		NULL :
		(uint8_t *)list->records + i * control_layout(type)->size);
}

const void *
answer_record(const struct answer *a, enum control_type type, size_t i)
{
	return (record_at(a, type, i));
}

/* Counters and gauges of another collector. */
static void
add_up(const struct control_layout *l, void *to, const void *from)
{
	struct control_field f;
	size_t i;

	for (i = 0; control_field(l, i, &f); i++) {
		if (f.nature == CONTROL_COUNTER || f.nature == CONTROL_GAUGE)
			*(uint64_t *)((uint8_t *)to + f.offset) += *(
			    const uint64_t *)((const uint8_t *)from + f.offset);
	}
}

/* Shares do not add up, but come of what does. */
static void
join_shares(struct control_summary *to, const struct control_summary *from)
{
	struct control_period *p;
	double all;
	size_t i;

	for (i = 0; i < CONTROL_PERIODS; i++) {
		p = &to->periods[i];
		all = (double)p->flows + (double)p->missing;
		if (p->complete == CONTROL_UNKNOWN)
			p->complete = from->periods[i].complete;
		else if (from->periods[i].complete != CONTROL_UNKNOWN &&
		    all > 0)
			p->complete =
			    (uint64_t)(1e6 * ((double)p->flows / all));
	}
}

/* Where a record of a kind that is added up is in the answer so far. */
static int
find_same(const struct answer *a, enum control_type type,
    const union control_record *record, void **same)
{
	const size_t i =
	    type == CONTROL_RULE ? (size_t)record->rule.number - 1 : 0;

	*same = NULL;
	if (type == CONTROL_RULE && i > a->lists[type].n)
		return (FLOWD_EINVAL);
	if (type == CONTROL_SUMMARY || type == CONTROL_MEMORY ||
	    type == CONTROL_RULE)
		*same = record_at(a, type, i);
	return (0);
}

static int
take(struct answer *a, enum control_type type,
    const union control_record *record)
{
	const struct control_layout *l = control_layout(type);
	void *at;
	int r;

	if ((r = find_same(a, type, record, &at)) != 0)
		return (r);
	if (at != NULL) {
		add_up(l, at, record);
		if (type == CONTROL_SUMMARY)
			join_shares(at, &record->summary);
		return (0);
	}
	if ((at = append(&a->lists[type], l->size)) == NULL)
		return (FLOWD_ENOMEM);
	memcpy(at, record, l->size);
	return (0);
}

static int
take_hello(struct answer *a, struct cursor *c)
{
	union control_record record;
	enum control_type type;
	int r;

	if ((r = control_unpack(c, &type, &record)) != 0)
		return (r);
	if (type != CONTROL_HELLO)
		return (FLOWD_EINVAL);
	if (record.hello.version != CONTROL_VERSION)
		return (FLOWD_EVERSION);
	if (record.hello.worker == 0 ||
	    record.hello.worker > record.hello.workers ||
	    record.hello.workers > ANSWER_WORKERS_MAX)
		return (FLOWD_EINVAL);
	return (take(a, type, &record));
}

int
answer_add(struct answer *a, uint8_t *data, size_t len)
{
	union control_record record;
	enum control_type type;
	struct cursor c;
	int r;

	if (a->ndata == ANSWER_WORKERS_MAX) {
		free(data);
		return (FLOWD_EINVAL);
	}
	a->data[a->ndata++] = data;
	cur_init(&c, data, len);
	if ((r = take_hello(a, &c)) != 0)
		return (r);
	while ((r = control_unpack(&c, &type, &record)) == 0) {
		if (type == CONTROL_END)
			return (cur_left(&c) == 0 ? 0 : FLOWD_EINVAL);
		if (type == CONTROL_HELLO)
			return (FLOWD_EINVAL);
		if ((r = take(a, type, &record)) != 0)
			return (r);
	}
	return (r);
}

void
answer_free(struct answer *a)
{
	size_t i;

	for (i = 0; i < CONTROL_TYPES; i++)
		free(a->lists[i].records);
	for (i = 0; i < a->ndata; i++)
		free(a->data[i]);
	*a = (struct answer){ 0 };
}

/* The address, and n of the numbers behind it. */
static int
compare(const void *a, const void *b, size_t n)
{
	const struct prefix x = { .addr = *(const struct addr *)a };
	const struct prefix y = { .addr = *(const struct addr *)b };
	const size_t first = offsetof(struct control_template, version);
	const uint64_t *p = (const uint64_t *)((const uint8_t *)a + first);
	const uint64_t *q = (const uint64_t *)((const uint8_t *)b + first);
	int r = prefix_compare(&x, &y);

	for (; r == 0 && n > 0; n--, p++, q++)
		r = *p < *q ? -1 : *p > *q;
	return (r);
}

static int
compare_exporters(const void *a, const void *b)
{
	return (compare(a, b, 0));
}

/* Interfaces, by their index. */
static int
compare_1(const void *a, const void *b)
{
	return (compare(a, b, 1));
}

/* By version and domain. */
static int
compare_2(const void *a, const void *b)
{
	return (compare(a, b, 2));
}

/* By version, domain and id. */
static int
compare_3(const void *a, const void *b)
{
	return (compare(a, b, 3));
}

void
answer_sort(struct answer *a)
{
	static int (*const compares[CONTROL_TYPES])(const void *,
	    const void *) = {
		[CONTROL_EXPORTER] = compare_exporters,
		[CONTROL_TEMPLATE] = compare_3,
		[CONTROL_SAMPLER] = compare_3,
		[CONTROL_DOMAIN] = compare_2,
		[CONTROL_INTERFACE] = compare_1,
	};
	size_t i;

	for (i = 0; i < CONTROL_TYPES; i++) {
		if (compares[i] != NULL && a->lists[i].n > 1)
			qsort(a->lists[i].records, a->lists[i].n,
			    control_layout((unsigned int)i)->size, compares[i]);
	}
}

static size_t
find_first(const struct answer *a, enum control_type type,
    const struct addr *exporter)
{
	const uint8_t *records = a->lists[type].records;
	const size_t size = control_layout(type)->size;
	size_t low = 0, high = a->lists[type].n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare(records + middle * size, exporter, 0) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (low);
}

const void *
answer_record_of(const struct answer *a, enum control_type type,
    const struct addr *exporter, size_t *i)
{
	const void *record;

	*i = *i == ANSWER_FIRST ? find_first(a, type, exporter) : *i + 1;
	record = answer_record(a, type, *i);
	return (record != NULL && addr_equal(record, exporter) ? record : NULL);
}
