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
 * Adds statements, except logfile and rules, to the configuration.  For the
 * reader, most of them are ignored.
 */
#include "compat/compat.h"

#include <sys/un.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse-error.h"
#include "config/parse-index.h"
#include "config/parse-lex.h"
#include "config/parse-listener.h"
#include "config/parse-memory.h"
#include "config/parse-statement.h"
#include "config/parse-table.h"
#include "config/parse-value.h"
#include "store.h"

static struct parse_index sources; /* of flow source statements */

static bool
interface_name(struct token what, struct token value, char *name)
{
	if (value.text[0] != '\0' &&
	    strlcpy(name, value.text, IF_NAMESIZE) < IF_NAMESIZE)
		return (true);
	parse_bad_value(what, value, "expected the name of an interface");
	return (false);
}

/* The same, unless the address already has an interface. */
static bool
other_interface(struct token what, struct token value, char *name)
{
	if (name[0] == '\0')
		return (interface_name(what, value, name));
	parse_bad_value(what, value,
	    "the address already has an interface, after the %");
	return (false);
}

/* Parses the option bufsize; 0 if it is absent.  False after a message. */
static bool
buffer_size(struct token value, uint32_t *size)
{
	const struct token what = { "bufsize", value.line };
	uint64_t n;

	*size = 0;
	if (value.text == NULL)
		return (true);
	if (!value_number(what, value, 1, INT_MAX, &n))
		return (false);
	*size = (uint32_t)n;
	return (true);
}

void
conf_add_listen(struct token address, struct listen_options options)
{
	const struct token what = { "listen on", address.line };
	const struct token interface = { "interface", options.ifname.line };
	const struct token name = { "name", options.name.line };
	struct config *conf = parsing.conf;
	struct conf_listen l, *grown;
	size_t i;

	parsing.saw_listen = true;
	memset(&l, 0, sizeof(l));
	if (parsing.use != CONFIG_DAEMON ||
	    !value_address_and_port(what, address, &l.addr, &l.port,
		l.ifname) ||
	    (options.ifname.text != NULL &&
		!other_interface(interface, options.ifname, l.ifname)) ||
	    !value_has_interface(what, address, &l.addr, l.ifname) ||
	    !buffer_size(options.bufsize, &l.bufsize) ||
	    (options.name.text != NULL &&
		!listener_name(name, options.name, l.name)))
		return;
	for (i = 0; i < conf->nlistens; i++) {
		if (addr_equal(&conf->listens[i].addr, &l.addr) &&
		    conf->listens[i].port == l.port &&
		    strcmp(conf->listens[i].ifname, l.ifname) == 0) {
			parse_bad_value(what, address, "specified twice");
			return;
		}
	}
	grown = parse_grow(conf->listens, conf->nlistens, sizeof(*grown));
	if (grown == NULL)
		return;
	conf->listens = grown;
	conf->listens[conf->nlistens++] = l;
}

/* Whether the key of a source is new.  False after a message. */
static bool
source_is_new(struct token what, const struct item *item, const void *key,
    size_t len)
{
	size_t value;

	if (parse_index_find(&sources, key, len, &value)) {
		parse_bad_value(what, item->token, "specified twice");
		return (false);
	}
	parse_index_add(&sources, key, len, 0);
	return (true);
}

/* Removes the source added last, after a message, if it is a duplicate. */
static void
check_source(struct token what, const struct item *item)
{
	struct filter_addr_set *set = &parsing.conf->sources;
	const struct prefix *prefix;
	uint8_t key[2 + sizeof(prefix->addr.bytes)];

	/* The keys of tables are shorter than those of prefixes. */
	if (item->kind == ITEM_TABLE) {
		if (!source_is_new(what, item, &set->tables[set->ntables - 1],
			sizeof(*set->tables)))
			set->ntables--;
		return;
	}
	prefix = &set->prefixes[set->n - 1];
	key[0] = (uint8_t)prefix->addr.family;
	key[1] = prefix->len;
	memcpy(key + 2, prefix->addr.bytes, sizeof(prefix->addr.bytes));
	if (!source_is_new(what, item, key, sizeof(key)))
		set->n--;
}

void
conf_add_sources(struct token keyword)
{
	const struct token what = { "flow source", keyword.line };
	size_t i;

	for (i = 0; i < parsing.nitems && parsing.use == CONFIG_DAEMON; i++) {
		if (addr_set_add_item(&parsing.conf->sources, what,
			&parsing.items[i]))
			check_source(what, &parsing.items[i]);
	}
}

void
conf_sources_free(void)
{
	parse_index_free(&sources);
}

void
conf_any_source(void)
{
	parsing.saw_any_source = true;
}

/* Parses ADDR or ADDR%IFNAME.  False after a message. */
static bool
group_value(struct token what, struct token group, struct conf_join *join)
{
	const char *percent = strchr(group.text, '%');
	const size_t len = strcspn(group.text, "%");
	char text[ADDR_STRLEN] = "";

	if (len < sizeof(text))
		memcpy(text, group.text, len);
	if (addr_pton(text, &join->group) != 0 ||
	    !addr_is_multicast(&join->group)) {
		parse_bad_value(what, group,
		    "expected a multicast address, from 224.0.0.0/4 or "
		    "ff00::/8");
		return (false);
	}
	if (percent == NULL)
		return (true);
	if (percent[1] == '\0' ||
	    strlcpy(join->ifname, percent + 1, sizeof(join->ifname)) >=
		sizeof(join->ifname)) {
		parse_bad_value(what, group,
		    "expected the name of an interface after the %");
		return (false);
	}
	return (true);
}

void
conf_add_join(struct token group, struct token ifname)
{
	const struct token what = { "join group", group.line };
	const struct token on = { "on", ifname.line };
	struct config *conf = parsing.conf;
	struct conf_join join, *grown;
	size_t i;

	memset(&join, 0, sizeof(join));
	if (parsing.use != CONFIG_DAEMON || !group_value(what, group, &join))
		return;
	if (ifname.text != NULL && join.ifname[0] != '\0') {
		parse_bad_value(on, ifname,
		    "the group already has an interface, after the %");
		return;
	}
	if (ifname.text != NULL && !interface_name(on, ifname, join.ifname))
		return;
	for (i = 0; i < conf->njoins; i++) {
		if (addr_equal(&conf->joins[i].group, &join.group) &&
		    strcmp(conf->joins[i].ifname, join.ifname) == 0) {
			parse_bad_value(what, group, "specified twice");
			return;
		}
	}
	grown = parse_grow(conf->joins, conf->njoins, sizeof(*grown));
	if (grown == NULL)
		return;
	conf->joins = grown;
	conf->joins[conf->njoins++] = join;
}

void
conf_add_forward(struct token address)
{
	const struct token what = { "forward to", address.line };
	struct config *conf = parsing.conf;
	struct conf_forward f, *grown;
	size_t i;

	memset(&f, 0, sizeof(f));
	if (parsing.use != CONFIG_DAEMON ||
	    !value_address_and_port(what, address, &f.addr, &f.port,
		f.ifname) ||
	    !value_has_interface(what, address, &f.addr, f.ifname))
		return;
	for (i = 0; i < conf->nforwards; i++) {
		if (addr_equal(&conf->forwards[i].addr, &f.addr) &&
		    conf->forwards[i].port == f.port &&
		    strcmp(conf->forwards[i].ifname, f.ifname) == 0) {
			parse_bad_value(what, address, "specified twice");
			return;
		}
	}
	grown = parse_grow(conf->forwards, conf->nforwards, sizeof(*grown));
	if (grown == NULL)
		return;
	conf->forwards = grown;
	conf->forwards[conf->nforwards++] = f;
}

void
conf_set_path(char **path, struct token statement, struct token value)
{
	if (parsing.use != CONFIG_DAEMON)
		return;
	if (*path != NULL) {
		parse_bad_value(statement, value,
		    "the statement is specified twice");
		return;
	}
	if (value_path_is_valid(statement, value))
		*path = parse_copy(value.text);
}

bool
conf_is_second(struct token what, struct token value, bool given)
{
	if (given && parsing.use == CONFIG_DAEMON)
		parse_bad_value(what, value, "specified twice");
	return (given || parsing.use != CONFIG_DAEMON);
}

void
conf_set_sync(struct token what, struct token value)
{
	uint64_t n;

	if (conf_is_second(what, value, parsing.saw_sync))
		return;
	parsing.saw_sync = true;
	if (strcmp(value.text, "never") != 0 &&
	    value_number(what, value, 1, INT32_MAX, &n))
		parsing.conf->sync_seconds = (uint32_t)n;
}

void
conf_set_workers(struct token what, struct token value)
{
	uint64_t n;

	if (conf_is_second(what, value, parsing.conf->workers != 0))
		return;
	if (value_number(what, value, 1, CONFIG_WORKERS_MAX, &n))
		parsing.conf->workers = (uint32_t)n;
}

void
conf_limit_number(uint32_t *limit, uint32_t max, struct token what,
    struct token value)
{
	uint64_t n;

	if (parsing.use != CONFIG_DAEMON)
		return;
	if (*limit != 0)
		parse_bad_value(what, value, "the limit is specified twice");
	else if (value_number(what, value, 1, max, &n))
		*limit = (uint32_t)n;
}

void
conf_limit_bytes(uint64_t *limit, struct token what, struct token value)
{
	uint64_t size;

	if (parsing.use != CONFIG_DAEMON)
		return;
	if (*limit != 0)
		parse_bad_value(what, value, "the limit is specified twice");
	else if (value_size_from(what, value, LIMIT_BYTES_MIN, &size))
		*limit = size;
}

void
conf_limit_duration(uint32_t *limit, struct token what, struct token value)
{
	uint32_t seconds;

	if (parsing.use != CONFIG_DAEMON)
		return;
	if (*limit != 0)
		parse_bad_value(what, value, "the limit is specified twice");
	else if (!value_duration(value, &seconds))
		parse_bad_value(what, value,
		    "expected a duration such as 12h or 30d");
	else
		*limit = seconds;
}

/* Whether a socket can have this path with room bytes after it. */
static bool
socket_path_is_valid(struct token statement, struct token path, size_t room)
{
	const size_t size = sizeof(((struct sockaddr_un *)NULL)->sun_path);

	if (strlen(path.text) + room < size)
		return (true);
	parse_bad_value(statement, path, "too long for the path of a socket");
	return (false);
}

void
conf_set_control(struct token statement, struct token path, struct token group)
{
	if (conf_is_second(statement, path, parsing.conf->control != NULL) ||
	    !socket_path_is_valid(statement, path, strlen(".64")))
		return;
	conf_set_path(&parsing.conf->control, statement, path);
	if (group.text != NULL)
		parsing.conf->control_group = parse_copy(group.text);
}

void
conf_set_logsock(struct token statement, struct token path,
    struct token bufsize)
{
	parsing.saw_output = true;
	if (parsing.use != CONFIG_DAEMON ||
	    !socket_path_is_valid(statement, path, 0))
		return;
	conf_set_path(&parsing.conf->logsock, statement, path);
	(void)buffer_size(bufsize, &parsing.conf->logsock_bufsize);
}

void
conf_add_store(struct token field)
{
	const struct token what = { "store", field.line };
	const uint32_t mask = store_field_mask(field.text);

	if (mask == 0)
		parse_bad_value(what, field,
		    "expected the name of a field, as in flowd.conf(5)");
	parsing.conf->store_mask |= mask;
}

void
conf_bad_listen(const char *syntax)
{
	parsing.saw_listen = true;
	lex_expected(syntax);
}

void
conf_bad_output(const char *syntax)
{
	parsing.saw_output = true;
	lex_expected(syntax);
}
