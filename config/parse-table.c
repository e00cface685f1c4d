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
 * Tables, and sets of prefixes and tables.
 */
#include "compat/compat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/parse-error.h"
#include "config/parse-index.h"
#include "config/parse-memory.h"
#include "config/parse-source.h"
#include "config/parse-table.h"
#include "config/parse-value.h"

#define ERRORS_MAX 100 /* reported for a table's file */

static bool *tables_used; /* for each table of the configuration */
static struct parse_index by_name;

static int
compare_prefixes(const void *a, const void *b)
{
	return (prefix_compare(a, b));
}

/* Sorts prefixes and removes duplicates. */
static void
sort_prefixes(struct prefix *prefixes, uint32_t *n)
{
	uint32_t i, kept = 0;
	bool sorted = true;

	for (i = 1; i < *n && sorted; i++)
		sorted = prefix_compare(&prefixes[i - 1], &prefixes[i]) < 0;
	if (sorted)
		return;
	qsort(prefixes, *n, sizeof(*prefixes), compare_prefixes);
	for (i = 0; i < *n; i++) {
		if (kept == 0 ||
		    prefix_compare(&prefixes[kept - 1], &prefixes[i]) != 0)
			prefixes[kept++] = prefixes[i];
	}
	*n = kept;
}

static void
table_add(struct filter_table *table, const struct prefix *prefix)
{
	struct prefix *grown;

	grown = parse_grow(table->prefixes, table->n, sizeof(*grown));
	if (grown == NULL)
		return;
	table->prefixes = grown;
	table->prefixes[table->n++] = *prefix;
}

/* The index of a table; the number of tables if there is no such table. */
static size_t
table_number(const char *name)
{
	size_t i;

	if (parse_index_find(&by_name, name, strlen(name), &i))
		return (i);
	return (parsing.conf->ntables);
}

/* Initializes a table.  False after a message. */
static bool
table_begin(struct token name, struct filter_table *table)
{
	const struct token what = { "table", name.line };

	memset(table, 0, sizeof(*table));
	if (strlcpy(table->name, name.text, sizeof(table->name)) >=
		sizeof(table->name) ||
	    !filter_name_is_valid(table->name)) {
		parse_bad_value(what, name,
		    "expected a name of up to 31 letters, digits, \"_\", \"-\" "
		    "and \".\"");
		return (false);
	}
	if (table_number(name.text) != parsing.conf->ntables) {
		parse_bad_value(what, name, "specified twice");
		return (false);
	}
	return (true);
}

/* Adds table to the configuration, which then owns its prefixes. */
static void
table_end(struct token name, struct filter_table *table)
{
	const struct token what = { "table", name.line };
	struct config *conf = parsing.conf;
	struct filter_table *grown;
	bool *used;

	if (table->n > FILTER_TABLE_MAX) {
		parse_bad_value(what, name, "more than 1000000 prefixes");
		free(table->prefixes);
		return;
	}
	sort_prefixes(table->prefixes, &table->n);
	grown = parse_grow(conf->tables, conf->ntables, sizeof(*grown));
	if (grown != NULL) {
		conf->tables = grown;
		used = parse_grow(tables_used, conf->ntables, sizeof(*used));
		if (used != NULL) {
			tables_used = used;
			used[conf->ntables] = false;
			parse_index_add(&by_name, table->name,
			    strlen(table->name), conf->ntables);
			conf->tables[conf->ntables++] = *table;
			return;
		}
	}
	free(table->prefixes);
}

void
table_of_items(struct token name)
{
	const struct token what = { "table", name.line };
	struct filter_table table;
	struct prefix prefix;
	size_t i;

	if (!table_begin(name, &table))
		return;
	for (i = 0; i < parsing.nitems; i++) {
		if (parsing.items[i].kind == ITEM_TABLE)
			parse_bad_value(what, parsing.items[i].token,
			    "tables cannot be nested, expected prefixes");
		else if (value_prefix(what, parsing.items[i].token, &prefix))
			table_add(&table, &prefix);
	}
	table_end(name, &table);
}

/* Finds the prefix in a line of a file.  False: blank or only a comment. */
static bool
table_line(char *line, size_t len, struct token *value)
{
	char *end;

	/* A NUL in the line must cause an error, not end the line. */
	if (strlen(line) != len)
		line[strlen(line)] = '?';
	line[strcspn(line, "#\r\n")] = '\0';
	line += strspn(line, " \t");
	for (end = line + strlen(line);
	     end > line && (end[-1] == ' ' || end[-1] == '\t'); end--)
		continue;
	*end = '\0';
	value->text = line;
	return (*line != '\0');
}

static void
read_table(FILE *fp, struct filter_table *table)
{
	struct token what = { "table", 0 }, value = { NULL, 0 };
	const size_t errors = parsing.errors;
	struct prefix prefix;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while (table->n <= FILTER_TABLE_MAX &&
	    (len = getline(&line, &size, fp)) != -1) {
		what.line = ++value.line;
		if (!table_line(line, (size_t)len, &value))
			continue;
		if (value_prefix(what, value, &prefix))
			table_add(table, &prefix);
		if (parsing.errors - errors == ERRORS_MAX) {
			parse_error(value.line,
			    "%d errors; the rest of the file was "
			    "not read",
			    ERRORS_MAX);
			break;
		}
	}
	if (ferror(fp))
		parse_error(NO_LINE, "%s", strerror(errno));
	free(line);
}

void
table_of_file(struct token name, struct token path)
{
	const struct token what = { "file", path.line };
	const struct place *const outer = parsing.place;
	struct place place = { NULL, NO_LINE };
	struct filter_table table;
	FILE *fp;

	if (!table_begin(name, &table))
		return;
	place.file = source_path(path.text);
	if ((fp = source_open(what, path, place.file)) != NULL) {
		parsing.place = &place;
		read_table(fp, &table);
		parsing.place = outer;
		(void)fclose(fp);
	}
	/* Even without the file, so that uses of the table are no errors. */
	table_end(name, &table);
}

bool
addr_set_add_item(struct filter_addr_set *set, struct token what,
    const struct item *item)
{
	struct prefix prefix, *prefixes;
	uint32_t *tables;
	size_t table;

	if (item->kind == ITEM_TABLE) {
		table = table_number(item->token.text);
		if (table == parsing.conf->ntables) {
			parse_error(item->token.line,
			    "%s <%.*s>: no table of that name is defined above",
			    what.text, SHOWN_MAX, item->token.text);
			return (false);
		}
		tables_used[table] = true;
		tables = parse_grow(set->tables, set->ntables, sizeof(*tables));
		if (tables == NULL)
			return (false);
		set->tables = tables;
		set->tables[set->ntables++] = (uint32_t)table;
		return (true);
	}
	if (!value_prefix(what, item->token, &prefix) ||
	    (prefixes = parse_grow(set->prefixes, set->n, sizeof(*prefixes))) ==
		NULL)
		return (false);
	set->prefixes = prefixes;
	set->prefixes[set->n++] = prefix;
	return (true);
}

/* Sorts the tables of set and removes duplicates. */
static void
sort_tables(struct filter_addr_set *set)
{
	uint32_t i, kept = 0;

	if (set->ntables == 0)
		return;
	qsort(set->tables, set->ntables, sizeof(*set->tables),
	    value_compare_u32);
	for (i = 1; i < set->ntables; i++) {
		if (set->tables[i] != set->tables[kept])
			set->tables[++kept] = set->tables[i];
	}
	set->ntables = kept + 1;
}

void
addr_set_sort(struct filter_addr_set *set)
{
	sort_prefixes(set->prefixes, &set->n);
	sort_tables(set);
}

void
table_report_unused(void)
{
	size_t i;

	for (i = 0; i < parsing.conf->ntables; i++) {
		if (!tables_used[i])
			log_debug("%s: table <%s> is not used",
			    parsing.place->file, parsing.conf->tables[i].name);
	}
}

void
table_free(void)
{
	parse_index_free(&by_name);
	free(tables_used);
	tables_used = NULL;
}
