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

#include "config/parse-error.h"
#include "config/parse-listener.h"
#include "config/parse-memory.h"

/* A name in a rule, and the place of the rule. */
struct use {
	const char *file;
	struct token keyword, name;
};

static struct use *uses;
static size_t nuses;

bool
listener_name(struct token what, struct token value,
    char name[FILTER_NAME_SIZE])
{
	memset(name, 0, FILTER_NAME_SIZE);
	if (strlcpy(name, value.text, FILTER_NAME_SIZE) < FILTER_NAME_SIZE &&
	    filter_name_is_valid(name))
		return (true);
	parse_bad_value(what, value,
	    "expected a name of up to 31 letters, digits, \"_\", \"-\" and "
	    "\".\"");
	return (false);
}

static void
add_use(struct token keyword, struct token name)
{
	struct use *grown;

	if ((grown = parse_grow(uses, nuses, sizeof(*grown))) == NULL)
		return;
	uses = grown;
	uses[nuses++] = (struct use){ parsing.place->file, keyword, name };
}

static int
compare(const void *a, const void *b)
{
	const struct filter_listener *x = a, *y = b;

	return (strcmp(x->name, y->name));
}

/* Sorts the set and removes duplicates. */
static void
sort(struct filter_listener_set *set)
{
	uint32_t i, kept = 0;

	qsort(set->listeners, set->n, sizeof(*set->listeners), compare);
	for (i = 0; i < set->n; i++) {
		if (kept == 0 ||
		    compare(&set->listeners[kept - 1], &set->listeners[i]) != 0)
			set->listeners[kept++] = set->listeners[i];
	}
	set->n = kept;
}

void
listener_set(struct filter_listener_set *set, struct token keyword)
{
	size_t i;

	if (parsing.use != CONFIG_DAEMON) {
		parse_error(keyword.line,
		    "on in a rule: only flowd knows which listener received a "
		    "flow, a log does not contain it");
		return;
	}
	if (parsing.nitems > FILTER_LISTENERS_MAX) {
		parse_error(keyword.line, "on: more than %d names in one rule",
		    FILTER_LISTENERS_MAX);
		return;
	}
	set->listeners = calloc(parsing.nitems, sizeof(*set->listeners));
	if (set->listeners == NULL) {
		parse_no_memory();
		return;
	}
	for (i = 0; i < parsing.nitems; i++) {
		if (!listener_name(keyword, parsing.items[i].token,
			set->listeners[set->n].name))
			continue;
		set->n++;
		add_use(keyword, parsing.items[i].token);
	}
	sort(set);
}

static bool
is_known(const char *name)
{
	const struct config *conf = parsing.conf;
	size_t i;

	for (i = 0; i < conf->nlistens; i++) {
		if (strcmp(conf->listens[i].name, name) == 0)
			return (true);
	}
	return (false);
}

void
listener_check(void)
{
	const struct place *const outer = parsing.place;
	struct place place = { NULL, NO_LINE };
	size_t i;

	for (i = 0; i < nuses; i++) {
		if (is_known(uses[i].name.text))
			continue;
		place.file = uses[i].file;
		parsing.place = &place;
		parse_bad_value(uses[i].keyword, uses[i].name,
		    "no listen on statement has this name");
		parsing.place = outer;
	}
}

void
listener_free(void)
{
	free(uses);
	uses = NULL;
	nuses = 0;
}
