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

#include <stdlib.h>
#include <string.h>

#include "base/pack.h"
#include "crc32.h"
#include "decode/exporters.h"
#include "decode/protocol.h"
#include "decode/state.h"
#include "lib/cursor.h"
#include "netflow.h"

#define STATE_VERSION    3
#define STATE_OLD        2 /* without sessions */
#define STATE_MAGIC_LEN  8
#define STATE_HEADER_LEN (STATE_MAGIC_LEN + 4)
#define STATE_FIRST_LEN  65536 /* bytes; doubled until it fits */

/* An exporter that is not wanted is unpacked into a table of its own. */
struct unpacker {
	struct exporter_table *table, *unwanted;
	state_wants *wants;
	void *arg;
	uint32_t now; /* epoch seconds */
	uint8_t version;
	/* Of the sessions of one exporter, in the order of the file. */
	uint32_t sessions[SESSIONS_MAX];
};

struct packer {
	struct wcursor w;
	uint32_t exporters;
	bool last; /* as in state_pack */
	int error;
};

/* Older files have the first two. */
enum saved_rank { SAVED_NEWCOMER, SAVED_NAMED, SAVED_ESTABLISHED };

/*
 * The layout of the file.  Code packs its first bytes, and the lists whose
 * items are not in an array.
 */
struct exporter_head {
	struct addr addr;
	uint8_t rank;       /* enum saved_rank */
	uint32_t last_seen; /* epoch seconds */
};

struct session_head {
	uint16_t port;
	uint32_t last_seen; /* epoch seconds */
	bool steady;
};

/*
 * Its field specifiers follow.  Bits of masks are sessions in the order of the
 * file.
 */
struct template_head {
	struct template_key key;
	bool options;
	bool used; /* of STATE_OLD: anything */
	uint16_t scopes, nfields;
	uint32_t raw_len;
	uint32_t owners, data_from; /* masks */
	uint16_t port;
	bool waiting, challenged;
	uint64_t turn; /* 0 of STATE_OLD */
};

#define NUMBER(type, member) PACK_PLAIN(PACK_NUMBER, type, member)

/* The layout of STATE_OLD, which has no values for the last n rows. */
#define WITHOUT_LAST(n, type, rows, check)                                  \
	{                                                                   \
		rows, sizeof(rows) / sizeof((rows)[0]) - (n), sizeof(type), \
		    check                                                   \
	}

static const struct pack_row exporter_rows[] = {
	PACK_PLAIN(PACK_ADDR, struct exporter_head, addr),
	PACK_BOUNDED(PACK_NUMBER, struct exporter_head, rank, SAVED_NEWCOMER,
	    SAVED_ESTABLISHED),
	NUMBER(struct exporter_head, last_seen),
};
static const struct pack_layout exporter_layout =
    PACK_LAYOUT(struct exporter_head, exporter_rows, NULL);

static const struct pack_row session_rows[] = {
	NUMBER(struct session_head, port),
	NUMBER(struct session_head, last_seen),
	PACK_PLAIN(PACK_BOOL, struct session_head, steady),
};
static const struct pack_layout session_layout =
    PACK_LAYOUT(struct session_head, session_rows, NULL);

static int
check_sequence(const void *structure)
{
	const struct sequence_saved *s = structure;

	return (s->version == 0 ? FLOWD_EINVAL : 0);
}

static const struct pack_row sequence_rows[] = {
	NUMBER(struct sequence_saved, version),
	NUMBER(struct sequence_saved, domain),
	NUMBER(struct sequence_saved, next),
	NUMBER(struct sequence_saved, uptime_ms),
	PACK_PLAIN(PACK_BOOL, struct sequence_saved, known),
	NUMBER(struct sequence_saved, port),
	PACK_BOUNDED(PACK_NUMBER, struct sequence_saved, unit, SEQUENCE_FLOWS,
	    SEQUENCE_CONSTANT),
	PACK_PLAIN(PACK_BOOL, struct sequence_saved, steady),
};
static const struct pack_layout sequence_layout =
    PACK_LAYOUT(struct sequence_saved, sequence_rows, check_sequence);
static const struct pack_layout sequence_layout_old =
    WITHOUT_LAST(3, struct sequence_saved, sequence_rows, check_sequence);

static int
check_template(const void *structure)
{
	const struct template_head *head = structure;

	if (!protocol_has_templates(head->key.version) ||
	    head->scopes > head->nfields || head->turn > UINT64_MAX / 2)
		return (FLOWD_EINVAL);
	return (0);
}

static const struct pack_row template_rows[] = {
	NUMBER(struct template_head, key.version),
	NUMBER(struct template_head, key.domain),
	PACK_BOUNDED(PACK_NUMBER, struct template_head, key.id, NF_SET_DATA_MIN,
	    UINT16_MAX),
	PACK_PLAIN(PACK_BOOL, struct template_head, options),
	PACK_PLAIN(PACK_BOOL, struct template_head, used),
	NUMBER(struct template_head, scopes),
	NUMBER(struct template_head, nfields),
	NUMBER(struct template_head, raw_len),
	NUMBER(struct template_head, owners),
	NUMBER(struct template_head, data_from),
	NUMBER(struct template_head, port),
	PACK_PLAIN(PACK_BOOL, struct template_head, waiting),
	PACK_PLAIN(PACK_BOOL, struct template_head, challenged),
	NUMBER(struct template_head, turn),
};
static const struct pack_layout template_layout =
    PACK_LAYOUT(struct template_head, template_rows, check_template);
static const struct pack_layout template_layout_old =
    WITHOUT_LAST(6, struct template_head, template_rows, check_template);

#define SELECTOR(i) NUMBER(struct sampler, selectors[i])
static const struct pack_row sampler_rows[] = {
	NUMBER(struct sampler, version),
	NUMBER(struct sampler, domain),
	NUMBER(struct sampler, part[PART_SELECTOR]),
	NUMBER(struct sampler, mode),
	NUMBER(struct sampler, rate.of),
	NUMBER(struct sampler, rate.sampled),
	NUMBER(struct sampler, part[PART_INTERFACE]),
	NUMBER(struct sampler, part[PART_LINE_CARD]),
	NUMBER(struct sampler, port),
	NUMBER(struct sampler, sent_in),
	NUMBER(struct sampler, algorithm),
	NUMBER(struct sampler, part[PART_SEQUENCE]),
	NUMBER(struct sampler, part[PART_OUTPUT]),
	NUMBER(struct sampler, part[PART_METERING]),
	NUMBER(struct sampler, part[PART_EXPORTING]),
	NUMBER(struct sampler, part[PART_TEMPLATE]),
	PACK_BOUNDED(PACK_NUMBER, struct sampler, nselectors, 0, SELECTORS_MAX),
	SELECTOR(0),
	SELECTOR(1),
	SELECTOR(2),
	SELECTOR(3),
	SELECTOR(4),
	SELECTOR(5),
	SELECTOR(6),
	SELECTOR(7),
	PACK_BOUNDED(PACK_STRING, struct sampler, name, 0, OPTION_TEXT_MAX),
};
_Static_assert(SELECTORS_MAX == 8, "sampler_rows has a row for each");
static const struct pack_layout sampler_layout =
    PACK_LAYOUT(struct sampler, sampler_rows, NULL);
static const struct pack_layout sampler_layout_old =
    WITHOUT_LAST(21, struct sampler, sampler_rows, NULL);

static const struct pack_row interface_rows[] = {
	NUMBER(struct interface, index),
	PACK_BOUNDED(PACK_STRING, struct interface, name, 0, OPTION_TEXT_MAX),
	PACK_BOUNDED(PACK_STRING, struct interface, description, 0,
	    OPTION_TEXT_MAX),
	NUMBER(struct interface, port),
};
static const struct pack_layout interface_layout =
    PACK_LAYOUT(struct interface, interface_rows, NULL);

/* Of STATE_OLD. */
struct interface_old {
	uint32_t index;
	char name[32], description[32];
};
static const struct pack_row interface_old_rows[] = {
	NUMBER(struct interface_old, index),
	PACK_PLAIN(PACK_TEXT, struct interface_old, name),
	PACK_PLAIN(PACK_TEXT, struct interface_old, description),
};
static const struct pack_layout interface_layout_old =
    PACK_LAYOUT(struct interface_old, interface_old_rows, NULL);

/* Not the counters: they start at 0 after a restart. */
static const struct pack_row domain_rows[] = {
	NUMBER(struct domain, version),
	NUMBER(struct domain, id),
	NUMBER(struct domain, base.init_time),
	NUMBER(struct domain, port),
	NUMBER(struct domain, base.heard),
	PACK_PLAIN(PACK_BOOL, struct domain, base.lost),
	PACK_PLAIN(PACK_BOOL, struct domain, used),
	PACK_PLAIN(PACK_BOOL, struct domain, own_data),
	PACK_PLAIN(PACK_BOOL, struct domain, waiting),
	NUMBER(struct domain, told),
};
static const struct pack_layout domain_layout =
    PACK_LAYOUT(struct domain, domain_rows, NULL);
static const struct pack_layout domain_layout_old =
    WITHOUT_LAST(7, struct domain, domain_rows, NULL);

/* The least recently used one first: unpacking restores the order of use. */
static int
pack_sessions(struct wcursor *w, const struct exporter *e)
{
	const struct session *s = NULL;
	struct session_head head;
	uint8_t n = 0;

	while ((s = sessions_next(&e->sessions, s)) != NULL)
		n++;
	if (wcur_u8(w, n) != 0)
		return (FLOWD_ESPACE);
	while ((s = sessions_next(&e->sessions, s)) != NULL) {
		head = (struct session_head){
			.port = s->port,
			.last_seen = s->last_seen,
			.steady = sessions_is_steady(&e->sessions, s->port),
		};
		if (pack_struct(w, &session_layout, &head) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

/* A mask of the sessions in the order of pack_sessions. */
static uint32_t
pack_mask(const struct exporter *e, uint32_t mask)
{
	const struct session *s = NULL;
	uint32_t result = 0, bit = 1;

	for (; (s = sessions_next(&e->sessions, s)) != NULL; bit <<= 1) {
		if ((mask & session_bit(&e->sessions, s)) != 0)
			result |= bit;
	}
	return (result);
}

static int
pack_sequences(struct wcursor *w, const struct exporter *e, bool last)
{
	struct sequence_saved saved;
	uint8_t n = 0, i;

	while (sequences_save(&e->sequences, n, &saved))
		n++;
	if (wcur_u8(w, n) != 0)
		return (FLOWD_ESPACE);
	for (i = 0; i < n; i++) {
		(void)sequences_save(&e->sequences, i, &saved);
		saved.known = saved.known && last;
		if (pack_struct(w, &sequence_layout, &saved) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

/* The least recently used one first: unpacking restores the order of use. */
static int
pack_templates(struct wcursor *w, const struct exporter *e)
{
	const struct tmpl *t;
	struct template_head head;

	if (wcur_u32(w, (uint32_t)e->templates.count) != 0)
		return (FLOWD_ESPACE);
	for (t = templates_oldest(&e->templates); t != NULL;
	     t = templates_newer(&e->templates, t)) {
		head = (struct template_head){
			.key = t->key,
			.options = t->options,
			.scopes = t->scopes,
			.nfields = t->nfields,
			.raw_len = (uint32_t)t->raw_len,
			.owners = pack_mask(e, t->owners),
			.data_from = pack_mask(e, t->data_from),
			.waiting = t->waiting,
			.challenged = t->challenged,
			.turn = t->turn,
			.used = t->used,
			.port = t->port,
		};
		if (pack_struct(w, &template_layout, &head) != 0 ||
		    wcur_bytes(w, t->raw, t->raw_len) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

/* The least recently used one first, as for templates. */
static int
pack_table(struct wcursor *w, const struct option_table *t,
    const struct option_kind *kind, const struct pack_layout *layout)
{
	const void *item = option_oldest(t, kind);

	if (wcur_u32(w, (uint32_t)t->n) != 0)
		return (FLOWD_ESPACE);
	for (; item != NULL; item = option_newer(t, kind, item)) {
		if (pack_struct(w, layout, item) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
pack_options(struct wcursor *w, const struct options *o)
{
	if (pack_table(w, &options_samplers(o)->table, &sampler_kind,
		&sampler_layout) != 0 ||
	    pack_table(w, &o->interfaces, &interface_kind, &interface_layout) !=
		0)
		return (FLOWD_ESPACE);
	return (pack_table(w, &o->domains, &domain_kind, &domain_layout));
}

static uint8_t
saved_rank(const struct exporter *e)
{
	return (e->named                          ? SAVED_NAMED :
		e->memory.rank == MEMORY_NEWCOMER ? SAVED_NEWCOMER :
						    SAVED_ESTABLISHED);
}

static void
pack_exporter(void *arg, const struct exporter *e)
{
	struct packer *p = arg;
	struct wcursor *w = &p->w;
	const struct exporter_head head = {
		.addr = e->addr,
		.rank = saved_rank(e),
		.last_seen = e->last_seen,
	};

	if (p->error != 0)
		return;
	p->exporters++;
	if (pack_struct(w, &exporter_layout, &head) != 0 ||
	    pack_sessions(w, e) != 0 || pack_sequences(w, e, p->last) != 0 ||
	    pack_templates(w, e) != 0 || pack_options(w, &e->options) != 0)
		p->error = FLOWD_ESPACE;
}

/* The checksum of magic, version and rest.  That of STATE_OLD is of the rest. */
static uint32_t
checksum(const uint8_t magic[STATE_MAGIC_LEN], const uint8_t *rest, size_t len)
{
	const uint32_t crc = magic[STATE_MAGIC_LEN - 1] == STATE_OLD ?
	    0 :
	    flowd_crc32(0, magic, STATE_MAGIC_LEN);

	return (flowd_crc32(crc, rest, len));
}

int
state_pack_into(const struct exporter_table *table, bool last, uint8_t *buf,
    size_t size, size_t *len)
{
	struct packer p = { .last = last };
	struct wcursor head;

	wcur_init(&head, buf, size);
	wcur_init(&p.w, buf, size);
	if (wcur_skip(&p.w, STATE_HEADER_LEN + 4) != 0)
		return (FLOWD_ESPACE);
	exporters_each(table, pack_exporter, &p);
	if (p.error != 0)
		return (p.error);
	*len = wcur_len(&p.w);
	if (wcur_skip(&head, STATE_HEADER_LEN) != 0 ||
	    wcur_u32(&head, p.exporters) != 0)
		return (FLOWD_ESPACE);
	wcur_init(&head, buf, size);
	if (wcur_bytes(&head, STATE_MAGIC, STATE_MAGIC_LEN - 1) != 0 ||
	    wcur_u8(&head, STATE_VERSION) != 0)
		return (FLOWD_ESPACE);
	return (wcur_u32(&head,
	    checksum(buf, buf + STATE_HEADER_LEN, *len - STATE_HEADER_LEN)));
}

int
state_pack(const struct exporter_table *table, bool last, uint8_t **data,
    size_t *len)
{
	size_t size;
	uint8_t *buf;
	int r;

	*data = NULL;
	*len = 0;
	for (size = STATE_FIRST_LEN; size <= STATE_LEN_MAX; size *= 2) {
		if ((buf = malloc(size)) == NULL)
			return (FLOWD_ENOMEM);
		r = state_pack_into(table, last, buf, size, len);
		if (r == 0) {
			*data = buf;
			return (0);
		}
		free(buf);
	}
	return (FLOWD_ENOMEM);
}

static int
unpack_sessions(struct cursor *c, struct exporter *e, struct unpacker *u)
{
	struct session_head s = { .port = 0 };
	uint8_t i, n;
	int r;

	if (cur_u8(c, &n) != 0)
		return (FLOWD_ESHORT);
	if (n > SESSIONS_MAX)
		return (FLOWD_EINVAL);
	for (i = 0; i < n; i++) {
		if ((r = unpack_struct(c, &session_layout, &s)) != 0)
			return (r);
		u->sessions[i] =
		    exporter_restore_session(e, s.port, s.last_seen, s.steady);
	}
	return (0);
}

/* Bits of sessions that the file does not have are ignored. */
static uint32_t
unpack_mask(const struct unpacker *u, uint32_t mask)
{
	uint32_t result = 0;
	size_t i;

	for (i = 0; i < SESSIONS_MAX; i++) {
		if ((mask & UINT32_C(1) << i) != 0)
			result |= u->sessions[i];
	}
	return (result);
}

/* STATE_OLD has no units: its sequences begin again. */
static int
unpack_sequences(struct cursor *c, struct exporter *e, const struct unpacker *u)
{
	struct sequence_saved saved = { .version = 0 };
	uint8_t n;
	int r;

	if (cur_u8(c, &n) != 0)
		return (FLOWD_ESHORT);
	if (n > SEQUENCES_MAX)
		return (FLOWD_EINVAL);
	memset(&e->sequences, 0, sizeof(e->sequences));
	for (; n > 0; n--) {
		if (u->version == STATE_OLD)
			r = unpack_struct(c, &sequence_layout_old, &saved);
		else
			r = unpack_struct(c, &sequence_layout, &saved);
		if (r != 0)
			return (r);
		if (u->version != STATE_OLD)
			sequences_restore(&e->sequences, &saved);
	}
	return (0);
}

static int
unpack_template(struct cursor *c, struct exporter *e, const struct unpacker *u)
{
	const bool old = u->version == STATE_OLD;
	struct template_head head = { .scopes = 0 };
	enum template_result result;
	struct tmpl saved = { .nops = 0 };
	struct cursor specs;
	int r;

	if ((r = unpack_struct(c, old ? &template_layout_old : &template_layout,
		 &head)) != 0)
		return (r);
	if (cur_sub(c, head.raw_len, &specs) != 0)
		return (FLOWD_ESHORT);
	saved.key = head.key;
	saved.options = head.options;
	saved.scopes = head.scopes;
	saved.nfields = head.nfields;
	saved.owners = unpack_mask(u, head.owners);
	saved.data_from = unpack_mask(u, head.data_from);
	saved.port = head.port;
	saved.used = head.used && !old;
	saved.waiting = head.waiting;
	saved.challenged = head.challenged;
	saved.turn = head.turn;
	saved.last_data = e->last_seen;
	result = template_restore(&e->templates, &e->memory,
	    e->shared->templates_max, &saved, &specs);
	if (result == TEMPLATE_BAD || cur_left(&specs) != 0)
		return (FLOWD_EINVAL);
	return (0);
}

static int
unpack_sampler(struct cursor *c, struct exporter *e, const struct unpacker *u)
{
	struct sampler s = { .rate = { .sampled = 1 } };
	int r;

	if ((r = unpack_struct(c,
		 u->version == STATE_OLD ? &sampler_layout_old :
					   &sampler_layout,
		 &s)) == 0) {
		if (u->version == STATE_OLD)
			s.sent_in = s.domain;
		options_put_sampler(&e->options, &e->memory, &e->sessions, &s);
	}
	free(s.name);
	return (r);
}

static int
unpack_interface_old(struct cursor *c, struct exporter *e)
{
	struct interface_old old = { .index = 0 };
	struct interface i = { .name = old.name,
		.description = old.description };
	int r;

	if ((r = unpack_struct(c, &interface_layout_old, &old)) == 0) {
		i.index = old.index;
		options_put_interface(&e->options, &e->memory, &i);
	}
	return (r);
}

static int
unpack_interface(struct cursor *c, struct exporter *e, const struct unpacker *u)
{
	struct interface i = { .index = 0 };
	int r;

	if (u->version == STATE_OLD)
		return (unpack_interface_old(c, e));
	if ((r = unpack_struct(c, &interface_layout, &i)) == 0)
		options_put_interface(&e->options, &e->memory, &i);
	free(i.name);
	free(i.description);
	return (r);
}

static int
unpack_domain(struct cursor *c, struct exporter *e, const struct unpacker *u)
{
	struct domain d = { .id = 0 };
	int r;

	if ((r = unpack_struct(c,
		 u->version == STATE_OLD ? &domain_layout_old : &domain_layout,
		 &d)) == 0)
		options_put_domain(&e->options, &e->memory, &d);
	return (r);
}

/* Reads a counted list.  Each item consumes bytes, so the loop ends. */
static int
unpack_list(struct cursor *c, struct exporter *e, const struct unpacker *u,
    int (*unpack)(struct cursor *, struct exporter *, const struct unpacker *))
{
	uint32_t n;
	int r = 0;

	if (cur_u32(c, &n) != 0)
		return (FLOWD_ESHORT);
	for (; n > 0 && r == 0; n--)
		r = unpack(c, e, u);
	return (r);
}

static int
unpack_lists(struct cursor *c, struct exporter *e, struct unpacker *u)
{
	int r;

	memset(u->sessions, 0, sizeof(u->sessions));
	if ((u->version != STATE_OLD && (r = unpack_sessions(c, e, u)) != 0) ||
	    (r = unpack_sequences(c, e, u)) != 0 ||
	    (r = unpack_list(c, e, u, unpack_template)) != 0 ||
	    (r = unpack_list(c, e, u, unpack_sampler)) != 0 ||
	    (r = unpack_list(c, e, u, unpack_interface)) != 0)
		return (r);
	return (unpack_list(c, e, u, unpack_domain));
}

/* Another file may have had a later state of the exporter. */
static bool
is_wanted(const struct unpacker *u, const struct addr *addr, uint32_t last_seen)
{
	const struct exporter *e = exporter_find(u->table, addr);

	if (e != NULL && e->last_seen > last_seen)
		return (false);
	return (u->wants == NULL || u->wants(u->arg, addr));
}

static int
unpack_exporter(struct cursor *c, struct unpacker *u)
{
	struct exporter_head head = { .rank = SAVED_NEWCOMER };
	struct exporter *e;
	bool wanted;
	int r;

	if ((r = unpack_struct(c, &exporter_layout, &head)) != 0)
		return (r);
	wanted = is_wanted(u, &head.addr, head.last_seen);
	e = exporter_get(wanted ? u->table : u->unwanted, &head.addr, u->now,
	    head.rank == SAVED_NAMED);
	if (e == NULL)
		return (FLOWD_ENOMEM);
	e->known = true;
	e->last_seen = head.last_seen;
	if (head.rank == SAVED_ESTABLISHED)
		exporter_establish(e);
	r = unpack_lists(c, e, u);
	if (!wanted)
		exporter_forget(e);
	return (r);
}

static int
unpack_exporters(struct unpacker *u, const uint8_t *data, size_t len)
{
	uint8_t magic[STATE_MAGIC_LEN];
	struct cursor c;
	uint32_t crc, n;
	int r = 0;

	cur_init(&c, data, len);
	if (cur_bytes(&c, magic, sizeof(magic)) != 0 ||
	    memcmp(magic, STATE_MAGIC, STATE_MAGIC_LEN - 1) != 0 ||
	    (magic[STATE_MAGIC_LEN - 1] != STATE_VERSION &&
		magic[STATE_MAGIC_LEN - 1] != STATE_OLD))
		return (FLOWD_EVERSION);
	u->version = magic[STATE_MAGIC_LEN - 1];
	if (cur_u32(&c, &crc) != 0)
		return (FLOWD_ESHORT);
	if (checksum(magic, cur_peek(&c), cur_left(&c)) != crc)
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
	/* The table of unwanted exporters has one at a time. */
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
