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
 * The messages between flowdctl and the collector: every record is unpacked as
 * it was packed, no other bytes are accepted, answers of several collectors are
 * added, and a stepwise walk visits everything that exists all the time exactly
 * once.
 */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/control-msg.h"
#include "control/ctl-answer.h"
#include "control/ctl-check.h"
#include "control/element-name.h"
#include "errors.h"
#include "decode/exporter.h"
#include "decode/exporters.h"
#include "decode/ie.h"
#include "recorded.h"
#include "skip.h"

#define BUFFER_LEN 4096
#define NOW        1700000000U

static uint8_t buffer[BUFFER_LEN];
static struct wcursor out;

static int
setup(void **state)
{
	(void)state;
	wcur_init(&out, buffer, sizeof(buffer));
	return (0);
}

static size_t
written(void)
{
	return (wcur_len(&out));
}

/* Sets each member to a different number, address or text. */
static void
fill(const struct control_layout *l, union control_record *record)
{
	static const uint8_t text[] = "a text",
			     six[16] = { 0x20, 1, 0xd, 0xb8 };
	struct control_field f;
	void *member;
	size_t i;

	memset(record, 0, sizeof(*record));
	for (i = 0; control_field(l, i, &f); i++) {
		member = (uint8_t *)record + f.offset;
		if (f.kind == PACK_ADDR)
			*(struct addr *)member = addr_v6(six);
		else if (f.kind == PACK_VIEW)
			*(struct pack_view *)member =
			    (struct pack_view){ text, i % sizeof(text) };
		else
			*(uint64_t *)member = UINT64_C(0x0102030405060700) + i;
	}
}

static void
assert_same(const struct control_layout *l, const void *a, const void *b)
{
	const struct pack_view *x, *y;
	const uint8_t *p, *q;
	struct control_field f;
	size_t i;

	for (i = 0; control_field(l, i, &f); i++) {
		p = (const uint8_t *)a + f.offset;
		q = (const uint8_t *)b + f.offset;
		x = (const struct pack_view *)p;
		y = (const struct pack_view *)q;
		if (f.kind == PACK_VIEW) {
			assert_int_equal(x->len, y->len);
			assert_memory_equal(x->data, y->data, x->len);
		} else if (f.kind == PACK_ADDR)
			assert_memory_equal(p, q, sizeof(struct addr));
		else
			assert_memory_equal(p, q, sizeof(uint64_t));
	}
}

static void
records_are_unpacked_unchanged(void **state)
{
	union control_record record, back;
	const struct control_layout *l;
	enum control_type type;
	unsigned int number;
	struct cursor c;

	for (number = CONTROL_HELLO; number < CONTROL_END; number++) {
		(void)setup(state);
		l = control_layout(number);
		assert_non_null(l);
		fill(l, &record);
		assert_int_equal(
		    control_pack(&out, (enum control_type)number, &record), 0);
		cur_init(&c, buffer, written());
		assert_int_equal(control_unpack(&c, &type, &back), 0);
		assert_int_equal(type, number);
		assert_int_equal(cur_left(&c), 0);
		assert_same(l, &record, &back);
	}
	assert_null(control_layout(CONTROL_END));
	assert_null(control_layout(0));
	assert_null(control_layout(CONTROL_TYPES));
}

static void
records_that_do_not_fit(void **state)
{
	struct control_interface in = { .index = 1 };
	size_t len, room;

	(void)state;
	assert_int_equal(control_pack(&out, CONTROL_INTERFACE, &in), 0);
	len = written();
	for (room = 0; room < len; room++) {
		wcur_init(&out, buffer, room);
		assert_int_equal(control_pack(&out, CONTROL_INTERFACE, &in),
		    FLOWD_ESPACE);
		assert_int_equal(written(), 0);
	}
}

/* Unpacks the record in buffer, truncated or with another length. */
static int
unpack(size_t len)
{
	union control_record record;
	enum control_type type;
	struct cursor c;
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	int r;

	assert_non_null(copy);
	memcpy(copy, buffer, len);
	cur_init(&c, copy, len);
	r = control_unpack(&c, &type, &record);
	free(copy);
	return (r);
}

static void
invalid_records(void **state)
{
	union control_record record;
	size_t len, i;

	(void)state;
	fill(control_layout(CONTROL_INTERFACE), &record);
	assert_int_equal(control_pack(&out, CONTROL_INTERFACE, &record), 0);
	len = written();
	for (i = 0; i < len; i++)
		assert_int_equal(unpack(i), FLOWD_ESHORT);
	/* Bodies that end within a member, and after the last one. */
	for (i = 0; i < len - CONTROL_HEADER_LEN; i++) {
		be32_put(buffer + 2, (uint32_t)i);
		assert_int_equal(unpack(len), FLOWD_EINVAL);
	}
	be32_put(buffer + 2, (uint32_t)(len - CONTROL_HEADER_LEN + 1));
	assert_int_equal(unpack(len + 1), FLOWD_EINVAL);
	be32_put(buffer + 2, CONTROL_BODY_MAX + 1);
	assert_int_equal(unpack(len), FLOWD_EINVAL);
	be32_put(buffer + 2, (uint32_t)(len - CONTROL_HEADER_LEN));
	assert_int_equal(unpack(len), 0);
	/* Families and types that do not exist. */
	buffer[CONTROL_HEADER_LEN] = 5;
	assert_int_equal(unpack(len), FLOWD_EINVAL);
	buffer[CONTROL_HEADER_LEN] = ADDR_V6;
	be16_put(buffer, 0);
	assert_int_equal(unpack(len), FLOWD_EINVAL);
	be16_put(buffer, CONTROL_TYPES);
	assert_int_equal(unpack(len), FLOWD_EINVAL);
}

static void
requests(void **state)
{
	struct control_request request = { .wants = CONTROL_WANT_ALL }, back;
	uint8_t buf[CONTROL_REQUEST_LEN];

	(void)state;
	assert_int_equal(addr_pton("192.0.2.1", &request.addr), 0);
	control_pack_request(&request, buf);
	assert_int_equal(control_unpack_request(buf, &back), 0);
	assert_int_equal(back.wants, request.wants);
	assert_true(addr_equal(&back.addr, &request.addr));
	buf[CONTROL_REQUEST_LEN - 1] = 1; /* after an IPv4 address */
	assert_int_equal(control_unpack_request(buf, &back), FLOWD_EINVAL);
	control_pack_request(&request, buf);
	be16_put(buf + 4, CONTROL_VERSION + 1);
	assert_int_equal(control_unpack_request(buf, &back), FLOWD_EVERSION);
	be32_put(buf, CONTROL_MAGIC + 1);
	assert_int_equal(control_unpack_request(buf, &back), FLOWD_EINVAL);
}

static void
put(enum control_type type, const void *record)
{
	assert_int_equal(control_pack(&out, type, record), 0);
}

/* Adds the buffer's content to the answer. */
static int
add(struct answer *a)
{
	uint8_t *data = malloc(BUFFER_LEN);
	const size_t len = written();

	assert_non_null(data);
	memcpy(data, buffer, len);
	(void)setup(NULL);
	return (answer_add(a, data, len));
}

static void
put_worker(uint64_t worker, uint64_t flows, const char *exporter)
{
	const struct control_hello hello = {
		.version = CONTROL_VERSION,
		.worker = worker,
		.workers = 2,
	};
	struct control_summary summary = {
		.exporters = 1,
		.counters.flows = flows,
		.periods = { { .flows = flows,
		    .missing = 10,
		    .complete = 1000000 * flows / (flows + 10) } },
	};
	struct control_rule rule = { .number = 1, .wins = flows };
	struct control_exporter e = { .last_seen = worker };

	assert_int_equal(addr_pton(exporter, &e.addr), 0);
	put(CONTROL_HELLO, &hello);
	put(CONTROL_SUMMARY, &summary);
	put(CONTROL_RULE, &rule);
	put(CONTROL_EXPORTER, &e);
	put(CONTROL_END, NULL);
}

static void
workers_are_joined(void **state)
{
	const struct control_summary *summary;
	const struct control_exporter *e;
	const struct control_rule *rule;
	struct answer a = { .ndata = 0 };
	struct addr addr;
	size_t i = ANSWER_FIRST;

	(void)state;
	put_worker(1, 90, "2001:db8::1");
	assert_int_equal(add(&a), 0);
	put_worker(2, 190, "192.0.2.1");
	assert_int_equal(add(&a), 0);
	answer_sort(&a);
	summary = answer_record(&a, CONTROL_SUMMARY, 0);
	assert_int_equal(summary->exporters, 2);
	assert_int_equal(summary->counters.flows, 280);
	assert_int_equal(summary->periods[0].complete, 933333);
	assert_int_equal(summary->periods[1].complete, 0);
	assert_null(answer_record(&a, CONTROL_SUMMARY, 1));
	rule = answer_record(&a, CONTROL_RULE, 0);
	assert_int_equal(rule->number, 1);
	assert_int_equal(rule->wins, 280);
	e = answer_record(&a, CONTROL_EXPORTER, 0);
	assert_int_equal(e->last_seen, 2);
	assert_int_equal(addr_pton("2001:db8::1", &addr), 0);
	e = answer_record_of(&a, CONTROL_EXPORTER, &addr, &i);
	assert_non_null(e);
	assert_int_equal(e->last_seen, 1);
	assert_null(answer_record_of(&a, CONTROL_EXPORTER, &addr, &i));
	assert_int_equal(addr_pton("198.51.100.1", &addr), 0);
	i = ANSWER_FIRST;
	assert_null(answer_record_of(&a, CONTROL_EXPORTER, &addr, &i));
	answer_free(&a);
}

static void
invalid_answers(void **state)
{
	struct answer a = { .ndata = 0 };
	struct control_rule rule = { .number = 2 };
	struct control_hello hello = { CONTROL_VERSION, 1, 1, 0, 0, { 0 } };

	(void)state;
	put(CONTROL_HELLO, &hello);
	put(CONTROL_RULE, &rule); /* the first is missing */
	put(CONTROL_END, NULL);
	assert_int_equal(add(&a), FLOWD_EINVAL);
	answer_free(&a);
	put(CONTROL_HELLO, &hello);
	assert_int_equal(add(&a), FLOWD_ESHORT);
	answer_free(&a);
	put(CONTROL_END, NULL);
	assert_int_equal(add(&a), FLOWD_EINVAL);
	answer_free(&a);
	hello.version++;
	put(CONTROL_HELLO, &hello);
	put(CONTROL_END, NULL);
	assert_int_equal(add(&a), FLOWD_EVERSION);
	answer_free(&a);
}

/* Returns whether templates with these times are reported as slow. */
static bool
is_slow(uint64_t announced, uint64_t interval, uint64_t last_seen)
{
	const struct control_hello hello = { CONTROL_VERSION, 1, 1, NOW, NOW,
		{ 0 } };
	struct control_exporter e = { .last_seen = last_seen };
	struct control_template t = { .version = 9, .id = 256, .options = 1 };
	struct answer a = { .ndata = 0 };
	struct findings found = { .n = 0 };
	bool slow;

	assert_int_equal(addr_pton("192.0.2.1", &e.addr), 0);
	e.clock = CONTROL_UNKNOWN;
	e.periods[CONTROL_HOUR].complete = CONTROL_UNKNOWN;
	t.exporter = e.addr;
	t.announced = announced;
	t.interval = interval;
	put(CONTROL_HELLO, &hello);
	put(CONTROL_EXPORTER, &e);
	put(CONTROL_TEMPLATE, &t);
	put(CONTROL_END, NULL);
	assert_int_equal(add(&a), 0);
	answer_sort(&a);
	assert_int_equal(ctl_check(&a, &found), 0);
	slow = found.n > 0;
	assert_true(!slow || strcmp(found.all[0].name, "slow-refresh") == 0);
	findings_free(&found);
	answer_free(&a);
	return (slow);
}

static void
slow_templates_are_found(void **state)
{
	(void)state;
	assert_false(is_slow(NOW - 100, 0, NOW));
	assert_false(is_slow(NOW - 600, 600, NOW));
	assert_true(is_slow(NOW - 1800, 0, NOW));
	assert_true(is_slow(NOW - 10, 1800, NOW));
	/* Nothing was received since. */
	assert_false(is_slow(NOW - 1800, 0, NOW - 1800));
	/* Known only from the state file: the time is unknown. */
	assert_false(is_slow(0, 0, NOW));
}

static void
get(struct exporter_table *t, uint32_t first, uint32_t n, uint32_t now)
{
	uint8_t bytes[4];
	struct addr addr;
	uint32_t i;

	for (i = first; i < first + n; i++) {
		be32_put(bytes, i);
		addr = addr_v4(bytes);
		assert_non_null(exporter_get(t, &addr, now, false));
	}
}

#define STAY 3000 /* exporters */

static void
get_established(struct exporter_table *t, uint32_t n, uint32_t now)
{
	uint8_t bytes[4];
	struct addr addr;
	uint32_t i;

	for (i = 0; i < n; i++) {
		be32_put(bytes, i);
		addr = addr_v4(bytes);
		exporter_establish(exporter_get(t, &addr, now, false));
	}
}

/* Notes each exporter visited; stops after n. */
static bool
walk(const struct exporter_table *t, struct addr *at, size_t n,
    uint8_t met[STAY])
{
	const struct exporter *e;
	uint32_t number;

	for (; n > 0; n--) {
		if ((e = exporters_next(t, at)) == NULL)
			return (false);
		*at = e->addr;
		number = be32(e->addr.bytes);
		if (number < STAY)
			met[number]++;
	}
	return (true);
}

/*
 * The table grows several times, and exporters are evicted, one of them while
 * it is being visited.
 */
static void
exporters_are_visited_once(void **state)
{
	const struct exporter_limits limits = {
		.exporters = 20000,
		.templates = 16,
		.memory = MEMORY_DEFAULT,
	};
	struct exporter_table *t = exporters_new(&limits);
	struct addr at = { .family = ADDR_NONE };
	uint8_t met[STAY] = { 0 };
	uint32_t next = 1000000;
	size_t i;

	(void)state;
	assert_non_null(t);
	assert_null(exporters_next(t, &at));
	get(t, next, 1000, NOW);
	next += 1000;
	get_established(t, STAY, NOW);
	while (walk(t, &at, 50, met)) {
		/* From some point on, each evicts the oldest. */
		get(t, next, 300, NOW + EXPORTER_IDLE);
		next += 300;
	}
	assert_int_equal(exporters_count(t), 20000);
	for (i = 0; i < STAY; i++)
		assert_int_equal(met[i], 1);
	exporters_free(t);
}

static void
define(struct templates *t, struct memory *memory, size_t max, uint32_t domain)
{
	static const uint8_t specs[] = { 0, 1, 0, 4 };
	static const struct template_session session = { .bit = 1 };
	const struct template_key key = { domain, 9, 256 };
	struct cursor c;
	int error;

	cur_init(&c, specs, sizeof(specs));
	assert_int_equal(template_define(t, memory, max, &key, &session, false,
			     0, 1, &c, &error),
	    TEMPLATE_NEW);
}

static void
templates_are_visited_once(void **state)
{
	struct memory_pool pool = { .limit = MEMORY_DEFAULT };
	struct memory memory = { .pool = &pool };
	struct templates t = { .count = 0 };
	struct template_position at = { .born = 0 };
	const struct tmpl *tmpl;
	uint8_t met[100] = { 0 };
	uint32_t i, next = 1000;

	(void)state;
	assert_null(templates_next(&t, &at));
	for (i = 0; i < 100; i++)
		define(&t, &memory, 4096, i);
	while ((tmpl = templates_next(&t, &at)) != NULL) {
		at.key = tmpl->key;
		at.born = tmpl->born;
		if (at.key.domain < 100)
			met[at.key.domain]++;
		if (next < 4000)
			define(&t, &memory, 4096, next++);
	}
	for (i = 0; i < 100; i++)
		assert_int_equal(met[i], 1);
	templates_free(&t, &memory);
	assert_int_equal(memory.used, 0);
}

/* flowd's own names are those of the table. */
static void
elements_that_are_read_have_their_names(void **state)
{
	const char *name;
	struct ie ie;
	uint32_t id;
	size_t n = 0;

	(void)state;
	for (id = 0; id <= UINT16_MAX; id++) {
		name = element_name(IE_PEN_IANA, (uint16_t)id);
		if (!ie_find(IE_PEN_IANA, (uint16_t)id, &ie) || name == NULL)
			continue;
		assert_string_equal(ie.name, name);
		n++;
	}
	assert_true(n > 70);
	assert_null(element_name(IE_PEN_IANA, 0));
	assert_null(element_name(99, 4242));
}

static void
check_names(const char *table, bool of_vendors)
{
	char line[2048], space[16], name[128];
	unsigned int pen = 0, id;
	const char *found;
	size_t n = 0;
	FILE *fp;

	if ((fp = recorded_open(table)) == NULL)
		skip_because(SKIPPED_WITHOUT_DATA);
	while (fgets(line, sizeof(line), fp) != NULL) {
		if (of_vendors ?
			sscanf(line, "%15[^\t]\t%u\t%*[^\t]\t%u\t%127[^\t]",
			    space, &pen, &id, name) != 4 :
			sscanf(line, "%u\t%127[^\t]", &id, name) != 2)
			continue;
		if (of_vendors && strcmp(space, "v9") == 0)
			pen = ELEMENT_V9;
		found = element_name(pen, (uint16_t)id);
		assert_non_null(found);
		assert_string_equal(found, name);
		n++;
	}
	(void)fclose(fp);
	assert_true(n > 40);
}

static void
names_are_those_of_the_registries(void **state)
{
	(void)state;
	check_names("iana-elements.tsv", false);
	check_names("iana-elements-missing.tsv", false);
	check_names("elements-vendors.tsv", true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(records_are_unpacked_unchanged, setup),
		cmocka_unit_test_setup(records_that_do_not_fit, setup),
		cmocka_unit_test_setup(invalid_records, setup),
		cmocka_unit_test(requests),
		cmocka_unit_test_setup(workers_are_joined, setup),
		cmocka_unit_test_setup(invalid_answers, setup),
		cmocka_unit_test_setup(slow_templates_are_found, setup),
		cmocka_unit_test(exporters_are_visited_once),
		cmocka_unit_test(templates_are_visited_once),
		cmocka_unit_test(elements_that_are_read_have_their_names),
		cmocka_unit_test(names_are_those_of_the_registries),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
