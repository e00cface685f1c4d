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
 * Reports combinations of parameters in a rule, and of statements, that are
 * invalid although each of them is valid.
 */
#include "compat/compat.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/log.h"
#include "config/parse-check.h"
#include "config/parse-error.h"
#include "config/parse-listener.h"
#include "config/parse-logfile.h"
#include "config/parse-state.h"
#include "filter.h"

#define FAMILY_V4 (1U << 0)
#define FAMILY_V6 (1U << 1)

/* Whether the rule matches only the n protocols. */
static bool
is_only_proto(const struct filter_rule *rule, const uint8_t *protos, size_t n)
{
	const struct filter_number_set *set = &rule->numbers[FILTER_PROTO];
	uint64_t proto;
	uint32_t i;

	if (set->n == 0 || set->negated)
		return (false);
	for (i = 0; i < set->n; i++) {
		for (proto = set->ranges[i].lo; proto <= set->ranges[i].hi;
		     proto++) {
			if (memchr(protos, (int)proto, n) == NULL)
				return (false);
		}
	}
	return (true);
}

static void
check_protocols(const struct filter_rule *rule, unsigned int line)
{
	static const uint8_t with_ports[] = {
		IPPROTO_TCP,
		IPPROTO_UDP,
		IPPROTO_SCTP,
	};

	if ((rule->numbers[FILTER_SRC_PORT].n != 0 ||
		rule->numbers[FILTER_DST_PORT].n != 0) &&
	    !is_only_proto(rule, with_ports, sizeof(with_ports)))
		parse_error(line,
		    "port needs proto tcp, udp or sctp in the same rule, such "
		    "as \"dst any port 443 proto tcp\"");
	if ((rule->flags & FILTER_TCP_FLAGS) != 0 &&
	    !is_only_proto(rule, with_ports, 1))
		parse_error(line, "tcp_flags needs proto tcp in the same rule");
}

static unsigned int
family_bit(uint32_t family)
{
	return (family == ADDR_V4 ? FAMILY_V4 : FAMILY_V6);
}

/* The families in prefixes, which are sorted. */
static unsigned int
families_in(const struct prefix *prefixes, uint32_t n)
{
	if (n == 0)
		return (0);
	return (family_bit(prefixes[0].addr.family) |
	    family_bit(prefixes[n - 1].addr.family));
}

/* The families that a rule's src or dst can match. */
static unsigned int
families_of(const struct filter_rule *rule, enum filter_addr which)
{
	const struct filter_addr_set *set = &rule->addrs[which];
	unsigned int families = families_in(set->prefixes, set->n);
	const struct filter_table *table;
	uint32_t i;

	for (i = 0; i < set->ntables; i++) {
		table = &parsing.conf->tables[set->tables[i]];
		families |= families_in(table->prefixes, table->n);
	}
	return (families == 0 ? FAMILY_V4 | FAMILY_V6 : families);
}

static void
check_families(const struct filter_rule *rule, unsigned int line)
{
	const unsigned int src = families_of(rule, FILTER_SRC);
	const unsigned int dst = families_of(rule, FILTER_DST);
	unsigned int named = FAMILY_V4 | FAMILY_V6;

	if ((src & dst) == 0)
		parse_error(line,
		    "src and dst have different address families, so no flow "
		    "can match");
	if (rule->family != ADDR_NONE)
		named = family_bit(rule->family);
	if ((rule->flags & FILTER_NOT_FAMILY) != 0)
		named ^= FAMILY_V4 | FAMILY_V6;
	if ((src & named) == 0)
		parse_error(line,
		    "src has another address family than inet or inet6 "
		    "allows, so no flow can match");
	if ((dst & named) == 0)
		parse_error(line,
		    "dst has another address family than inet or inet6 "
		    "allows, so no flow can match");
}

void
check_rule(const struct filter_rule *rule, unsigned int line)
{
	check_protocols(rule, line);
	check_families(rule, line);
}

/* flowd would receive each datagram that it forwards, and forward it again. */
static void
check_forward(const struct conf_forward *forward)
{
	const struct conf_listen *l;
	size_t i;

	for (i = 0; i < parsing.conf->nlistens; i++) {
		l = &parsing.conf->listens[i];
		if (l->port == forward->port &&
		    addr_equal(&l->addr, &forward->addr) &&
		    (forward->ifname[0] == '\0' ||
			strcmp(l->ifname, forward->ifname) == 0))
			parse_error(NO_LINE,
			    "forward to and listen on have the same address "
			    "and port, which would forward datagrams in a "
			    "loop");
	}
}

static bool
has_listener(uint32_t family)
{
	size_t i;

	for (i = 0; i < parsing.conf->nlistens; i++) {
		if (parsing.conf->listens[i].addr.family == family)
			return (true);
	}
	return (false);
}

/* Each path can be that of one statement only. */
static void
check_paths(void)
{
	const struct config *conf = parsing.conf;
	const char *const others[] = { conf->statefile, conf->pidfile,
		conf->logsock, conf->crashdump, conf->control };
	const size_t n = sizeof(others) / sizeof(others[0]);
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; others[i] != NULL && j < conf->nlogs; j++) {
			if (strcmp(conf->logs[j].path, others[i]) == 0)
				parse_error(NO_LINE,
				    "logfile %s is also the path of another "
				    "statement",
				    others[i]);
		}
		for (j = 0; others[i] != NULL && j < i; j++) {
			if (others[j] != NULL &&
			    strcmp(others[j], others[i]) == 0)
				parse_error(NO_LINE,
				    "%s is the path of two statements",
				    others[i]);
		}
	}
}

/* Compiles the rules here, so that the collector finds no error in them. */
static void
check_filter(void)
{
	const struct config *conf = parsing.conf;
	struct filter *filter;

	filter =
	    filter_new(conf->rules, conf->nrules, conf->tables, conf->ntables);
	if (filter == NULL)
		parse_error(NO_LINE, "the rules cannot be compiled: %s",
		    errno == E2BIG ? "they need too much memory" :
				     strerror(errno));
	filter_free(filter);
}

void
check_daemon(void)
{
	const struct conf_join *join;
	char text[ADDR_STRLEN];
	size_t i;

	if (!parsing.saw_listen)
		parse_error(NO_LINE,
		    "no listen on statement, so flowd would receive nothing");
	if (!parsing.saw_output)
		parse_error(NO_LINE,
		    "no logfile or logsock statement, so flowd would store "
		    "nothing");
	check_paths();
	listener_check();
	conf_log_check();
	if (parsing.errors == 0)
		check_filter();
	for (i = 0; i < parsing.conf->nforwards; i++)
		check_forward(&parsing.conf->forwards[i]);
	for (i = 0; i < parsing.conf->njoins && parsing.errors == 0; i++) {
		join = &parsing.conf->joins[i];
		if (!has_listener(join->group.family))
			log_warnx(
			    "%s: group %s is not joined, because no listen on "
			    "statement has an %s address",
			    parsing.place->file, addr_ntop(&join->group, text),
			    join->group.family == ADDR_V4 ? "IPv4" : "IPv6");
	}
}
