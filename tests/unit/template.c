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
 * Information elements and templates: which definitions are accepted, which are
 * kept within limits, and which values their programs read.
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

#include "errors.h"
#include "decode/ie.h"
#include "netflow.h"
#include "recorded.h"
#include "skip.h"
#include "decode/template-run.h"
#include "decode/template.h"
#include "wire9.h"

#define V9          NF_VERSION_9
#define IPFIX       NF_VERSION_IPFIX
#define MAX         64         /* templates */
#define MEMORY      (1U << 20) /* bytes */
#define UNTOUCHED   0xa5       /* octets of flow and values before a read */
#define PEN_OTHER   4242U
#define MANY_FIELDS 4500 /* too many for a small block of memory */
#define IE_UNKNOWN  32000

/* The elements that flowd reads, in order. */
static const uint16_t iana[] = { 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	16, 17, 18, 19, 20, 21, 22, 23, 24, 27, 28, 29, 30, 32, 34, 35, 38, 39,
	40, 41, 42, 44, 45, 48, 49, 50, 55, 60, 61, 62, 63, 82, 83, 84, 85, 86,
	98, 102, 103, 104, 128, 129, 139, 141, 143, 144, 145, 149, 150, 151,
	152, 153, 154, 155, 156, 157, 158, 159, 160, 161, 162, 164, 165, 166,
	167, 169, 170, 171, 172, 174, 175, 176, 177, 178, 179, 180, 181, 182,
	183, 190, 193, 195, 196, 218, 219, 220, 221, 222, 223, 224, 231, 232,
	242, 252, 253, 257, 298, 299, 301, 302, 304, 305, 306, 307, 308, 309,
	310, 311, 312, 313, 314, 315, 317, 322, 323, 324, 325, 329, 330, 331,
	332, 335, 352, 353, 390, 391, 392, 396, 397, 398, 399, 408, 409, 410,
	417, 418, 420, 421, 430, 431,
	/* Ericsson's field numbers of v9, which have no enterprise: */
	24630, 24631, 24632 };
/* Those that the reverse direction may have. */
static const uint16_t reverse[] = { 1, 2, 5, 6, 10, 14, 15, 18, 19, 20, 21, 22,
	23, 24, 32, 55, 62, 63, 85, 86, 98, 139, 150, 151, 152, 153, 154, 155,
	156, 157, 158, 159, 161, 162, 171, 172, 174, 175, 176, 177, 178, 179,
	190, 195, 196, 218, 219, 220, 221, 222, 223, 224, 231, 242, 252, 253,
	257, 298, 312, 322, 323, 324, 325, 352, 353, 391, 392, 417, 418, 420,
	421, 430, 431,
	/* Ericsson's field numbers of v9, which have no enterprise: */
	24630, 24631 };

/* Definitions and data come from this session, unless stated. */
static const struct template_session only = { .bit = 1, .port = 9995 };

static struct templates templates;
static struct memory_pool pool;
static struct memory memory;
static struct wire wire;
static struct flow flow;
static struct ie_values values;
static int error;         /* of the last definition */
static size_t specs_left; /* octets after it */

static int
setup(void **state)
{
	(void)state;
	pool = (struct memory_pool){ .limit = MEMORY };
	memory = (struct memory){ .pool = &pool, .rank = MEMORY_NAMED };
	wire_init(&wire);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	templates_free(&templates, &memory);
	assert_int_equal(templates.count, 0);
	assert_null(templates_oldest(&templates));
	assert_int_equal(memory.used, 0);
	return (0);
}

static struct template_key
key_of(uint16_t version, uint16_t id)
{
	return ((struct template_key){ .domain = WIRE_DOMAIN,
	    .version = version,
	    .id = id });
}

/*
 * Defines with a limit of max templates; claimed is the number of fields in the
 * head.
 */
static enum template_result
define_as(uint16_t version, uint16_t id, const struct wire_field *fields,
    size_t n, uint16_t claimed, size_t max)
{
	const struct template_key key = key_of(version, id);
	enum template_result r;
	struct cursor specs;
	uint8_t *copy;
	size_t len;

	wire_start(&wire, version);
	len = wire_len(&wire);
	wire_specs(&wire, fields, n);
	len = wire_len(&wire) - len;
	copy = malloc(len == 0 ? 1 : len);
	assert_non_null(copy);
	memcpy(copy, wire.buf + wire_len(&wire) - len, len);
	cur_init(&specs, copy, len);
	r = template_define(&templates, &memory, max, &key, &only, false, 0,
	    claimed, &specs, &error);
	specs_left = cur_left(&specs);
	free(copy);
	assert_true(memory.used <= pool.limit);
	return (r);
}

static enum template_result
define(uint16_t version, uint16_t id, const struct wire_field *fields, size_t n)
{
	return (define_as(version, id, fields, n, (uint16_t)n, MAX));
}

static struct tmpl *
find(uint16_t version, uint16_t id)
{
	const struct template_key key = key_of(version, id);

	return (template_find(&templates, &key, only.bit));
}

/* Defines id 256, or redefines it, and starts a record for it. */
static void
define_one(uint16_t version, const struct wire_field *fields, size_t n)
{
	enum template_result r = define(version, 256, fields, n);

	assert_true(
	    r == TEMPLATE_NEW || r == TEMPLATE_CHANGED || r == TEMPLATE_SAME);
	assert_int_equal(error, 0);
	assert_int_equal(specs_left, 0);
	wcur_init(&wire.at, wire.buf, sizeof(wire.buf));
}

/* Runs the template on len octets of the message; *left is the rest. */
static int
run_on(uint16_t version, size_t len, size_t *left)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	struct cursor data, record;
	int r;

	assert_non_null(copy);
	memcpy(copy, wire.buf, len);
	memset(&flow, UNTOUCHED, sizeof(flow));
	memset(&values, UNTOUCHED, sizeof(values));
	cur_init(&data, copy, len);
	record = data;
	r = template_run(find(version, 256), &data, 1, &flow, &values);
	if (r == 0)
		template_run_sampling(find(version, 256), record, 1, &flow,
		    &values);
	*left = cur_left(&data);
	free(copy);
	return (r);
}

/* The record is read, and nothing else. */
static void
run(uint16_t version)
{
	size_t left;

	assert_int_equal(run_on(version, wire_len(&wire), &left), 0);
	assert_int_equal(left, 0);
}

#define SLOT_OF(member) ie_slot_of_member(offsetof(struct flow, member))

/* The template fills these n slots and no others. */
static void
check_slots(uint16_t version, const unsigned int *slots, size_t n)
{
	struct slots want = { { 0 } };
	size_t i;

	for (i = 0; i < n; i++)
		slots_add(&want, slots[i]);
	assert_memory_equal(&find(version, 256)->slots, &want, sizeof(want));
}

#define CHECK_SLOTS(version, ...)                                   \
	check_slots(version, (const unsigned int[]){ __VA_ARGS__ }, \
	    sizeof((const unsigned int[]){ __VA_ARGS__ }) /         \
		sizeof(unsigned int))

static uint64_t
at_place(struct ie_place place)
{
	const uint8_t *p = (place.in_flow ? (const uint8_t *)&flow :
					    (const uint8_t *)&values) +
	    place.offset;
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (place.width) {
	case 1:
		return (*p);
	case 2:
		memcpy(&v16, p, 2);
		return (v16);
	case 4:
		memcpy(&v32, p, 4);
		return (v32);
	default:
		assert_int_equal(place.width, 8);
		memcpy(&v64, p, 8);
		return (v64);
	}
}

static bool
is_listed(uint32_t pen, uint16_t id)
{
	const uint16_t *list = pen == IE_PEN_IANA ? iana : reverse;
	size_t i,
	    n = pen == IE_PEN_IANA ? WIRE_NFIELDS(iana) :
	    pen == IE_PEN_REVERSE  ? WIRE_NFIELDS(reverse) :
				     0;

	for (i = 0; i < n; i++) {
		if (list[i] == id)
			return (true);
	}
	return (false);
}

static void
all_elements_and_no_others_are_found(void **state)
{
	static const uint32_t pens[] = { IE_PEN_IANA, PEN_OTHER,
		IE_PEN_REVERSE - 1, IE_PEN_REVERSE, IE_PEN_REVERSE + 1,
		UINT32_MAX };
	struct ie ie;
	uint32_t id;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pens) / sizeof(pens[0]); i++) {
		for (id = 0; id <= UINT16_MAX; id++) {
			if (!is_listed(pens[i], (uint16_t)id)) {
				assert_false(
				    ie_find(pens[i], (uint16_t)id, &ie));
				continue;
			}
			assert_true(ie_find(pens[i], (uint16_t)id, &ie));
			assert_int_equal(ie.pen, pens[i]);
			assert_int_equal(ie.id, id);
		}
	}
}

static size_t
width_of_type(const struct ie *ie, size_t width)
{
	switch ((enum ie_type)ie->type) {
	case IE_UNSIGNED:
		assert_true(
		    width == 1 || width == 2 || width == 4 || width == 8);
		return (width);
	case IE_ADDRESS4:
		return (4);
	case IE_ADDRESS6:
		return (16);
	case IE_SECONDS:
	case IE_NTP_MICRO:
	case IE_NTP_NANO:
	case IE_MILLI:
	case IE_NANO:
		return (8);
	case IE_DSCP:
	case IE_PRECEDENCE:
		return (1);
	case IE_OCTETS:
		return (sizeof(struct ie_octets));
	}
	fail();
	return (0);
}

/* A mask of slots has fewer than 64. */
static uint8_t
nslots(void)
{
	uint8_t n = SLOT_MEMBERS;

	while (ie_member(n) != NULL)
		n++;
	assert_true(n < SLOTS);
	return (n);
}

static void
each_element_has_a_place_of_its_width(void **state)
{
	struct slots filled = { { 0 } };
	struct ie_place place;
	size_t i, size;
	struct ie ie;

	(void)state;
	for (i = 0; i < WIRE_NFIELDS(iana) + WIRE_NFIELDS(reverse); i++) {
		assert_true(i < WIRE_NFIELDS(iana) ?
			ie_find(IE_PEN_IANA, iana[i], &ie) :
			ie_find(IE_PEN_REVERSE, reverse[i - WIRE_NFIELDS(iana)],
			    &ie));
		assert_true(ie.slot < nslots());
		slots_add(&filled, ie.slot);
		place = ie_place(ie.slot);
		size = place.in_flow ? sizeof(flow) : sizeof(values);
		assert_true(place.width > 0);
		assert_true(place.offset + (size_t)place.width <= size);
		assert_int_equal(place.width, width_of_type(&ie, place.width));
	}
	/* The others are of vendors alone. */
	for (i = 0; i < nslots(); i++)
		assert_true(slots_have(&filled, (unsigned int)i) ||
		    i == SLOT_REV_DELAY || i == SLOT_FORWARD + OF_FLAGS_FIRST ||
		    i == SLOT_FORWARD + OF_FLAGS_REST ||
		    i == SLOT_REVERSE + OF_FLAGS_FIRST ||
		    i == SLOT_REVERSE + OF_FLAGS_REST);
}

static void
no_two_slots_share_a_place(void **state)
{
	struct ie_place a, b;
	uint8_t i, j;

	(void)state;
	for (i = 0; i < nslots(); i++) {
		for (j = 0; j < i; j++) {
			a = ie_place(i);
			b = ie_place(j);
			assert_true(a.in_flow != b.in_flow ||
			    a.offset + a.width <= b.offset ||
			    b.offset + b.width <= a.offset);
		}
	}
}

static void
names_are_those_of_the_registry(void **state)
{
	char line[1024], name[128];
	struct ie ie;
	unsigned int id;
	size_t n = 0;
	FILE *fp;

	(void)state;
	if ((fp = recorded_open("iana-elements.tsv")) == NULL)
		skip_because(SKIPPED_WITHOUT_DATA);
	while (fgets(line, sizeof(line), fp) != NULL) {
		if (sscanf(line, "%u\t%127[^\t]", &id, name) != 2 ||
		    id > UINT16_MAX || !ie_find(IE_PEN_IANA, (uint16_t)id, &ie))
			continue;
		assert_string_equal(ie.name, name);
		n++;
	}
	(void)fclose(fp);
	/* Without those of Ericsson. */
	assert_int_equal(n, WIRE_NFIELDS(iana) - 3);
}

/* Reads one number of len octets between two unknown fields. */
static void
check_number(uint16_t version, const struct ie *ie, size_t len, bool variable)
{
	const struct ie_place place = ie_place(ie->slot);
	const struct wire_field fields[] = {
		{ 500, 3, 0 },
		{ ie->id, variable ? WIRE_VARIABLE : (uint16_t)len, ie->pen },
		{ 501, 1, 0 },
	};
	uint64_t want = 0;
	size_t i;

	define_one(version, fields, WIRE_NFIELDS(fields));
	CHECK_SLOTS(version, ie->slot);
	wire_fill(&wire, 0xff, 3);
	if (variable)
		wire_uint(&wire, len, 1);
	for (i = 0; i < len; i++) {
		wire_uint(&wire, 0x81 + i, 1);
		want = want << 8 | (0x81 + i);
	}
	wire_fill(&wire, 0xff, 1);
	run(version);
	if (place.width < 8)
		want &= (UINT64_C(1) << place.width * 8) - 1;
	assert_true(at_place(place) == want);
}

static void
check_element(uint32_t pen, uint16_t id)
{
	struct ie ie;
	size_t len;

	assert_true(ie_find(pen, id, &ie));
	if (ie.type != IE_UNSIGNED)
		return;
	for (len = 1; len <= 16; len++) {
		check_number(IPFIX, &ie, len, false);
		check_number(IPFIX, &ie, len, true);
		if (pen != IE_PEN_IANA)
			continue;
		check_number(V9, &ie, len, false);
		check_number(V9, &ie, len, true);
	}
}

static void
numbers_are_read_in_every_length(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < WIRE_NFIELDS(iana); i++)
		check_element(IE_PEN_IANA, iana[i]);
	for (i = 0; i < WIRE_NFIELDS(reverse); i++)
		check_element(IE_PEN_REVERSE, reverse[i]);
}

/* got has width bytes, right-aligned like a number. */
static void
check_address(uint16_t id, const uint8_t *got, size_t width)
{
	uint8_t sent[24], want[16];
	struct wire_field field = { id, 0, 0 };
	size_t i;

	for (field.len = 1; field.len <= sizeof(sent); field.len++) {
		define_one(IPFIX, &field, 1);
		memset(want, 0, sizeof(want));
		for (i = 0; i < field.len; i++)
			sent[i] = (uint8_t)(0x91 + i);
		for (i = 0; i < field.len && i < width; i++)
			want[width - 1 - i] = sent[field.len - 1 - i];
		wire_bytes(&wire, sent, field.len);
		run(IPFIX);
		assert_memory_equal(got, want, width);
	}
}

static void
addresses_are_read_in_every_length(void **state)
{
	(void)state;
	check_address(8, flow.src.bytes, 4);
	check_address(12, flow.dst.bytes, 4);
	check_address(27, flow.src.bytes, 16);
	check_address(28, flow.dst.bytes, 16);
	check_address(15, flow.gateway.bytes, 4);
	check_address(18, flow.gateway.bytes, 4);
	check_address(62, flow.gateway.bytes, 16);
	check_address(63, flow.gateway.bytes, 16);
}

/* Returns the NTP timestamp read as element id, in ms since 1970. */
static uint64_t
read_ntp(uint16_t id, uint32_t sec, uint32_t fraction)
{
	const struct wire_field field = { id, 8, 0 };

	define_one(IPFIX, &field, 1);
	wire_uint(&wire, sec, 4);
	wire_uint(&wire, fraction, 4);
	run(IPFIX);
	return (id % 2 == 0 ? values.forward.start : values.forward.end);
}

static void
ntp_times_convert_to_the_original_ms(void **state)
{
	static const uint16_t ids[] = { 154, 155, 156, 157 };
	const uint64_t sec = WIRE_EXPORT_SEC;
	uint64_t ms;
	size_t i;

	(void)state;
	for (i = 0; i < WIRE_NFIELDS(ids); i++) {
		for (ms = 0; ms < 1000; ms++)
			assert_true(
			    read_ntp(ids[i], WIRE_EXPORT_SEC + 2208988800U,
				(uint32_t)((ms << 32) / 1000)) ==
			    sec * 1000 + ms);
	}
}

static void
ntp_times_are_rounded_to_their_unit_only(void **state)
{
	/* .1239997 s */
	const uint32_t fraction =
	    (uint32_t)((UINT64_C(1239997) << 32) / 10000000);

	(void)state;
	assert_true(read_ntp(154, 2208988800U, fraction) == 124);
	assert_true(read_ntp(156, 2208988800U, fraction) == 123);
	assert_true(read_ntp(154, 2208988800U, UINT32_MAX) == 1000);
	assert_true(read_ntp(156, 2208988800U, UINT32_MAX) == 1000);
	assert_true(read_ntp(156, 2208988800U, UINT32_MAX - 4) == 999);
}

static void
ntp_times_continue_after_2036(void **state)
{
	(void)state;
	assert_true(read_ntp(154, UINT32_MAX, 0) == UINT64_C(2085978495000));
	assert_true(read_ntp(154, 0, 0) == UINT64_C(2085978496000));
	assert_true(read_ntp(157, 1000, 0x80000000) == UINT64_C(2085979496500));
}

static void
ntp_times_of_other_lengths_are_not_read(void **state)
{
	struct wire_field fields[] = { { 154, 4, 0 }, { 4, 1, 0 } };
	static const uint16_t lens[] = { 1, 4, 7, 9, 16 };
	size_t i;

	(void)state;
	for (i = 0; i < WIRE_NFIELDS(lens); i++) {
		fields[0].len = lens[i];
		define_one(IPFIX, fields, WIRE_NFIELDS(fields));
		CHECK_SLOTS(IPFIX, SLOT_OF(protocol));
		wire_fill(&wire, 0xff, lens[i]);
		wire_uint(&wire, 6, 1);
		run(IPFIX);
		assert_int_equal(flow.protocol, 6);
	}
}

static void
seconds_become_ms(void **state)
{
	struct wire_field fields[] = { { 150, 4, 0 }, { 151, 8, 0 } };

	(void)state;
	define_one(IPFIX, fields, WIRE_NFIELDS(fields));
	wire_uint(&wire, UINT32_MAX, 4);
	wire_uint(&wire, UINT64_C(0x100000001), 8);
	run(IPFIX);
	assert_true(values.forward.start == UINT64_C(4294967295000));
	assert_true(values.forward.end == UINT64_C(4294967297000));
}

static void
check_text(const char *sent, size_t len)
{
	const struct wire_field field = { 82, WIRE_VARIABLE, 0 };

	define_one(IPFIX, &field, 1);
	wire_variable(&wire, sent, len, len > 254);
	run(IPFIX);
	assert_int_equal(values.if_name.len, len);
}

static void
text_is_not_truncated(void **state)
{
	char text[300];

	(void)state;
	memset(text, 'x', sizeof(text));
	check_text("Gi0/1", 5);
	check_text("", 0);
	check_text("a\"b\\c\nd\x1b[m\x7f\x80", 12);
	check_text(text, 300);
}

static void
check_variable(uint16_t version, size_t len, int wide)
{
	static const struct wire_field fields[] = {
		{ 4, 1, 0 },
		{ 96, WIRE_VARIABLE, 0 },
		{ 2, 4, 0 },
	};
	static uint8_t junk[WIRE_MAX];
	size_t i, left, whole;

	define_one(version, fields, WIRE_NFIELDS(fields));
	wire_uint(&wire, 17, 1);
	wire_variable(&wire, junk, len, wide);
	wire_uint(&wire, 123456, 4);
	run(version);
	assert_int_equal(flow.protocol, 17);
	assert_int_equal(flow.packets, 123456);
	/* Octets after it are not read, nor any that are missing. */
	whole = wire_len(&wire);
	wire_fill(&wire, 0, 5);
	assert_int_equal(run_on(version, whole + 5, &left), 0);
	assert_int_equal(left, 5);
	for (i = 0; i < whole; i += 1 + i / 4)
		assert_int_equal(run_on(version, i, &left), FLOWD_ESHORT);
	assert_int_equal(run_on(version, whole - 1, &left), FLOWD_ESHORT);
}

static void
variable_lengths_are_read(void **state)
{
	static const uint16_t versions[] = { V9, IPFIX };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		check_variable(versions[i], 0, 0);
		check_variable(versions[i], 1, 0);
		check_variable(versions[i], 254, 0);
		check_variable(versions[i], 0, 1);
		check_variable(versions[i], 3, 1);
		check_variable(versions[i], 255, 1);
		check_variable(versions[i], 65000, 1);
	}
}

static void
a_number_of_length_0_is_0(void **state)
{
	static const struct wire_field field = { 1, WIRE_VARIABLE, 0 };

	(void)state;
	define_one(IPFIX, &field, 1);
	wire_uint(&wire, 0, 1);
	run(IPFIX);
	assert_int_equal(flow.octets, 0);
}

static void
the_minimum_length_of_variable_records_is_known(void **state)
{
	static const struct wire_field fields[] = {
		{ 96, WIRE_VARIABLE, 0 },
		{ 4, 1, 0 },
		{ 82, WIRE_VARIABLE, 0 },
		{ 97, 0, 0 },
	};

	(void)state;
	define_one(IPFIX, fields, WIRE_NFIELDS(fields));
	assert_int_equal(find(IPFIX, 256)->record_len, 3);
	assert_true(find(IPFIX, 256)->variable);
}

static void
fields_of_length_0_are_absent(void **state)
{
	static const struct wire_field fixed[] = {
		{ 1, 0, 0 }, { 4, 1, 0 }, { 8, 0, 0 }, { 154, 0, 0 },
		{ 82, 0, 0 }, { 7, 2, 0 },
	}, variable[] = {
		{ 1, 0, 0 }, { 4, 1, 0 }, { 96, WIRE_VARIABLE, 0 },
		{ 8, 0, 0 }, { 7, 2, 0 },
	};
	(void)state;
	define_one(V9, fixed, WIRE_NFIELDS(fixed));
	CHECK_SLOTS(V9, SLOT_OF(protocol), SLOT_OF(src_port));
	wire_uint(&wire, 6, 1);
	wire_uint(&wire, 4711, 2);
	run(V9);
	assert_int_equal(flow.protocol, 6);
	assert_int_equal(flow.src_port, 4711);
	define_one(IPFIX, variable, WIRE_NFIELDS(variable));
	CHECK_SLOTS(IPFIX, SLOT_OF(protocol), SLOT_OF(src_port));
	wire_uint(&wire, 17, 1);
	wire_variable(&wire, "abc", 3, 0);
	wire_uint(&wire, 4712, 2);
	run(IPFIX);
	assert_int_equal(flow.protocol, 17);
	assert_int_equal(flow.src_port, 4712);
}

/* Otherwise one octet of data could cost as much time as there are fields. */
static void
fields_of_length_0_cost_no_time(void **state)
{
	static struct wire_field fields[8000];
	size_t i;

	(void)state;
	fields[0] = (struct wire_field){ 96, WIRE_VARIABLE, 0 };
	for (i = 1; i < WIRE_NFIELDS(fields); i++)
		fields[i].id = (uint16_t)(1 + i % 100);
	define_one(V9, fields, WIRE_NFIELDS(fields));
	assert_int_equal(find(V9, 256)->nops, 1);
}

static void
the_first_of_repeated_elements_is_stored(void **state)
{
	static const struct wire_field fields[] = {
		{ 4, 1, 0 },
		{ 1, 4, 0 },
		{ 4, 1, 0 },
		{ 1, 8, 0 },
		{ 8, 4, 0 },
		{ 8, 4, 0 },
	};

	(void)state;
	define_one(IPFIX, fields, WIRE_NFIELDS(fields));
	wire_uint(&wire, 6, 1);
	wire_uint(&wire, 1000, 4);
	wire_uint(&wire, 17, 1);
	wire_uint(&wire, 2000, 8);
	wire_uint(&wire, 0xc0000201, 4);
	wire_uint(&wire, 0xc0000202, 4);
	run(IPFIX);
	assert_int_equal(flow.protocol, 6);
	assert_int_equal(flow.octets, 1000);
	assert_int_equal(flow.src.bytes[3], 1);
}

/* In either order, the preferred of two elements fills the slot. */
static void
check_preferred(uint16_t better, uint16_t worse)
{
	struct ie ie;
	struct ie_place place;
	const struct wire_field first[] = { { better, 4, 0 }, { worse, 4, 0 } },
				last[] = { { worse, 4, 0 }, { better, 4, 0 } };

	assert_true(ie_find(IE_PEN_IANA, better, &ie));
	place = ie_place(ie.slot);
	define_one(IPFIX, first, 2);
	wire_uint(&wire, 11, 4);
	wire_uint(&wire, 22, 4);
	run(IPFIX);
	assert_int_equal(at_place(place), 11);
	define_one(IPFIX, last, 2);
	wire_uint(&wire, 22, 4);
	wire_uint(&wire, 11, 4);
	run(IPFIX);
	assert_int_equal(at_place(place), 11);
}

static void
the_preferred_element_of_a_slot_is_stored(void **state)
{
	/* The elements of each slot, in order of preference; 0 ends a row. */
	static const uint16_t rows[][20] = {
		{ 1, 231, 23, 85, 171, 391, 352, 353, 417, 420, 20, 175, 418,
		    421, 224, 190, 312, 242, 0 },
		{ 2, 298, 24, 86, 172, 392, 430, 431, 19, 174, 0 },
		{ 4, 193, 0 },
		{ 10, 252, 0 },
		{ 14, 253, 0 },
		{ 16, 129, 0 },
		{ 17, 128, 0 },
		{ 39, 141, 0 },
		{ 302, 48, 0 },
		{ 304, 49, 35, 0 },
		{ 305, 50, 34, 0 },
	};
	size_t i, a, b;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (a = 0; rows[i][a] != 0; a++) {
			for (b = a + 1; rows[i][b] != 0; b++)
				check_preferred(rows[i][a], rows[i][b]);
		}
	}
}

static void
ip_next_hop_has_priority_over_bgp_next_hop(void **state)
{
	static const struct wire_field fields[] = {
		{ 18, 4, 0 },
		{ 63, 16, 0 },
		{ 15, 4, 0 },
		{ 62, 16, 0 },
	};

	(void)state;
	define_one(V9, fields, WIRE_NFIELDS(fields));
	wire_fill(&wire, 18, 4);
	wire_fill(&wire, 63, 16);
	wire_fill(&wire, 15, 4);
	wire_fill(&wire, 62, 16);
	run(V9);
	assert_int_equal(values.forward.gateway4[0], 15);
	assert_int_equal(values.forward.gateway6[0], 62);
}

static void
unknown_elements_are_skipped(void **state)
{
	static const struct wire_field fields[] = {
		{ 3, 7, 0 },
		{ 1, 4, PEN_OTHER },
		{ 6, 2, 0 },
		{ 2, WIRE_VARIABLE, PEN_OTHER },
		{ 4, 1, 0 },
		{ 4, 1, PEN_OTHER },
		{ 32767, 300, 0 },
		{ 2, 2, 0 },
	};

	(void)state;
	define_one(IPFIX, fields, WIRE_NFIELDS(fields));
	wire_fill(&wire, 0xee, 7);
	wire_fill(&wire, 0xee, 4);
	wire_uint(&wire, 0x0112, 2);
	wire_variable(&wire, "abcd", 4, 0);
	wire_uint(&wire, 6, 1);
	wire_fill(&wire, 0xee, 1);
	wire_fill(&wire, 0xee, 300);
	wire_uint(&wire, 77, 2);
	run(IPFIX);
	assert_int_equal(flow.tcp_flags, 0x12);
	assert_int_equal(flow.protocol, 6);
	assert_int_equal(flow.packets, 77);
	CHECK_SLOTS(IPFIX, SLOT_OF(tcp_flags), SLOT_OF(protocol),
	    SLOT_OF(packets));
}

static void
members_without_element_are_unchanged(void **state)
{
	static const struct wire_field field = { 4, 1, 0 };
	struct flow want;
	struct ie_values untouched;

	(void)state;
	define_one(V9, &field, 1);
	wire_uint(&wire, 17, 1);
	run(V9);
	memset(&want, UNTOUCHED, sizeof(want));
	memset(&untouched, UNTOUCHED, sizeof(untouched));
	want.protocol = 17;
	assert_memory_equal(&flow, &want, sizeof(want));
	assert_memory_equal(&values, &untouched, sizeof(values));
}

/* The top bit of a field type has no special meaning: RFC 3954 section 8. */
static void
v9_has_no_enterprise_numbers(void **state)
{
	static const struct wire_field fields[] = {
		{ 0x8001, 4, 0 },
		{ 0xffff, 2, 0 },
		{ 4, 1, 0 },
	};

	(void)state;
	define_one(V9, fields, WIRE_NFIELDS(fields));
	CHECK_SLOTS(V9, SLOT_OF(protocol));
	assert_int_equal(find(V9, 256)->record_len, 7);
	wire_fill(&wire, 0xee, 6);
	wire_uint(&wire, 6, 1);
	run(V9);
	assert_int_equal(flow.protocol, 6);
}

static void
ipfix_needs_the_enterprise_number(void **state)
{
	static const struct wire_field fields[] = {
		{ 4, 1, 0 },
		{ 0x8001, 4, 0 },
	};

	(void)state;
	assert_int_equal(define(IPFIX, 256, fields, 2), TEMPLATE_BAD);
	assert_int_equal(error, FLOWD_ESHORT);
	assert_null(find(IPFIX, 256));
}

static const struct wire_field proto_octets[] = { { 4, 1, 0 }, { 1, 4, 0 } };
static const struct wire_field octets_proto[] = { { 1, 4, 0 }, { 4, 1, 0 } };

static void
a_repeated_definition_is_the_same(void **state)
{
	const struct tmpl *t;
	size_t used;

	(void)state;
	assert_int_equal(define(V9, 256, proto_octets, 2), TEMPLATE_NEW);
	t = find(V9, 256);
	used = memory.used;
	assert_int_equal(define(V9, 256, proto_octets, 2), TEMPLATE_SAME);
	assert_int_equal(specs_left, 0);
	assert_ptr_equal(find(V9, 256), t);
	assert_int_equal(memory.used, used);
	assert_int_equal(templates.count, 1);
}

static void
another_definition_replaces_the_first(void **state)
{
	(void)state;
	assert_int_equal(define(V9, 256, proto_octets, 2), TEMPLATE_NEW);
	assert_int_equal(define(V9, 256, octets_proto, 2), TEMPLATE_NEW);
	assert_int_equal(templates.count, 1);
	wcur_init(&wire.at, wire.buf, sizeof(wire.buf));
	wire_uint(&wire, 1234, 4);
	wire_uint(&wire, 6, 1);
	run(V9);
	assert_int_equal(flow.octets, 1234);
	assert_int_equal(flow.protocol, 6);
	/* A definition that begins in the same way is a different one. */
	assert_int_equal(define(V9, 256, octets_proto, 1), TEMPLATE_NEW);
	assert_int_equal(find(V9, 256)->record_len, 4);
	assert_int_equal(define(V9, 256, octets_proto, 2), TEMPLATE_NEW);
	assert_int_equal(find(V9, 256)->record_len, 5);
}

static void
options_and_scopes_make_another_definition(void **state)
{
	const struct template_key key = key_of(IPFIX, 256);
	struct cursor specs;
	uint8_t bytes[8];
	size_t i;
	static const struct {
		bool options;
		uint16_t scopes;
		enum template_result result;
	} rows[] = {
		{ false, 0, TEMPLATE_NEW },
		{ true, 1, TEMPLATE_NEW },
		{ true, 1, TEMPLATE_SAME },
		{ true, 2, TEMPLATE_NEW },
		{ true, 0, TEMPLATE_NEW },
		{ false, 0, TEMPLATE_NEW },
	};

	(void)state;
	wire_start(&wire, IPFIX);
	wire_specs(&wire, proto_octets, 2);
	memcpy(bytes, wire.buf + wire_len(&wire) - sizeof(bytes),
	    sizeof(bytes));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cur_init(&specs, bytes, sizeof(bytes));
		assert_int_equal(template_define(&templates, &memory, MAX, &key,
				     &only, rows[i].options, rows[i].scopes, 2,
				     &specs, &error),
		    rows[i].result);
		assert_int_equal(find(IPFIX, 256)->options, rows[i].options);
		assert_int_equal(find(IPFIX, 256)->scopes, rows[i].scopes);
	}
}

static void
versions_domains_and_ids_are_separate(void **state)
{
	struct template_key key = key_of(V9, 256);

	(void)state;
	define(V9, 256, proto_octets, 2);
	assert_null(find(IPFIX, 256));
	assert_null(find(V9, 257));
	key.domain++;
	assert_null(template_find(&templates, &key, only.bit));
	assert_int_equal(define(IPFIX, 256, octets_proto, 2), TEMPLATE_NEW);
	assert_int_equal(define(V9, 256, proto_octets, 2), TEMPLATE_SAME);
	assert_int_equal(templates.count, 2);
}

static void
scopes_of_v9_have_their_own_numbers(void **state)
{
	/* System, interface, line card, and then the element 82. */
	static const struct wire_field fields[] = {
		{ 1, 4, 0 },
		{ 2, 4, 0 },
		{ 3, 2, 0 },
		{ 82, 4, 0 },
	};
	const struct template_key key = key_of(V9, 256);
	struct cursor specs;

	(void)state;
	wire_start(&wire, V9);
	wire_specs(&wire, fields, 4);
	cur_init(&specs, wire.buf + wire_len(&wire) - 16, 16);
	assert_int_equal(template_define(&templates, &memory, MAX, &key, &only,
			     true, 3, 4, &specs, &error),
	    TEMPLATE_NEW);
	CHECK_SLOTS(V9, SLOT_OF(if_index_in), SLOT_IF_NAME, SLOT_OF(engine_id));
	wcur_init(&wire.at, wire.buf, sizeof(wire.buf));
	wire_uint(&wire, 0xeeeeeeee, 4);
	wire_uint(&wire, 42, 4);
	wire_uint(&wire, 0xeeee, 2);
	wire_bytes(&wire, "eth0", 4);
	run(V9);
	assert_int_equal(flow.if_index_in, 42);
	assert_int_equal(values.if_name.len, 4);
}

static void
a_failed_definition_leaves_the_previous_one(void **state)
{
	static const struct wire_field empty[] = { { 4, 0, 0 }, { 1, 0, 0 } };

	(void)state;
	define(V9, 256, proto_octets, 2);
	assert_int_equal(define_as(V9, 256, octets_proto, 2, 3, MAX),
	    TEMPLATE_BAD);
	assert_int_equal(error, FLOWD_ESHORT);
	assert_int_equal(define(V9, 256, empty, 2), TEMPLATE_BAD);
	assert_int_equal(error, FLOWD_EINVAL);
	assert_int_equal(specs_left, 0);
	assert_int_equal(define(V9, 256, NULL, 0), TEMPLATE_BAD);
	assert_int_equal(error, FLOWD_EINVAL);
	assert_int_equal(templates.count, 1);
	wcur_init(&wire.at, wire.buf, sizeof(wire.buf));
	wire_uint(&wire, 17, 1);
	wire_uint(&wire, 500, 4);
	run(V9);
	assert_int_equal(flow.protocol, 17);
	assert_int_equal(flow.octets, 500);
}

static void
more_fields_than_octets_are_refused(void **state)
{
	(void)state;
	assert_int_equal(define_as(V9, 256, proto_octets, 2, 65535, MAX),
	    TEMPLATE_BAD);
	assert_int_equal(error, FLOWD_ESHORT);
	assert_int_equal(define_as(IPFIX, 256, proto_octets, 2, 65535, MAX),
	    TEMPLATE_BAD);
	assert_int_equal(define_as(V9, 256, NULL, 0, 1, MAX), TEMPLATE_BAD);
	assert_int_equal(templates.count, 0);
}

static void
records_are_no_longer_than_a_datagram(void **state)
{
	static const struct wire_field longest[] = {
		{ 96, 65534, 0 }, { 4, 1, 0 },
	}, longer[] = {
		{ 96, 65534, 0 }, { 1, 2, 0 },
	}, much_longer[] = {
		{ 96, 65534, 0 }, { 97, 65534, 0 }, { 1, 4, 0 },
	};

	(void)state;
	define_one(V9, longest, 2);
	wire_fill(&wire, 0xee, 65534);
	wire_uint(&wire, 6, 1);
	run(V9);
	assert_int_equal(flow.protocol, 6);
	assert_int_equal(define(V9, 257, longer, 2), TEMPLATE_BAD);
	assert_int_equal(error, FLOWD_EINVAL);
	assert_int_equal(define(V9, 257, much_longer, 3), TEMPLATE_BAD);
	assert_int_equal(error, FLOWD_EINVAL);
}

static void
the_least_recently_used_is_evicted_at_the_limit(void **state)
{
	uint16_t id;

	(void)state;
	for (id = 256; id < 259; id++)
		assert_int_equal(define_as(V9, id, proto_octets, 2, 2, 3),
		    TEMPLATE_NEW);
	assert_non_null(find(V9, 256));
	assert_int_equal(define_as(V9, 259, proto_octets, 2, 2, 3),
	    TEMPLATE_NEW);
	assert_null(find(V9, 257));
	/* A refresh counts as a use. */
	assert_int_equal(define_as(V9, 258, proto_octets, 2, 2, 3),
	    TEMPLATE_SAME);
	assert_int_equal(define_as(V9, 260, proto_octets, 2, 2, 3),
	    TEMPLATE_NEW);
	assert_null(find(V9, 256));
	assert_non_null(find(V9, 258));
	assert_non_null(find(V9, 259));
	assert_non_null(find(V9, 260));
	assert_int_equal(templates.count, 3);
}

static void
many_templates_are_all_found(void **state)
{
	const struct template_key key = key_of(V9, 256);
	uint32_t id;

	(void)state;
	pool.limit = 64 << 20;
	for (id = 256; id < 5256; id++)
		assert_int_equal(define_as(V9, (uint16_t)id, proto_octets,
				     1 + id % 2, 1 + (uint16_t)(id % 2), 4096),
		    TEMPLATE_NEW);
	assert_int_equal(templates.count, 4096);
	for (id = 256; id < 5256; id++) {
		struct tmpl *t = find(V9, (uint16_t)id);

		assert_int_equal(t != NULL, id >= 5256 - 4096);
		if (t != NULL)
			assert_int_equal(t->record_len, id % 2 ? 5 : 1);
	}
	assert_null(template_find(&templates, &key, only.bit));
}

static void
memory_is_not_exceeded(void **state)
{
	static struct wire_field fields[100];
	uint16_t id;
	size_t i, most = 0;

	(void)state;
	for (i = 0; i < WIRE_NFIELDS(fields); i++)
		fields[i] = (struct wire_field){ (uint16_t)(1 + i), 4, 0 };
	pool.limit = 8192;
	for (id = 256; id < 512; id++) {
		assert_int_equal(define(V9, id, fields, 1 + id % 100),
		    TEMPLATE_NEW);
		assert_non_null(find(V9, id));
		if (memory.used > most)
			most = memory.used;
	}
	assert_true(most > 7000 && most <= 8192);
	assert_null(find(V9, 256));
}

static void
without_memory_a_definition_fails(void **state)
{
	static const struct wire_field field = { 4, 1, 0 };

	(void)state;
	pool.limit = 16;
	assert_int_equal(define(V9, 256, &field, 1), TEMPLATE_NO_ROOM);
	assert_null(find(V9, 256));
	pool.limit = 4 * sizeof(void *) + 64;
	assert_int_equal(define(V9, 256, &field, 1), TEMPLATE_NO_ROOM);
	assert_null(find(V9, 256));
	assert_int_equal(templates.count, 0);
}

/* The exporter has replaced it, so its data would be decoded wrongly. */
static void
a_redefinition_without_memory_removes_the_template(void **state)
{
	static struct wire_field fields[200];
	size_t i;

	(void)state;
	for (i = 0; i < WIRE_NFIELDS(fields); i++)
		fields[i] = (struct wire_field){ 300, 4, 0 };
	assert_int_equal(define(V9, 256, proto_octets, 2), TEMPLATE_NEW);
	pool.limit = memory.used + 100;
	assert_int_equal(define(V9, 256, fields, 200), TEMPLATE_NO_ROOM);
	assert_null(find(V9, 256));
}

static void
uptimes_of_v9_are_read_directly_into_the_flow(void **state)
{
	static const struct wire_field fields[] = {
		{ 22, 4, 0 },
		{ 21, 4, 0 },
	};

	(void)state;
	define_one(V9, fields, 2);
	assert_int_equal(find(V9, 256)->steps & STEP_TIMES, 0);
	wire_uint(&wire, 1111, 4);
	wire_uint(&wire, 2222, 4);
	run(V9);
	assert_int_equal(flow.flow_start, 1111);
	assert_int_equal(flow.flow_finish, 2222);
	/* A single uptime, or one of IPFIX, needs more computation. */
	define_one(V9, fields, 1);
	assert_true((find(V9, 256)->steps & STEP_TIMES) != 0);
	define_one(IPFIX, fields, 2);
	assert_true((find(IPFIX, 256)->steps & STEP_TIMES) != 0);
	wire_uint(&wire, 1111, 4);
	wire_uint(&wire, 2222, 4);
	run(IPFIX);
	assert_int_equal(values.forward.start_uptime, 1111);
	assert_int_equal(values.forward.end_uptime, 2222);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Restores a definition of n fields of one octet that has no owner. */
static enum template_result
restore(uint16_t n, uint64_t turn)
{
	static uint8_t specs[4 * MANY_FIELDS];
	const struct tmpl saved = {
		.key = key_of(V9, 256),
		.nfields = n,
		.turn = turn,
	};
	struct cursor c;
	size_t i;

	assert_in_range(n, 1, MANY_FIELDS);
	for (i = 0; i < n; i++) {
		be16_put(specs + 4 * i, IE_UNKNOWN);
		be16_put(specs + 4 * i + 2, 1);
	}
	cur_init(&c, specs, 4 * (size_t)n);
	return (template_restore(&templates, &memory, MAX, &saved, &c));
}

/* The older of two definitions without an owner is dropped, in any order. */
static void
orphans_are_not_restored(void **state)
{
	(void)state;
	assert_int_equal(restore(1, 9), TEMPLATE_NEW);
	assert_int_equal(restore(MANY_FIELDS, 3), TEMPLATE_NEW);
	assert_int_equal(templates.count, 1);
	assert_int_equal(templates_oldest(&templates)->nfields, 1);
	assert_int_equal(restore(MANY_FIELDS, 12), TEMPLATE_NEW);
	assert_int_equal(templates.count, 1);
	assert_int_equal(templates_oldest(&templates)->nfields, MANY_FIELDS);
}

static void
a_template_is_restored_once(void **state)
{
	(void)state;
	assert_int_equal(restore(2, 5), TEMPLATE_NEW);
	assert_int_equal(restore(2, 5), TEMPLATE_NEW);
	assert_int_equal(templates.count, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_elements_and_no_others_are_found),
		TEST(each_element_has_a_place_of_its_width),
		TEST(no_two_slots_share_a_place),
		TEST(names_are_those_of_the_registry),
		TEST(numbers_are_read_in_every_length),
		TEST(addresses_are_read_in_every_length),
		TEST(ntp_times_convert_to_the_original_ms),
		TEST(ntp_times_are_rounded_to_their_unit_only),
		TEST(ntp_times_continue_after_2036),
		TEST(ntp_times_of_other_lengths_are_not_read),
		TEST(seconds_become_ms),
		TEST(text_is_not_truncated),
		TEST(variable_lengths_are_read),
		TEST(a_number_of_length_0_is_0),
		TEST(the_minimum_length_of_variable_records_is_known),
		TEST(fields_of_length_0_are_absent),
		TEST(fields_of_length_0_cost_no_time),
		TEST(the_first_of_repeated_elements_is_stored),
		TEST(the_preferred_element_of_a_slot_is_stored),
		TEST(ip_next_hop_has_priority_over_bgp_next_hop),
		TEST(unknown_elements_are_skipped),
		TEST(members_without_element_are_unchanged),
		TEST(v9_has_no_enterprise_numbers),
		TEST(ipfix_needs_the_enterprise_number),
		TEST(a_repeated_definition_is_the_same),
		TEST(another_definition_replaces_the_first),
		TEST(options_and_scopes_make_another_definition),
		TEST(versions_domains_and_ids_are_separate),
		TEST(scopes_of_v9_have_their_own_numbers),
		TEST(a_failed_definition_leaves_the_previous_one),
		TEST(more_fields_than_octets_are_refused),
		TEST(records_are_no_longer_than_a_datagram),
		TEST(the_least_recently_used_is_evicted_at_the_limit),
		TEST(many_templates_are_all_found),
		TEST(orphans_are_not_restored),
		TEST(a_template_is_restored_once),
		TEST(memory_is_not_exceeded),
		TEST(without_memory_a_definition_fails),
		TEST(a_redefinition_without_memory_removes_the_template),
		TEST(uptimes_of_v9_are_read_directly_into_the_flow),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
