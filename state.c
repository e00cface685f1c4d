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

#include "compat.h"

#include <stdlib.h>
#include <string.h>

#include "crc32.h"
#include "cursor.h"
#include "netflow.h"
#include "state.h"

#define STATE_VERSION    2
#define STATE_MAGIC_LEN  8
#define STATE_HEADER_LEN (STATE_MAGIC_LEN + 4)
#define STATE_FIRST_LEN  65536 /* bytes; doubled until it fits */

/* Where to unpack to.  What is not wanted is read all the same. */
struct unpacker {
	struct exporter_table *table, *unwanted;
	state_wants *wants;
	void *arg;
	uint32_t now; /* epoch seconds */
};

struct packer {
	struct wcursor w;
	uint32_t exporters;
	int error;
};

static int
pack_sequences(struct wcursor *w, const struct exporter *e)
{
	const struct sequence *s;
	uint8_t n = 0;
	size_t i;

	while (n < SEQUENCES_MAX && e->sequences.at[n].version != 0)
		n++;
	if (wcur_u8(w, n) != 0)
		return (FLOWD_ESPACE);
	for (i = 0; i < n; i++) {
		s = &e->sequences.at[i];
		if (wcur_u16(w, s->version) != 0 ||
		    wcur_u32(w, s->domain) != 0 || wcur_u32(w, s->next) != 0 ||
		    wcur_u32(w, s->uptime_ms) != 0 || wcur_u8(w, s->known) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

/* The oldest first, so that the order of use comes back with them. */
static int
pack_templates(struct wcursor *w, const struct exporter *e)
{
	const struct template *t;
	struct recent *use;

	if (wcur_u32(w, (uint32_t)e->templates.count) != 0)
		return (FLOWD_ESPACE);
	for (use = e->templates.by_use.oldest; use != NULL; use = use->newer) {
		t = template_of(use);
		if (wcur_u16(w, t->key.version) != 0 ||
		    wcur_u32(w, t->key.domain) != 0 ||
		    wcur_u16(w, t->key.id) != 0 ||
		    wcur_u8(w, t->options) != 0 ||
		    wcur_u8(w, t->withdrawn) != 0 ||
		    wcur_u16(w, t->scopes) != 0 ||
		    wcur_u16(w, t->nfields) != 0 ||
		    wcur_u32(w, (uint32_t)t->raw_len) != 0 ||
		    wcur_bytes(w, t->raw, t->raw_len) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
pack_samplers(struct wcursor *w, const struct options *o)
{
	const struct sampler *s;
	size_t k;

	if (wcur_u32(w, (uint32_t)o->nsamplers) != 0)
		return (FLOWD_ESPACE);
	for (k = 0; k < o->nsamplers; k++) {
		s = &o->samplers[k];
		if (wcur_u16(w, s->version) != 0 ||
		    wcur_u32(w, s->domain) != 0 || wcur_u64(w, s->id) != 0 ||
		    wcur_u16(w, s->mode) != 0 || wcur_u64(w, s->one_of) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
pack_interfaces(struct wcursor *w, const struct options *o)
{
	const struct interface *i;
	size_t k;

	if (wcur_u32(w, (uint32_t)o->ninterfaces) != 0)
		return (FLOWD_ESPACE);
	for (k = 0; k < o->ninterfaces; k++) {
		i = &o->interfaces[k];
		if (wcur_u32(w, i->index) != 0 ||
		    wcur_bytes(w, i->name, sizeof(i->name)) != 0 ||
		    wcur_bytes(w, i->description, sizeof(i->description)) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

/* Their counters start anew; the exporter repeats them. */
static int
pack_domains(struct wcursor *w, const struct options *o)
{
	const struct domain *d;
	size_t k;

	if (wcur_u32(w, (uint32_t)o->ndomains) != 0)
		return (FLOWD_ESPACE);
	for (k = 0; k < o->ndomains; k++) {
		d = &o->domains[k];
		if (wcur_u16(w, d->version) != 0 || wcur_u32(w, d->id) != 0 ||
		    wcur_u64(w, d->init_time) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static void
pack_exporter(void *arg, const struct exporter *e)
{
	struct packer *p = arg;
	struct wcursor *w = &p->w;

	if (p->error != 0)
		return;
	p->exporters++;
	if (wcur_u8(w, (uint8_t)e->addr.family) != 0 ||
	    wcur_bytes(w, e->addr.bytes, sizeof(e->addr.bytes)) != 0 ||
	    wcur_u8(w, e->named) != 0 || wcur_u32(w, e->last_seen) != 0 ||
	    pack_sequences(w, e) != 0 || pack_templates(w, e) != 0 ||
	    pack_samplers(w, &e->options) != 0 ||
	    pack_interfaces(w, &e->options) != 0 ||
	    pack_domains(w, &e->options) != 0)
		p->error = FLOWD_ESPACE;
}

/* FLOWD_ESPACE where size bytes are too few. */
static int
pack_into(const struct exporter_table *table, uint8_t *buf, size_t size,
    size_t *len)
{
	struct packer p = { .error = 0 };
	struct wcursor head;
	uint32_t crc;

	wcur_init(&head, buf, size);
	wcur_init(&p.w, buf, size);
	p.w.at += STATE_HEADER_LEN + 4;
	exporters_each(table, pack_exporter, &p);
	if (p.error != 0)
		return (p.error);
	*len = (size_t)(p.w.at - buf);
	head.at += STATE_HEADER_LEN;
	if (wcur_u32(&head, p.exporters) != 0)
		return (FLOWD_ESPACE);
	crc = flowd_crc32(0, buf + STATE_HEADER_LEN, *len - STATE_HEADER_LEN);
	wcur_init(&head, buf, size);
	if (wcur_bytes(&head, STATE_MAGIC, STATE_MAGIC_LEN - 1) != 0 ||
	    wcur_u8(&head, STATE_VERSION) != 0)
		return (FLOWD_ESPACE);
	return (wcur_u32(&head, crc));
}

int
state_pack(const struct exporter_table *table, uint8_t **data, size_t *len)
{
	size_t size;
	uint8_t *buf;
	int r;

	*data = NULL;
	*len = 0;
	for (size = STATE_FIRST_LEN; size <= STATE_LEN_MAX; size *= 2) {
		if ((buf = malloc(size)) == NULL)
			return (FLOWD_ENOMEM);
		r = pack_into(table, buf, size, len);
		if (r == 0) {
			*data = buf;
			return (0);
		}
		free(buf);
	}
	return (FLOWD_ENOMEM);
}

static int
unpack_sequences(struct cursor *c, struct exporter *e)
{
	struct sequence *s;
	uint8_t n, known;
	size_t i;

	if (cur_u8(c, &n) != 0)
		return (FLOWD_ESHORT);
	if (n > SEQUENCES_MAX)
		return (FLOWD_EINVAL);
	for (i = 0; i < n; i++) {
		s = &e->sequences.at[i];
		if (cur_u16(c, &s->version) != 0 ||
		    cur_u32(c, &s->domain) != 0 || cur_u32(c, &s->next) != 0 ||
		    cur_u32(c, &s->uptime_ms) != 0 || cur_u8(c, &known) != 0)
			return (FLOWD_ESHORT);
		s->known = known != 0;
		s->begin = s->next;
	}
	return (0);
}

static int
unpack_template(struct cursor *c, struct exporter *e)
{
	struct template_key key;
	struct cursor specs;
	uint8_t options, withdrawn;
	uint16_t scopes, nfields;
	enum template_result r;
	uint32_t len;
	int error;

	if (cur_u16(c, &key.version) != 0 || cur_u32(c, &key.domain) != 0 ||
	    cur_u16(c, &key.id) != 0 || cur_u8(c, &options) != 0 ||
	    cur_u8(c, &withdrawn) != 0 || cur_u16(c, &scopes) != 0 ||
	    cur_u16(c, &nfields) != 0 || cur_u32(c, &len) != 0 ||
	    cur_sub(c, len, &specs) != 0)
		return (FLOWD_ESHORT);
	if ((key.version != NF_VERSION_9 && key.version != NF_VERSION_IPFIX) ||
	    key.id < NF_SET_DATA_MIN || scopes > nfields)
		return (FLOWD_EINVAL);
	r = template_define(&e->templates, &e->shared->memory,
	    e->shared->templates_max, &key, options != 0, scopes, nfields,
	    &specs, &error);
	if (r == TEMPLATE_BAD || cur_left(&specs) != 0)
		return (FLOWD_EINVAL);
	if (r != TEMPLATE_NO_ROOM)
		template_find(&e->templates, &key)->withdrawn = withdrawn != 0;
	return (0);
}

static int
unpack_sampler(struct cursor *c, struct exporter *e)
{
	struct sampler s;

	if (cur_u16(c, &s.version) != 0 || cur_u32(c, &s.domain) != 0 ||
	    cur_u64(c, &s.id) != 0 || cur_u16(c, &s.mode) != 0 ||
	    cur_u64(c, &s.one_of) != 0)
		return (FLOWD_ESHORT);
	options_put_sampler(&e->options, &e->shared->memory, &s);
	return (0);
}

static int
unpack_interface(struct cursor *c, struct exporter *e)
{
	struct interface i;

	if (cur_u32(c, &i.index) != 0 ||
	    cur_bytes(c, i.name, sizeof(i.name)) != 0 ||
	    cur_bytes(c, i.description, sizeof(i.description)) != 0)
		return (FLOWD_ESHORT);
	if (i.name[sizeof(i.name) - 1] != '\0' ||
	    i.description[sizeof(i.description) - 1] != '\0')
		return (FLOWD_EINVAL);
	options_put_interface(&e->options, &e->shared->memory, &i);
	return (0);
}

static int
unpack_domain(struct cursor *c, struct exporter *e)
{
	struct domain d = { .id = 0 };

	if (cur_u16(c, &d.version) != 0 || cur_u32(c, &d.id) != 0 ||
	    cur_u64(c, &d.init_time) != 0)
		return (FLOWD_ESHORT);
	options_put_domain(&e->options, &e->shared->memory, &d);
	return (0);
}

/* A counted list; each item takes from the cursor, so that this ends. */
static int
unpack_list(struct cursor *c, struct exporter *e,
    int (*unpack)(struct cursor *, struct exporter *))
{
	uint32_t n;
	int r = 0;

	if (cur_u32(c, &n) != 0)
		return (FLOWD_ESHORT);
	for (; n > 0 && r == 0; n--)
		r = unpack(c, e);
	return (r);
}

static int
unpack_lists(struct cursor *c, struct exporter *e)
{
	int r;

	if ((r = unpack_sequences(c, e)) != 0 ||
	    (r = unpack_list(c, e, unpack_template)) != 0 ||
	    (r = unpack_list(c, e, unpack_sampler)) != 0 ||
	    (r = unpack_list(c, e, unpack_interface)) != 0)
		return (r);
	return (unpack_list(c, e, unpack_domain));
}

/* What another file has of it may be younger. */
static bool
is_wanted(const struct unpacker *u, const struct addr *addr, uint32_t last_seen)
{
	const struct exporter *e = exporter_find(u->table, addr);

	if (e != NULL && e->last_seen > last_seen)
		return (false);
	return (u->wants == NULL || u->wants(u->arg, addr));
}

static int
unpack_exporter(struct cursor *c, const struct unpacker *u)
{
	struct addr addr = { .family = ADDR_NONE };
	struct exporter *e;
	uint8_t family, named;
	uint32_t last_seen;
	bool wanted;
	int r;

	if (cur_u8(c, &family) != 0 ||
	    cur_bytes(c, addr.bytes, sizeof(addr.bytes)) != 0 ||
	    cur_u8(c, &named) != 0 || cur_u32(c, &last_seen) != 0)
		return (FLOWD_ESHORT);
	if (family != ADDR_V4 && family != ADDR_V6)
		return (FLOWD_EINVAL);
	addr = family == ADDR_V4 ? addr_v4(addr.bytes) : addr_v6(addr.bytes);
	wanted = is_wanted(u, &addr, last_seen);
	e = exporter_get(wanted ? u->table : u->unwanted, &addr, u->now,
	    named != 0);
	if (e == NULL)
		return (FLOWD_ENOMEM);
	e->known = true;
	e->last_seen = last_seen;
	r = unpack_lists(c, e);
	if (!wanted)
		exporter_forget(e);
	return (r);
}

static int
unpack_exporters(const struct unpacker *u, const uint8_t *data, size_t len)
{
	uint8_t magic[STATE_MAGIC_LEN];
	struct cursor c;
	uint32_t crc, n;
	int r = 0;

	cur_init(&c, data, len);
	if (cur_bytes(&c, magic, sizeof(magic)) != 0 ||
	    memcmp(magic, STATE_MAGIC, STATE_MAGIC_LEN - 1) != 0 ||
	    magic[STATE_MAGIC_LEN - 1] != STATE_VERSION)
		return (FLOWD_EVERSION);
	if (cur_u32(&c, &crc) != 0)
		return (FLOWD_ESHORT);
	if (flowd_crc32(0, c.at, cur_left(&c)) != crc)
		return (FLOWD_ECRC);
	if (cur_u32(&c, &n) != 0)
		return (FLOWD_ESHORT);
	for (; n > 0 && r == 0; n--)
		r = unpack_exporter(&c, u);
	return (r == 0 && cur_left(&c) != 0 ? FLOWD_EINVAL : r);
}

int
state_unpack(struct exporter_table *table, const uint8_t *data, size_t len,
    uint32_t now, state_wants *wants, void *arg)
{
	/* It holds one at a time. */
	const struct exporter_limits limits = {
		.exporters = 1,
		.templates = TEMPLATES_DEFAULT,
		.memory = MEMORY_DEFAULT,
	};
	struct unpacker u = {
		.table = table,
		.wants = wants,
		.arg = arg,
		.now = now,
	};
	int r;

	if ((u.unwanted = exporters_new(&limits)) == NULL)
		return (FLOWD_ENOMEM);
	r = unpack_exporters(&u, data, len);
	exporters_free(u.unwanted);
	return (r);
}
