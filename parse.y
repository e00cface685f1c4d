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
 * The grammar of flowd.conf(5), and its keywords.
 */

%{
#include "compat/compat.h"

#include <stdlib.h>
#include <string.h>

#include "config/parse-grammar.h"
#include "config/parse-lex.h"
#include "config/parse-logfile.h"
#include "config/parse-macro.h"
#include "config/parse-memory.h"
#include "config/parse-rule.h"
#include "config/parse-source.h"
#include "config/parse-statement.h"
#include "config/parse-table.h"
#include "config/parse-time.h"

#define NUMBERS \
	"[!] NUMBER, FIRST-LAST, <, <=, >= or > NUMBER, or { ... } of these"

#define RULE_EXPECTED \
	"a parameter of the rule, as in flowd.conf(5), or the end of the line"

static int	yylex(void);
static void	yyerror(const char *);
%}

%union {
	struct token		token;
	struct listen_options	listen_options;
	struct equals		equals;
	const char		*text;
	enum sense		sense;
	uint8_t			days;
}

%token	<token>	ACCEPT AFTER AGENT ALL ANY AT BEFORE BUFFER BUFSIZE
%token	<token>	COMPRESS COMPRESSORS CONTROL CRASHDUMP DATE DAYS DEATHS DISCARD DST DST_AS EQUALS
%token	<token>	EVERY
%token	<token>	EXPORTERS FILE_ FILES FLOW FORWARD GROUP IN_IFNDX
%token	<token>	INCLUDE INET INET6 INTERFACE INTERFACES JOIN KEEP LIMIT LISTEN
%token	<token>	LOGFILE LOGS LOGSOCK MASK MEMORY MODE NAME OCTETS ON OUT_IFNDX
%token	<token>	PACKETS PIDFILE PORT PROTO QUICK ROTATE SILENCE SIZE SOURCE
%token	<token>	SRC SRC_AS STATEFILE STORE SYNC TABLE TAG TCP_FLAGS
%token	<token>	TEMPLATES TO TOS UTC VERSION WORKERS
%token	<token>	STRING
%token		AT_LEAST AT_MOST FAILED

%type	<token>			bufsize group mask name
%type	<text>			words
%type	<equals>		equals
%type	<listen_options>	listen_options
%type	<sense>			addrs listeners numbers
%type	<days>			days

%%

file	: /* empty */
	| file line			{ yyerrok; }
	;

line	: '\n'
	| macro
	| statement
	| rule
	| error '\n'	{ lex_expected("a statement, a rule or NAME = VALUE"); }
	;

/*
 * Each of them includes the end of the line, so that a superfluous word is
 * found before the statement takes effect.
 */
macro	: STRING '=' words '\n'		{ macro_define($1, $3); }
	| STRING '=' error '\n'		{ lex_expected("NAME = VALUE"); }
	| STRING error '\n'		{ lex_unknown_statement($1); }
	;

words	: STRING			{ $$ = $1.text; }
	| words STRING			{ $$ = macro_join_words($1, $2.text); }
	;

statement
	: INCLUDE STRING '\n'		{ source_include($2); }
	| INCLUDE error '\n'		{ lex_expected("include \"PATH\""); }
	| TABLE '<' STRING '>' '{' '}' '\n'	{ table_of_items($3); }
	| TABLE '<' STRING '>' '{' addr_list '}' '\n'	{ table_of_items($3); }
	| TABLE '<' STRING '>' FILE_ STRING '\n'	{
		table_of_file($3, $6);
	}
	| TABLE error '\n'	{
		lex_expected("table <NAME> { PREFIX, ... } or "
		    "table <NAME> file \"PATH\"");
	}
	| LISTEN ON STRING listen_options '\n'	{ conf_add_listen($3, $4); }
	| LISTEN error '\n'	{
		conf_bad_listen("listen on ADDRESS:PORT [interface NAME] "
		    "[bufsize BYTES] [name NAME]");
	}
	| FLOW SOURCE addr_members '\n'	{ conf_add_sources($2); }
	| FLOW SOURCE ANY '\n'		{ conf_any_source(); }
	| FLOW error '\n'	{
		lex_expected("flow source ADDRESS[/LENGTH], <TABLE> or any");
	}
	| JOIN GROUP STRING '\n'	{
		conf_add_join($3, (struct token){ NULL, 0 });
	}
	| JOIN GROUP STRING ON STRING '\n'	{ conf_add_join($3, $5); }
	| JOIN error '\n'	{
		lex_expected("join group ADDRESS [on INTERFACE]");
	}
	| FORWARD TO STRING '\n'	{ conf_add_forward($3); }
	| FORWARD error '\n'	{ lex_expected("forward to ADDRESS:PORT"); }
	| LOGFILE STRING log_tags log_options '\n'	{
		conf_log_add($1, $2);
	}
	| LOGFILE error '\n'	{
		conf_log_bad("logfile \"PATH\" [tag NUMBER[,...]] "
		    "[rotate every DURATION or rotate at size SIZE] [utc] "
		    "[keep SIZE, DURATION or NUMBER files] [compress] "
		    "[mode MODE] [group NAME]");
	}
	| SYNC STRING '\n'		{ conf_set_sync($1, $2); }
	| SYNC error '\n'	{
		lex_expected("sync never or sync SECONDS");
	}
	| WORKERS STRING '\n'		{ conf_set_workers($1, $2); }
	| WORKERS error '\n'	{ lex_expected("workers NUMBER"); }
	| LIMIT EXPORTERS STRING '\n'	{
		conf_limit_number(&parsing.conf->limits.exporters, UINT32_MAX,
		    $2, $3);
	}
	| LIMIT TEMPLATES STRING '\n'	{
		conf_limit_number(&parsing.conf->limits.templates, UINT32_MAX,
		    $2, $3);
	}
	| LIMIT INTERFACES STRING '\n'	{
		conf_limit_number(&parsing.conf->limits.interfaces,
		    CONFIG_IFACES_MAX, $2, $3);
	}
	| LIMIT MEMORY STRING '\n'	{
		conf_limit_bytes(&parsing.conf->limits.memory, $2, $3);
	}
	| LIMIT BUFFER STRING '\n'	{
		conf_limit_bytes(&parsing.conf->limits.buffer, $2, $3);
	}
	| LIMIT LOGS STRING '\n'	{
		conf_limit_number(&parsing.conf->limits.logs, CONFIG_LOGS_MAX,
		    $2, $3);
	}
	| LIMIT SILENCE STRING '\n'	{
		conf_limit_duration(&parsing.conf->limits.silence, $2, $3);
	}
	| LIMIT DEATHS STRING '\n'	{
		conf_limit_number(&parsing.conf->limits.deaths,
		    CONFIG_DEATHS_MAX, $2, $3);
	}
	| LIMIT COMPRESSORS STRING '\n'	{
		conf_limit_number(&parsing.conf->limits.compressors,
		    CONFIG_COMPRESSORS_MAX, $2, $3);
	}
	| LIMIT error '\n'	{
		lex_expected("limit exporters NUMBER, limit templates NUMBER, "
		    "limit interfaces NUMBER, limit memory SIZE, "
		    "limit buffer SIZE, limit logs NUMBER, "
		    "limit silence DURATION, limit deaths NUMBER or "
		    "limit compressors NUMBER");
	}
	| LOGSOCK STRING bufsize '\n'	{ conf_set_logsock($1, $2, $3); }
	| LOGSOCK error '\n'	{
		conf_bad_output("logsock \"PATH\" [bufsize BYTES]");
	}
	| PIDFILE STRING '\n'		{
		conf_set_path(&parsing.conf->pidfile, $1, $2);
	}
	| PIDFILE error '\n'		{ lex_expected("pidfile \"PATH\""); }
	| STATEFILE STRING '\n'		{
		conf_set_path(&parsing.conf->statefile, $1, $2);
	}
	| STATEFILE error '\n'		{ lex_expected("statefile \"PATH\""); }
	| CRASHDUMP STRING '\n'		{
		conf_set_path(&parsing.conf->crashdump, $1, $2);
	}
	| CRASHDUMP error '\n'		{ lex_expected("crashdump \"DIR\""); }
	| CONTROL STRING group '\n'	{ conf_set_control($1, $2, $3); }
	| CONTROL error '\n'	{
		lex_expected("control \"PATH\" [group NAME]");
	}
	| STORE STRING '\n'		{ conf_add_store($2); }
	| STORE error '\n'		{ lex_expected("store FIELD"); }
	;

log_tags: /* empty */
	| TAG tags
	;

log_options
	: /* empty */
	| log_options log_option
	;

log_option
	: ROTATE EVERY STRING		{ conf_log_rotate_every($1, $3); }
	| ROTATE AT SIZE STRING		{ conf_log_rotate_size($1, $4); }
	| KEEP STRING			{ conf_log_keep($1, $2); }
	| KEEP STRING FILES		{ conf_log_keep_files($1, $2); }
	| UTC				{ conf_log_utc(); }
	| COMPRESS			{ conf_log_compress(); }
	| MODE STRING			{ conf_log_mode($1, $2); }
	| GROUP STRING			{ conf_log_group($1, $2); }
	;

listen_options
	: bufsize name	{
		$$.ifname.text = NULL;
		$$.bufsize = $1;
		$$.name = $2;
	}
	| INTERFACE STRING bufsize name	{
		$$.ifname = $2;
		$$.bufsize = $3;
		$$.name = $4;
	}
	;

tags	: STRING			{ item_add(ITEM_PLAIN, $1); }
	| tags ',' STRING		{ item_add(ITEM_PLAIN, $3); }
	;

bufsize	: /* empty */			{ $$.text = NULL; $$.line = 0; }
	| BUFSIZE STRING		{ $$ = $2; }
	;

name	: /* empty */			{ $$.text = NULL; $$.line = 0; }
	| NAME STRING			{ $$ = $2; }
	;

rule	: action params '\n'		{ rule_end(); }
	| action error '\n'		{ lex_expected(RULE_EXPECTED); }
	;

action	: ACCEPT			{ rule_begin($1, FILTER_ACCEPT); }
	| DISCARD			{ rule_begin($1, FILTER_DISCARD); }
	;

params	: /* empty */
	| params param
	;

param	: ALL				{ rule_all($1); }
	| QUICK				{ rule_quick($1); }
	| TAG STRING			{ rule_tag($1, $2); }
	| TAG error			{ lex_expected("tag NUMBER"); }
	| ON listeners			{ rule_on($1, $2); }
	| ON error	{
		lex_expected("on [!] NAME|{ NAME, ... } or any");
	}
	| AGENT addrs	{ rule_addr(PARAM_AGENT, $1, FILTER_AGENT, $2); }
	| AGENT error	{
		lex_expected("agent [!] PREFIX|<TABLE>|{ ... } or any");
	}
	| SRC addrs	{ rule_addr(PARAM_SRC, $1, FILTER_SRC, $2); }
	| SRC error	{
		lex_expected("src [!] PREFIX|<TABLE>|{ ... } or any, "
		    "optionally with port");
	}
	| DST addrs	{ rule_addr(PARAM_DST, $1, FILTER_DST, $2); }
	| DST error	{
		lex_expected("dst [!] PREFIX|<TABLE>|{ ... } or any, "
		    "optionally with port");
	}
	| PORT numbers			{ rule_port($1, $2); }
	| PORT error			{ lex_expected("port " NUMBERS); }
	| IN_IFNDX numbers	{
		rule_number(PARAM_IN_IFNDX, $1, FILTER_IN_IFNDX, $2);
	}
	| IN_IFNDX error		{ lex_expected("in_ifndx " NUMBERS); }
	| OUT_IFNDX numbers	{
		rule_number(PARAM_OUT_IFNDX, $1, FILTER_OUT_IFNDX, $2);
	}
	| OUT_IFNDX error		{ lex_expected("out_ifndx " NUMBERS); }
	| PROTO numbers	{ rule_number(PARAM_PROTO, $1, FILTER_PROTO, $2); }
	| PROTO error	{ lex_expected("proto NAME or " NUMBERS); }
	| TOS numbers	{ rule_number(PARAM_TOS, $1, FILTER_TOS, $2); }
	| TOS error			{ lex_expected("tos " NUMBERS); }
	| PACKETS numbers	{
		rule_number(PARAM_PACKETS, $1, FILTER_PACKETS, $2);
	}
	| PACKETS error			{ lex_expected("packets " NUMBERS); }
	| OCTETS numbers	{
		rule_number(PARAM_OCTETS, $1, FILTER_OCTETS, $2);
	}
	| OCTETS error			{ lex_expected("octets " NUMBERS); }
	| SRC_AS numbers	{
		rule_number(PARAM_SRC_AS, $1, FILTER_SRC_AS, $2);
	}
	| SRC_AS error			{ lex_expected("src_as " NUMBERS); }
	| DST_AS numbers	{
		rule_number(PARAM_DST_AS, $1, FILTER_DST_AS, $2);
	}
	| DST_AS error			{ lex_expected("dst_as " NUMBERS); }
	| VERSION numbers	{
		rule_number(PARAM_VERSION, $1, FILTER_VERSION, $2);
	}
	| VERSION error			{ lex_expected("version " NUMBERS); }
	| INET				{ rule_family($1, ADDR_V4, false); }
	| INET6				{ rule_family($1, ADDR_V6, false); }
	| '!' INET			{ rule_family($2, ADDR_V4, true); }
	| '!' INET6			{ rule_family($2, ADDR_V6, true); }
	| '!' error			{ lex_expected("! inet or ! inet6"); }
	| TCP_FLAGS mask equals		{ rule_tcp_flags($1, $2, $3); }
	| TCP_FLAGS error	{
		lex_expected("tcp_flags [mask NUMBER] [!] equals NUMBER");
	}
	| DAYS days			{ rule_days($1, $2); }
	| DAYS error		{ lex_expected("days DAY[-DAY][,...]"); }
	| AFTER STRING			{ rule_time(PARAM_AFTER, $1, $2); }
	| AFTER DATE STRING	{ rule_date(PARAM_AFTER_DATE, $1, $3); }
	| AFTER error	{
		lex_expected("after HH:MM[:SS] or "
		    "after date YYYY[MM[DD[HH[MM[SS]]]]]");
	}
	| BEFORE STRING			{ rule_time(PARAM_BEFORE, $1, $2); }
	| BEFORE DATE STRING	{ rule_date(PARAM_BEFORE_DATE, $1, $3); }
	| BEFORE error	{
		lex_expected("before HH:MM[:SS] or "
		    "before date YYYY[MM[DD[HH[MM[SS]]]]]");
	}
	;

listeners
	: ANY			{ $$ = SENSE_ANY; }
	| listener_members	{ $$ = SENSE_THESE; }
	| '!' listener_members	{ $$ = SENSE_OTHERS; }
	;

listener_members
	: listener
	| '{' listener_list '}'
	;

listener_list
	: listener
	| listener_list comma listener
	;

listener: STRING		{ item_add(ITEM_PLAIN, $1); }
	;

addrs	: ANY			{ $$ = SENSE_ANY; }
	| addr_members		{ $$ = SENSE_THESE; }
	| '!' addr_members	{ $$ = SENSE_OTHERS; }
	;

addr_members
	: addr
	| '{' addr_list '}'
	;

addr_list
	: addr
	| addr_list comma addr
	;

addr	: STRING		{ item_add(ITEM_PLAIN, $1); }
	| '<' STRING '>'	{ item_add(ITEM_TABLE, $2); }
	;

numbers	: number_members	{ $$ = SENSE_THESE; }
	| '!' number_members	{ $$ = SENSE_OTHERS; }
	;

number_members
	: number
	| '{' number_list '}'
	;

number_list
	: number
	| number_list comma number
	;

number	: STRING		{ item_add(ITEM_PLAIN, $1); }
	| '<' STRING		{ item_add(ITEM_LESS, $2); }
	| AT_MOST STRING	{ item_add(ITEM_MOST, $2); }
	| AT_LEAST STRING	{ item_add(ITEM_LEAST, $2); }
	| '>' STRING		{ item_add(ITEM_MORE, $2); }
	;

comma	: /* empty */
	| ','
	;

group	: /* empty */		{ $$.text = NULL; $$.line = 0; }
	| GROUP STRING		{ $$ = $2; }
	;

mask	: /* empty */		{ $$.text = NULL; $$.line = 0; }
	| MASK STRING		{ $$ = $2; }
	;

equals	: EQUALS STRING		{ $$.token = $2; $$.negated = false; }
	| '!' EQUALS STRING	{ $$.token = $3; $$.negated = true; }
	;

days	: STRING		{ $$ = time_days($1); }
	| days ',' STRING	{ $$ = (uint8_t)($1 | time_days($3)); }
	;

%%

/*
 * Sorted by name.  Keywords that flowd 0.9.1 did not have can be names of
 * macros, because its configurations may use them so.
 */
const struct keyword grammar_keywords[] = {
	{ "accept",	ACCEPT, false },
	{ "after",	AFTER, false },
	{ "agent",	AGENT, false },
	{ "all",	ALL, false },
	{ "any",	ANY, false },
	{ "at",		AT, true },
	{ "before",	BEFORE, false },
	{ "buffer",	BUFFER, true },
	{ "bufsize",	BUFSIZE, false },
	{ "compress",	COMPRESS, true },
	{ "compressors", COMPRESSORS, true },
	{ "control",	CONTROL, true },
	{ "crashdump",	CRASHDUMP, true },
	{ "date",	DATE, false },
	{ "days",	DAYS, false },
	{ "deaths",	DEATHS, true },
	{ "discard",	DISCARD, false },
	{ "dst",	DST, false },
	{ "dst_as",	DST_AS, true },
	{ "equals",	EQUALS, false },
	{ "every",	EVERY, true },
	{ "exporters",	EXPORTERS, true },
	{ "file",	FILE_, true },
	{ "files",	FILES, true },
	{ "flow",	FLOW, false },
	{ "forward",	FORWARD, false },
	{ "group",	GROUP, false },
	{ "in_ifndx",	IN_IFNDX, false },
	{ "include",	INCLUDE, true },
	{ "inet",	INET, false },
	{ "inet6",	INET6, false },
	{ "interface",	INTERFACE, true },
	{ "interfaces",	INTERFACES, true },
	{ "join",	JOIN, false },
	{ "keep",	KEEP, true },
	{ "limit",	LIMIT, true },
	{ "listen",	LISTEN, false },
	{ "logfile",	LOGFILE, false },
	{ "logs",	LOGS, true },
	{ "logsock",	LOGSOCK, false },
	{ "mask",	MASK, false },
	{ "memory",	MEMORY, true },
	{ "mode",	MODE, true },
	{ "name",	NAME, true },
	{ "octets",	OCTETS, true },
	{ "on",		ON, false },
	{ "out_ifndx",	OUT_IFNDX, false },
	{ "packets",	PACKETS, true },
	{ "pidfile",	PIDFILE, false },
	{ "port",	PORT, false },
	{ "proto",	PROTO, false },
	{ "quick",	QUICK, false },
	{ "rotate",	ROTATE, true },
	{ "silence",	SILENCE, true },
	{ "size",	SIZE, true },
	{ "source",	SOURCE, false },
	{ "src",	SRC, false },
	{ "src_as",	SRC_AS, true },
	{ "statefile",	STATEFILE, true },
	{ "store",	STORE, false },
	{ "sync",	SYNC, true },
	{ "table",	TABLE, true },
	{ "tag",	TAG, false },
	{ "tcp_flags",	TCP_FLAGS, false },
	{ "templates",	TEMPLATES, true },
	{ "to",		TO, false },
	{ "tos",	TOS, false },
	{ "utc",	UTC, true },
	{ "version",	VERSION, true },
	{ "workers",	WORKERS, true },
	{ NULL,		0, false },
};

static int
yylex(void)
{
	const int kind = lex_next(&yylval.token);

	switch (kind) {
	case LEX_STRING:
		return (STRING);
	case LEX_AT_LEAST:
		return (AT_LEAST);
	case LEX_AT_MOST:
		return (AT_MOST);
	case LEX_FAILED:
		return (FAILED);
	default:
		return (kind);
	}
}

static void
yyerror(const char *what)
{
	(void)what;
	lex_unexpected();
}
