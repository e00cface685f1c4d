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
 * The fixture of the tests of NetFlow v9 and IPFIX: a small collector with one
 * exporter, and the message to be sent.  Include cmocka.h and its requirements
 * first.
 */
#ifndef FIXTURE9_H
#define FIXTURE9_H

#include "collect9.h"
#include "netflow.h"
#include "wire9.h"

#define V9    NF_VERSION_9
#define IPFIX NF_VERSION_IPFIX

static const uint16_t versions[] = { V9, IPFIX };

static struct collect c;
static struct wire w;

static int
setup(void **state)
{
	(void)state;
	collect_start(&c, NULL);
	wire_init(&w);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	collect_stop(&c);
	return (0);
}

static inline const struct counters *
counters(void)
{
	return (&c.exporter->counters);
}

/* Options data: the start of the exporter's domain, in epoch ms. */
static inline void
send_init_time(uint16_t version, uint64_t ms)
{
	static const struct wire_field fields[] = { { 149, 4, 0 },
		{ 160, 8, 0 } };

	wire_start(&w, version);
	wire_options(&w, 400, fields, 2, 1);
	wire_set(&w, 400);
	wire_uint(&w, w.domain, 4);
	wire_uint(&w, ms, 8);
	assert_int_equal(collect_wire(&c, &w), DECODED);
}

#endif
