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
 * Structures as bytes, driven by tables: a row for each member, with its
 * offset, its kind and its bounds.  Numbers are packed as wide as their member,
 * in network order.
 *
 *	static const struct pack_row target_rows[] = {
 *		PACK_PLAIN(PACK_ADDR, struct target, addr),
 *		PACK_BOUNDED(PACK_NUMBER, struct target, port, 1, UINT16_MAX),
 *	};
 *	static const struct pack_layout target_layout =
 *	    PACK_LAYOUT(struct target, target_rows, NULL);
 *
 * The bytes to unpack are not trusted: every bound is checked, and before
 * memory for a count of items is allocated, the bytes must be long enough for
 * that many.
 */
#ifndef PACK_H
#define PACK_H

#include <stddef.h>
#include <stdint.h>

#include "lib/cursor.h"

enum pack_kind {
	PACK_NUMBER, /* unsigned, of 1, 2, 4 or 8 bytes; within the bounds */
	PACK_BOOL,   /* one byte, 0 or 1 */
	PACK_ADDR,   /* struct addr, as addr_pack; not ADDR_NONE */
	PACK_PREFIX, /* struct prefix: family, its bytes, length */
	PACK_TEXT,   /* char[]: all of it; zeros follow the NUL */
	PACK_STRING, /* char *: u32 length and bytes; NULL: empty */
	PACK_VIEW,   /* struct pack_view: u32 length and bytes */
	PACK_STRUCT, /* a structure, or an array of a fixed number of them */
	PACK_ARRAY,  /* a pointer: u32 count and items; NULL: none */
};

struct pack_layout;

/* Bytes that this structure does not own; unpacked, they are in the input. */
struct pack_view {
	const uint8_t *data;
	size_t len;
};

struct pack_row {
	enum pack_kind kind;
	size_t offset, size;              /* of the member, bytes */
	uint64_t min, max;                /* of a number, a length or a count */
	const struct pack_layout *layout; /* of PACK_STRUCT and PACK_ARRAY */
	size_t n_offset, n_size; /* PACK_ARRAY: the member with the count */
};

struct pack_layout {
	const struct pack_row *rows;
	size_t nrows;
	size_t size; /* of the structure, bytes */
	/*
	 * Checks an unpacked structure for conditions that no row can express.
	 * Returns 0 or FLOWD_E*.  NULL: there is nothing to check.
	 */
	int (*check)(const void *structure);
};

#define PACK_MEMBER_SIZE(type, member) sizeof(((type *)NULL)->member)
#define PACK_BOUNDED(kind, type, member, min, max)                            \
	{                                                                     \
		kind, offsetof(type, member), PACK_MEMBER_SIZE(type, member), \
		    min, max, NULL, 0, 0                                      \
	}
#define PACK_PLAIN(kind, type, member) \
	PACK_BOUNDED(kind, type, member, 0, UINT64_MAX)
#define PACK_NESTED(type, member, layout)                                 \
	{                                                                 \
		PACK_STRUCT, offsetof(type, member),                      \
		    PACK_MEMBER_SIZE(type, member), 0, 0, &(layout), 0, 0 \
	}
#define PACK_ITEMS(type, member, count, layout, max)                     \
	{                                                                \
		PACK_ARRAY, offsetof(type, member),                      \
		    PACK_MEMBER_SIZE(type, member), 0, max, &(layout),   \
		    offsetof(type, count), PACK_MEMBER_SIZE(type, count) \
	}
#define PACK_LAYOUT(type, rows, check)                                      \
	{                                                                   \
		rows, sizeof(rows) / sizeof((rows)[0]), sizeof(type), check \
	}

/* Packs one member of the structure.  FLOWD_ESPACE. */
int pack_member(struct wcursor *w, const struct pack_row *row,
    const void *structure) __attribute__((warn_unused_result));

/* Unpacks one member, as unpack_struct does. */
int unpack_member(struct cursor *c, const struct pack_row *row, void *structure)
    __attribute__((warn_unused_result));

/* Packs the structure.  FLOWD_ESPACE. */
int pack_struct(struct wcursor *w, const struct pack_layout *layout,
    const void *structure) __attribute__((warn_unused_result));

/*
 * Unpacks the structure, which is all zero before.  FLOWD_ESHORT, FLOWD_EINVAL,
 * FLOWD_EHOSTBITS of a prefix, FLOWD_ENOMEM, or the result of a check.  Strings
 * and arrays are allocated; the caller frees them, also after an error: each
 * pointer is then NULL or valid, and its count is that of the items, which are
 * zero from the first that was not unpacked.
 */
int unpack_struct(struct cursor *c, const struct pack_layout *layout,
    void *structure) __attribute__((warn_unused_result));

#endif
