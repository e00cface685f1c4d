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

#include "errors.h"
#include "lib/fieldspec.h"
#include "netflow.h"

/* NetFlow v9 has no enterprise numbers: RFC 3954 section 8. */
int
fieldspec_next(struct cursor *c, uint16_t version, struct fieldspec *spec)
{
	spec->pen = 0;
	if (cur_u16(c, &spec->id) != 0 || cur_u16(c, &spec->len) != 0)
		return (FLOWD_ESHORT);
	if (version != NF_VERSION_IPFIX ||
	    (spec->id & IPFIX_ENTERPRISE_BIT) == 0)
		return (0);
	spec->id &= (uint16_t)~IPFIX_ENTERPRISE_BIT;
	return (cur_u32(c, &spec->pen));
}
