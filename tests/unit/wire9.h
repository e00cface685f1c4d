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
 * Messages of NetFlow v9 and IPFIX, octet by octet, for the tests.  This shares
 * only the cursor with the decoder, so that both cannot have the same error.
 *
 *	wire_start(&w, 9);
 *	wire_template(&w, 256, fields, nfields);
 *	wire_set(&w, 256);
 *	wire_uint(&w, 17, 1);
 *	... wire_end(&w) octets from w.buf on
 */
#ifndef WIRE9_H
#define WIRE9_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cursor.h"

#define WIRE_VERSION_9     9
#define WIRE_VERSION_IPFIX 10
#define WIRE_EXPORT_SEC    1700000000U
#define WIRE_UPTIME        90000000U /* ms, v9 */
#define WIRE_DOMAIN        5U
#define WIRE_VARIABLE      65535
#define WIRE_PEN_REVERSE   29305
#define WIRE_MAX           65535

struct wire {
	uint8_t buf[WIRE_MAX];
	struct wcursor at;
	uint8_t *set; /* header of the open set, or NULL */
	uint16_t version;
	uint16_t sets;
	/* Values of the header; a test may change them before wire_start. */
	uint32_t export_sec, uptime_ms, sequence, domain;
};

/* pen 0 is IANA's. */
struct wire_field {
	uint16_t id, len;
	uint32_t pen;
};

#define WIRE_NFIELDS(a) (sizeof(a) / sizeof((a)[0]))

/* A test that exceeds the buffer is wrong. */
static inline void
wire_must(int r)
{
	if (r != 0)
		abort();
}

/* Appends an unsigned number of len octets; those above the eighth are 0. */
static inline void
wire_uint(struct wire *w, uint64_t v, size_t len)
{
	for (; len > 0; len--)
		wire_must(wcur_u8(&w->at,
		    len > 8 ? 0 : (uint8_t)(v >> (len - 1) * 8)));
}

static inline void
wire_bytes(struct wire *w, const void *data, size_t len)
{
	wire_must(wcur_bytes(&w->at, data, len));
}

static inline void
wire_fill(struct wire *w, uint8_t byte, size_t len)
{
	for (; len > 0; len--)
		wire_must(wcur_u8(&w->at, byte));
}

static inline size_t
wire_len(const struct wire *w)
{
	return (wcur_len(&w->at));
}

/* Sets the values that all headers share.  Call it once, first. */
static inline void
wire_init(struct wire *w)
{
	memset(w, 0, sizeof(*w));
	w->export_sec = WIRE_EXPORT_SEC;
	w->uptime_ms = WIRE_UPTIME;
	w->domain = WIRE_DOMAIN;
}

/* RFC 3954 section 5.1, RFC 7011 section 3.1. */
static inline void
wire_start(struct wire *w, uint16_t version)
{
	wcur_init(&w->at, w->buf, sizeof(w->buf));
	w->version = version;
	w->set = NULL;
	w->sets = 0;
	wire_uint(w, version, 2);
	wire_uint(w, 0, 2); /* count or length: wire_end */
	if (version == WIRE_VERSION_9)
		wire_uint(w, w->uptime_ms, 4);
	wire_uint(w, w->export_sec, 4);
	wire_uint(w, w->sequence, 4);
	wire_uint(w, w->domain, 4);
}

/* Octets of the open set, its header included. */
static inline size_t
wire_set_len(const struct wire *w)
{
	return (wire_len(w) - (size_t)(w->set - w->buf));
}

static inline void
wire_close_set(struct wire *w)
{
	if (w->set != NULL)
		be16_put(w->set + 2, (uint16_t)wire_set_len(w));
	w->set = NULL;
}

static inline void
wire_set(struct wire *w, uint16_t id)
{
	wire_close_set(w);
	w->set = w->buf + wire_len(w);
	w->sets++;
	wire_uint(w, id, 2);
	wire_uint(w, 0, 2); /* length: wire_close_set */
}

/* Returns the octets of the message.  More may be appended after it. */
static inline size_t
wire_end(struct wire *w)
{
	wire_close_set(w);
	be16_put(w->buf + 2,
	    w->version == WIRE_VERSION_9 ? w->sets : (uint16_t)wire_len(w));
	return (wire_len(w));
}

static inline void
wire_specs(struct wire *w, const struct wire_field *fields, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		wire_uint(w, fields[i].id | (fields[i].pen != 0 ? 0x8000U : 0),
		    2);
		wire_uint(w, fields[i].len, 2);
		if (fields[i].pen != 0)
			wire_uint(w, fields[i].pen, 4);
	}
}

/* Appends one definition to the open set. */
static inline void
wire_define(struct wire *w, uint16_t id, const struct wire_field *fields,
    size_t n)
{
	wire_uint(w, id, 2);
	wire_uint(w, n, 2);
	wire_specs(w, fields, n);
}

/* Appends an options template; the first scopes fields are the scope. */
static inline void
wire_define_options(struct wire *w, uint16_t id,
    const struct wire_field *fields, size_t n, size_t scopes)
{
	wire_uint(w, id, 2);
	if (w->version == WIRE_VERSION_9) {
		wire_uint(w, scopes * 4, 2);
		wire_uint(w, (n - scopes) * 4, 2);
	} else {
		wire_uint(w, n, 2);
		wire_uint(w, scopes, 2);
	}
	wire_specs(w, fields, n);
}

static inline uint16_t
wire_template_set(uint16_t version)
{
	return (version == WIRE_VERSION_9 ? 0 : 2);
}

static inline uint16_t
wire_options_set(uint16_t version)
{
	return (version == WIRE_VERSION_9 ? 1 : 3);
}

/* Appends a set with one definition. */
static inline void
wire_template(struct wire *w, uint16_t id, const struct wire_field *fields,
    size_t n)
{
	wire_set(w, wire_template_set(w->version));
	wire_define(w, id, fields, n);
}

static inline void
wire_options(struct wire *w, uint16_t id, const struct wire_field *fields,
    size_t n, size_t scopes)
{
	wire_set(w, wire_options_set(w->version));
	wire_define_options(w, id, fields, n, scopes);
}

/*
 * A field of variable length (RFC 7011 section 7); wide selects the long form.
 */
static inline void
wire_variable(struct wire *w, const void *data, size_t len, int wide)
{
	if (wide) {
		wire_uint(w, 255, 1);
		wire_uint(w, len, 2);
	} else
		wire_uint(w, len, 1);
	wire_bytes(w, data, len);
}

/*
 * Appends a time in ms since 1970 as an NTP timestamp (RFC 7011 section 6.1.9),
 * with its fraction truncated, as most exporters do.
 */
static inline void
wire_ntp(struct wire *w, uint64_t ms)
{
	wire_uint(w, ms / 1000 + 2208988800U, 4);
	wire_uint(w, ((ms % 1000) << 32) / 1000, 4);
}

#endif
