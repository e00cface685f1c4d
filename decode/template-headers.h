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
 * Finds the headers of a tunnelled packet in a template.
 *
 * Exporters list the fields of the outer header and then those of the inner
 * one, with the same elements: RFC 7011 section 8 has repeated elements in the
 * order in which the packet was processed.  So a field begins a new header if
 * its element is in the current one already.  Addresses that directly precede
 * this field belong to the new header, too, if the current one has others: an
 * IPv4 header in an IPv6 header repeats no address, but the protocol or a port.
 * If the addresses of both directly precede a repeated protocol, those of the
 * second family belong to the new header.
 *
 * A header has a source and a destination address; other repetitions of
 * elements are not headers.  Elements of the reverse direction (RFC 5103) and
 * those after NAT begin no header.
 */
#ifndef TEMPLATE_HEADERS_H
#define TEMPLATE_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/ie.h"
#include "decode/tmpl.h"
#include "lib/cursor.h"
#include "lib/fieldspec.h"

#define HEADERS_MAX 4 /* more count as part of the last */

/* Header i has the fields from[i] up to from[i + 1]; the outer one is first. */
struct headers {
	size_t n; /* at least 1 */
	uint16_t from[HEADERS_MAX];
	bool vendor; /* a vendor's elements describe the innermost */
};

/*
 * Sets *ie to the element of field i.  False if flowd does not read it, or not
 * in this length.
 */
bool template_element(const struct tmpl *t, const struct fieldspec *spec,
    uint16_t i, struct ie *ie);

/*
 * Finds the headers in the definition at the front of specs.  FLOWD_ESHORT if
 * specs ends inside it.
 */
int headers_find(const struct tmpl *t, struct cursor specs,
    struct headers *headers) __attribute__((warn_unused_result));

/* Whether field i belongs to the header, or to no header. */
bool headers_have(const struct headers *headers, size_t header, uint16_t i,
    const struct ie *ie);

#endif
