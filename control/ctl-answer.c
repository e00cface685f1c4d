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

/* Adds a record to the end of list.  NULL: no memory. */
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

/* Adds the counters and gauges of another collector's record. */
static void
add_numbers(const struct control_layout *l, void *to, const void *from)
{
	struct control_field f;
	uint64_t *sum, more;
	size_t i;

	for (i = 0; control_field(l, i, &f); i++) {
		if (f.kind != PACK_NUMBER)
			continue;
		sum = (uint64_t *)((uint8_t *)to + f.offset);
		more = *(const uint64_t *)((const uint8_t *)from + f.offset);
		if (f.nature == CONTROL_COUNTER || f.nature == CONTROL_GAUGE)
			*sum += more;
		else if (f.nature == CONTROL_TIME && more > *sum)
			*sum = more;
	}
}

/* Computes shares from the sums; shares themselves cannot be added. */
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

/* Finds the record to which another collector's record is added, or NULL. */
static int
find_same(const struct answer *a, enum control_type type,
    const union control_record *record, void **same)
{
	size_t i = 0;

	*same = NULL;
	if (type == CONTROL_RULE)
		i = (size_t)record->rule.number - 1;
	else if (type == CONTROL_LISTENER)
		i = (size_t)record->listener.number - 1;
	else if (type != CONTROL_SUMMARY && type != CONTROL_MEMORY)
		return (0);
	if (i > a->lists[type].n)
		return (FLOWD_EINVAL);
	*same = record_at(a, type, i);
	return (0);
}

/* Adds a record of a collector to the answer. */
static int
add_record(struct answer *a, enum control_type type,
    const union control_record *record)
{
	const struct control_layout *l = control_layout(type);
	void *at;
	int r;

	if ((r = find_same(a, type, record, &at)) != 0)
		return (r);
	if (at != NULL) {
		add_numbers(l, at, record);
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
add_hello(struct answer *a, struct cursor *c)
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
	return (add_record(a, type, &record));
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
	if ((r = add_hello(a, &c)) != 0)
		return (r);
	while ((r = control_unpack(&c, &type, &record)) == 0) {
		if (type == CONTROL_END)
			return (cur_left(&c) == 0 ? 0 : FLOWD_EINVAL);
		if (type == CONTROL_HELLO)
			return (FLOWD_EINVAL);
		if ((r = add_record(a, type, &record)) != 0)
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

static int
compare_addrs(const struct addr *a, const struct addr *b)
{
	const struct prefix x = { .addr = *a }, y = { .addr = *b };

	return (prefix_compare(&x, &y));
}

static int
compare_numbers(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y ? -1 : x > y);
}

/* Compares the first n members of two records. */
static int
compare(enum control_type type, size_t n, const void *a, const void *b)
{
	const struct control_layout *l = control_layout(type);
	const uint8_t *x = a, *y = b;
	struct control_field f;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < n && control_field(l, i, &f); i++)
		r = f.kind == PACK_ADDR ?
		    compare_addrs((const void *)(x + f.offset),
			(const void *)(y + f.offset)) :
		    compare_numbers(x + f.offset, y + f.offset);
	return (r);
}

static int
compare_exporters(const void *a, const void *b)
{
	return (compare(CONTROL_EXPORTER, 1, a, b));
}

/* By exporter, version, domain, ID and port. */
static int
compare_templates(const void *a, const void *b)
{
	return (compare(CONTROL_TEMPLATE, 5, a, b));
}

/* By exporter, version, domain, ID, interface, line card and port. */
static int
compare_samplers(const void *a, const void *b)
{
	return (compare(CONTROL_SAMPLER, 12, a, b));
}

/* By exporter, version, domain and port. */
static int
compare_domains(const void *a, const void *b)
{
	return (compare(CONTROL_DOMAIN, 4, a, b));
}

/* By exporter and index. */
static int
compare_interfaces(const void *a, const void *b)
{
	return (compare(CONTROL_INTERFACE, 2, a, b));
}

/* By exporter and port. */
static int
compare_sessions(const void *a, const void *b)
{
	return (compare(CONTROL_SESSION, 2, a, b));
}

/* By exporter, version, domain and port. */
static int
compare_streams(const void *a, const void *b)
{
	return (compare(CONTROL_STREAM, 4, a, b));
}

void
answer_sort(struct answer *a)
{
	static int (*const compares[CONTROL_TYPES])(const void *,
	    const void *) = {
		[CONTROL_EXPORTER] = compare_exporters,
		[CONTROL_TEMPLATE] = compare_templates,
		[CONTROL_SAMPLER] = compare_samplers,
		[CONTROL_DOMAIN] = compare_domains,
		[CONTROL_INTERFACE] = compare_interfaces,
		[CONTROL_SESSION] = compare_sessions,
		[CONTROL_STREAM] = compare_streams,
	};
	size_t i;

	for (i = 0; i < CONTROL_TYPES; i++) {
		if (compares[i] != NULL && a->lists[i].n > 1)
			qsort(a->lists[i].records, a->lists[i].n,
			    control_layout((unsigned int)i)->size, compares[i]);
	}
}

/* The index of the first record that is not before the exporter's. */
static size_t
find_first(const struct answer *a, enum control_type type,
    const struct addr *exporter)
{
	const uint8_t *records = a->lists[type].records;
	const size_t size = control_layout(type)->size;
	size_t low = 0, high = a->lists[type].n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare_addrs((const void *)(records + middle * size),
			exporter) < 0)
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
