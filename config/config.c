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

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "lib/bits.h"
#include "lib/fields.h"
#include "store.h"

void
config_free(struct config *conf)
{
	size_t i;

	if (conf == NULL)
		return;
	for (i = 0; i < conf->nrules; i++)
		filter_rule_clear(&conf->rules[i]);
	for (i = 0; i < conf->ntables; i++)
		free(conf->tables[i].prefixes);
	for (i = 0; i < conf->nlogs; i++) {
		free(conf->logs[i].path);
		free(conf->logs[i].tags);
		free(conf->logs[i].group);
	}
	free(conf->rules);
	free(conf->offsets);
	free(conf->tables);
	free(conf->logs);
	free(conf->listens);
	free(conf->sources.prefixes);
	free(conf->sources.tables);
	free(conf->joins);
	free(conf->forwards);
	free(conf->logsock);
	free(conf->pidfile);
	free(conf->statefile);
	free(conf->crashdump);
	free(conf->control);
	free(conf->control_group);
	free(conf);
}

static int
compare_prefixes(const void *a, const void *b)
{
	return (prefix_compare(a, b));
}

/* Returns all prefixes of the sources, sorted, perhaps with duplicates. */
static struct prefix *
collect_sources(const struct config *conf, size_t *n)
{
	const struct filter_addr_set *sources = &conf->sources;
	const struct filter_table *table;
	struct prefix *all;
	size_t room = sources->n;
	uint32_t i;

	for (i = 0; i < sources->ntables; i++)
		room += conf->tables[sources->tables[i]].n;
	if ((all = calloc(room + 1, sizeof(*all))) == NULL)
		return (NULL);
	*n = sources->n;
	if (sources->n != 0)
		memcpy(all, sources->prefixes, *n * sizeof(*all));
	for (i = 0; i < sources->ntables; i++) {
		table = &conf->tables[sources->tables[i]];
		if (table->n != 0)
			memcpy(all + *n, table->prefixes,
			    table->n * sizeof(*all));
		*n += table->n;
	}
	qsort(all, *n, sizeof(*all), compare_prefixes);
	return (all);
}

static int
add_sources(struct prefix_map *map, const struct prefix *all, size_t n)
{
	size_t i;
	int r = 0;

	for (i = 0; i < n && r == 0; i++) {
		if (i == 0 || prefix_compare(&all[i - 1], &all[i]) != 0)
			r = prefix_map_add(map, &all[i],
			    all[i].len == addr_bits(all[i].addr.family) ?
				SOURCE_NAMED :
				SOURCE_ALLOWED);
	}
	return (r != 0 ? r : prefix_map_end(map));
}

bool
config_log_mode_is_valid(uint32_t mode)
{
	return (mode == 0600 || mode == 0640 || mode == 0644);
}

uint32_t
config_workers(const struct config *conf)
{
	return (conf->workers == 0 ? 1 : conf->workers);
}

struct prefix_map *
config_sources(const struct config *conf)
{
	struct prefix_map *map;
	struct prefix *all;
	size_t n;

	if ((all = collect_sources(conf, &n)) == NULL)
		return (NULL);
	map =
	    prefix_map_new(filter_addrs_given(&conf->sources) ? SOURCE_REFUSED :
								SOURCE_ALLOWED);
	if (map != NULL && add_sources(map, all, n) != 0) {
		prefix_map_free(map);
		map = NULL;
	}
	free(all);
	return (map);
}

/* The number of addresses in a prefix, UINT64_MAX for 2^64 and more. */
static uint64_t
addresses_in(const struct prefix *p)
{
	const unsigned int bits = addr_bits(p->addr.family) - p->len;

	return (bits > 63 ? UINT64_MAX : UINT64_C(1) << bits);
}

bool
config_allows_more(const struct config *conf, uint64_t max)
{
	const struct prefix *around = NULL;
	struct prefix *all;
	uint64_t left = max, more;
	size_t i, n;
	bool allows = !filter_addrs_given(&conf->sources);

	if (allows || (all = collect_sources(conf, &n)) == NULL)
		return (true);
	for (i = 0; i < n && !allows; i++) {
		if (around != NULL && prefix_contains(around, &all[i].addr))
			continue;
		around = &all[i];
		more = addresses_in(around);
		allows = more > left;
		left -= more;
	}
	free(all);
	return (allows);
}

static bool
is_in(const struct prefix *prefixes, uint32_t n, const struct addr *a)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (prefix_contains(&prefixes[i], a))
			return (true);
	}
	return (false);
}

bool
config_allows(const struct config *conf, const struct addr *a)
{
	const struct filter_addr_set *sources = &conf->sources;
	const struct filter_table *table;
	uint32_t i;

	if (!filter_addrs_given(sources) ||
	    is_in(sources->prefixes, sources->n, a))
		return (true);
	for (i = 0; i < sources->ntables; i++) {
		table = &conf->tables[sources->tables[i]];
		if (is_in(table->prefixes, table->n, a))
			return (true);
	}
	return (false);
}

static void
print_endpoint(const char *statement, const struct addr *addr, uint16_t port,
    FILE *fp)
{
	char text[ADDR_STRLEN];

	(void)fprintf(fp, addr->family == ADDR_V6 ? "%s [%s]:%u" : "%s %s:%u",
	    statement, addr_ntop(addr, text), port);
}

static void
print_bufsize(uint32_t bufsize, FILE *fp)
{
	if (bufsize != 0)
		(void)fprintf(fp, " bufsize %" PRIu32, bufsize);
}

static void
print_quoted(const char *before, const char *text, FILE *fp)
{
	const char *at;

	(void)fprintf(fp, "%s\"", before);
	for (at = text; *at != '\0'; at++) {
		if (*at == '"' || *at == '\\')
			(void)fputc('\\', fp);
		(void)fputc(*at, fp);
	}
	(void)fputc('"', fp);
}

static void
print_store(uint32_t mask, FILE *fp)
{
	const struct field_name *n;
	size_t i;

	if (mask == STORE_FIELD_ALL) {
		(void)fputs("store ALL\n", fp);
		return;
	}
	for (i = 0; (n = field_name(i)) != NULL; i++) {
		if (bits_count(n->mask) == 1 && (mask & n->mask) != 0)
			(void)fprintf(fp, "store %s\n", n->name);
	}
}

static void
print_listens(const struct config *conf, FILE *fp)
{
	const struct conf_listen *l;
	size_t i;

	for (i = 0; i < conf->nlistens; i++) {
		l = &conf->listens[i];
		print_endpoint("listen on", &l->addr, l->port, fp);
		if (l->ifname[0] != '\0')
			print_quoted(" interface ", l->ifname, fp);
		print_bufsize(l->bufsize, fp);
		if (l->name[0] != '\0')
			print_quoted(" name ", l->name, fp);
		(void)fputc('\n', fp);
	}
}

static void
print_tables(const struct config *conf, FILE *fp)
{
	const struct filter_table *table;
	char text[PREFIX_STRLEN];
	size_t i;
	uint32_t j;

	for (i = 0; i < conf->ntables; i++) {
		table = &conf->tables[i];
		(void)fprintf(fp, "table <%s> {\n", table->name);
		for (j = 0; j < table->n; j++)
			(void)fprintf(fp, "\t%s\n",
			    prefix_ntop(&table->prefixes[j], text));
		(void)fputs("}\n", fp);
	}
}

static void
print_sources(const struct config *conf, FILE *fp)
{
	const struct filter_addr_set *sources = &conf->sources;
	char text[PREFIX_STRLEN];
	uint32_t i;

	for (i = 0; i < sources->n; i++)
		(void)fprintf(fp, "flow source %s\n",
		    prefix_ntop(&sources->prefixes[i], text));
	for (i = 0; i < sources->ntables; i++)
		(void)fprintf(fp, "flow source <%s>\n",
		    conf->tables[sources->tables[i]].name);
}

static void
print_forward(const struct conf_forward *f, FILE *fp)
{
	char addr[ADDR_STRLEN],
	    text[ADDR_STRLEN + sizeof("[%]:65535") + IF_NAMESIZE];

	if (f->ifname[0] == '\0')
		print_endpoint("forward to", &f->addr, f->port, fp);
	else {
		(void)snprintf(text, sizeof(text), "[%s%%%s]:%u",
		    addr_ntop(&f->addr, addr), f->ifname, f->port);
		print_quoted("forward to ", text, fp);
	}
	(void)fputc('\n', fp);
}

static void
print_network(const struct config *conf, FILE *fp)
{
	const struct conf_join *join;
	char text[ADDR_STRLEN];
	size_t i;

	for (i = 0; i < conf->njoins; i++) {
		join = &conf->joins[i];
		(void)fprintf(fp, "join group %s",
		    addr_ntop(&join->group, text));
		if (join->ifname[0] != '\0')
			print_quoted(" on ", join->ifname, fp);
		(void)fputc('\n', fp);
	}
	for (i = 0; i < conf->nforwards; i++)
		print_forward(&conf->forwards[i], fp);
}

static void
print_rotation(const struct conf_log *log, FILE *fp)
{
	if (log->rotate_seconds != 0)
		fprintf(fp, " rotate every %" PRIu32 "s%s", log->rotate_seconds,
		    log->utc ? " utc" : "");
	if (log->rotate_size != 0)
		fprintf(fp, " rotate at size %" PRIu64, log->rotate_size);
	if (log->keep_seconds != 0)
		fprintf(fp, " keep %" PRIu32 "s", log->keep_seconds);
	if (log->keep_size != 0)
		fprintf(fp, " keep %" PRIu64, log->keep_size);
	if (log->keep_files != 0)
		fprintf(fp, " keep %" PRIu32 " files", log->keep_files);
	if (log->compress)
		fprintf(fp, " compress");
}

static void
print_logs(const struct config *conf, FILE *fp)
{
	const struct conf_log *log;
	size_t i, j;

	for (i = 0; i < conf->nlogs; i++) {
		log = &conf->logs[i];
		print_quoted("logfile ", log->path, fp);
		for (j = 0; j < log->ntags; j++)
			(void)fprintf(fp, "%s%" PRIu32, j == 0 ? " tag " : ",",
			    log->tags[j]);
		print_rotation(log, fp);
		if (log->mode != 0)
			(void)fprintf(fp, " mode %04" PRIo32, log->mode);
		if (log->group != NULL)
			print_quoted(" group ", log->group, fp);
		(void)fputc('\n', fp);
	}
}

static void
print_path(const char *statement, const char *path, FILE *fp)
{
	if (path == NULL)
		return;
	print_quoted(statement, path, fp);
	(void)fputc('\n', fp);
}

static void
print_control(const struct config *conf, FILE *fp)
{
	if (conf->control == NULL)
		return;
	print_quoted("control ", conf->control, fp);
	if (conf->control_group != NULL)
		print_quoted(" group ", conf->control_group, fp);
	(void)fputc('\n', fp);
}

static void
print_limits(const struct conf_limits *limits, FILE *fp)
{
	if (limits->exporters != 0)
		(void)fprintf(fp, "limit exporters %" PRIu32 "\n",
		    limits->exporters);
	if (limits->templates != 0)
		(void)fprintf(fp, "limit templates %" PRIu32 "\n",
		    limits->templates);
	if (limits->interfaces != 0)
		(void)fprintf(fp, "limit interfaces %" PRIu32 "\n",
		    limits->interfaces);
	if (limits->memory != 0)
		(void)fprintf(fp, "limit memory %" PRIu64 "\n", limits->memory);
	if (limits->buffer != 0)
		(void)fprintf(fp, "limit buffer %" PRIu64 "\n", limits->buffer);
	if (limits->logs != 0)
		(void)fprintf(fp, "limit logs %" PRIu32 "\n", limits->logs);
	if (limits->silence != 0)
		(void)fprintf(fp, "limit silence %" PRIu32 "s\n",
		    limits->silence);
	if (limits->deaths != 0)
		(void)fprintf(fp, "limit deaths %" PRIu32 "\n", limits->deaths);
	if (limits->compressors != 0)
		(void)fprintf(fp, "limit compressors %" PRIu32 "\n",
		    limits->compressors);
}

void
config_print(const struct config *conf, FILE *fp)
{
	size_t i;

	print_listens(conf, fp);
	print_tables(conf, fp);
	print_sources(conf, fp);
	print_network(conf, fp);
	print_logs(conf, fp);
	if (conf->logsock != NULL) {
		print_quoted("logsock ", conf->logsock, fp);
		print_bufsize(conf->logsock_bufsize, fp);
		(void)fputc('\n', fp);
	}
	print_path("pidfile ", conf->pidfile, fp);
	print_path("statefile ", conf->statefile, fp);
	print_path("crashdump ", conf->crashdump, fp);
	print_control(conf, fp);
	print_limits(&conf->limits, fp);
	if (conf->sync_seconds != 0)
		fprintf(fp, "sync %" PRIu32 "\n", conf->sync_seconds);
	if (conf->workers != 0)
		fprintf(fp, "workers %" PRIu32 "\n", conf->workers);
	print_store(conf->store_mask, fp);
	for (i = 0; i < conf->nrules; i++) {
		filter_rule_print(&conf->rules[i], conf->tables, fp);
		(void)fputc('\n', fp);
	}
}
