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
 * The configuration, as parsed from flowd.conf(5): one structure, made by
 * parse.y in a process without rights, carried from there to the monitor and
 * the collector in packed form.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <net/if.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "addr.h"
#include "filter/filter-rule.h"
#include "filter/prefix-map.h"

#define CONFIG_PACKED_MAX  (64U << 20) /* bytes; more is refused */
#define CONFIG_WORKERS_MAX 64

struct conf_listen {
	struct addr addr;
	uint16_t port;
	uint32_t bufsize;         /* bytes; 0: as large as the system gives */
	char ifname[IF_NAMESIZE]; /* "": every interface */
};

struct conf_join {
	struct addr group;
	char ifname[IF_NAMESIZE]; /* "": the system chooses */
};

/* A log, for the flows with its tags or, without any, for all others. */
struct conf_log {
	char *path;     /* or pattern; see flowlog-name.h */
	uint32_t *tags; /* sorted */
	size_t ntags;
	uint32_t rotate_seconds; /* 0: not by time */
	uint64_t rotate_size;    /* bytes; 0: not by size */
	uint32_t keep_seconds;   /* closed files; 0: for ever */
	uint32_t keep_files;     /* 0: any number */
	uint64_t keep_size;      /* bytes; 0: any number */
	bool compress;           /* closed files */
};

/* 0: not stated; exporter.h and flowlog.h have the defaults. */
struct conf_limits {
	uint32_t exporters;
	uint32_t templates; /* of each exporter */
	uint64_t memory;    /* bytes */
	uint64_t buffer;    /* bytes, of each log */
};

struct conf_forward {
	struct addr addr;
	uint16_t port;
};

struct config {
	struct conf_listen *listens;
	size_t nlistens;
	struct filter_table *tables; /* for sources and rules */
	size_t ntables;
	struct filter_addr_set sources; /* none: every address */
	struct conf_join *joins;
	size_t njoins;
	struct conf_forward *forwards;
	size_t nforwards;
	struct filter_rule *rules;
	size_t nrules;
	struct conf_log *logs;
	size_t nlogs;
	struct conf_limits limits;
	char *logsock;            /* NULL: none */
	char *pidfile;            /* NULL: not stated */
	char *statefile;          /* NULL: none */
	char *crashdump;          /* directory; NULL: none */
	char *control;            /* NULL: none */
	char *control_group;      /* NULL: not stated */
	uint32_t logsock_bufsize; /* bytes; 0: not stated */
	uint32_t sync_seconds;    /* 0: never */
	uint32_t workers;         /* collectors; 0: not stated, and 1 */
	uint32_t store_mask;      /* STORE_FIELD_* */
};

/* A macro from the command line, "name=value". */
struct conf_macro {
	const char *name;
	const char *value;
};

/* The file to read a configuration from, and macros defined before it. */
struct config_source {
	const char *path;
	const struct conf_macro *macros;
	size_t nmacros;
};

struct rights_options;

/*
 * What the parser is wanted for.  The reader takes rules and store statements
 * and passes over the rest; the daemon needs the rest to be complete.
 */
enum config_use { CONFIG_DAEMON, CONFIG_READER };

/*
 * Parses fp, whose name is for messages.  All errors of the file are reported
 * by log_warnx as "FILE:LINE: ...", and then NULL is returned.
 */
struct config *config_parse(FILE *fp, const char *name, enum config_use use,
    const struct conf_macro *macros, size_t nmacros);

/*
 * Reads the file of source by config_parse in a child process without rights,
 * which keeps those in opts (rights.h); NULL: none.  Returns NULL after
 * messages, else a configuration that the caller frees.
 */
struct config *config_load(const struct config_source *source,
    const struct rights_options *opts);

void config_free(struct config *conf);

/*
 * The packed form: *data is allocated, and freed by the caller.
 * FLOWD_ENOMEM, FLOWD_ESPACE above CONFIG_PACKED_MAX.
 */
int config_pack(const struct config *conf, uint8_t **data, size_t *len)
    __attribute__((warn_unused_result));

/*
 * The reverse, which trusts nothing in data: FLOWD_ESHORT, FLOWD_EINVAL,
 * FLOWD_EHOSTBITS, FLOWD_EVERSION, FLOWD_ENOMEM.
 */
int config_unpack(const uint8_t *data, size_t len, struct config **conf)
    __attribute__((warn_unused_result));

/*
 * The sources of conf, for prefix_map_find: SOURCE_*.  NULL without memory.
 */
enum { SOURCE_REFUSED, SOURCE_ALLOWED, SOURCE_NAMED /* the address alone */ };

struct prefix_map *config_sources(const struct config *conf);

/* How many collectors share the work; at least 1. */
uint32_t config_workers(const struct config *conf);

/* Prints conf as flowd.conf(5) has it; parsed again, it is the same. */
void config_print(const struct config *conf, FILE *fp);

#endif
