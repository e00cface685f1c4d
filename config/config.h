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
 * The configuration of flowd.conf(5) as one structure.  A process without
 * rights parses the file.  It sends the structure to the monitor in packed
 * form, and the monitor sends it to the collector.
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
#include "filter/filter-zone.h"
#include "filter/prefix-map.h"

#define CONFIG_PACKED_MAX  (64U << 20) /* bytes; more is refused */
#define CONFIG_WORKERS_MAX 64

/* Open logs of exporters. */
#define CONFIG_LOGS_DEFAULT 256
#define CONFIG_LOGS_MAX     4096
#define CONFIG_DEATHS_MAX   10      /* limit deaths */
#define CONFIG_IFACES_MAX   1048576 /* limit interfaces */

/* Processes that compress closed files at the same time. */
#define CONFIG_COMPRESSORS_DEFAULT 4
#define CONFIG_COMPRESSORS_MAX     64

/* Addresses that flow sources may allow if each exporter has a log. */
#define CONFIG_EXPORTERS_MAX 65536

struct conf_listen {
	struct addr addr;
	uint16_t port;
	uint32_t bufsize;            /* bytes; 0: the system's default */
	char ifname[IF_NAMESIZE];    /* "": every interface */
	char name[FILTER_NAME_SIZE]; /* for rules; "": none */
};

struct conf_join {
	struct addr group;
	char ifname[IF_NAMESIZE]; /* "": the system chooses */
};

/* A log for the flows with its tags or, if it has none, for all others. */
struct conf_log {
	char *path;     /* path or pattern; see flowlog-name.h */
	uint32_t *tags; /* sorted */
	size_t ntags;
	uint32_t rotate_seconds; /* 0: not by time */
	uint64_t rotate_size;    /* bytes; 0: not by size */
	uint32_t keep_seconds;   /* closed files; 0: no limit */
	uint32_t keep_files;     /* 0: no limit */
	uint64_t keep_size;      /* bytes; 0: no limit */
	bool compress;           /* closed files, with gzip */
	bool utc;                /* rotate and name by UTC, not local time */
	uint32_t mode;           /* of its files; 0: new files get 0600 */
	char *group;             /* of its files; NULL: not changed */
};

/* 0: not specified; exporters.h and flowlog.h define the defaults. */
struct conf_limits {
	uint32_t exporters;
	uint32_t templates;  /* of each exporter */
	uint32_t interfaces; /* of each exporter, whose names are kept */
	uint64_t memory;     /* bytes */
	uint64_t buffer;     /* bytes, of each log */
	uint32_t logs;       /* of exporters, that are open */
	uint32_t silence;    /* seconds until an exporter is forgotten; 0: no */
	uint32_t deaths;     /* of a collector in a minute; 0: no limit */
	uint32_t compressors;
};

struct conf_forward {
	struct addr addr;
	uint16_t port;
	char ifname[IF_NAMESIZE]; /* of a link-local address; else "" */
};

struct config {
	struct conf_listen *listens;
	size_t nlistens;
	struct filter_table *tables; /* for sources and rules */
	size_t ntables;
	struct filter_addr_set sources; /* empty: every address */
	struct conf_join *joins;
	size_t njoins;
	struct conf_forward *forwards;
	size_t nforwards;
	struct filter_rule *rules;
	size_t nrules;
	struct conf_log *logs;
	size_t nlogs;
	struct conf_limits limits;
	char *logsock;                 /* NULL: none */
	char *pidfile;                 /* NULL: not specified */
	char *statefile;               /* NULL: none */
	char *crashdump;               /* directory; NULL: none */
	char *control;                 /* NULL: none */
	char *control_group;           /* NULL: not specified */
	uint32_t logsock_bufsize;      /* bytes; 0: not specified */
	uint32_t sync_seconds;         /* 0: never */
	struct filter_offset *offsets; /* of local time, for collectors */
	size_t noffsets;
	uint32_t workers;    /* collectors; 0: not specified, means 1 */
	uint32_t store_mask; /* STORE_FIELD_* */
};

/* A macro from the command line, "name=value". */
struct conf_macro {
	const char *name;
	const char *value;
};

/* The configuration file, and macros that are defined before it is parsed. */
struct config_source {
	const char *path;
	const struct conf_macro *macros;
	size_t nmacros;
};

struct rights_options;

/*
 * The program that uses the configuration.  For flowd-reader, the parser
 * ignores all statements except rules, tables and store; for the daemon, it
 * also checks that no required statement is missing.  CONFIG_TEXT is for rules
 * that a program was given as text, perhaps by a stranger: like CONFIG_READER,
 * but the parser opens no file for include and tables.
 */
enum config_use { CONFIG_DAEMON, CONFIG_READER, CONFIG_TEXT };

/*
 * Parses fp; name is the file's name in messages.  Logs every error in the file
 * as "FILE:LINE: error, expected syntax" and then returns NULL.  The caller
 * frees the configuration.
 */
struct config *config_parse(FILE *fp, const char *name, enum config_use use,
    const struct conf_macro *macros, size_t nmacros);

/*
 * Runs config_parse on the file of source in a child process, which drops its
 * rights as opts says (rights.h); NULL: it has none to drop.  Returns a
 * configuration that the caller frees, or NULL after messages.
 */
struct config *config_load(const struct config_source *source,
    const struct rights_options *opts);

void config_free(struct config *conf);

/*
 * Packs conf.  The caller frees *data.  FLOWD_ENOMEM; FLOWD_ESPACE: more than
 * CONFIG_PACKED_MAX bytes.
 */
int config_pack(const struct config *conf, uint8_t **data, size_t *len)
    __attribute__((warn_unused_result));

/*
 * Unpacks and checks data, which may be hostile.  FLOWD_ESHORT, FLOWD_EINVAL,
 * FLOWD_EHOSTBITS, FLOWD_EVERSION, FLOWD_ENOMEM.
 */
int config_unpack(const uint8_t *data, size_t len, struct config **conf)
    __attribute__((warn_unused_result));

/*
 * Returns a map from the address of an exporter to SOURCE_*, for
 * prefix_map_find.  NULL: memory is exhausted.
 */
enum {
	SOURCE_REFUSED,
	SOURCE_ALLOWED,
	SOURCE_NAMED, /* a flow source statement has exactly this address */
};

struct prefix_map *config_sources(const struct config *conf);

/*
 * Whether the flow sources allow more addresses than max, or memory is
 * exhausted.
 */
bool config_allows_more(const struct config *conf, uint64_t max);

/* Whether the flow sources allow the address. */
bool config_allows(const struct config *conf, const struct addr *a);

/* Whether a log may have this mode: only its owner may write. */
bool config_log_mode_is_valid(uint32_t mode);

/* The number of collectors, at least 1. */
uint32_t config_workers(const struct config *conf);

/* Prints conf in the syntax of flowd.conf(5); parsing that returns the same. */
void config_print(const struct config *conf, FILE *fp);

#endif
