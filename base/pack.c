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

#include "addr.h"
#include "base/pack.h"
#include "errors.h"
#include "lib/addr-pack.h"

#define PREFIX_LEN_MIN (1 + 4 + 1) /* bytes */

/* The unsigned number of size bytes at p. */
static uint64_t
number_at(const void *p, size_t size)
{
	switch (size) {
	case sizeof(uint8_t):
		return (*(const uint8_t *)p);
	case sizeof(uint16_t):
		return (*(const uint16_t *)p);
	case sizeof(uint32_t):
		return (*(const uint32_t *)p);
	default:
		return (*(const uint64_t *)p);
	}
}

static void
set_number(void *p, size_t size, uint64_t n)
{
	switch (size) {
	case sizeof(uint8_t):
		*(uint8_t *)p = (uint8_t)n;
		break;
	case sizeof(uint16_t):
		*(uint16_t *)p = (uint16_t)n;
		break;
	case sizeof(uint32_t):
		*(uint32_t *)p = (uint32_t)n;
		break;
	default:
		*(uint64_t *)p = n;
		break;
	}
}

static int
pack_number(struct wcursor *w, size_t size, uint64_t n)
{
	switch (size) {
	case sizeof(uint8_t):
		return (wcur_u8(w, (uint8_t)n));
	case sizeof(uint16_t):
		return (wcur_u16(w, (uint16_t)n));
	case sizeof(uint32_t):
		return (wcur_u32(w, (uint32_t)n));
	default:
		return (wcur_u64(w, n));
	}
}

static int
unpack_number(struct cursor *c, size_t size, uint64_t *n)
{
	uint8_t n1;
	uint16_t n2;
	uint32_t n4;
	int r;

	switch (size) {
	case sizeof(n1):
		if ((r = cur_u8(c, &n1)) == 0)
			*n = n1;
		return (r);
	case sizeof(n2):
		if ((r = cur_u16(c, &n2)) == 0)
			*n = n2;
		return (r);
	case sizeof(n4):
		if ((r = cur_u32(c, &n4)) == 0)
			*n = n4;
		return (r);
	default:
		return (cur_u64(c, n));
	}
}

static int
pack_prefix(struct wcursor *w, const struct prefix *prefix)
{
	const struct addr *addr = &prefix->addr;

	if (wcur_u8(w, (uint8_t)addr->family) != 0 ||
	    wcur_bytes(w, addr->bytes, addr_bits(addr->family) / 8) != 0)
		return (FLOWD_ESPACE);
	return (wcur_u8(w, prefix->len));
}

static int
unpack_prefix(struct cursor *c, struct prefix *prefix)
{
	struct addr *addr = &prefix->addr;
	uint8_t family;

	if (cur_u8(c, &family) != 0)
		return (FLOWD_ESHORT);
	if (family != ADDR_V4 && family != ADDR_V6)
		return (FLOWD_EINVAL);
	addr->family = family;
	if (cur_bytes(c, addr->bytes, addr_bits(family) / 8) != 0 ||
	    cur_u8(c, &prefix->len) != 0)
		return (FLOWD_ESHORT);
	if (prefix->len > addr_bits(family))
		return (FLOWD_EINVAL);
	return (addr_host_bits_clear(addr, prefix->len) ? 0 : FLOWD_EHOSTBITS);
}

static int
unpack_addr(struct cursor *c, struct addr *addr)
{
	int r = addr_unpack(c, addr);

	return (r != 0 || addr->family != ADDR_NONE ? r : FLOWD_EINVAL);
}

static int
unpack_bool(struct cursor *c, bool *out)
{
	uint8_t byte;

	if (cur_u8(c, &byte) != 0)
		return (FLOWD_ESHORT);
	*out = byte != 0;
	return (byte > 1 ? FLOWD_EINVAL : 0);
}

static int
unpack_text(struct cursor *c, char *text, size_t size)
{
	size_t len;

	if (cur_bytes(c, text, size) != 0)
		return (FLOWD_ESHORT);
	if ((len = strnlen(text, size)) == size)
		return (FLOWD_EINVAL);
	for (; len < size; len++) {
		if (text[len] != '\0')
			return (FLOWD_EINVAL);
	}
	return (0);
}

static int
pack_string(struct wcursor *w, const char *text)
{
	const size_t len = text == NULL ? 0 : strlen(text);

	if (len > UINT32_MAX || wcur_u32(w, (uint32_t)len) != 0)
		return (FLOWD_ESPACE);
	return (len == 0 ? 0 : wcur_bytes(w, text, len));
}

static int
unpack_string(struct cursor *c, const struct pack_row *row, char **text)
{
	uint32_t len;

	if (cur_u32(c, &len) != 0 || len > cur_left(c))
		return (FLOWD_ESHORT);
	if (len < row->min || len > row->max)
		return (FLOWD_EINVAL);
	if (len == 0)
		return (0);
	if ((*text = calloc(1, (size_t)len + 1)) == NULL)
		return (FLOWD_ENOMEM);
	if (cur_bytes(c, *text, len) != 0)
		return (FLOWD_ESHORT);
	return (strlen(*text) == len ? 0 : FLOWD_EINVAL);
}

static int
pack_view(struct wcursor *w, const struct pack_view *view)
{
	if (view->len > UINT32_MAX || wcur_u32(w, (uint32_t)view->len) != 0)
		return (FLOWD_ESPACE);
	return (view->len == 0 ? 0 : wcur_bytes(w, view->data, view->len));
}

static int
unpack_view(struct cursor *c, const struct pack_row *row,
    struct pack_view *view)
{
	const uint8_t *octets;
	uint32_t len;

	if (cur_u32(c, &len) != 0 || (octets = cur_take(c, len)) == NULL)
		return (FLOWD_ESHORT);
	*view = (struct pack_view){ octets, len };
	return (len < row->min || len > row->max ? FLOWD_EINVAL : 0);
}

/* The minimum length of a packed structure, bytes. */
static size_t
least_len(const struct pack_layout *layout)
{
	const struct pack_row *row = layout->rows;
	size_t i, len = 0;

	for (i = 0; i < layout->nrows; i++, row++) {
		switch (row->kind) {
		case PACK_NUMBER:
		case PACK_TEXT:
			len += row->size;
			break;
		case PACK_BOOL:
			len++;
			break;
		case PACK_ADDR:
			len += 1 + sizeof(((struct addr *)NULL)->bytes);
			break;
		case PACK_PREFIX:
			len += PREFIX_LEN_MIN;
			break;
		case PACK_STRUCT:
			len += row->size / row->layout->size *
			    least_len(row->layout);
			break;
		case PACK_STRING:
		case PACK_VIEW:
		case PACK_ARRAY:
			len += sizeof(uint32_t);
			break;
		}
	}
	return (len);
}

/* n structures in a row. */
static int
pack_each(struct wcursor *w, const struct pack_layout *layout,
    const uint8_t *from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (pack_struct(w, layout, from + i * layout->size) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
unpack_each(struct cursor *c, const struct pack_layout *layout, uint8_t *to,
    size_t n)
{
	size_t i;
	int r = 0;

	for (i = 0; i < n && r == 0; i++)
		r = unpack_struct(c, layout, to + i * layout->size);
	return (r);
}

static int
pack_array(struct wcursor *w, const struct pack_row *row,
    const uint8_t *structure)
{
	const uint64_t n = number_at(structure + row->n_offset, row->n_size);
	const uint8_t *items;

	memcpy(&items, structure + row->offset, sizeof(items));
	if (n > UINT32_MAX || wcur_u32(w, (uint32_t)n) != 0)
		return (FLOWD_ESPACE);
	return (pack_each(w, row->layout, items, (size_t)n));
}

static int
unpack_array(struct cursor *c, const struct pack_row *row, uint8_t *structure)
{
	uint8_t *items;
	uint32_t n;

	if (cur_u32(c, &n) != 0 || n > cur_left(c) / least_len(row->layout))
		return (FLOWD_ESHORT);
	if (n > row->max)
		return (FLOWD_EINVAL);
	if (n == 0)
		return (0);
	if ((items = calloc(n, row->layout->size)) == NULL)
		return (FLOWD_ENOMEM);
	memcpy(structure + row->offset, &items, sizeof(items));
	set_number(structure + row->n_offset, row->n_size, n);
	return (unpack_each(c, row->layout, items, n));
}

int
pack_member(struct wcursor *w, const struct pack_row *row,
    const void *structure)
{
	const void *member = (const uint8_t *)structure + row->offset;

	switch (row->kind) {
	case PACK_NUMBER:
		return (
		    pack_number(w, row->size, number_at(member, row->size)));
	case PACK_BOOL:
		return (wcur_u8(w, *(const bool *)member));
	case PACK_ADDR:
		return (addr_pack(w, member));
	case PACK_PREFIX:
		return (pack_prefix(w, member));
	case PACK_TEXT:
		return (wcur_bytes(w, member, row->size));
	case PACK_STRING:
		return (pack_string(w, *(const char *const *)member));
	case PACK_VIEW:
		return (pack_view(w, member));
	case PACK_STRUCT:
		return (pack_each(w, row->layout, member,
		    row->size / row->layout->size));
	case PACK_ARRAY:
		return (pack_array(w, row, structure));
	}
	return (FLOWD_EINVAL);
}

static int
unpack_bounded(struct cursor *c, const struct pack_row *row, void *member)
{
	uint64_t n;

	if (unpack_number(c, row->size, &n) != 0)
		return (FLOWD_ESHORT);
	set_number(member, row->size, n);
	return (n < row->min || n > row->max ? FLOWD_EINVAL : 0);
}

int
unpack_member(struct cursor *c, const struct pack_row *row, void *structure)
{
	void *member = (uint8_t *)structure + row->offset;

	switch (row->kind) {
	case PACK_NUMBER:
		return (unpack_bounded(c, row, member));
	case PACK_BOOL:
		return (unpack_bool(c, member));
	case PACK_ADDR:
		return (unpack_addr(c, member));
	case PACK_PREFIX:
		return (unpack_prefix(c, member));
	case PACK_TEXT:
		return (unpack_text(c, member, row->size));
	case PACK_STRING:
		return (unpack_string(c, row, member));
	case PACK_VIEW:
		return (unpack_view(c, row, member));
	case PACK_STRUCT:
		return (unpack_each(c, row->layout, member,
		    row->size / row->layout->size));
	case PACK_ARRAY:
		return (unpack_array(c, row, structure));
	}
	return (FLOWD_EINVAL);
}

int
pack_struct(struct wcursor *w, const struct pack_layout *layout,
    const void *structure)
{
	size_t i;

	for (i = 0; i < layout->nrows; i++) {
		if (pack_member(w, &layout->rows[i], structure) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

int
unpack_struct(struct cursor *c, const struct pack_layout *layout,
    void *structure)
{
	size_t i;
	int r;

	for (i = 0; i < layout->nrows; i++) {
		if ((r = unpack_member(c, &layout->rows[i], structure)) != 0)
			return (r);
	}
	return (layout->check == NULL ? 0 : layout->check(structure));
}
