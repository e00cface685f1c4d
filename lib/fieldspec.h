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
 * Field specifiers of NetFlow v9 (RFC 3954 section 5.2) and IPFIX (RFC 7011
 * section 3.2): each describes one column of a template.
 */
#ifndef FIELDSPEC_H
#define FIELDSPEC_H

#include <stdint.h>

#include "lib/cursor.h"

#define FIELDSPEC_VARIABLE 65535 /* each record contains the length */

struct fieldspec {
	uint32_t pen; /* enterprise number; 0 is IANA */
	uint16_t id, len;
};

/*
 * Reads the specifier at the front of c.  version is that of the message: v9
 * has no enterprise numbers.  FLOWD_ESHORT at the end of c.
 */
int fieldspec_next(struct cursor *c, uint16_t version, struct fieldspec *spec)
    __attribute__((warn_unused_result));

#endif
