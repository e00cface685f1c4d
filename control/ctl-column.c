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

#include <ctype.h>
#include <stdio.h>

#include "control/ctl-print.h"
#include "decode/ie.h"
#include "netflow.h"

enum {
	SAMPLING_INTERVAL = 34,
	SAMPLER_RANDOM_INTERVAL = 50,
	SAMPLING_PACKET_INTERVAL = 305,
};

/* The names of scopes in v9, RFC 3954 section 6.1. */
static const char *const scope_names[] = {
	[1] = "System",
	[2] = "Interface",
	[3] = "Line Card",
	[4] = "Cache",
	[5] = "Template",
};

static const char *
name_of(struct ctl_column *column)
{
	struct ie ie;
	bool found;

	if (column->scope && column->version == NF_VERSION_9)
		return (column->spec.id <
			    sizeof(scope_names) / sizeof(scope_names[0]) ?
			scope_names[column->spec.id] :
			NULL);
	found = column->version == NF_VERSION_9 ?
	    ie_find_v9(column->spec.id, &ie) :
	    ie_find(column->spec.pen, column->spec.id, &ie);
	if (!found)
		return (NULL);
	if (column->spec.pen != IE_PEN_REVERSE)
		return (ie.name);
	/* RFC 5103 section 6.1. */
	(void)snprintf(column->reverse, sizeof(column->reverse), "reverse%c%s",
	    toupper((unsigned char)ie.name[0]), ie.name + 1);
	return (column->reverse);
}

void
ctl_columns(struct ctl_column *column, const struct control_template *t)
{
	*column = (struct ctl_column){
		.version = (uint16_t)t->version,
		.scopes = t->scopes,
	};
	cur_init(&column->rest, t->raw.data, t->raw.len);
}

bool
ctl_next_column(struct ctl_column *column)
{
	if (cur_left(&column->rest) == 0 ||
	    fieldspec_next(&column->rest, column->version, &column->spec) != 0)
		return (false);
	column->scope = column->number++ < column->scopes;
	column->name = name_of(column);
	return (true);
}

bool
ctl_is_sampling(const struct ctl_column *column)
{
	const uint16_t id = column->spec.id;

	return (!column->scope && column->spec.pen == 0 &&
	    (id == SAMPLING_INTERVAL || id == SAMPLER_RANDOM_INTERVAL ||
		id == SAMPLING_PACKET_INTERVAL));
}
