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
 * The packed form of the configuration, which the parser process sends to the
 * monitor, and the monitor to the collector.
 */
#include "compat/compat.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/pack.h"
#include "config/config.h"
#include "config/flowlog-name.h"
#include "errors.h"
#include "lib/cursor.h"
#include "lib/fields.h"

#define PACK_VERSION    9
#define PACK_SIZE_FIRST 4096 /* bytes; doubled until all fits */

/* The last second of the year 9999, the last year that flowd.conf can have. */
#define DATE_MAX INT64_C(253402300799)
#define ZONE_MAX 86400 /* seconds; larger than any offset from UTC */

#define PATH_LEN_MAX (PATH_MAX - 1)

/* Rows common to many layouts. */
#define NUMBER(type, member)     PACK_PLAIN(PACK_NUMBER, type, member)
#define UP_TO(type, member, max) PACK_BOUNDED(PACK_NUMBER, type, member, 0, max)
#define PATH(type, member) \
	PACK_BOUNDED(PACK_STRING, type, member, 0, PATH_LEN_MAX)

_Static_assert(sizeof(enum filter_verdict) == sizeof(uint32_t),
    "a verdict is packed as a number");

static const struct pack_row index_rows[] = {
	{ PACK_NUMBER, 0, sizeof(uint32_t), 0, UINT32_MAX, NULL, 0, 0 },
};
static const struct pack_layout index_layout =
    PACK_LAYOUT(uint32_t, index_rows, NULL);

static const struct pack_row prefix_rows[] = {
	{ PACK_PREFIX, 0, sizeof(struct prefix), 0, 0, NULL, 0, 0 },
};
static const struct pack_layout prefix_layout =
    PACK_LAYOUT(struct prefix, prefix_rows, NULL);

static int
check_listen(const void *structure)
{
	const struct conf_listen *listen = structure;

	return (listen->name[0] == '\0' || filter_name_is_valid(listen->name) ?
		0 :
		FLOWD_EINVAL);
}

static const struct pack_row listen_rows[] = {
	PACK_PLAIN(PACK_ADDR, struct conf_listen, addr),
	PACK_BOUNDED(PACK_NUMBER, struct conf_listen, port, 1, UINT16_MAX),
	UP_TO(struct conf_listen, bufsize, INT_MAX),
	PACK_PLAIN(PACK_TEXT, struct conf_listen, ifname),
	PACK_PLAIN(PACK_TEXT, struct conf_listen, name),
};
static const struct pack_layout listen_layout =
    PACK_LAYOUT(struct conf_listen, listen_rows, check_listen);

static int
check_join(const void *join)
{
	return (addr_is_multicast(&((const struct conf_join *)join)->group) ?
		0 :
		FLOWD_EINVAL);
}

static const struct pack_row join_rows[] = {
	PACK_PLAIN(PACK_ADDR, struct conf_join, group),
	PACK_PLAIN(PACK_TEXT, struct conf_join, ifname),
};
static const struct pack_layout join_layout =
    PACK_LAYOUT(struct conf_join, join_rows, check_join);

static const struct pack_row forward_rows[] = {
	PACK_PLAIN(PACK_ADDR, struct conf_forward, addr),
	PACK_BOUNDED(PACK_NUMBER, struct conf_forward, port, 1, UINT16_MAX),
	PACK_PLAIN(PACK_TEXT, struct conf_forward, ifname),
};
static const struct pack_layout forward_layout =
    PACK_LAYOUT(struct conf_forward, forward_rows, NULL);

static int
check_table(const void *structure)
{
	const struct filter_table *table = structure;
	uint32_t i;

	if (!filter_name_is_valid(table->name))
		return (FLOWD_EINVAL);
	for (i = 1; i < table->n; i++) {
		if (prefix_compare(&table->prefixes[i - 1],
			&table->prefixes[i]) >= 0)
			return (FLOWD_EINVAL);
	}
	return (0);
}

static const struct pack_row table_rows[] = {
	PACK_PLAIN(PACK_TEXT, struct filter_table, name),
	PACK_ITEMS(struct filter_table, prefixes, n, prefix_layout,
	    FILTER_TABLE_MAX),
};
static const struct pack_layout table_layout =
    PACK_LAYOUT(struct filter_table, table_rows, check_table);

static const struct pack_row addrs_rows[] = {
	PACK_PLAIN(PACK_BOOL, struct filter_addr_set, negated),
	PACK_ITEMS(struct filter_addr_set, prefixes, n, prefix_layout,
	    UINT32_MAX),
	PACK_ITEMS(struct filter_addr_set, tables, ntables, index_layout,
	    UINT32_MAX),
};
static const struct pack_layout addrs_layout =
    PACK_LAYOUT(struct filter_addr_set, addrs_rows, NULL);

static int
check_log(const void *structure)
{
	const struct conf_log *log = structure;
	size_t i;

	if (flowlog_name_check(log) != NULL ||
	    (log->rotate_seconds != 0 &&
		!flowlog_name_interval_is_valid(log->rotate_seconds)) ||
	    (log->mode != 0 && !config_log_mode_is_valid(log->mode)) ||
	    (log->mode == 0 && log->group != NULL))
		return (FLOWD_EINVAL);
	for (i = 1; i < log->ntags; i++) {
		if (log->tags[i - 1] >= log->tags[i])
			return (FLOWD_EINVAL);
	}
	return (0);
}

static const struct pack_row log_rows[] = {
	PACK_BOUNDED(PACK_STRING, struct conf_log, path, 1, PATH_LEN_MAX),
	PACK_ITEMS(struct conf_log, tags, ntags, index_layout, UINT32_MAX),
	NUMBER(struct conf_log, rotate_seconds),
	NUMBER(struct conf_log, rotate_size),
	UP_TO(struct conf_log, keep_seconds, INT32_MAX),
	NUMBER(struct conf_log, keep_files),
	NUMBER(struct conf_log, keep_size),
	PACK_PLAIN(PACK_BOOL, struct conf_log, compress),
	PACK_PLAIN(PACK_BOOL, struct conf_log, utc),
	NUMBER(struct conf_log, mode),
	PATH(struct conf_log, group),
};
static const struct pack_layout log_layout =
    PACK_LAYOUT(struct conf_log, log_rows, check_log);

static const struct pack_row range_rows[] = {
	NUMBER(struct filter_range, lo),
	NUMBER(struct filter_range, hi),
};
static const struct pack_layout range_layout =
    PACK_LAYOUT(struct filter_range, range_rows, NULL);

static const struct pack_row numbers_rows[] = {
	PACK_PLAIN(PACK_BOOL, struct filter_number_set, negated),
	PACK_ITEMS(struct filter_number_set, ranges, n, range_layout,
	    UINT32_MAX),
};
static const struct pack_layout numbers_layout =
    PACK_LAYOUT(struct filter_number_set, numbers_rows, NULL);

static bool
ranges_are_valid(const struct filter_number_set *set, uint64_t max)
{
	const struct filter_range *range = set->ranges;
	uint32_t i;

	for (i = 0; i < set->n; i++, range++) {
		if (range->lo > range->hi || range->hi > max ||
		    (i > 0 &&
			(range->lo <= range[-1].hi ||
			    range->lo - range[-1].hi == 1)))
			return (false);
	}
	return (true);
}

static int
check_listeners(const void *structure)
{
	const struct filter_listener_set *set = structure;
	uint32_t i;

	for (i = 0; i < set->n; i++) {
		if (!filter_name_is_valid(set->listeners[i].name) ||
		    (i > 0 &&
			strcmp(set->listeners[i - 1].name,
			    set->listeners[i].name) >= 0))
			return (FLOWD_EINVAL);
	}
	return (0);
}

static const struct pack_row listener_rows[] = {
	PACK_PLAIN(PACK_TEXT, struct filter_listener, name),
};
static const struct pack_layout listener_layout =
    PACK_LAYOUT(struct filter_listener, listener_rows, NULL);

static const struct pack_row listeners_rows[] = {
	PACK_PLAIN(PACK_BOOL, struct filter_listener_set, negated),
	PACK_ITEMS(struct filter_listener_set, listeners, n, listener_layout,
	    FILTER_LISTENERS_MAX),
};
static const struct pack_layout listeners_layout =
    PACK_LAYOUT(struct filter_listener_set, listeners_rows, check_listeners);

static bool
date_is_valid(int64_t date)
{
	return (date >= -ZONE_MAX && date <= DATE_MAX + ZONE_MAX &&
	    (int64_t)(time_t)date == date);
}

static int
check_rule(const void *structure)
{
	const struct filter_rule *rule = structure;
	size_t i;

	if ((rule->flags & ~FILTER_FLAGS) != 0 ||
	    (rule->family != ADDR_NONE && rule->family != ADDR_V4 &&
		rule->family != ADDR_V6) ||
	    !date_is_valid(rule->after_date) ||
	    !date_is_valid(rule->before_date) ||
	    (rule->days & ~FILTER_DAYS) != 0)
		return (FLOWD_EINVAL);
	for (i = 0; i < FILTER_NUMBERS; i++) {
		if (!ranges_are_valid(&rule->numbers[i],
			filter_number_rows[i].max))
			return (FLOWD_EINVAL);
	}
	return (0);
}

static const struct pack_row rule_rows[] = {
	UP_TO(struct filter_rule, verdict, FILTER_DISCARD),
	NUMBER(struct filter_rule, flags),
	NUMBER(struct filter_rule, tag),
	NUMBER(struct filter_rule, family),
	UP_TO(struct filter_rule, after, FILTER_DAY_SECONDS - 1),
	UP_TO(struct filter_rule, before, FILTER_DAY_SECONDS - 1),
	NUMBER(struct filter_rule, after_date),
	NUMBER(struct filter_rule, before_date),
	NUMBER(struct filter_rule, tcp_mask),
	NUMBER(struct filter_rule, tcp_equals),
	NUMBER(struct filter_rule, days),
	PACK_NESTED(struct filter_rule, numbers, numbers_layout),
	PACK_NESTED(struct filter_rule, addrs, addrs_layout),
	PACK_NESTED(struct filter_rule, on, listeners_layout),
};
static const struct pack_layout rule_layout =
    PACK_LAYOUT(struct filter_rule, rule_rows, check_rule);

static int
check_offset(const void *structure)
{
	const struct filter_offset *offset = structure;

	return (offset->seconds < -ZONE_MAX || offset->seconds > ZONE_MAX ?
		FLOWD_EINVAL :
		0);
}

static const struct pack_row offset_rows[] = {
	NUMBER(struct filter_offset, from),
	NUMBER(struct filter_offset, seconds),
};
static const struct pack_layout offset_layout =
    PACK_LAYOUT(struct filter_offset, offset_rows, check_offset);

static const struct pack_row limits_rows[] = {
	NUMBER(struct conf_limits, exporters),
	NUMBER(struct conf_limits, templates),
	UP_TO(struct conf_limits, interfaces, CONFIG_IFACES_MAX),
	NUMBER(struct conf_limits, memory),
	NUMBER(struct conf_limits, buffer),
	UP_TO(struct conf_limits, logs, CONFIG_LOGS_MAX),
	UP_TO(struct conf_limits, silence, INT32_MAX),
	UP_TO(struct conf_limits, deaths, CONFIG_DEATHS_MAX),
	UP_TO(struct conf_limits, compressors, CONFIG_COMPRESSORS_MAX),
};
static const struct pack_layout limits_layout =
    PACK_LAYOUT(struct conf_limits, limits_rows, NULL);

/* Whether the set's indices of tables are in range. */
static bool
has_tables(const struct config *conf, const struct filter_addr_set *set)
{
	uint32_t i;

	for (i = 0; i < set->ntables; i++) {
		if (set->tables[i] >= conf->ntables)
			return (false);
	}
	return (true);
}

static int
check_config(const void *structure)
{
	const struct config *conf = structure;
	size_t i, j;

	if (conf->store_mask == 0 || (conf->store_mask & ~FIELDS_KNOWN) != 0 ||
	    conf->sources.negated || !has_tables(conf, &conf->sources) ||
	    (conf->control == NULL && conf->control_group != NULL))
		return (FLOWD_EINVAL);
	for (i = 0; i < conf->nrules; i++) {
		for (j = 0; j < FILTER_ADDRS; j++) {
			if (!has_tables(conf, &conf->rules[i].addrs[j]))
				return (FLOWD_EINVAL);
		}
	}
	return (0);
}

static const struct pack_row config_rows[] = {
	PACK_ITEMS(struct config, listens, nlistens, listen_layout, UINT32_MAX),
	PACK_ITEMS(struct config, tables, ntables, table_layout, UINT32_MAX),
	PACK_NESTED(struct config, sources, addrs_layout),
	PACK_ITEMS(struct config, joins, njoins, join_layout, UINT32_MAX),
	PACK_ITEMS(struct config, forwards, nforwards, forward_layout,
	    UINT32_MAX),
	PACK_ITEMS(struct config, logs, nlogs, log_layout, UINT32_MAX),
	PATH(struct config, logsock),
	PATH(struct config, pidfile),
	PATH(struct config, statefile),
	PATH(struct config, crashdump),
	PATH(struct config, control),
	PATH(struct config, control_group),
	UP_TO(struct config, logsock_bufsize, INT_MAX),
	NUMBER(struct config, store_mask),
	PACK_NESTED(struct config, limits, limits_layout),
	NUMBER(struct config, sync_seconds),
	PACK_ITEMS(struct config, offsets, noffsets, offset_layout,
	    FILTER_OFFSETS_MAX),
	UP_TO(struct config, workers, CONFIG_WORKERS_MAX),
	PACK_ITEMS(struct config, rules, nrules, rule_layout, FILTER_RULES_MAX),
};
static const struct pack_layout config_layout =
    PACK_LAYOUT(struct config, config_rows, check_config);

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
		if (wcur_u32(&w, PACK_VERSION) != 0 ||
		    pack_struct(&w, &config_layout, conf) != 0)
			continue;
		*data = buf;
		*len = size - wcur_left(&w);
		return (0);
	}
	free(buf);
	return (FLOWD_ESPACE);
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
	if ((r = unpack_struct(c, &config_layout, conf)) != 0)
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
