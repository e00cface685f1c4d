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
 * Hostile input: sessions of valid datagrams, built here and, if there are any,
 * recorded, are truncated at every octet and changed in every octet.  The small
 * collector checks its state after each; the tests here limit the time.  The
 * datagrams before and after a changed one are valid, so that the state becomes
 * bad and good again.
 */
#include "compat/compat.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "collect9.h"
#include "decode/exporters.h"
#include "netflow.h"
#include "random.h"
#include "recorded.h"
#include "skip.h"
#include "wire9.h"

#define V9               NF_VERSION_9
#define IPFIX            NF_VERSION_IPFIX
#define SECONDS_MAX      10 /* for one datagram, with sanitizers */
#define SESSION_MAX      64 /* datagrams */
#define RECORDINGS_MAX   160
#define CHANGES_FRESH    64     /* by one collector */
#define CHANGES_RECORDED 250000 /* at most, in all sessions */
#define CHANGES_RANDOM   50000

struct piece {
	uint8_t *data;
	size_t len;
};

struct recording {
	char name[128];
	struct piece pieces[SESSION_MAX];
	size_t n;
};

/* A change of one octet, or a truncation there. */
enum kind { CUT, ZERO, ONES, FLIP, KINDS = FLIP + 8 };

static struct recording built, recorded[RECORDINGS_MAX];
static size_t nrecorded;
static struct collect c;
static struct wire w;

/* The present case, for the report of a failure. */
static char where[256];
static bool finished;

static void
too_long(int sig)
{
	static const char text[] = "\ntakes too long: ";

	(void)sig;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)!write(STDERR_FILENO, where, strlen(where));
	(void)!write(STDERR_FILENO, "\n", 1);
	_exit(1);
}

/* Small enough for every limit to be reached. */
static void
start(void)
{
	static const struct exporter_limits limits = {
		.exporters = 4,
		.templates = 24,
		.memory = 40000,
	};

	collect_start(&c, &limits);
	wire_init(&w);
}

static int
setup(void **state)
{
	(void)state;
	finished = false;
	(void)signal(SIGALRM, too_long);
	start();
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	(void)alarm(0);
	if (!finished)
		(void)fprintf(stderr, "at %s\n", where);
	collect_stop(&c);
	return (0);
}

static enum decoded
feed(const uint8_t *data, size_t len)
{
	(void)alarm(SECONDS_MAX);
	return (collect_datagram(&c, data, len));
}

static void
add_piece(struct recording *s, const uint8_t *data, size_t len)
{
	struct piece *p = &s->pieces[s->n];

	assert_true(s->n < SESSION_MAX);
	p->data = malloc(len == 0 ? 1 : len);
	assert_non_null(p->data);
	memcpy(p->data, data, len);
	p->len = len;
	s->n++;
}

static void
free_session(struct recording *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->pieces[i].data);
	s->n = 0;
}

static void
keep(void)
{
	add_piece(&built, w.buf, wire_end(&w));
	w.sequence++;
}

/* Puts octets with different values, for fields whose values do not matter. */
static void
put_values(const struct wire_field *fields, size_t n, uint8_t seed)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		if (fields[i].len == WIRE_VARIABLE) {
			wire_variable(&w, "GigabitEthernet0/1", 7 + seed % 12,
			    seed % 2);
			continue;
		}
		for (k = 0; k < fields[i].len; k++)
			wire_uint(&w,
			    k + 1 == fields[i].len ? (uint8_t)(seed + i) : 0,
			    1);
	}
}

static const struct wire_field every_v9[] = {
	{ 8, 4, 0 },
	{ 12, 4, 0 },
	{ 15, 4, 0 },
	{ 18, 4, 0 },
	{ 10, 2, 0 },
	{ 14, 4, 0 },
	{ 2, 4, 0 },
	{ 1, 8, 0 },
	{ 24, 3, 0 },
	{ 23, 5, 0 },
	{ 22, 4, 0 },
	{ 21, 4, 0 },
	{ 7, 2, 0 },
	{ 11, 2, 0 },
	{ 6, 2, 0 },
	{ 4, 1, 0 },
	{ 5, 1, 0 },
	{ 16, 2, 0 },
	{ 17, 4, 0 },
	{ 9, 1, 0 },
	{ 13, 1, 0 },
	{ 38, 1, 0 },
	{ 39, 2, 0 },
	{ 32, 2, 0 },
	{ 400, 3, 0 },
	{ 0x8001, 2, 0 },
	{ 60, 1, 0 },
	{ 85, 9, 0 },
	{ 56, 0, 0 },
};
static const struct wire_field every_v6[] = {
	{ 27, 16, 0 },
	{ 28, 16, 0 },
	{ 62, 16, 0 },
	{ 63, 16, 0 },
	{ 29, 1, 0 },
	{ 30, 1, 0 },
	{ 178, 1, 0 },
	{ 179, 1, 0 },
	{ 86, 4, 0 },
	{ 252, 4, 0 },
	{ 253, 4, 0 },
	{ 161, 4, 0 },
	{ 153, 8, 0 },
};
static const struct wire_field both_families[] = {
	{ 8, 4, 0 },
	{ 12, 4, 0 },
	{ 27, 16, 0 },
	{ 28, 16, 0 },
	{ 1, 4, 0 },
	{ 60, 1, 0 },
	{ 9, 1, 0 },
	{ 30, 1, 0 },
	{ 158, 4, 0 },
	{ 159, 4, 0 },
};
static const struct wire_field two_ways[] = {
	{ 8, 4, 0 },
	{ 12, 4, 0 },
	{ 7, 2, 0 },
	{ 11, 2, 0 },
	{ 231, 4, 0 },
	{ 232, 4, 0 },
	{ 298, 4, 0 },
	{ 299, 4, 0 },
	{ 1, 8, WIRE_PEN_REVERSE },
	{ 6, 1, WIRE_PEN_REVERSE },
	{ 154, 8, 0 },
	{ 155, 8, 0 },
	{ 150, 4, 0 },
	{ 151, 4, 0 },
};
static const struct wire_field of_any_length[] = {
	{ 8, 4, 0 },
	{ 82, WIRE_VARIABLE, 0 },
	{ 1, WIRE_VARIABLE, 0 },
	{ 99, WIRE_VARIABLE, 9 },
	{ 156, 8, 0 },
	{ 157, 8, 0 },
	{ 7, 0, 0 },
	{ 22, 4, 0 },
	{ 21, 4, 0 },
	{ 4, 1, 0 },
};
static const struct wire_field options_fields[] = {
	{ 10, 4, 0 },
	{ 82, WIRE_VARIABLE, 0 },
	{ 83, 6, 0 },
	{ 302, 2, 0 },
	{ 305, 4, 0 },
	{ 306, 4, 0 },
	{ 309, 2, 0 },
	{ 310, 2, 0 },
	{ 160, 8, 0 },
	{ 40, 8, 0 },
	{ 41, 4, 0 },
	{ 42, 4, 0 },
	{ 164, 4, 0 },
	{ 167, 4, 0 },
};
static const struct wire_field options_fields_v9[] = {
	{ 2, 4, 0 },
	{ 1, 0, 0 },
	{ 48, 1, 0 },
	{ 49, 1, 0 },
	{ 50, 2, 0 },
	{ 34, 4, 0 },
	{ 35, 1, 0 },
	{ 82, 8, 0 },
};

/* Data first, then templates and options in one datagram, then data. */
static void
build_v9(void)
{
	wire_start(&w, V9);
	wire_set(&w, 257);
	put_values(every_v6, WIRE_NFIELDS(every_v6), 1);
	keep();
	wire_start(&w, V9);
	wire_set(&w, 0);
	wire_define(&w, 256, every_v9, WIRE_NFIELDS(every_v9));
	wire_define(&w, 257, every_v6, WIRE_NFIELDS(every_v6));
	wire_fill(&w, 0, 2);
	wire_options(&w, 300, options_fields_v9,
	    WIRE_NFIELDS(options_fields_v9), 2);
	wire_set(&w, 300);
	put_values(options_fields_v9, WIRE_NFIELDS(options_fields_v9), 3);
	keep();
	wire_start(&w, V9);
	wire_set(&w, 256);
	put_values(every_v9, WIRE_NFIELDS(every_v9), 4);
	put_values(every_v9, WIRE_NFIELDS(every_v9), 140);
	wire_fill(&w, 0, 3);
	wire_set(&w, 257);
	put_values(every_v6, WIRE_NFIELDS(every_v6), 5);
	wire_set(&w, 9);
	wire_fill(&w, 7, 5);
	wire_close_set(&w);
	wire_fill(&w, 0, 8);
	keep();
	/* A new definition whose records have the length of the old one's. */
	wire_start(&w, V9);
	wire_template(&w, 256, of_any_length, 3);
	wire_set(&w, 256);
	put_values(of_any_length, 3, 6);
	put_values(every_v9, WIRE_NFIELDS(every_v9), 7);
	keep();
}

static void
build_ipfix(void)
{
	wire_start(&w, IPFIX);
	wire_set(&w, 2);
	wire_define(&w, 256, both_families, WIRE_NFIELDS(both_families));
	wire_define(&w, 257, two_ways, WIRE_NFIELDS(two_ways));
	wire_define(&w, 258, of_any_length, WIRE_NFIELDS(of_any_length));
	wire_options(&w, 300, options_fields, WIRE_NFIELDS(options_fields), 1);
	keep();
	wire_start(&w, IPFIX);
	wire_set(&w, 300);
	put_values(options_fields, WIRE_NFIELDS(options_fields), 8);
	put_values(options_fields, WIRE_NFIELDS(options_fields), 9);
	wire_set(&w, 256);
	put_values(both_families, WIRE_NFIELDS(both_families), 4);
	put_values(both_families, 2, 0);
	wire_fill(&w, 0, 32);
	put_values(both_families + 4, WIRE_NFIELDS(both_families) - 4, 4);
	keep();
	wire_start(&w, IPFIX);
	wire_set(&w, 257);
	put_values(two_ways, WIRE_NFIELDS(two_ways), 11);
	put_values(two_ways, WIRE_NFIELDS(two_ways), 12);
	wire_set(&w, 258);
	put_values(of_any_length, WIRE_NFIELDS(of_any_length), 13);
	put_values(of_any_length, WIRE_NFIELDS(of_any_length), 14);
	wire_fill(&w, 0, 2);
	keep();
	wire_start(&w, IPFIX);
	wire_set(&w, 2);
	wire_uint(&w, 257, 2);
	wire_uint(&w, 0, 2);
	wire_set(&w, 3);
	wire_uint(&w, 3, 2);
	wire_uint(&w, 0, 2);
	wire_set(&w, 257);
	put_values(two_ways, WIRE_NFIELDS(two_ways), 15);
	keep();
	wire_start(&w, IPFIX);
	wire_template(&w, 257, two_ways, WIRE_NFIELDS(two_ways));
	keep();
}

static void
build(void)
{
	wire_init(&w);
	(void)snprintf(built.name, sizeof(built.name), "the built session");
	build_v9();
	build_ipfix();
}

/* Returns false if the change has no effect. */
static bool
change(uint8_t *data, size_t *len, size_t off, int kind)
{
	const uint8_t was = data[off];

	switch (kind) {
	case CUT:
		*len = off;
		return (true);
	case ZERO:
		data[off] = 0;
		break;
	case ONES:
		data[off] = 0xff;
		break;
	default:
		data[off] ^= (uint8_t)(1 << (kind - FLIP));
	}
	return (data[off] != was);
}

/* Feeds the datagrams from, from + 1 ... to - 1 of the session. */
static void
feed_pieces(const struct recording *s, size_t from, size_t to)
{
	for (; from < to; from++)
		(void)feed(s->pieces[from].data, s->pieces[from].len);
}

/* Feeds datagram i with its nth change, and valid ones around it. */
static void
try_change(const struct recording *s, size_t i, size_t nth)
{
	static uint8_t changed[NF_DATAGRAM_MAX];
	const struct piece *p = &s->pieces[i];
	size_t off = nth / KINDS, len = p->len;
	int kind = (int)(nth % KINDS);

	memcpy(changed, p->data, p->len);
	if (!change(changed, &len, off, kind))
		return;
	(void)snprintf(where, sizeof(where),
	    "%s: datagram %zu, octet %zu, change %d", s->name, i, off, kind);
	(void)feed(changed, len);
	if (i + 1 < s->n)
		feed_pieces(s, i + 1, i + 2);
	feed_pieces(s, i, i + 1);
}

/* Tries every step-th change from *first on, and advances *first past them. */
static void
try_session(const struct recording *s, size_t step, size_t *first)
{
	size_t i, nth, fresh;

	for (i = 0; i < s->n; i++) {
		fresh = CHANGES_FRESH;
		for (nth = *first; nth < s->pieces[i].len * KINDS;
		     nth += step) {
			if (fresh++ == CHANGES_FRESH) {
				collect_stop(&c);
				start();
				feed_pieces(s, 0, i);
				fresh = 0;
			}
			try_change(s, i, nth);
		}
		*first = nth - s->pieces[i].len * KINDS;
	}
}

/* Otherwise changes of it would not test anything. */
static void
the_built_session_is_valid(void **state)
{
	const struct counters *n = &c.exporter->counters;

	(void)state;
	feed_pieces(&built, 0, built.n);
	assert_int_equal(n->datagrams, built.n);
	assert_int_equal(n->decoded, built.n);
	assert_int_equal(n->templates, 8);
	assert_int_equal(n->templates_refused, 0);
	assert_int_equal(n->options, 3);
	assert_int_equal(n->withdrawals, 2);
	assert_int_equal(n->sets_reserved, 1);
	assert_true(n->flows >= 16);
	finished = true;
}

static void
every_change_of_the_built_session_is_harmless(void **state)
{
	size_t first = 0;

	(void)state;
	try_session(&built, 1, &first);
	finished = true;
}

/* Changes lengths, counts and ids, often to the wrong side of a bound. */
static void
damage(uint8_t *data, size_t len)
{
	static const uint16_t values[] = { 0, 1, 3, 4, 5, 255, 256, 257, 258,
		300, 32767, 32768, 65531, 65534, 65535 };
	uint32_t n, off;

	for (n = 1 + random_number(6); n > 0; n--) {
		off = random_number((uint32_t)len - 1);
		if (random_number(2) == 0)
			data[off] = (uint8_t)random_number(256);
		else
			be16_put(data + off,
			    values[random_number(
				sizeof(values) / sizeof(values[0]))]);
	}
}

static void
many_changes_at_once_are_harmless(void **state)
{
	static uint8_t changed[NF_DATAGRAM_MAX];
	const struct piece *p;
	size_t i;

	(void)state;
	for (i = 0; i < CHANGES_RANDOM; i++) {
		p = &built.pieces[random_number((uint32_t)built.n)];
		(void)snprintf(where, sizeof(where), "random change %zu", i);
		memcpy(changed, p->data, p->len);
		damage(changed, p->len);
		(void)feed(changed, p->len);
		if (random_number(3) == 0)
			(void)feed(p->data, p->len);
		c.recv_sec += random_number(2);
		if (random_number(100) == 0)
			exporters_expire(c.table, c.recv_sec);
	}
	finished = true;
}

/* Random octets after the version. */
static void
noise_is_harmless(void **state)
{
	uint8_t noise[200];
	size_t i, k, len;

	(void)state;
	for (i = 0; i < CHANGES_RANDOM; i++) {
		(void)snprintf(where, sizeof(where), "noise %zu", i);
		len = random_number(sizeof(noise) + 1);
		for (k = 0; k < len; k++)
			noise[k] = (uint8_t)random_number(
			    random_number(2) == 0 ? 4 : 256);
		if (len >= 4) {
			be16_put(noise, i % 2 == 0 ? V9 : IPFIX);
			be16_put(noise + 2, (uint16_t)len);
		}
		(void)feed(noise, len);
	}
	finished = true;
}

/* Returns the whole file, which the caller frees, or NULL without one. */
static uint8_t *
read_file(const char *path, size_t *len)
{
	static const size_t max = 1 << 20;
	uint8_t *data;
	FILE *fp;

	if ((fp = fopen(path, "rb")) == NULL)
		return (NULL);
	data = malloc(max);
	assert_non_null(data);
	*len = fread(data, 1, max, fp);
	(void)fclose(fp);
	return (data);
}

static uint32_t
le32(const uint8_t *p)
{
	return ((uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[1] << 8 | p[0]);
}

/*
 * Adds the payloads of UDP over IPv4 over Ethernet in a pcap of the usual kind.
 */
static void
add_pcap(struct recording *s, const uint8_t *data, size_t len)
{
	struct cursor file, frame;
	const uint8_t *header;
	uint16_t udp_len;

	cur_init(&file, data, len);
	(void)cur_skip(&file, 24);
	while (cur_left(&file) >= 16 && s->n < SESSION_MAX) {
		header = cur_take(&file, 16);
		if (cur_sub(&file, le32(header + 8), &frame) != 0 ||
		    cur_skip(&frame, 14) != 0 || cur_left(&frame) < 20 ||
		    cur_skip(&frame, (cur_peek(&frame)[0] & 0x0fU) * 4U + 4) !=
			0 ||
		    cur_u16(&frame, &udp_len) != 0 ||
		    cur_skip(&frame, 2) != 0 || udp_len < 8 ||
		    cur_left(&frame) < udp_len - 8U)
			continue;
		add_piece(s, cur_peek(&frame), udp_len - 8U);
	}
}

static void
add_file(struct recording *s, const char *path)
{
	uint8_t *data;
	size_t len;

	if ((data = read_file(path, &len)) == NULL)
		return;
	if (len >= 24 && le32(data) == 0xa1b2c3d4)
		add_pcap(s, data, len);
	else if (len <= NF_DATAGRAM_MAX && s->n < SESSION_MAX)
		add_piece(s, data, len);
	free(data);
}

static struct recording *
recorded_session(const char *name)
{
	struct recording *s;

	if (nrecorded > 0 && strcmp(recorded[nrecorded - 1].name, name) == 0)
		return (&recorded[nrecorded - 1]);
	assert_true(nrecorded < RECORDINGS_MAX);
	s = &recorded[nrecorded++];
	assert_in_range(snprintf(s->name, sizeof(s->name), "%s", name), 0,
	    sizeof(s->name) - 1);
	return (s);
}

/* The manifest has a line for each file, with its session. */
static void
read_manifest(const char *dir)
{
	char path[4096], line[1024], name[128], file[256];
	FILE *fp;

	(void)snprintf(path, sizeof(path), "%s/manifest.tsv", dir);
	if ((fp = fopen(path, "r")) == NULL)
		return;
	while (fgets(line, sizeof(line), fp) != NULL) {
		if (sscanf(line, "%127[^\t]\t%255[^\t]", name, file) != 2)
			continue;
		(void)snprintf(path, sizeof(path), "%s/captures/%s", dir, file);
		if (access(path, R_OK) == 0)
			add_file(recorded_session(name), path);
	}
	(void)fclose(fp);
}

static void
read_malformed(const char *dir)
{
	struct dirent **entries;
	char path[4096];
	int i, n;

	(void)snprintf(path, sizeof(path), "%s/captures/malformed", dir);
	if ((n = scandir(path, &entries, NULL, alphasort)) == -1)
		return;
	for (i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/captures/malformed/%s",
		    dir, entries[i]->d_name);
		if (strstr(path, ".pcap") != NULL)
			add_file(recorded_session(entries[i]->d_name), path);
		free(entries[i]);
	}
	free(entries);
}

static size_t
count_changes(void)
{
	size_t i, k, n = 0;

	for (i = 0; i < nrecorded; i++) {
		for (k = 0; k < recorded[i].n; k++)
			n += recorded[i].pieces[k].len * KINDS;
	}
	return (n);
}

/*
 * Returns a step without common divisor with KINDS, so that every kind occurs.
 */
static size_t
step_for(size_t changes)
{
	size_t step = changes / CHANGES_RECORDED + 1;

	while (step > 1 && step % KINDS == 0)
		step++;
	return (step);
}

static void
changes_of_recorded_sessions_are_harmless(void **state)
{
	size_t i, first = 0, step = step_for(count_changes());

	(void)state;
	if (nrecorded == 0) {
		finished = true;
		skip_because(SKIPPED_WITHOUT_DATA);
	}
	for (i = 0; i < nrecorded; i++)
		try_session(&recorded[i], step, &first);
	finished = true;
}

static int
load(void **state)
{
	const char *dir = recorded_dir();

	(void)state;
	build();
	if (dir != NULL) {
		read_manifest(dir);
		read_malformed(dir);
	}
	return (0);
}

static int
unload(void **state)
{
	size_t i;

	(void)state;
	free_session(&built);
	for (i = 0; i < nrecorded; i++)
		free_session(&recorded[i]);
	return (0);
}

/* Limits that allow much work, of which none may take long. */
static void
start_large(const char *what)
{
	collect_stop(&c);
	collect_start(&c, NULL);
	wire_init(&w);
	(void)snprintf(where, sizeof(where), "%s", what);
}

static void
transmit(void)
{
	(void)feed(w.buf, wire_end(&w));
}

static const struct wire_field one_octet[] = { { 4, 1, 0 } };

/* As many records as fit, of a template with as many fields as fit. */
static void
feed_many_fields(uint16_t version)
{
	static struct wire_field fields[16000];
	size_t i;

	for (i = 0; i < WIRE_NFIELDS(fields); i++)
		fields[i] = (struct wire_field){ 400, 0, 0 };
	fields[0].len = WIRE_VARIABLE;
	wire_start(&w, version);
	wire_template(&w, 256, fields, WIRE_NFIELDS(fields));
	transmit();
	wire_start(&w, version);
	wire_set(&w, 256);
	wire_fill(&w, 0, wcur_left(&w.at));
	transmit();
	assert_int_equal(c.n, 65535 - 4 - (version == V9 ? 20 : 16));
}

static void
many_fields_of_length_0_are_fast(void **state)
{
	(void)state;
	start_large("fields of no length");
	feed_many_fields(V9);
	feed_many_fields(IPFIX);
	finished = true;
}

/* All templates that an exporter may have, and held data. */
static void
fill_tables(void)
{
	uint16_t id;

	for (id = 256; id < 256 + TEMPLATES_DEFAULT; id++) {
		if (id % 1024 == 0 || id == 256) {
			if (id != 256)
				transmit();
			wire_start(&w, IPFIX);
			wire_set(&w, 2);
		}
		wire_define(&w, id, one_octet, 1);
	}
	transmit();
	assert_int_equal(c.exporter->templates.count, TEMPLATES_DEFAULT);
	wire_start(&w, IPFIX);
	while (wcur_left(&w.at) >= 4)
		wire_set(&w, 65000);
	transmit();
	assert_int_equal(c.exporter->held.count, HELD_SETS_EXPORTER);
}

static void
many_withdrawals_are_fast(void **state)
{
	(void)state;
	start_large("withdrawals");
	fill_tables();
	wire_start(&w, IPFIX);
	wire_set(&w, 2);
	while (wcur_left(&w.at) >= 4) {
		wire_uint(&w, 2, 2);
		wire_uint(&w, 0, 2);
	}
	transmit();
	assert_true(c.exporter->counters.withdrawals > 16000);
	finished = true;
}

static void
many_definitions_are_fast(void **state)
{
	uint16_t id = 10000;

	(void)state;
	start_large("definitions");
	fill_tables();
	wire_start(&w, IPFIX);
	wire_set(&w, 2);
	while (wcur_left(&w.at) >= 8)
		wire_define(&w, id++, one_octet, 1);
	transmit();
	assert_int_equal(c.exporter->templates.count, TEMPLATES_DEFAULT);
	finished = true;
}

static void
almost_padding_is_fast(void **state)
{
	(void)state;
	start_large("padding");
	fill_tables();
	wire_start(&w, IPFIX);
	wire_set(&w, 2);
	wire_fill(&w, 0, wcur_left(&w.at) - 1);
	wire_uint(&w, 1, 1);
	transmit();
	assert_int_equal(c.exporter->counters.withdrawals, 0);
	finished = true;
}

static void
many_names_are_fast(void **state)
{
	static const struct wire_field fields[] = {
		{ 10, 4, 0 },
		{ 82, 1, 0 },
	};
	uint32_t index = 1000000;

	(void)state;
	start_large("names");
	wire_start(&w, IPFIX);
	wire_options(&w, 256, fields, 2, 1);
	wire_set(&w, 256);
	while (wcur_left(&w.at) >= 5) {
		wire_uint(&w, index--, 4);
		wire_uint(&w, 'x', 1);
	}
	transmit();
	assert_int_equal(c.exporter->options.interfaces.n, INTERFACES_MAX);
	finished = true;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_built_session_is_valid),
		TEST(every_change_of_the_built_session_is_harmless),
		TEST(many_changes_at_once_are_harmless),
		TEST(noise_is_harmless),
		TEST(changes_of_recorded_sessions_are_harmless),
		TEST(many_fields_of_length_0_are_fast),
		TEST(many_withdrawals_are_fast),
		TEST(many_definitions_are_fast),
		TEST(almost_padding_is_fast),
		TEST(many_names_are_fast),
	};

	return (cmocka_run_group_tests(tests, load, unload));
}
