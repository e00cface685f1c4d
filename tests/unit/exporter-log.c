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
 * Messages about exporters: each change is logged once, and a day of the worst
 * exporters fills less than a megabyte.  The clock is the test's.
 */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "decode/exporter-log.h"
#include "decode/exporters.h"
#include "fixture9.h"

#define DAY      86400
#define NOW      1700000000U
#define MEGABYTE 1000000
/* The prefix that syslogd and the monitor add to each message. */
#define STAMP "Nov 30 00:00:00 collector flowd[4194304]: collector: "

static const struct wire_field packets[] = { { 2, 4, 0 } };
static const struct wire_field octets_only[] = { { 1, 4, 0 } };

static const struct exporter_limits many = {
	.exporters = 1000,
	.templates = TEMPLATES_DEFAULT,
	.memory = MEMORY_DEFAULT,
};
static struct exporter_table *table;

static int
setup_many(void **state)
{
	(void)state;
	table = exporters_new(&many);
	return (table == NULL ? -1 : 0);
}

static int
teardown_many(void **state)
{
	(void)state;
	exporters_free(table);
	return (0);
}

static struct exporter *
get(uint32_t number, uint32_t now, bool named)
{
	uint8_t bytes[4];
	struct addr addr;

	be32_put(bytes, number);
	addr = addr_v4(bytes);
	return (exporter_get(table, &addr, now, named));
}

/* Returns the size of the messages in syslogd's file. */
static size_t
in_syslog(const char *text, size_t size)
{
	size_t lines = 0;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return (size + lines * strlen(STAMP));
}

/*
 * Returns the size of the day's messages. capture_end may truncate them; the
 * rest is assumed to have lines of the same size.
 */
static size_t
end_of_day(void)
{
	const size_t size = capture_size();
	char *text = capture_end();
	const size_t len = strlen(text);

	assert_true(len > 0);
	return (in_syslog(text, len) * ((size + len - 1) / len));
}

static void
every_cause(struct exporter *e, uint32_t now)
{
	unsigned int cause;

	for (cause = 0; cause < EXPORTER_CAUSES; cause++)
		exporter_warnx(e, (enum exporter_cause)cause, now,
		    "domain %u: %0190u", 4294967295U, cause);
}

static void
a_day_of_the_worst_exporter(void **state)
{
	uint32_t i;

	(void)state;
	capture_begin();
	for (i = 0; i < DAY; i++)
		every_cause(get(1, NOW + i, false), NOW + i);
	assert_in_range(end_of_day(), MEGABYTE / 20, MEGABYTE / 3);
}

/* A hundred exporters that flow sources name, and made-up addresses. */
static void
a_day_of_many_exporters(void **state)
{
	uint32_t i;

	(void)state;
	capture_begin();
	for (i = 0; i < DAY; i++) {
		every_cause(get(0xc6336400 + i % 100, NOW + i, true), NOW + i);
		every_cause(get(0x0a000000 + i, NOW + i, false), NOW + i);
	}
	assert_in_range(end_of_day(), MEGABYTE / 4, MEGABYTE);
}

static void
the_number_held_back_is_logged(void **state)
{
	const char *said;
	uint32_t i;

	(void)state;
	capture_begin();
	for (i = 0; i < 2 * LOG_BUDGET_LINES; i++)
		every_cause(get(i, NOW, false), NOW);
	(void)capture_end();
	capture_begin();
	exporter_info(get(0xcb007107, NOW, false), EXPORTER_RESTARTED,
	    NOW + LOG_BUDGET_SECONDS, "is here");
	said = capture_end();
	assert_non_null(strstr(said, "203.0.113.7: is here ("));
	assert_non_null(strstr(said, " messages about exporters held back)\n"));
}

static void
made_up_addresses_do_not_silence_others(void **state)
{
	uint32_t i;

	(void)state;
	capture_begin();
	for (i = 0; i < 2 * LOG_BUDGET_LINES; i++)
		every_cause(get(i, NOW, false), NOW);
	(void)capture_end();
	capture_begin();
	exporter_warnx(get(0xc6336407, NOW, true), EXPORTER_INVALID, NOW,
	    "bad");
	assert_string_equal(capture_end(), "198.51.100.7: bad\n");
}

/* Sends a template of one field; returns the messages about it. */
static const char *
define(uint16_t id, const struct wire_field *fields)
{
	wire_start(&w, IPFIX);
	wire_template(&w, id, fields, 1);
	capture_begin();
	c.aloud = true;
	(void)collect_wire(&c, &w);
	return (capture_end());
}

static void
a_new_exporter_is_named_once(void **state)
{
	(void)state;
	assert_string_equal(define(256, packets),
	    "192.0.2.1: new exporter, sends NetFlow version 10\n");
	assert_string_equal(define(257, packets), "");
	assert_string_equal(define(256, packets), "");
}

static void
send_record(uint16_t id)
{
	wire_start(&w, IPFIX);
	wire_set(&w, id);
	wire_uint(&w, 1, 4);
	assert_int_equal(collect_wire(&c, &w), DECODED);
}

static void
a_redefinition_is_logged(void **state)
{
	(void)state;
	(void)define(256, packets);
	assert_string_equal(define(256, octets_only), "");
	send_record(256);
	assert_string_equal(define(256, packets),
	    "192.0.2.1: domain 5: template 256 redefined\n");
	assert_string_equal(define(256, octets_only), "");
}

static void
an_undecodable_datagram_makes_no_exporter(void **state)
{
	static const uint8_t junk[] = { 0, 5, 0, 1 };

	(void)state;
	capture_begin();
	c.aloud = true;
	(void)collect_datagram(&c, junk, sizeof(junk));
	assert_string_equal(capture_end(),
	    "192.0.2.1: v5: header exceeds the datagram; datagram of 4 octets "
	    "dropped\n");
}

/* Sends the rate of a sampler, by IPFIX; returns the messages about it. */
static const char *
sample(uint32_t one_of)
{
	static const struct wire_field fields[] = { { 302, 2, 0 },
		{ 305, 4, 0 }, { 306, 4, 0 } };

	wire_start(&w, IPFIX);
	wire_options(&w, 300, fields, 3, 1);
	wire_set(&w, 300);
	wire_uint(&w, 3, 2);
	wire_uint(&w, 1, 4);
	wire_uint(&w, one_of - 1, 4);
	capture_begin();
	c.aloud = true;
	(void)collect_wire(&c, &w);
	return (capture_end());
}

static void
a_sampling_change_is_logged(void **state)
{
	(void)state;
	(void)sample(100);
	assert_string_equal(sample(100), "");
	assert_string_equal(sample(250),
	    "192.0.2.1: domain 5: sampling changed to 1 of 250 packets\n");
}

/* Sends a v5 datagram with one flow; returns the messages about it. */
static const char *
send_v5(uint32_t sequence, uint32_t uptime_ms, uint16_t sampling)
{
	uint8_t data[24 + 48] = { 0, 5, 0, 1 };

	be32_put(data + 4, uptime_ms);
	be32_put(data + 16, sequence);
	be16_put(data + 22, sampling);
	capture_begin();
	c.aloud = true;
	(void)collect_datagram(&c, data, sizeof(data));
	return (capture_end());
}

static void
version_5_has_its_sampling_in_the_header(void **state)
{
	(void)state;
	(void)send_v5(0, 100000, 0);
	assert_string_equal(send_v5(1, 100000, 0x4000 | 10), "");
	assert_string_equal(send_v5(2, 100000, 0x4000 | 20),
	    "192.0.2.1: sampling changed from 1 of 10 to 1 of 20 packets\n");
}

static void
a_restart_is_logged(void **state)
{
	(void)state;
	(void)send_v5(500, 100000, 0);
	/* One datagram may be forged. */
	assert_string_equal(send_v5(0, 1000, 0), "");
	assert_string_equal(send_v5(1, 1000, 0),
	    "192.0.2.1: sequence numbers start again; the exporter was "
	    "probably restarted\n");
}

static void
limits_are_logged_when_reached_and_cleared(void **state)
{
	struct exporter_limits limits = { .exporters = 2,
		.templates = 2,
		.memory = MEMORY_DEFAULT };
	struct exporter *e;
	const char *said;

	(void)state;
	collect_stop(&c);
	collect_start(&c, &limits);
	(void)define(256, packets);
	assert_string_equal(define(257, packets),
	    "192.0.2.1: limit of 2 templates reached, each new one evicts one "
	    "without data; see \"limit templates\"\n");
	assert_string_equal(define(258, packets), "");
	limits.templates = 4;
	exporters_set_limits(c.table, &limits);
	assert_string_equal(define(259, packets),
	    "192.0.2.1: limit of templates no longer reached\n");

	limits.memory = 100;
	exporters_set_limits(c.table, &limits);
	(void)collect_from(&c, 2);
	said = define(260, packets);
	assert_non_null(strstr(said, "memory limit of "));
	assert_non_null(strstr(said,
	    " bytes reached, new templates are ignored; see \"limit memory\"\n"
	    "0.0.0.2: domain 5: no memory for template 260; template "
	    "ignored\n"));
	limits.memory = MEMORY_DEFAULT;
	limits.templates = 5;
	exporters_set_limits(c.table, &limits);
	assert_non_null(
	    strstr(define(260, packets), "memory limit no longer reached\n"));

	/* Neither is idle. */
	(void)collect_from(&c, 0xc0000201);
	c.recv_sec += 2 * EXPORTER_IDLE;
	(void)collect_from(&c, 0xc0000201);
	(void)collect_from(&c, 2);
	capture_begin();
	e = collect_from(&c, 3);
	assert_ptr_equal(e, collect_from(&c, 4));
	c.recv_sec += 2 * EXPORTER_IDLE;
	(void)collect_from(&c, 5);
	assert_string_equal(capture_end(),
	    "limit of 2 exporters reached, templates of other exporters are "
	    "not kept; see \"limit exporters\"\n"
	    "limit of exporters no longer reached\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define MANY(name) \
	cmocka_unit_test_setup_teardown(name, setup_many, teardown_many)
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		MANY(a_day_of_the_worst_exporter),
		MANY(a_day_of_many_exporters),
		MANY(the_number_held_back_is_logged),
		MANY(made_up_addresses_do_not_silence_others),
		TEST(a_new_exporter_is_named_once),
		TEST(an_undecodable_datagram_makes_no_exporter),
		TEST(a_redefinition_is_logged),
		TEST(a_sampling_change_is_logged),
		TEST(version_5_has_its_sampling_in_the_header),
		TEST(a_restart_is_logged),
		TEST(limits_are_logged_when_reached_and_cleared),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
