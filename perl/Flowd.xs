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
 * Flow logs for Perl.  A flow is a hash: lib/Flowd.pm documents its keys, which
 * the table of fields defines.
 */

#define PERL_NO_GET_CONTEXT
#include "EXTERN.h"
#include "perl.h"
#include "XSUB.h"

#include "compat/compat.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "addr.h"
#include "codec/codec.h"
#include "format.h"
#include "lib/fields.h"
#include "rules.h"
#include "store.h"

#define HASH_KEYS	64	/* of a flow, about */

struct reader {
	struct store_reader	*log;		/* NULL: finished */
	SV			*name;		/* of the log, for messages */
	SV			*on_damage;	/* code or true; NULL: strict */
	AV			*damage;	/* not yet reported */
	SV			*on_follow;	/* code; NULL: none */
	AV			*events;	/* not yet reported */
	SV			*filter;	/* Flowd::Filter; NULL: none */
	SV			*handle;	/* of Perl; NULL: finished */
	uint64_t		 base;		/* offset where log begins */
	uint64_t		 begin;		/* offset of the first flow */
	uint32_t		 start_sec;	/* of a log of version 2 */
	uint64_t		 torn_end;	/* end of a torn record, or 0 */
	bool			 torn;
	bool			 ended;		/* no more flows can come */
	bool			 has_next;
	struct flow		 next;		/* the flow at begin */
};

struct writer {
	struct store_writer	*log;
	SV			*name;
	pid_t			 owner;		/* process that flushes it */
};

typedef struct reader *Reader;
typedef struct writer *Writer;
typedef struct flowd_rules *Filter;

/*
 * If perl's integers have 32 bits, larger numbers are decimal text.  Its
 * formats then have no conversion for them, either.
 */
static SV *
new_number(pTHX_ uint64_t v)
{
#if UVSIZE < 8
	char text[24];

	if (v > UINT32_MAX) {
		(void)snprintf(text, sizeof(text), "%" PRIu64, v);
		return (newSVpv(text, 0));
	}
#endif
	return (newSVuv((UV)v));
}

#define NUMBER_ARG(v)	SVfARG(sv_2mortal(new_number(aTHX_ (v))))

/* Returns the integer from 0 to max in sv, from its text, which is exact. */
static uint64_t
number_of(pTHX_ SV *sv, const char *key, uint64_t max)
{
	uint64_t v = 0;
	const char *text;
	unsigned int digit;
	STRLEN len, i;

	text = SvPV(sv, len);
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			break;
		digit = (unsigned int)(text[i] - '0');
		if (v > (max - digit) / 10)
			break;
		v = v * 10 + digit;
	}
	if (len == 0 || i < len)
		croak("%s is no integer from 0 to %" SVf ": %" SVf, key,
		    NUMBER_ARG(max), SVfARG(sv));
	return (v);
}

static uint32_t
mask_of(pTHX_ SV *sv)
{
	return ((uint32_t)number_of(aTHX_ sv, "the mask of fields",
	    UINT32_MAX));
}

static void
put(pTHX_ HV *hv, const char *key, SV *value)
{
	if (hv_store(hv, key, (I32)strlen(key), value, 0) == NULL)
		SvREFCNT_dec(value);
}

/* The key of a member, or NULL if Perl does not show it. */
static const char *
key_of(const struct member *m)
{
	return (m->perl != NULL ? m->perl : m->name);
}

#define KEY_MAX	64

static void
put_address(pTHX_ HV *hv, const struct member *m, const struct flow *flow)
{
	const struct addr *addr = member_addr(m, flow);
	char text[ADDR_STRLEN], key[KEY_MAX];

	put(aTHX_ hv, key_of(m), newSVpv(addr_ntop(addr, text), 0));
	(void)snprintf(key, sizeof(key), "%s_af", key_of(m));
	put(aTHX_ hv, key, newSViv(addr->family == ADDR_V4 ? AF_INET :
	    AF_INET6));
}

/* Returns a reference to a new hash with the fields of the flow. */
static SV *
hash_of_flow(pTHX_ const struct flow *flow)
{
	const struct member *m;
	HV *hv = newHV();
	size_t i;

	hv_ksplit(hv, HASH_KEYS);
	put(aTHX_ hv, "fields", newSVuv(flow->fields));
	put(aTHX_ hv, "flow_ver", newSVuv(flow->version));
	for (i = 0; (m = field_member(i)) != NULL; i++) {
		if ((flow->fields & m->field) == 0 || key_of(m) == NULL)
			continue;
		if (m->type == MEMBER_ADDR)
			put_address(aTHX_ hv, m, flow);
		else
			put(aTHX_ hv, key_of(m), new_number(aTHX_
			    member_number(m, flow)));
	}
	return (newRV_noinc((SV *)hv));
}

/* Returns the value of a key, or NULL if it is absent or undefined. */
static SV *
get(pTHX_ HV *hv, const char *key)
{
	SV **value = hv_fetch(hv, key, (I32)strlen(key), 0);

	if (value == NULL)
		return (NULL);
	SvGETMAGIC(*value);
	return (SvOK(*value) ? *value : NULL);
}

/*
 * The names of members in a flow, each with the number of its member, from 1.
 * 0: a key that is no member.
 */
#define KNOWN_KEYS "Flowd::_keys"

static void
know_key(pTHX_ HV *known, const char *key, size_t number)
{
	if (key != NULL && !hv_exists(known, key, (I32)strlen(key)))
		put(aTHX_ known, key, newSVuv(number));
}

/* The key of a member in JSON, from its label, if it has the same value. */
static const char *
json_key(const struct member *m, char buf[KEY_MAX])
{
	if (m->json.show != SHOW_NUMBER && m->json.show != SHOW_ADDR)
		return (NULL);
	(void)strlcpy(buf, m->json.label + 1, KEY_MAX);
	buf[strcspn(buf, "\"")] = '\0';
	return (buf);
}

static void
know_address(pTHX_ HV *known, const struct member *m)
{
	char key[KEY_MAX];

	if (m->type != MEMBER_ADDR)
		return;
	(void)snprintf(key, sizeof(key), "%s_af", key_of(m));
	know_key(aTHX_ known, key, 0);
}

/* Perl's names come first: no other name replaces them. */
static void
make_keys(pTHX)
{
	HV *known = get_hv(KNOWN_KEYS, GV_ADD);
	const struct member *m;
	char buf[KEY_MAX];
	size_t i;

	know_key(aTHX_ known, "fields", 0);
	know_key(aTHX_ known, "flow_ver", 0);
	for (i = 0; (m = field_member(i)) != NULL; i++) {
		know_key(aTHX_ known, key_of(m), i + 1);
		know_address(aTHX_ known, m);
	}
	for (i = 0; (m = field_member(i)) != NULL; i++) {
		if (key_of(m) == NULL)
			continue;
		know_key(aTHX_ known, m->name, i + 1);
		know_key(aTHX_ known, m->python, i + 1);
		know_key(aTHX_ known, json_key(m, buf), i + 1);
	}
}

/* Returns the member of a key, or NULL if it is none.  Dies of other keys. */
static const struct member *
member_of(pTHX_ HV *hv, HV *known, SV *key)
{
	HE *entry = hv_fetch_ent(known, key, 0, 0);
	const struct member *m;
	size_t number;
	const char *own;

	if (entry == NULL)
		croak("a flow has no %" SVf, SVfARG(key));
	if ((number = SvUV(HeVAL(entry))) == 0)
		return (NULL);
	m = field_member(number - 1);
	own = key_of(m);
	if (strcmp(own, SvPV_nolen(key)) != 0 &&
	    hv_exists(hv, own, (I32)strlen(own)))
		croak("%s and %" SVf " are names of the same value", own,
		    SVfARG(key));
	return (m);
}

static void
set_member(pTHX_ const struct member *m, const char *key, SV *value,
    struct flow *flow)
{
	uint8_t *to = (uint8_t *)flow + m->offset;
	struct addr *addr;

	if (m->type != MEMBER_ADDR) {
		number_set(to, m->size, number_of(aTHX_ value, key,
		    UINT64_MAX >> (64 - 8 * m->size)));
		flow->fields |= m->field;
		return;
	}
	addr = (struct addr *)to;
	if (addr_pton(SvPV_nolen(value), addr) != 0)
		croak("%s is no address: %" SVf, key, SVfARG(value));
	flow->fields |= store_addr_bit(m->field, addr->family);
}

static void
set_members(pTHX_ HV *hv, struct flow *flow)
{
	HV *known = get_hv(KNOWN_KEYS, 0);
	const struct member *m;
	HE *entry;
	SV *key, *value;

	(void)hv_iterinit(hv);
	while ((entry = hv_iternext(hv)) != NULL) {
		key = hv_iterkeysv(entry);
		value = hv_iterval(hv, entry);
		m = member_of(aTHX_ hv, known, key);
		SvGETMAGIC(value);
		if (m != NULL && SvOK(value))
			set_member(aTHX_ m, SvPV_nolen(key), value, flow);
	}
}

/* A field in "fields" needs its address; numbers may be absent. */
static void
check_fields(pTHX_ const struct flow *flow, uint32_t announced)
{
	const struct member *m;
	size_t i;

	for (i = 0; (m = field_member(i)) != NULL; i++) {
		if (m->type == MEMBER_ADDR &&
		    (announced & m->field & ~flow->fields) != 0)
			croak("fields has an address that %s is not",
			    key_of(m));
	}
}

static HV *
flow_hash(pTHX_ SV *sv)
{
	if (!SvROK(sv) || SvTYPE(SvRV(sv)) != SVt_PVHV)
		croak("a flow has to be a reference to a hash");
	return ((HV *)SvRV(sv));
}

/*
 * Makes a flow from a hash.  It has the fields in "fields" or, without that
 * key, the fields of which the hash has a key.
 */
static void
flow_of_hash(pTHX_ SV *sv, struct flow *flow)
{
	HV *hv = flow_hash(aTHX_ sv);
	SV *fields, *version;
	uint32_t announced;

	memset(flow, 0, sizeof(*flow));
	set_members(aTHX_ hv, flow);
	if ((version = get(aTHX_ hv, "flow_ver")) != NULL)
		flow->version = (uint8_t)number_of(aTHX_ version, "flow_ver",
		    UINT8_MAX);
	if ((fields = get(aTHX_ hv, "fields")) == NULL)
		return;
	announced = mask_of(aTHX_ fields) & FIELDS_KNOWN;
	check_fields(aTHX_ flow, announced);
	flow->fields = announced;
}

/* The same for a flow that is written, which has to have fields. */
static void
record_of_hash(pTHX_ SV *sv, struct flow *flow)
{
	flow_of_hash(aTHX_ sv, flow);
	if (flow->fields == 0 &&
	    get(aTHX_ (HV *)SvRV(sv), "fields") == NULL)
		croak("the flow has no values");
}

/* Returns a time in seconds since the epoch, or undef. */
static SV *
time_of(pTHX_ SV *sv, enum store_time which)
{
	struct flow flow;
	int64_t t;

	flow_of_hash(aTHX_ sv, &flow);
	if ((t = store_flow_time(&flow, which)) == STORE_TIME_ABSENT)
		return (newSV(0));
	return (newSVnv((NV)(t / 1000000000) +
	    (NV)(t % 1000000000) / 1e9));
}

/* Returns "NAME: offset N: ERROR". */
static SV *
message(pTHX_ const struct reader *r, uint64_t offset, int error)
{
	SV *said = sv_2mortal(newSVpvf("%" SVf ": ", SVfARG(r->name)));

	if (error == FLOWD_ENOMEM || error == FLOWD_ELEGACY ||
	    error <= FLOWD_EXZ)
		sv_catpvf(said, "%s", flowd_strerror(error));
	else
		sv_catpvf(said, "offset %" SVf ": %s", NUMBER_ARG(offset),
		    error == FLOWD_EIO ? strerror(errno) :
		    flowd_strerror(error));
	return (said);
}

static uint64_t
offset_of(const struct reader *r)
{
	return (r->base + store_reader_offset(r->log));
}

/* A callback may die, so it is called when store_read has returned. */
static void
note_damage(void *arg, int error, uint64_t offset, uint64_t len)
{
	struct reader *r = arg;
	AV *item;
	dTHX;

	r->torn_end = error == FLOWD_ETORN ? r->base + offset + len : 0;
	if (r->base + offset < r->begin)
		return;
	item = newAV();
	av_push(item, new_number(aTHX_ r->base + offset));
	av_push(item, new_number(aTHX_ len));
	av_push(item, newSVpv(flowd_strerror(error), 0));
	av_push(r->damage, newRV_noinc((SV *)item));
}

/* The same for events of a log that is followed. */
static void
note_event(void *arg, enum store_follow_event event, const char *path)
{
	static const char *const names[] = { NULL, "waiting", "begin", "cut",
	    "torn", "closed" };
	struct reader *r = arg;
	AV *item;
	dTHX;

	if (r->on_follow == NULL)
		return;
	item = newAV();
	av_push(item, newSVpv(names[event], 0));
	av_push(item, path == NULL ? newSV(0) : newSVpv(path, 0));
	av_push(r->events, newRV_noinc((SV *)item));
}

static void
call_with(pTHX_ SV *code, AV *item)
{
	dSP;
	SSize_t i;

	ENTER;
	SAVETMPS;
	PUSHMARK(SP);
	for (i = 0; i <= av_len(item); i++)
		XPUSHs(*av_fetch(item, i, 0));
	PUTBACK;
	(void)call_sv(code, G_VOID | G_DISCARD);
	FREETMPS;
	LEAVE;
}

static void
warn_of_damage(pTHX_ const struct reader *r, AV *item)
{
	if (SvUV(*av_fetch(item, 1, 0)) == 0) {
		warn("%" SVf ": offset %" SVf ": %" SVf,
		    SVfARG(r->name), SVfARG(*av_fetch(item, 0, 0)),
		    SVfARG(*av_fetch(item, 2, 0)));
		return;
	}
	warn("%" SVf ": offset %" SVf ": %" SVf " damaged bytes are left out: "
	    "%" SVf, SVfARG(r->name), SVfARG(*av_fetch(item, 0, 0)),
	    SVfARG(*av_fetch(item, 1, 0)), SVfARG(*av_fetch(item, 2, 0)));
}

static void
tell_damage(pTHX_ const struct reader *r)
{
	AV *item;

	while (r->damage != NULL && av_len(r->damage) >= 0) {
		item = (AV *)SvRV(sv_2mortal(av_shift(r->damage)));
		if (SvROK(r->on_damage))
			call_with(aTHX_ r->on_damage, item);
		else
			warn_of_damage(aTHX_ r, item);
	}
}

static void
tell_events(pTHX_ const struct reader *r)
{
	while (r->events != NULL && av_len(r->events) >= 0)
		call_with(aTHX_ r->on_follow,
		    (AV *)SvRV(sv_2mortal(av_shift(r->events))));
}

static void *
object_of(pTHX_ SV *sv, const char *class)
{
	if (!SvROK(sv) || !sv_derived_from(sv, class))
		croak("this is no %s", class);
	return (INT2PTR(void *, SvIV(SvRV(sv))));
}

static Reader
reader_of(pTHX_ SV *sv)
{
	Reader r = object_of(aTHX_ sv, "Flowd");

	if (r->log == NULL)
		croak("%" SVf ": the log is finished", SVfARG(r->name));
	return (r);
}

static Writer
writer_of(pTHX_ SV *sv)
{
	Writer w = object_of(aTHX_ sv, "Flowd::Writer");

	if (w->log == NULL)
		croak("%" SVf ": the log is finished", SVfARG(w->name));
	return (w);
}

static Filter
filter_of(pTHX_ SV *sv)
{
	return (object_of(aTHX_ sv, "Flowd::Filter"));
}

static void
reader_free(pTHX_ Reader r)
{
	store_reader_close(r->log);
	SvREFCNT_dec(r->name);
	SvREFCNT_dec(r->on_damage);
	SvREFCNT_dec((SV *)r->damage);
	SvREFCNT_dec(r->on_follow);
	SvREFCNT_dec((SV *)r->events);
	SvREFCNT_dec(r->filter);
	SvREFCNT_dec(r->handle);
	Safefree(r);
}

/* Returns the result of closing.  Only the owner flushes buffered records. */
static int
writer_close(Writer w)
{
	struct store_writer *log = w->log;

	w->log = NULL;
	if (log == NULL || w->owner != getpid())
		return (0);
	return (store_writer_close(log));
}

static void
check_write(pTHX_ const struct writer *w, int error)
{
	if (error != 0)
		croak("cannot write %" SVf ": %s", SVfARG(w->name),
		    error == FLOWD_EIO ? strerror(errno) :
		    flowd_strerror(error));
}

/*
 * Moves to the offset begin.  If the file is compressed or a pipe, it reads up
 * to there.  Returns the result of store_read.
 */
static int
go_to_begin(Reader r, int fd)
{
	uint8_t magic[2];
	int error;

	if (r->begin == 0)
		return (0);
	if ((pread(fd, magic, sizeof(magic), 0) != sizeof(magic) ||
	    magic[0] != 0x1f || magic[1] != 0x8b) &&
	    lseek(fd, (off_t)r->begin, SEEK_SET) != -1) {
		r->base = r->begin;
		return (0);
	}
	do
		error = store_read(r->log, &r->next);
	while (error == 0 && store_reader_offset(r->log) < r->begin);
	r->has_next = error == 0;
	return (error == FLOWD_EEOF || error == FLOWD_ETORN ? 0 : error);
}

/* With recovery, a torn record at the end is damage, and the result is EEOF. */
static bool
ends_torn(const struct reader *r, int error)
{
	return (error == FLOWD_ETORN || (error == FLOWD_EEOF &&
	    r->torn_end != 0 && r->torn_end == offset_of(r)));
}

/* Reads a flow, which the filter may refuse.  Returns false at the end. */
static bool
read_any(pTHX_ Reader r, struct flow *flow)
{
	int error = 0;

	if (r->has_next) {
		*flow = r->next;
		r->has_next = false;
	} else
		error = store_read(r->log, flow);
	r->torn = ends_torn(r, error);
	r->ended = error == FLOWD_ECLOSED;
	tell_damage(aTHX_ r);
	tell_events(aTHX_ r);
	if (r->log == NULL || error == FLOWD_EEOF || error == FLOWD_ETORN ||
	    r->ended)
		return (false);		/* a callback may finish the log */
	if (error != 0)
		croak("%" SVf, SVfARG(message(aTHX_ r, offset_of(r), error)));
	return (true);
}

/* Reads the next flow.  Returns false at the end. */
static bool
read_next(pTHX_ Reader r, struct flow *flow)
{
	while (read_any(aTHX_ r, flow)) {
		if (r->filter == NULL ||
		    flowd_rules_accept(filter_of(aTHX_ r->filter), flow))
			return (true);
	}
	return (false);
}

/* Copies the tag that a rule gave to the flow. */
static void
tag_hash(pTHX_ HV *hv, const struct flow *flow)
{
	if ((flow->fields & STORE_FIELD_TAG) == 0)
		return;
	put(aTHX_ hv, "tag", newSVuv(flow->tag));
	if (get(aTHX_ hv, "fields") != NULL)
		put(aTHX_ hv, "fields", newSVuv(flow->fields));
}

static void
make_constants(pTHX)
{
	HV *stash = gv_stashpvs("Flowd", GV_ADD);
	const struct field_name *n;
	size_t i;

	for (i = 0; (n = field_name(i)) != NULL; i++)
		(void)newCONSTSUB(stash, n->name, newSVuv(n->mask));
	(void)newCONSTSUB(stash, "BRIEF", newSVuv(STORE_DISPLAY_BRIEF));
}

MODULE = Flowd		PACKAGE = Flowd		PREFIX = flowd_

PROTOTYPES: DISABLE

BOOT:
	codec_register();
	make_constants(aTHX);
	make_keys(aTHX);

# The version of zlib that is loaded, and that of its header.
void
flowd__zlib_versions()
    PPCODE:
	XPUSHs(sv_2mortal(newSVpv(zlibVersion(), 0)));
	XPUSHs(sv_2mortal(newSVpv(ZLIB_VERSION, 0)));

void
flowd__open(const char *class, SV *name, SV *handle, int fd, SV *offset, SV *on_damage, bool legacy, SV *filter)
    PREINIT:
	Reader r;
	SV *object;
	off_t at;
	int error;
    PPCODE:
	Newxz(r, 1, struct reader);
	object = sv_setref_pv(sv_newmortal(), class, r);
	r->name = newSVsv(name);
	r->handle = newSVsv(handle);
	r->begin = number_of(aTHX_ offset, "offset", INT64_MAX);
	if (SvOK(filter)) {
		(void)filter_of(aTHX_ filter);
		r->filter = newSVsv(filter);
	}
	if ((fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1)
		croak("cannot open %" SVf ": %s", SVfARG(name),
		    strerror(errno));
	if ((at = lseek(fd, 0, SEEK_CUR)) > 0)
		r->base = (uint64_t)at;
	error = store_reader_fdopen(fd, &r->log);
	if (error == 0 && legacy)
		error = store_reader_legacy(r->log, &r->start_sec);
	if (error == 0 && SvTRUE(on_damage)) {
		r->on_damage = newSVsv(on_damage);
		r->damage = newAV();
		error = store_reader_recover(r->log, note_damage, r);
	}
	if (error == 0)
		error = go_to_begin(r, fd);
	if (error != 0)
		croak("%" SVf, SVfARG(message(aTHX_ r, r->log == NULL ? 0 :
		    offset_of(r), error)));
	XPUSHs(object);

void
flowd__follow(const char *class, const char *path, bool only_new, SV *on_follow, SV *on_damage, SV *filter)
    PREINIT:
	Reader r;
	SV *object;
	int error;
    PPCODE:
	Newxz(r, 1, struct reader);
	object = sv_setref_pv(sv_newmortal(), class, r);
	r->name = newSVpv(path, 0);
	r->handle = newSV(0);
	if (SvOK(filter)) {
		(void)filter_of(aTHX_ filter);
		r->filter = newSVsv(filter);
	}
	if (SvOK(on_follow)) {
		r->on_follow = newSVsv(on_follow);
		r->events = newAV();
	}
	error = store_reader_open_following(path,
	    only_new ? STORE_FOLLOW_NEW : 0, note_event, r, &r->log);
	if (error == FLOWD_EIO)
		croak("cannot open %s: %s", path, strerror(errno));
	if (error == FLOWD_EINVAL)
		croak("%s is neither a regular file nor a directory", path);
	if (error == 0 && SvTRUE(on_damage)) {
		r->on_damage = newSVsv(on_damage);
		r->damage = newAV();
		error = store_reader_recover(r->log, note_damage, r);
	}
	if (error != 0)
		croak("%s: %s", path, flowd_strerror(error));
	XPUSHs(object);

SV *
flowd_path(Reader r)
    CODE:
	if (store_reader_path(r->log) != NULL)
		RETVAL = newSVpv(store_reader_path(r->log), 0);
	else
		RETVAL = newSVsv(r->name);
    OUTPUT:
	RETVAL

bool
flowd_ended(Reader r)
    CODE:
	RETVAL = r->ended;
    OUTPUT:
	RETVAL

void
flowd_read_flow(Reader r)
    PREINIT:
	struct flow flow;
	bool found;
    PPCODE:
	/* The callback for damage may drop the last reference. */
	if (r->on_damage != NULL || r->on_follow != NULL)
		sv_2mortal(SvREFCNT_inc(SvRV(ST(0))));
	PUTBACK;
	found = read_next(aTHX_ r, &flow);
	SPAGAIN;
	XPUSHs(sv_2mortal(found ? hash_of_flow(aTHX_ &flow) : newSViv(0)));

SV *
flowd_offset(Reader r)
    CODE:
	RETVAL = new_number(aTHX_ offset_of(r));
    OUTPUT:
	RETVAL

bool
flowd_torn(Reader r)
    CODE:
	RETVAL = r->torn;
    OUTPUT:
	RETVAL

uint32_t
flowd_start_sec(Reader r)
    CODE:
	RETVAL = r->start_sec;
    OUTPUT:
	RETVAL

void
flowd_finish(Reader r)
    CODE:
	store_reader_close(r->log);
	r->log = NULL;
	SvREFCNT_dec(r->handle);
	r->handle = NULL;

SV *
flowd__handle(SV *self)
    PREINIT:
	Reader r;
    CODE:
	r = object_of(aTHX_ self, "Flowd");
	RETVAL = r->handle == NULL ? newSV(0) : newSVsv(r->handle);
    OUTPUT:
	RETVAL

void
flowd_DESTROY(SV *self)
    CODE:
	reader_free(aTHX_ object_of(aTHX_ self, "Flowd"));

SV *
flowd_format(SV *self, SV *mask, bool utc, SV *flow_sv)
    PREINIT:
	struct flow flow;
	char line[FORMAT_LINE_MAX];
	size_t len;
    CODE:
	PERL_UNUSED_VAR(self);
	flow_of_hash(aTHX_ flow_sv, &flow);
	len = format_flow(&flow, mask_of(aTHX_ mask), utc, line);
	RETVAL = newSVpvn(line, len);
    OUTPUT:
	RETVAL

SV *
flowd_format_csv(SV *flow_sv)
    PREINIT:
	struct flow flow;
	char line[FORMAT_LINE_MAX];
	size_t len;
    CODE:
	flow_of_hash(aTHX_ flow_sv, &flow);
	len = format_csv(&flow, line);
	RETVAL = newSVpvn(line, len);
    OUTPUT:
	RETVAL

const char *
flowd_csv_header()
    CODE:
	RETVAL = format_csv_header();
    OUTPUT:
	RETVAL

SV *
flowd_format_json(SV *flow_sv, bool utc = false)
    PREINIT:
	struct flow flow;
	char line[FORMAT_LINE_MAX];
	size_t len;
    CODE:
	flow_of_hash(aTHX_ flow_sv, &flow);
	len = format_json(&flow, utc, line);
	RETVAL = newSVpvn(line, len);
    OUTPUT:
	RETVAL

const char *
flowd_iso_time(SV *sec, bool utc = false)
    PREINIT:
	char text[32];
    CODE:
	RETVAL = format_iso_time((uint32_t)number_of(aTHX_ sec, "the time",
	    UINT32_MAX), utc, text);
    OUTPUT:
	RETVAL

const char *
flowd_interval_time(SV *sec)
    PREINIT:
	char text[32];
    CODE:
	RETVAL = format_interval((uint32_t)number_of(aTHX_ sec,
	    "the interval", UINT32_MAX), text);
    OUTPUT:
	RETVAL

const char *
flowd_interval_time_ms(SV *ms)
    PREINIT:
	char text[32];
    CODE:
	RETVAL = format_interval_ms((uint32_t)number_of(aTHX_ ms,
	    "the interval", UINT32_MAX), text);
    OUTPUT:
	RETVAL

SV *
flowd_recv_time(SV *flow_sv)
    ALIAS:
	export_time = STORE_TIME_EXPORT
	start_time = STORE_TIME_START
	end_time = STORE_TIME_END
    CODE:
	RETVAL = time_of(aTHX_ flow_sv, (enum store_time)ix);
    OUTPUT:
	RETVAL

size_t
flowd_header_length()
    CODE:
	RETVAL = STORE_HEADER_LEN;
    OUTPUT:
	RETVAL

# The bytes that follow the header, as in flowd 0.9.
size_t
flowd_flow_length(SV *header)
    PREINIT:
	const char *bytes;
	STRLEN size;
	size_t len;
	int error;
    CODE:
	bytes = SvPVbyte(header, size);
	error = store_check_header((const uint8_t *)bytes, size, &len);
	if (error != 0)
		croak("cannot decode the header: %s", flowd_strerror(error));
	RETVAL = len - STORE_HEADER_LEN;
    OUTPUT:
	RETVAL

SV *
flowd_encode(SV *flow_sv, SV *mask = NULL)
    PREINIT:
	struct flow flow;
	uint8_t record[STORE_RECORD_MAX];
	size_t len;
	int error;
    CODE:
	record_of_hash(aTHX_ flow_sv, &flow);
	error = store_encode(&flow, mask == NULL ? FIELDS_KNOWN :
	    mask_of(aTHX_ mask), record, sizeof(record), &len);
	if (error != 0)
		croak("cannot encode the flow: %s", flowd_strerror(error));
	RETVAL = newSVpvn((const char *)record, len);
    OUTPUT:
	RETVAL

SV *
flowd_decode(SV *record)
    PREINIT:
	struct flow flow;
	const char *bytes;
	STRLEN size;
	size_t len;
	int error;
    CODE:
	bytes = SvPVbyte(record, size);
	error = store_decode((const uint8_t *)bytes, size, &flow, &len);
	if (error == 0 && len != size)
		error = FLOWD_EHEADER;
	if (error != 0)
		croak("cannot decode the record: %s", flowd_strerror(error));
	RETVAL = hash_of_flow(aTHX_ &flow);
    OUTPUT:
	RETVAL

MODULE = Flowd		PACKAGE = Flowd::Writer		PREFIX = writer_

void
writer_new(const char *class, SV *path)
    PREINIT:
	Writer w;
	SV *object;
    PPCODE:
	Newxz(w, 1, struct writer);
	object = sv_setref_pv(sv_newmortal(), class, w);
	w->name = newSVsv(path);
	w->owner = getpid();
	if (codec_is_name(SvPV_nolen(path)))
		croak("cannot write %" SVf ": logs are written uncompressed; "
		    "compress the complete log", SVfARG(path));
	check_write(aTHX_ w, store_writer_open(SvPV_nolen(path), &w->log));
	XPUSHs(object);

void
writer_write_flow(Writer w, SV *flow_sv, SV *mask = NULL)
    PREINIT:
	struct flow flow;
    CODE:
	record_of_hash(aTHX_ flow_sv, &flow);
	check_write(aTHX_ w, store_write(w->log, &flow, mask == NULL ?
	    FIELDS_KNOWN : mask_of(aTHX_ mask)));

void
writer_flush(Writer w)
    CODE:
	check_write(aTHX_ w, store_writer_flush(w->log));

void
writer_finish(Writer w)
    CODE:
	check_write(aTHX_ w, writer_close(w));

void
writer_DESTROY(SV *self)
    PREINIT:
	Writer w;
    CODE:
	w = object_of(aTHX_ self, "Flowd::Writer");
	if (writer_close(w) != 0)
		warn("cannot write %" SVf ": %s", SVfARG(w->name),
		    strerror(errno));
	SvREFCNT_dec(w->name);
	Safefree(w);

MODULE = Flowd		PACKAGE = Flowd::Filter		PREFIX = filter_

# Both return the filter, or undef and an error.
void
filter__compile(const char *class, SV *rules_sv, const char *name, bool files)
    PREINIT:
	char error[FLOWD_RULES_ERROR_MAX];
	Filter rules;
	const char *text;
	STRLEN len;
    PPCODE:
	text = SvPV(rules_sv, len);
	if (flowd_rules_compile(text, len, name, files ? FLOWD_RULES_FILES : 0,
	    &rules, error) != 0) {
		XPUSHs(&PL_sv_undef);
		XPUSHs(sv_2mortal(newSVpv(error, 0)));
	} else
		XPUSHs(sv_setref_pv(sv_newmortal(), class, rules));

void
filter__load(const char *class, const char *path)
    PREINIT:
	char error[FLOWD_RULES_ERROR_MAX];
	Filter rules;
    PPCODE:
	if (flowd_rules_open(path, &rules, error) != 0) {
		XPUSHs(&PL_sv_undef);
		XPUSHs(sv_2mortal(newSVpv(error, 0)));
	} else
		XPUSHs(sv_setref_pv(sv_newmortal(), class, rules));

bool
filter_accepts(Filter rules, SV *flow_sv)
    PREINIT:
	struct flow flow;
    CODE:
	flow_of_hash(aTHX_ flow_sv, &flow);
	RETVAL = flowd_rules_accept(rules, &flow);
	tag_hash(aTHX_ (HV *)SvRV(flow_sv), &flow);
    OUTPUT:
	RETVAL

uint32_t
filter_store_mask(Filter rules)
    CODE:
	RETVAL = flowd_rules_store_mask(rules);
    OUTPUT:
	RETVAL

void
filter_DESTROY(SV *self)
    CODE:
	flowd_rules_free(object_of(aTHX_ self, "Flowd::Filter"));
