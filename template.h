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
 * Templates of NetFlow v9 (RFC 3954 sections 5.2 and 6.1) and IPFIX (RFC 7011
 * section 3.4), each compiled once to a program that copies the fields of a
 * data record to where they belong.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cursor.h"
#include "fieldspec.h"
#include "ie.h"
#include "memory.h"
#include "recent.h"
#include "store.h"
#include "template-key.h"

/* How one field of a record is read; see template_run. */
struct op {
	uint16_t off;  /* octets into a record of fixed lengths */
	uint16_t len;  /* octets, or FIELDSPEC_VARIABLE */
	uint16_t dst;  /* offset in its structure */
	uint8_t width; /* bytes there */
	uint8_t how;
	bool in_flow; /* dst is in struct flow */
};

enum template_family {
	FAMILY_NONE,
	FAMILY_4,
	FAMILY_6,
	FAMILY_BOTH, /* the record's values tell which */
};

struct template
{
	struct template_key key;
	bool options;     /* describes options data */
	bool variable;    /* has fields of such length */
	bool withdrawn;   /* data wait until it is repeated */
	bool plain_times; /* of v9: fields 21 and 22 only */
	uint8_t family;   /* enum template_family */
	uint16_t scopes;  /* scope fields of options data */
	uint16_t nfields;
	uint32_t record_len; /* octets; the least, if variable */
	uint32_t fields;     /* STORE_FIELD_* of every flow */
	uint64_t slots;      /* SLOT_BIT of what it carries */
	const struct op *ops;
	size_t nops;
	const uint8_t *raw; /* field specifiers as sent */
	size_t raw_len;     /* bytes */
	size_t size;        /* bytes of memory in all */
	uint32_t announced; /* epoch seconds of the latest; 0 unknown */
	uint32_t interval;  /* seconds between the latest two; 0 unknown */
	struct template *hash_next;
	struct recent use;
};

/* The templates of one exporter.  Zeroed is empty. */
struct templates {
	struct template **buckets;
	size_t nbuckets; /* a power of two, or 0 */
	size_t count;
	uint64_t evicted; /* for others, ever */
	uint64_t secret;  /* so that nobody can aim at a bucket */
	struct recent_list by_use;
};

/* The template of a link in by_use; NULL for NULL. */
static inline struct template *
template_of(struct recent *use)
{
	return (recent_owner(use, offsetof(struct template, use)));
}

enum template_result {
	TEMPLATE_SAME, /* as it was */
	TEMPLATE_NEW,
	TEMPLATE_CHANGED, /* replaced one of the same key */
	TEMPLATE_BAD,     /* no template; one of its key went */
	TEMPLATE_NO_ROOM, /* memory is used up */
};

/*
 * Takes the definition with nfields field specifiers from the front of specs,
 * the first scopes of which are scope fields; options tells an options
 * template.  At most max templates are kept, and no more than memory allows;
 * the least recently used makes room.  With TEMPLATE_BAD, specs is where the
 * definition broke off: FLOWD_ESHORT in *error, or FLOWD_EINVAL for a record
 * that would have no length, or more than a datagram has.
 */
enum template_result template_define(struct templates *t, struct memory *memory,
    size_t max, const struct template_key *key, bool options, uint16_t scopes,
    uint16_t nfields, struct cursor *specs, int *error);

/* NULL where there is none.  Counts as a use. */
struct template *template_find(struct templates *t,
    const struct template_key *key);

/*
 * For walks in steps: the template that follows that of the key after, which
 * may have gone, or the first where its id is 0.  NULL behind the last.  The
 * order is the table's own.  Does not count as a use.
 */
const struct template *templates_next(const struct templates *t,
    const struct template_key *after);

void templates_free(struct templates *t, struct memory *memory);

/*
 * Reads n records at the front of data into as many flows and values; members
 * that the template does not fill stay as they are.  FLOWD_ESHORT where data
 * ends inside them.  Records of variable length are read one at a time.
 */
int template_run(const struct template *t, struct cursor *data, size_t n,
    struct flow *flows, struct ie_values *values)
    __attribute__((warn_unused_result));

#endif
