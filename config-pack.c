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
 * The configuration as bytes, from the parser's process to the monitor's and
 * on to the collector's.
 */
#include "compat.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "addr-pack.h"
#include "config.h"
#include "cursor.h"
#include "log-name.h"
#include "store.h"

#define PACK_VERSION    5
#define PACK_SIZE_FIRST 4096 /* bytes; doubled until it fits */

/* The least bytes that one packed item takes, to check counts by. */
#define PACKED_ADDR_LEN    17
#define PACKED_LISTEN_LEN  (PACKED_ADDR_LEN + 2 + 4 + IF_NAMESIZE)
#define PACKED_PREFIX_LEN  (PACKED_ADDR_LEN + 1)
#define PACKED_JOIN_LEN    (PACKED_ADDR_LEN + IF_NAMESIZE)
#define PACKED_FORWARD_LEN (PACKED_ADDR_LEN + 2)
#define PACKED_RANGE_LEN   16
#define PACKED_INDEX_LEN   4
#define PACKED_NUMBERS_LEN (1 + 4)
#define PACKED_ADDRS_LEN   (1 + 4 + 4)
#define PACKED_RULE_LEN                        \
	(FILTER_NUMBERS * PACKED_NUMBERS_LEN + \
	    FILTER_ADDRS * PACKED_ADDRS_LEN + 40)
#define PACKED_LOG_LEN   (4 + 4 + 4 + 8 + 4 + 4 + 8 + 1)
#define PACKED_TABLE_LEN (FILTER_TABLE_NAME_SIZE + 4 + 4)

/* In tables, which are large, prefixes have no family and no more bytes. */
#define PACKED_V4_LEN (4 + 1)
#define PACKED_V6_LEN (16 + 1)

/* The last second of the year 9999, which has the last date of the language. */
#define DATE_MAX INT64_C(253402300799)
#define ZONE_MAX 86400 /* seconds; no zone is further from UTC */

static int
pack_prefix(struct wcursor *w, const struct prefix *prefix)
{
	if (addr_pack(w, &prefix->addr) != 0)
		return (FLOWD_ESPACE);
	return (wcur_u8(w, prefix->len));
}

/* Packs text, where NULL is nothing but a length of 0. */
static int
pack_path(struct wcursor *w, const char *path)
{
	size_t len = path == NULL ? 0 : strlen(path);

	if (wcur_u32(w, (uint32_t)len) != 0)
		return (FLOWD_ESPACE);
	return (len == 0 ? 0 : wcur_bytes(w, path, len));
}

static int
pack_listens(struct wcursor *w, const struct config *conf)
{
	const struct conf_listen *l;
	size_t i;

	if (wcur_u32(w, (uint32_t)conf->nlistens) != 0)
		return (FLOWD_ESPACE);
	for (i = 0; i < conf->nlistens; i++) {
		l = &conf->listens[i];
		if (addr_pack(w, &l->addr) != 0 || wcur_u16(w, l->port) != 0 ||
		    wcur_u32(w, l->bufsize) != 0 ||
		    wcur_bytes(w, l->ifname, sizeof(l->ifname)) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
pack_prefixes(struct wcursor *w, const struct prefix *prefixes, size_t n)
{
	size_t i;

	if (wcur_u32(w, (uint32_t)n) != 0)
		return (FLOWD_ESPACE);
	for (i = 0; i < n; i++) {
		if (pack_prefix(w, &prefixes[i]) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
pack_indices(struct wcursor *w, const uint32_t *indices, size_t n)
{
	size_t i;

	if (wcur_u32(w, (uint32_t)n) != 0)
		return (FLOWD_ESPACE);
	for (i = 0; i < n; i++) {
		if (wcur_u32(w, indices[i]) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
pack_addrs(struct wcursor *w, const struct filter_addr_set *set)
{
	if (wcur_u8(w, set->negated) != 0 ||
	    pack_prefixes(w, set->prefixes, set->n) != 0)
		return (FLOWD_ESPACE);
	return (pack_indices(w, set->tables, set->ntables));
}

/* The prefixes come IPv4 first; nv4 says how many. */
static int
pack_table(struct wcursor *w, const struct filter_table *table)
{
	const struct prefix *prefix = table->prefixes;
	uint32_t i, nv4 = 0;

	while (nv4 < table->n && prefix[nv4].addr.family == ADDR_V4)
		nv4++;
	if (wcur_bytes(w, table->name, sizeof(table->name)) != 0 ||
	    wcur_u32(w, nv4) != 0 || wcur_u32(w, table->n - nv4) != 0)
		return (FLOWD_ESPACE);
	for (i = 0; i < table->n; i++, prefix++) {
		if (wcur_bytes(w, prefix->addr.bytes,
			addr_bits(prefix->addr.family) / 8) != 0 ||
		    wcur_u8(w, prefix->len) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
pack_tables(struct wcursor *w, const struct config *conf)
{
	size_t i;

	if (wcur_u32(w, (uint32_t)conf->ntables) != 0)
		return (FLOWD_ESPACE);
	for (i = 0; i < conf->ntables; i++) {
		if (pack_table(w, &conf->tables[i]) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
pack_logs(struct wcursor *w, const struct config *conf)
{
	const struct conf_log *log;
	size_t i;

	if (wcur_u32(w, (uint32_t)conf->nlogs) != 0)
		return (FLOWD_ESPACE);
	for (i = 0; i < conf->nlogs; i++) {
		log = &conf->logs[i];
		if (pack_path(w, log->path) != 0 ||
		    pack_indices(w, log->tags, log->ntags) != 0 ||
		    wcur_u32(w, log->rotate_seconds) != 0 ||
		    wcur_u64(w, log->rotate_size) != 0 ||
		    wcur_u32(w, log->keep_seconds) != 0 ||
		    wcur_u32(w, log->keep_files) != 0 ||
		    wcur_u64(w, log->keep_size) != 0 ||
		    wcur_u8(w, log->compress) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
pack_joins(struct wcursor *w, const struct config *conf)
{
	const struct conf_join *join;
	size_t i;

	if (wcur_u32(w, (uint32_t)conf->njoins) != 0)
		return (FLOWD_ESPACE);
	for (i = 0; i < conf->njoins; i++) {
		join = &conf->joins[i];
		if (addr_pack(w, &join->group) != 0 ||
		    wcur_bytes(w, join->ifname, sizeof(join->ifname)) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
pack_forwards(struct wcursor *w, const struct config *conf)
{
	size_t i;

	if (wcur_u32(w, (uint32_t)conf->nforwards) != 0)
		return (FLOWD_ESPACE);
	for (i = 0; i < conf->nforwards; i++) {
		if (addr_pack(w, &conf->forwards[i].addr) != 0 ||
		    wcur_u16(w, conf->forwards[i].port) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
pack_numbers(struct wcursor *w, const struct filter_number_set *set)
{
	uint32_t i;

	if (wcur_u8(w, set->negated) != 0 || wcur_u32(w, set->n) != 0)
		return (FLOWD_ESPACE);
	for (i = 0; i < set->n; i++) {
		if (wcur_u64(w, set->ranges[i].lo) != 0 ||
		    wcur_u64(w, set->ranges[i].hi) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
pack_rule(struct wcursor *w, const struct filter_rule *rule)
{
	size_t i;

	if (wcur_u8(w, (uint8_t)rule->verdict) != 0 ||
	    wcur_u32(w, rule->flags) != 0 || wcur_u32(w, rule->tag) != 0 ||
	    wcur_u32(w, rule->family) != 0 || wcur_u32(w, rule->after) != 0 ||
	    wcur_u32(w, rule->before) != 0 ||
	    wcur_u64(w, (uint64_t)rule->after_date) != 0 ||
	    wcur_u64(w, (uint64_t)rule->before_date) != 0 ||
	    wcur_u8(w, rule->tcp_mask) != 0 ||
	    wcur_u8(w, rule->tcp_equals) != 0 || wcur_u8(w, rule->days) != 0)
		return (FLOWD_ESPACE);
	for (i = 0; i < FILTER_NUMBERS; i++) {
		if (pack_numbers(w, &rule->numbers[i]) != 0)
			return (FLOWD_ESPACE);
	}
	for (i = 0; i < FILTER_ADDRS; i++) {
		if (pack_addrs(w, &rule->addrs[i]) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
pack_rules(struct wcursor *w, const struct config *conf)
{
	size_t i;

	if (wcur_u32(w, (uint32_t)conf->nrules) != 0)
		return (FLOWD_ESPACE);
	for (i = 0; i < conf->nrules; i++) {
		if (pack_rule(w, &conf->rules[i]) != 0)
			return (FLOWD_ESPACE);
	}
	return (0);
}

static int
pack_config(struct wcursor *w, const struct config *conf)
{
	if (wcur_u32(w, PACK_VERSION) != 0 || pack_listens(w, conf) != 0 ||
	    pack_tables(w, conf) != 0 || pack_addrs(w, &conf->sources) != 0 ||
	    pack_joins(w, conf) != 0 || pack_forwards(w, conf) != 0 ||
	    pack_logs(w, conf) != 0 || pack_path(w, conf->logsock) != 0 ||
	    pack_path(w, conf->pidfile) != 0 ||
	    pack_path(w, conf->statefile) != 0 ||
	    pack_path(w, conf->crashdump) != 0 ||
	    pack_path(w, conf->control) != 0 ||
	    pack_path(w, conf->control_group) != 0 ||
	    wcur_u32(w, conf->logsock_bufsize) != 0 ||
	    wcur_u32(w, conf->store_mask) != 0 ||
	    wcur_u32(w, conf->limits.exporters) != 0 ||
	    wcur_u32(w, conf->limits.templates) != 0 ||
	    wcur_u64(w, conf->limits.memory) != 0 ||
	    wcur_u64(w, conf->limits.buffer) != 0 ||
	    wcur_u32(w, conf->sync_seconds) != 0 ||
	    wcur_u32(w, conf->workers) != 0)
		return (FLOWD_ESPACE);
	return (pack_rules(w, conf));
}

int
config_pack(const struct config *conf, uint8_t **data, size_t *len)
{
	struct wcursor w;
	uint8_t *buf = NULL, *grown;
	size_t size;

	*data = NULL;
	*len = 0;
	for (size = PACK_SIZE_FIRST; size <= CONFIG_PACKED_MAX; size *= 2) {
		if ((grown = realloc(buf, size)) == NULL) {
			free(buf);
			return (FLOWD_ENOMEM);
		}
		buf = grown;
		wcur_init(&w, buf, size);
		if (pack_config(&w, conf) != 0)
			continue;
		*data = buf;
		*len = size - wcur_left(&w);
		return (0);
	}
	free(buf);
	return (FLOWD_ESPACE);
}

static int
unpack_addr(struct cursor *c, struct addr *addr)
{
	int r = addr_unpack(c, addr);

	return (r != 0 || addr->family != ADDR_NONE ? r : FLOWD_EINVAL);
}

static int
unpack_prefix(struct cursor *c, struct prefix *prefix)
{
	int r;

	if ((r = unpack_addr(c, &prefix->addr)) != 0)
		return (r);
	if (cur_u8(c, &prefix->len) != 0)
		return (FLOWD_ESHORT);
	if (prefix->len > addr_bits(prefix->addr.family))
		return (FLOWD_EINVAL);
	return (addr_host_bits_clear(&prefix->addr, prefix->len) ?
		0 :
		FLOWD_EHOSTBITS);
}

/*
 * Reads a count of items that take at least item_len bytes each, and makes
 * *array for it, zeroed; NULL where there are none.
 */
static int
unpack_array(struct cursor *c, size_t item_len, size_t item_size, void **array,
    size_t *n)
{
	uint32_t count;

	*array = NULL;
	*n = 0;
	if (cur_u32(c, &count) != 0 || count > cur_left(c) / item_len)
		return (FLOWD_ESHORT);
	if (count == 0)
		return (0);
	if ((*array = calloc(count, item_size)) == NULL)
		return (FLOWD_ENOMEM);
	*n = count;
	return (0);
}

static int
unpack_path(struct cursor *c, char **path)
{
	uint32_t len;

	if (cur_u32(c, &len) != 0 || len > cur_left(c))
		return (FLOWD_ESHORT);
	if (len == 0)
		return (0);
	if (len >= PATH_MAX || memchr(c->at, 0, len) != NULL)
		return (FLOWD_EINVAL);
	if ((*path = calloc(1, len + 1)) == NULL)
		return (FLOWD_ENOMEM);
	return (cur_bytes(c, *path, len));
}

/* The name of an interface, or none; zeros behind it. */
static int
unpack_ifname(struct cursor *c, char ifname[IF_NAMESIZE])
{
	size_t len;

	if (cur_bytes(c, ifname, IF_NAMESIZE) != 0)
		return (FLOWD_ESHORT);
	for (len = strnlen(ifname, IF_NAMESIZE); len < IF_NAMESIZE; len++) {
		if (ifname[len] != '\0')
			return (FLOWD_EINVAL);
	}
	return (ifname[IF_NAMESIZE - 1] == '\0' ? 0 : FLOWD_EINVAL);
}

static int
unpack_listens(struct cursor *c, struct config *conf)
{
	void *array = NULL;
	struct conf_listen *l;
	size_t i;
	int r;

	r = unpack_array(c, PACKED_LISTEN_LEN, sizeof(*l), &array,
	    &conf->nlistens);
	conf->listens = array;
	for (i = 0; r == 0 && i < conf->nlistens; i++) {
		l = &conf->listens[i];
		if ((r = unpack_addr(c, &l->addr)) != 0)
			return (r);
		if (cur_u16(c, &l->port) != 0 || cur_u32(c, &l->bufsize) != 0)
			return (FLOWD_ESHORT);
		if (l->port == 0 || l->bufsize > INT_MAX)
			return (FLOWD_EINVAL);
		if ((r = unpack_ifname(c, l->ifname)) != 0)
			return (r);
	}
	return (r);
}

static int
unpack_prefixes(struct cursor *c, struct prefix **prefixes, size_t *n)
{
	void *array = NULL;
	size_t i;
	int r;

	r = unpack_array(c, PACKED_PREFIX_LEN, sizeof(**prefixes), &array, n);
	*prefixes = array;
	for (i = 0; r == 0 && i < *n; i++)
		r = unpack_prefix(c, &(*prefixes)[i]);
	return (r);
}

static int
unpack_joins(struct cursor *c, struct config *conf)
{
	void *array = NULL;
	struct conf_join *join;
	size_t i;
	int r;

	r = unpack_array(c, PACKED_JOIN_LEN, sizeof(*join), &array,
	    &conf->njoins);
	conf->joins = array;
	for (i = 0; r == 0 && i < conf->njoins; i++) {
		join = &conf->joins[i];
		if ((r = unpack_addr(c, &join->group)) != 0)
			return (r);
		if ((r = unpack_ifname(c, join->ifname)) != 0)
			return (r);
		if (!addr_is_multicast(&join->group))
			return (FLOWD_EINVAL);
	}
	return (r);
}

static int
unpack_forwards(struct cursor *c, struct config *conf)
{
	void *array = NULL;
	struct conf_forward *forward;
	size_t i;
	int r;

	r = unpack_array(c, PACKED_FORWARD_LEN, sizeof(*forward), &array,
	    &conf->nforwards);
	conf->forwards = array;
	for (i = 0; r == 0 && i < conf->nforwards; i++) {
		forward = &conf->forwards[i];
		if ((r = unpack_addr(c, &forward->addr)) != 0)
			return (r);
		if (cur_u16(c, &forward->port) != 0)
			return (FLOWD_ESHORT);
		if (forward->port == 0)
			return (FLOWD_EINVAL);
	}
	return (r);
}

static int
unpack_bool(struct cursor *c, bool *out)
{
	uint8_t byte;

	if (cur_u8(c, &byte) != 0)
		return (FLOWD_ESHORT);
	*out = byte != 0;
	return (byte > 1 ? FLOWD_EINVAL : 0);
}

static int
unpack_numbers(struct cursor *c, uint64_t max, struct filter_number_set *set)
{
	void *array = NULL;
	struct filter_range *range;
	size_t i, n = 0;
	int r;

	if ((r = unpack_bool(c, &set->negated)) != 0)
		return (r);
	r = unpack_array(c, PACKED_RANGE_LEN, sizeof(*range), &array, &n);
	set->ranges = array;
	set->n = (uint32_t)n;
	for (i = 0; r == 0 && i < n; i++) {
		range = &set->ranges[i];
		if (cur_u64(c, &range->lo) != 0 || cur_u64(c, &range->hi) != 0)
			return (FLOWD_ESHORT);
		if (range->lo > range->hi || range->hi > max ||
		    (i > 0 &&
			(range->lo <= range[-1].hi ||
			    range->lo - range[-1].hi == 1)))
			return (FLOWD_EINVAL);
	}
	return (r);
}

/* Numbers, each below limit where it is not 0. */
static int
unpack_indices(struct cursor *c, size_t limit, uint32_t **indices, size_t *n)
{
	void *array = NULL;
	size_t i;
	int r;

	r = unpack_array(c, PACKED_INDEX_LEN, sizeof(**indices), &array, n);
	*indices = array;
	for (i = 0; r == 0 && i < *n; i++) {
		if (cur_u32(c, &(*indices)[i]) != 0)
			return (FLOWD_ESHORT);
		if (limit != 0 && (*indices)[i] >= limit)
			return (FLOWD_EINVAL);
	}
	return (r);
}

static int
unpack_addrs(struct cursor *c, size_t ntables, struct filter_addr_set *set)
{
	size_t n = 0;
	int r;

	if ((r = unpack_bool(c, &set->negated)) != 0)
		return (r);
	r = unpack_prefixes(c, &set->prefixes, &n);
	set->n = (uint32_t)n;
	if (r != 0)
		return (r);
	n = 0;
	r = unpack_indices(c, ntables, &set->tables, &n);
	set->ntables = (uint32_t)n;
	return (r != 0 || n == 0 || ntables != 0 ? r : FLOWD_EINVAL);
}

static int
unpack_table_prefix(struct cursor *c, uint32_t family, struct prefix *prefix)
{
	prefix->addr.family = family;
	if (cur_bytes(c, prefix->addr.bytes, addr_bits(family) / 8) != 0 ||
	    cur_u8(c, &prefix->len) != 0)
		return (FLOWD_ESHORT);
	if (prefix->len > addr_bits(family))
		return (FLOWD_EINVAL);
	return (addr_host_bits_clear(&prefix->addr, prefix->len) ?
		0 :
		FLOWD_EHOSTBITS);
}

static int
unpack_table(struct cursor *c, struct filter_table *table)
{
	struct prefix *prefix;
	uint32_t i, nv4, nv6;
	int r;

	if (cur_bytes(c, table->name, sizeof(table->name)) != 0 ||
	    cur_u32(c, &nv4) != 0 || cur_u32(c, &nv6) != 0 ||
	    nv4 > cur_left(c) / PACKED_V4_LEN ||
	    nv6 > cur_left(c) / PACKED_V6_LEN)
		return (FLOWD_ESHORT);
	if (!filter_table_name_is_valid(table->name) ||
	    nv4 > FILTER_TABLE_MAX || nv6 > FILTER_TABLE_MAX - nv4)
		return (FLOWD_EINVAL);
	table->n = nv4 + nv6;
	if (table->n == 0)
		return (0);
	table->prefixes = calloc(table->n, sizeof(*table->prefixes));
	if (table->prefixes == NULL)
		return (FLOWD_ENOMEM);
	for (i = 0; i < table->n; i++) {
		prefix = &table->prefixes[i];
		r = unpack_table_prefix(c, i < nv4 ? ADDR_V4 : ADDR_V6, prefix);
		if (r != 0)
			return (r);
		if (i > 0 && prefix_compare(prefix - 1, prefix) >= 0)
			return (FLOWD_EINVAL);
	}
	return (0);
}

static int
unpack_tables(struct cursor *c, struct config *conf)
{
	void *array = NULL;
	size_t i;
	int r;

	r = unpack_array(c, PACKED_TABLE_LEN, sizeof(*conf->tables), &array,
	    &conf->ntables);
	conf->tables = array;
	for (i = 0; r == 0 && i < conf->ntables; i++)
		r = unpack_table(c, &conf->tables[i]);
	return (r);
}

static int
unpack_log(struct cursor *c, struct conf_log *log)
{
	uint8_t compress;
	size_t i;
	int r;

	if ((r = unpack_path(c, &log->path)) != 0 ||
	    (r = unpack_indices(c, 0, &log->tags, &log->ntags)) != 0)
		return (r);
	if (cur_u32(c, &log->rotate_seconds) != 0 ||
	    cur_u64(c, &log->rotate_size) != 0 ||
	    cur_u32(c, &log->keep_seconds) != 0 ||
	    cur_u32(c, &log->keep_files) != 0 ||
	    cur_u64(c, &log->keep_size) != 0 || cur_u8(c, &compress) != 0)
		return (FLOWD_ESHORT);
	if (compress > 1 || log->keep_seconds > INT32_MAX ||
	    log->path == NULL || log_name_check(log) != NULL ||
	    (log->rotate_seconds != 0 &&
		!log_name_interval_is_valid(log->rotate_seconds)))
		return (FLOWD_EINVAL);
	log->compress = compress != 0;
	for (i = 1; i < log->ntags; i++) {
		if (log->tags[i - 1] >= log->tags[i])
			return (FLOWD_EINVAL);
	}
	return (0);
}

static int
unpack_logs(struct cursor *c, struct config *conf)
{
	void *array = NULL;
	size_t i;
	int r;

	r = unpack_array(c, PACKED_LOG_LEN, sizeof(*conf->logs), &array,
	    &conf->nlogs);
	conf->logs = array;
	for (i = 0; r == 0 && i < conf->nlogs; i++)
		r = unpack_log(c, &conf->logs[i]);
	return (r);
}

static bool
date_is_valid(int64_t date)
{
	return (date >= -ZONE_MAX && date <= DATE_MAX + ZONE_MAX &&
	    (int64_t)(time_t)date == date);
}

/* The parts of a rule that are always there. */
static int
unpack_rule_head(struct cursor *c, struct filter_rule *rule)
{
	uint64_t after_date, before_date;
	uint8_t verdict;

	if (cur_u8(c, &verdict) != 0 || cur_u32(c, &rule->flags) != 0 ||
	    cur_u32(c, &rule->tag) != 0 || cur_u32(c, &rule->family) != 0 ||
	    cur_u32(c, &rule->after) != 0 || cur_u32(c, &rule->before) != 0 ||
	    cur_u64(c, &after_date) != 0 || cur_u64(c, &before_date) != 0 ||
	    cur_u8(c, &rule->tcp_mask) != 0 ||
	    cur_u8(c, &rule->tcp_equals) != 0 || cur_u8(c, &rule->days) != 0)
		return (FLOWD_ESHORT);
	rule->after_date = (int64_t)after_date;
	rule->before_date = (int64_t)before_date;
	rule->verdict =
	    verdict == FILTER_ACCEPT ? FILTER_ACCEPT : FILTER_DISCARD;
	if (verdict != (uint8_t)rule->verdict ||
	    (rule->flags & ~FILTER_FLAGS) != 0 ||
	    (rule->family != ADDR_NONE && rule->family != ADDR_V4 &&
		rule->family != ADDR_V6) ||
	    rule->after >= FILTER_DAY_SECONDS ||
	    rule->before >= FILTER_DAY_SECONDS ||
	    !date_is_valid(rule->after_date) ||
	    !date_is_valid(rule->before_date) ||
	    (rule->days & ~FILTER_DAYS) != 0)
		return (FLOWD_EINVAL);
	return (0);
}

static int
unpack_rule(struct cursor *c, size_t ntables, struct filter_rule *rule)
{
	size_t i;
	int r;

	if ((r = unpack_rule_head(c, rule)) != 0)
		return (r);
	for (i = 0; i < FILTER_NUMBERS; i++) {
		r = unpack_numbers(c, filter_number_rows[i].max,
		    &rule->numbers[i]);
		if (r != 0)
			return (r);
	}
	for (i = 0; i < FILTER_ADDRS; i++) {
		if ((r = unpack_addrs(c, ntables, &rule->addrs[i])) != 0)
			return (r);
	}
	return (0);
}

static int
unpack_rules(struct cursor *c, struct config *conf)
{
	void *array = NULL;
	size_t i;
	int r;

	r = unpack_array(c, PACKED_RULE_LEN, sizeof(*conf->rules), &array,
	    &conf->nrules);
	conf->rules = array;
	for (i = 0; r == 0 && i < conf->nrules; i++)
		r = unpack_rule(c, conf->ntables, &conf->rules[i]);
	return (r != 0 || conf->nrules <= FILTER_RULES_MAX ? r : FLOWD_EINVAL);
}

static int
unpack_config(struct cursor *c, struct config *conf)
{
	uint32_t version;
	int r;

	if (cur_u32(c, &version) != 0)
		return (FLOWD_ESHORT);
	if (version != PACK_VERSION)
		return (FLOWD_EVERSION);
	if ((r = unpack_listens(c, conf)) != 0 ||
	    (r = unpack_tables(c, conf)) != 0 ||
	    (r = unpack_addrs(c, conf->ntables, &conf->sources)) != 0 ||
	    (r = unpack_joins(c, conf)) != 0 ||
	    (r = unpack_forwards(c, conf)) != 0 ||
	    (r = unpack_logs(c, conf)) != 0 ||
	    (r = unpack_path(c, &conf->logsock)) != 0 ||
	    (r = unpack_path(c, &conf->pidfile)) != 0 ||
	    (r = unpack_path(c, &conf->statefile)) != 0 ||
	    (r = unpack_path(c, &conf->crashdump)) != 0 ||
	    (r = unpack_path(c, &conf->control)) != 0 ||
	    (r = unpack_path(c, &conf->control_group)) != 0)
		return (r);
	if (cur_u32(c, &conf->logsock_bufsize) != 0 ||
	    cur_u32(c, &conf->store_mask) != 0 ||
	    cur_u32(c, &conf->limits.exporters) != 0 ||
	    cur_u32(c, &conf->limits.templates) != 0 ||
	    cur_u64(c, &conf->limits.memory) != 0 ||
	    cur_u64(c, &conf->limits.buffer) != 0 ||
	    cur_u32(c, &conf->sync_seconds) != 0 ||
	    cur_u32(c, &conf->workers) != 0)
		return (FLOWD_ESHORT);
	if (conf->workers > CONFIG_WORKERS_MAX ||
	    conf->logsock_bufsize > INT_MAX || conf->store_mask == 0 ||
	    (conf->store_mask & ~STORE_FIELD_ALL) != 0 ||
	    conf->sources.negated ||
	    (conf->control == NULL && conf->control_group != NULL))
		return (FLOWD_EINVAL);
	if ((r = unpack_rules(c, conf)) != 0)
		return (r);
	return (cur_left(c) == 0 ? 0 : FLOWD_EINVAL);
}

int
config_unpack(const uint8_t *data, size_t len, struct config **conf)
{
	struct config *new;
	struct cursor c;
	int r;

	*conf = NULL;
	if (len > CONFIG_PACKED_MAX)
		return (FLOWD_EINVAL);
	if ((new = calloc(1, sizeof(*new))) == NULL)
		return (FLOWD_ENOMEM);
	cur_init(&c, data, len);
	if ((r = unpack_config(&c, new)) != 0) {
		config_free(new);
		return (r);
	}
	*conf = new;
	return (0);
}
