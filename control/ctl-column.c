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
#include <stddef.h>
#include <stdio.h>

#include "control/ctl-print.h"
#include "control/element-name.h"
#include "decode/ie.h"
#include "netflow.h"

#define PEN_CISCO    9
#define CISCO_V9     0x8000 /* v9 adds it to Cisco's elements */
#define PEN_CERT     6871
#define CERT_REVERSE 0x4000 /* in elements of CERT */

enum {
	SAMPLING_INTERVAL = 34,
	SAMPLER_RANDOM_INTERVAL = 50,
	SAMPLING_PACKET_INTERVAL = 305,
	SAMPLING_TIME_INTERVAL = 307,
	SAMPLING_SIZE = 309,
	SAMPLING_PROBABILITY = 311,
	SAMPLING_FLOW_INTERVAL = 396,
	FLOW_SAMPLING_TIME_INTERVAL = 398,
};

/* The names of scopes in v9, RFC 3954 section 6.1. */
static const char *const scope_names[] = {
	[1] = "System",
	[2] = "Interface",
	[3] = "Line Card",
	[4] = "Cache",
	[5] = "Template",
};

/* RFC 5103 section 6.1. */
static const char *
reverse_of(struct ctl_column *column, const char *name)
{
	if (name == NULL)
		return (NULL);
	(void)snprintf(column->reverse, sizeof(column->reverse), "reverse%c%s",
	    toupper((unsigned char)name[0]), name + 1);
	return (column->reverse);
}

/* The numbers of v9 are those of IANA, and vendors' own. */
static const char *
name_in_v9(uint16_t id)
{
	const char *name = element_name(IE_PEN_IANA, id);

	if (name == NULL)
		name = element_name(ELEMENT_V9, id);
	if (name == NULL && id >= CISCO_V9)
		name = element_name(PEN_CISCO, id - CISCO_V9);
	return (name);
}

static const char *
name_of(struct ctl_column *column)
{
	const uint32_t pen = column->spec.pen;
	const uint16_t id = column->spec.id;
	const char *name;

	if (column->scope && column->version == NF_VERSION_9)
		return (id < sizeof(scope_names) / sizeof(scope_names[0]) ?
			scope_names[id] :
			NULL);
	if (column->version == NF_VERSION_9)
		return (name_in_v9(id));
	if (pen == IE_PEN_REVERSE)
		return (reverse_of(column, element_name(IE_PEN_IANA, id)));
	name = element_name(pen, id);
	if (name == NULL && pen == PEN_CERT && (id & CERT_REVERSE) != 0)
		return (reverse_of(column,
		    element_name(pen, id & (uint16_t)~CERT_REVERSE)));
	return (name);
}

/* Finds the element if flowd reads it, in records of flows or of options. */
static bool
find(const struct ctl_column *column, struct ie *ie)
{
	if (column->version != NF_VERSION_9)
		return (ie_find(column->spec.pen, column->spec.id, ie));
	if (column->scope)
		return (column->spec.id == NF9_SCOPE_INTERFACE &&
		    ie_find(IE_PEN_IANA, IE_INGRESS_INTERFACE, ie));
	return (ie_find_v9(column->spec.id, ie));
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
	struct ie ie;

	if (cur_left(&column->rest) == 0 ||
	    fieldspec_next(&column->rest, column->version, &column->spec) != 0)
		return (false);
	column->scope = column->number++ < column->scopes;
	column->name = name_of(column);
	column->read = find(column, &ie);
	return (true);
}

bool
ctl_is_sampling(const struct ctl_column *column)
{
	const uint16_t id = column->spec.id;

	return (!column->scope && column->spec.pen == 0 &&
	    (id == SAMPLING_INTERVAL || id == SAMPLER_RANDOM_INTERVAL ||
		id == SAMPLING_PACKET_INTERVAL ||
		id == SAMPLING_TIME_INTERVAL || id == SAMPLING_SIZE ||
		id == SAMPLING_PROBABILITY || id == SAMPLING_FLOW_INTERVAL ||
		id == FLOW_SAMPLING_TIME_INTERVAL));
}

bool
ctl_is_content(const struct ctl_column *column)
{
	struct ie ie;

	if (column->spec.len == 0 || !find(column, &ie))
		return (false);
	return (ie.slot <= SLOT_DST6 ||
	    (ie.slot >= SLOT_FRAME && ie.slot <= SLOT_IP_PAYLOAD) ||
	    ie.slot == SLOT_REV_OCTETS || ie.slot == SLOT_REV_PACKETS ||
	    ie.slot == ie_slot_of_member(offsetof(struct flow, octets)) ||
	    ie.slot == ie_slot_of_member(offsetof(struct flow, packets)));
}
