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
 * Compiles the definition of a template to a program.
 */
#ifndef TEMPLATE_COMPILE_H
#define TEMPLATE_COMPILE_H

#include "decode/ie.h"
#include "decode/template-headers.h"
#include "decode/tmpl.h"
#include "lib/cursor.h"

/* Which fields are read, in flows of one header. */
struct plan {
	uint8_t rank[SLOTS];    /* of the best element that fills it */
	uint16_t source[SLOTS]; /* the index of its field */
	struct slots slots;     /* that are filled */
	uint64_t record_len;
	bool variable;
	bool own_reverse;
};

/* A definition that was checked, and needs memory to be compiled. */
struct template_plan {
	const struct tmpl *model;
	struct cursor specs;
	size_t raw_len; /* octets of specs */
	size_t size;    /* bytes of memory that the template needs */
	struct headers headers;
	struct plan plans[HEADERS_MAX];
};

/*
 * Reads the definition at the front of specs; key, options, scopes and nfields
 * of model, which lives as long as the plan, describe it.  FLOWD_ESHORT if specs
 * ends inside the definition, FLOWD_EINVAL for records that would have no
 * length, or more than a datagram has.
 */
int template_plan(const struct tmpl *model, struct cursor *specs,
    struct template_plan *plan) __attribute__((warn_unused_result));

/*
 * Compiles the definition to a block of plan->size bytes, which is aligned as
 * malloc's.  The result is at the beginning of the block.
 */
struct tmpl *template_build(const struct template_plan *plan, void *block);

#endif
