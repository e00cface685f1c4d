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

/* Checks of a configuration that was accepted. */
#ifndef FUZZ_CONFIG_H
#define FUZZ_CONFIG_H

#include <stdio.h>

#include "config/config.h"
#include "fuzz.h"
#include "lib/fields.h"
#include "tests/unit/filter-plain.h"

#define FUZZ_RULES_MAX 512 /* compared, in one configuration */

static inline struct config *
fuzz_parse(const void *text, size_t len, enum config_use use)
{
	/* An include finds no file. */
	static const char name[] = "/nonexistent/flowd.conf";
	struct config *conf;
	FILE *fp;

	/* fmemopen refuses a length of 0. */
	if (len == 0)
		return (NULL);
	fp = fmemopen((void *)(uintptr_t)text, len, "r");
	assert_non_null(fp);
	conf = config_parse(fp, name, use, NULL, 0);
	(void)fclose(fp);
	return (conf);
}

static inline char *
fuzz_print(const struct config *conf, size_t *len)
{
	char *text = NULL;
	FILE *fp = open_memstream(&text, len);

	assert_non_null(fp);
	config_print(conf, fp);
	assert_int_equal(fclose(fp), 0);
	return (text);
}

static inline void
fuzz_assert_same(const struct config *a, const struct config *b)
{
	uint8_t *a_data, *b_data;
	size_t a_len, b_len;

	assert_int_equal(config_pack(a, &a_data, &a_len), 0);
	assert_int_equal(config_pack(b, &b_data, &b_len), 0);
	assert_int_equal(a_len, b_len);
	assert_memory_equal(a_data, b_data, a_len);
	free(a_data);
	free(b_data);
}

/* A flow that many rules have conditions for. */
static inline struct flow
fuzz_flow(uint32_t fields, uint32_t n)
{
	static const uint8_t v4[4] = { 10, 1, 2, 3 };
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	const struct addr a = n % 2 == 0 ? addr_v4(v4) : addr_v6(v6);

	return ((struct flow){ .fields = fields |
		store_addr_bit(STORE_FIELD_SRC_ADDR, a.family) |
		store_addr_bit(STORE_FIELD_DST_ADDR, a.family) |
		store_addr_bit(STORE_FIELD_AGENT_ADDR, a.family),
	    .recv_sec = 1700000000 + n * 100000,
	    .agent = a,
	    .src = a,
	    .dst = a,
	    .packets = n,
	    .octets = n * 100,
	    .if_index_in = n,
	    .if_index_out = 1,
	    .src_as = n,
	    .dst_as = 64512,
	    .netflow_version = 5,
	    .src_port = (uint16_t)n,
	    .dst_port = 80,
	    .tcp_flags = (uint8_t)n,
	    .protocol = n % 3 == 0 ? 6 : 17,
	    .tos = (uint8_t)n });
}

static inline void
fuzz_filter(const struct config *conf, struct filter *filter,
    struct plain_counts *counts)
{
	static const uint32_t fields[] = { 0, UINT32_MAX };
	enum filter_verdict verdict;
	struct flow flow, plain;
	uint32_t n;

	for (n = 0; n < 8; n++) {
		flow = plain = fuzz_flow(fields[n / 4] & FIELDS_KNOWN &
			~(STORE_FIELD_AGENT_ADDR | STORE_FIELD_SRCDST_ADDR),
		    n % 4 * 7);
		verdict = filter_flow(filter, &flow);
		assert_int_equal(verdict,
		    plain_filter(conf->rules, conf->nrules, conf->tables,
			counts, 0, &plain));
		assert_int_equal(flow.fields, plain.fields);
		assert_int_equal(flow.tag, plain.tag);
	}
}

static inline void
fuzz_use(const struct config *conf)
{
	struct plain_counts counts[FUZZ_RULES_MAX] = { { 0 } };
	struct prefix_map *sources = config_sources(conf);
	struct filter *filter;

	assert_non_null(sources);
	prefix_map_free(sources);
	filter =
	    filter_new(conf->rules, conf->nrules, conf->tables, conf->ntables);
	assert_non_null(filter);
	if (conf->nrules <= FUZZ_RULES_MAX)
		fuzz_filter(conf, filter, counts);
	filter_free(filter);
}

#endif
