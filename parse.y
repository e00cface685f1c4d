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
 * The grammar of flowd.conf(5), its lexer, and what each statement means.
 *
 * One statement a line: an error is reported where it is seen, the rest of
 * its line is passed over, and parsing goes on, so that one run reports all
 * errors.  yacc calls yyerror before it is known in which statement it will
 * resume; yyerror therefore only remembers, and the error production that
 * resumes says what would have been right.
 */

%{
#include "compat.h"

#include <sys/stat.h>
#include <sys/un.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "errors.h"
#include "log.h"
#include "log-name.h"

#define NO_LINE		0	/* of the command line, or the whole file */
#define MESSAGE_MAX		512	/* bytes; longer ones are cut */
#define SHOWN_MAX		60	/* bytes of a token in a message */
#define INCLUDE_DEPTH_MAX	16	/* files that are open at once */
#define INCLUDES_MAX		1024	/* in all */
#define TABLE_ERRORS_MAX	100	/* reported of a table's file */
#define LIMIT_BYTES_MIN		(UINT64_C(1) << 20)
#define ROTATE_SIZE_MIN		UINT64_C(1024)

#define NUMBERS		\
	"[!] NUMBER, FIRST-LAST, <, <=, >= or > NUMBER, or { ... } of these"

#define RULE_EXPECTED	\
	"a parameter of the rule, as in flowd.conf(5), or the end of the line"

/* What the lexer hands to the grammar.  The text lives until the run ends. */
struct token {
	const char	*text;
	unsigned int	 line;
};

struct value {
	struct token	token;
	bool		negated;
};

/* A member of a set: as it stands, what is on one side of it, or a table. */
struct item {
	struct token	token;
	enum item_kind {
		ITEM_PLAIN, ITEM_LESS, ITEM_MOST, ITEM_LEAST, ITEM_MORE,
		ITEM_TABLE
	}		kind;
};

/* What a set says: nothing, its members, or all but these. */
enum sense { SENSE_ANY, SENSE_THESE, SENSE_OTHERS };

struct listen_options {
	struct token	ifname, bufsize;	/* text is NULL: not given */
};

/* Allocated text, all freed together. */
struct text {
	struct text	*next;
	char		 bytes[];
};

struct macro {
	struct macro	*next;
	const char	*name, *value;
	const char	*file;
	unsigned int	 line;		/* NO_LINE: from the command line */
	bool		 used;
};

/* A file that is being read. */
struct source {
	struct source	*parent;	/* includes it; NULL: none */
	const char	*name;
	char		*text;		/* all of it */
	const char	*at, *end;	/* what is left of it */
	unsigned int	 line;
	dev_t		 dev;
	ino_t		 ino;
	bool		 is_file;	/* dev and ino are its */
};

/* The parameters of a rule, each of which may stand there once. */
enum param {
	PARAM_ALL, PARAM_TAG, PARAM_QUICK, PARAM_AGENT, PARAM_IN_IFNDX,
	PARAM_OUT_IFNDX, PARAM_FAMILY, PARAM_SRC, PARAM_SRC_PORT, PARAM_DST,
	PARAM_DST_PORT, PARAM_PROTO, PARAM_TOS, PARAM_PACKETS, PARAM_OCTETS,
	PARAM_SRC_AS, PARAM_DST_AS, PARAM_VERSION, PARAM_TCP_FLAGS,
	PARAM_DAYS, PARAM_AFTER, PARAM_BEFORE, PARAM_AFTER_DATE,
	PARAM_BEFORE_DATE
};

/* The rule that is being read. */
struct draft {
	struct filter_rule	rule;
	struct token		action;
	size_t			errors;		/* in the run, at its start */
	uint32_t		given;		/* a bit for each enum param */
	enum param		latest;
};

/* One run of the parser; yacc leaves no other place for it. */
static struct {
	struct source	*source;	/* innermost */
	size_t		 nincludes;
	size_t		 nbytes;	/* of all files */
	enum config_use	 use;
	struct config	*conf;
	struct draft	 draft;
	size_t		 errors;
	bool		 saw_listen, saw_output, saw_any_source, saw_sync;

	/* The options of the log that is being read. */
	struct conf_log	 log;

	/* The lexer. */
	const char	*expansion;	/* what is left of a macro, or NULL */
	bool		 line_started, in_value, in_braces;
	int		 type;		/* of token */
	struct token	 token, previous;
	char		*word;
	size_t		 word_len, word_size;
	struct macro	*macros;
	struct text	*texts;
	bool		*tables_used;	/* for each of conf */

	/* The members of the set that is being read. */
	struct item	*items;
	size_t		 nitems;

	/* From yyerror to the error production. */
	bool		 unexpected;
	struct token	 bad, before_bad;
} run;

static int	yylex(void);
static void	yyerror(const char *);

static void	error_at(unsigned int, const char *, ...)
		    __attribute__((format(printf, 2, 3)));
static int	lex_error(const char *, ...)
		    __attribute__((format(printf, 1, 2)));
static void	expected(const char *);

static const char *join_words(const char *, const char *);
static void	define_macro(struct token, const char *);
static void	unknown_statement(struct token);

static void	add_item(enum item_kind, struct token);
static void	include_file(struct token);
static void	table_of_items(struct token);
static void	table_of_file(struct token, struct token);
static void	add_listen(struct token, struct listen_options);
static void	add_sources(struct token);
static void	add_join(struct token, struct token);
static void	add_forward(struct token);
static void	add_log(struct token, struct token);
static void	set_path(char **, struct token, struct token);
static void	set_logsock(struct token, struct token, struct token);
static void	limit_number(uint32_t *, struct token, struct token);
static void	limit_bytes(uint64_t *, struct token, struct token);
static void	log_rotate_every(struct token, struct token);
static void	log_rotate_size(struct token, struct token);
static void	log_keep(struct token, struct token);
static void	log_keep_files(struct token, struct token);
static void	set_sync(struct token, struct token);
static void	add_store(struct token);

static void	rule_begin(struct token, enum filter_verdict);
static void	rule_end(void);
static void	rule_all(struct token);
static void	rule_quick(struct token);
static void	rule_tag(struct token, struct token);
static void	rule_family(struct token, uint32_t, bool);
static void	rule_addr(enum param, struct token, enum filter_addr,
		    enum sense);
static void	rule_number(enum param, struct token, enum filter_number,
		    enum sense);
static void	rule_port(struct token, enum sense);
static void	rule_tcp_flags(struct token, struct token, struct value);
static void	rule_days(struct token, uint8_t);
static uint8_t	day_range(struct token);
static void	rule_time(enum param, struct token, struct token);
static void	rule_date(enum param, struct token, struct token);
%}

%union {
	struct token		token;
	struct value		value;
	struct listen_options	listen_options;
	const char		*text;
	enum sense		sense;
	uint8_t			days;
}

%token	<token>	ACCEPT AFTER AGENT ALL ANY AT BEFORE BUFFER BUFSIZE
%token	<token>	COMPRESS CRASHDUMP DATE DAYS DISCARD DST DST_AS EQUALS EVERY
%token	<token>	EXPORTERS FILE_ FILES FLOW FORWARD GROUP IN_IFNDX
%token	<token>	INCLUDE INET INET6 INTERFACE JOIN KEEP LIMIT LISTEN
%token	<token>	LOGFILE LOGSOCK MASK MEMORY OCTETS ON OUT_IFNDX
%token	<token>	PACKETS PIDFILE PORT PROTO QUICK ROTATE SIZE SOURCE
%token	<token>	SRC SRC_AS STATEFILE STORE SYNC TABLE TAG TCP_FLAGS
%token	<token>	TEMPLATES TO TOS VERSION
%token	<token>	STRING
%token		AT_LEAST AT_MOST FAILED

%type	<token>			bufsize mask
%type	<text>			words
%type	<value>			equals
%type	<listen_options>	listen_options
%type	<sense>			addrs numbers
%type	<days>			days

%%

file	: /* empty */
	| file line			{ yyerrok; }
	;

line	: '\n'
	| macro
	| statement
	| rule
	| error '\n'	{ expected("a statement, a rule or NAME = VALUE"); }
	;

/*
 * The line's end is a part of each, so that what follows by mistake is seen
 * before the statement is taken as whole.
 */
macro	: STRING '=' words '\n'		{ define_macro($1, $3); }
	| STRING '=' error '\n'		{ expected("NAME = VALUE"); }
	| STRING error '\n'		{ unknown_statement($1); }
	;

words	: STRING			{ $$ = $1.text; }
	| words STRING			{ $$ = join_words($1, $2.text); }
	;

statement
	: INCLUDE STRING '\n'		{ include_file($2); }
	| INCLUDE error '\n'		{ expected("include \"PATH\""); }
	| TABLE '<' STRING '>' '{' '}' '\n'	{ table_of_items($3); }
	| TABLE '<' STRING '>' '{' addr_list '}' '\n'	{ table_of_items($3); }
	| TABLE '<' STRING '>' FILE_ STRING '\n'	{
		table_of_file($3, $6);
	}
	| TABLE error '\n'	{
		expected("table <NAME> { PREFIX, ... } or "
		    "table <NAME> file \"PATH\"");
	}
	| LISTEN ON STRING listen_options '\n'	{ add_listen($3, $4); }
	| LISTEN error '\n'	{
		run.saw_listen = true;
		expected("listen on ADDRESS:PORT [interface NAME] "
		    "[bufsize BYTES]");
	}
	| FLOW SOURCE addr_members '\n'	{ add_sources($2); }
	| FLOW SOURCE ANY '\n'		{ run.saw_any_source = true; }
	| FLOW error '\n'	{
		expected("flow source ADDRESS[/LENGTH], <TABLE> or any");
	}
	| JOIN GROUP STRING '\n'	{
		add_join($3, (struct token){ NULL, 0 });
	}
	| JOIN GROUP STRING ON STRING '\n'	{ add_join($3, $5); }
	| JOIN error '\n'	{
		expected("join group ADDRESS [on INTERFACE]");
	}
	| FORWARD TO STRING '\n'	{ add_forward($3); }
	| FORWARD error '\n'		{ expected("forward to ADDRESS:PORT"); }
	| LOGFILE STRING log_tags log_options '\n'	{ add_log($1, $2); }
	| LOGFILE error '\n'	{
		run.saw_output = true;
		run.log = (struct conf_log){ .path = NULL };
		expected("logfile \"PATH\" [tag NUMBER[,...]] [rotate every "
		    "DURATION or rotate at size SIZE] [keep SIZE, DURATION or "
		    "NUMBER files] [compress]");
	}
	| SYNC STRING '\n'		{ set_sync($1, $2); }
	| SYNC error '\n'		{ expected("sync never or sync SECONDS"); }
	| LIMIT EXPORTERS STRING '\n'	{
		limit_number(&run.conf->limits.exporters, $2, $3);
	}
	| LIMIT TEMPLATES STRING '\n'	{
		limit_number(&run.conf->limits.templates, $2, $3);
	}
	| LIMIT MEMORY STRING '\n'	{
		limit_bytes(&run.conf->limits.memory, $2, $3);
	}
	| LIMIT BUFFER STRING '\n'	{
		limit_bytes(&run.conf->limits.buffer, $2, $3);
	}
	| LIMIT error '\n'	{
		expected("limit exporters NUMBER, limit templates NUMBER, "
		    "limit memory SIZE or limit buffer SIZE");
	}
	| LOGSOCK STRING bufsize '\n'	{ set_logsock($1, $2, $3); }
	| LOGSOCK error '\n'	{
		run.saw_output = true;
		expected("logsock \"PATH\" [bufsize BYTES]");
	}
	| PIDFILE STRING '\n'	{ set_path(&run.conf->pidfile, $1, $2); }
	| PIDFILE error '\n'		{ expected("pidfile \"PATH\""); }
	| STATEFILE STRING '\n'		{
		set_path(&run.conf->statefile, $1, $2);
	}
	| STATEFILE error '\n'		{ expected("statefile \"PATH\""); }
	| CRASHDUMP STRING '\n'		{
		set_path(&run.conf->crashdump, $1, $2);
	}
	| CRASHDUMP error '\n'		{ expected("crashdump \"DIR\""); }
	| STORE STRING '\n'		{ add_store($2); }
	| STORE error '\n'		{ expected("store FIELD"); }
	;

log_tags: /* empty */
	| TAG tags
	;

log_options
	: /* empty */
	| log_options log_option
	;

log_option
	: ROTATE EVERY STRING		{ log_rotate_every($1, $3); }
	| ROTATE AT SIZE STRING		{ log_rotate_size($1, $4); }
	| KEEP STRING			{ log_keep($1, $2); }
	| KEEP STRING FILES		{ log_keep_files($1, $2); }
	| COMPRESS			{ run.log.compress = true; }
	;

listen_options
	: bufsize	{
		$$.ifname.text = NULL;
		$$.bufsize = $1;
	}
	| INTERFACE STRING bufsize	{
		$$.ifname = $2;
		$$.bufsize = $3;
	}
	;

tags	: STRING			{ add_item(ITEM_PLAIN, $1); }
	| tags ',' STRING		{ add_item(ITEM_PLAIN, $3); }
	;

bufsize	: /* empty */			{ $$.text = NULL; $$.line = 0; }
	| BUFSIZE STRING		{ $$ = $2; }
	;

rule	: action params '\n'		{ rule_end(); }
	| action error '\n'		{ expected(RULE_EXPECTED); }
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
	| TAG error			{ expected("tag NUMBER"); }
	| AGENT addrs	{ rule_addr(PARAM_AGENT, $1, FILTER_AGENT, $2); }
	| AGENT error	{ expected("agent [!] PREFIX|<TABLE>|{ ... } or any"); }
	| SRC addrs	{ rule_addr(PARAM_SRC, $1, FILTER_SRC, $2); }
	| SRC error	{
		expected("src [!] PREFIX|<TABLE>|{ ... } or any, and perhaps "
		    "port");
	}
	| DST addrs	{ rule_addr(PARAM_DST, $1, FILTER_DST, $2); }
	| DST error	{
		expected("dst [!] PREFIX|<TABLE>|{ ... } or any, and perhaps "
		    "port");
	}
	| PORT numbers			{ rule_port($1, $2); }
	| PORT error			{ expected("port " NUMBERS); }
	| IN_IFNDX numbers	{
		rule_number(PARAM_IN_IFNDX, $1, FILTER_IN_IFNDX, $2);
	}
	| IN_IFNDX error		{ expected("in_ifndx " NUMBERS); }
	| OUT_IFNDX numbers	{
		rule_number(PARAM_OUT_IFNDX, $1, FILTER_OUT_IFNDX, $2);
	}
	| OUT_IFNDX error		{ expected("out_ifndx " NUMBERS); }
	| PROTO numbers	{ rule_number(PARAM_PROTO, $1, FILTER_PROTO, $2); }
	| PROTO error	{ expected("proto NAME or " NUMBERS); }
	| TOS numbers	{ rule_number(PARAM_TOS, $1, FILTER_TOS, $2); }
	| TOS error			{ expected("tos " NUMBERS); }
	| PACKETS numbers	{
		rule_number(PARAM_PACKETS, $1, FILTER_PACKETS, $2);
	}
	| PACKETS error			{ expected("packets " NUMBERS); }
	| OCTETS numbers	{
		rule_number(PARAM_OCTETS, $1, FILTER_OCTETS, $2);
	}
	| OCTETS error			{ expected("octets " NUMBERS); }
	| SRC_AS numbers	{
		rule_number(PARAM_SRC_AS, $1, FILTER_SRC_AS, $2);
	}
	| SRC_AS error			{ expected("src_as " NUMBERS); }
	| DST_AS numbers	{
		rule_number(PARAM_DST_AS, $1, FILTER_DST_AS, $2);
	}
	| DST_AS error			{ expected("dst_as " NUMBERS); }
	| VERSION numbers	{
		rule_number(PARAM_VERSION, $1, FILTER_VERSION, $2);
	}
	| VERSION error			{ expected("version " NUMBERS); }
	| INET				{ rule_family($1, ADDR_V4, false); }
	| INET6				{ rule_family($1, ADDR_V6, false); }
	| '!' INET			{ rule_family($2, ADDR_V4, true); }
	| '!' INET6			{ rule_family($2, ADDR_V6, true); }
	| '!' error			{ expected("! inet or ! inet6"); }
	| TCP_FLAGS mask equals		{ rule_tcp_flags($1, $2, $3); }
	| TCP_FLAGS error	{
		expected("tcp_flags [mask NUMBER] [!] equals NUMBER");
	}
	| DAYS days			{ rule_days($1, $2); }
	| DAYS error			{ expected("days DAY[-DAY][,...]"); }
	| AFTER STRING			{ rule_time(PARAM_AFTER, $1, $2); }
	| AFTER DATE STRING	{ rule_date(PARAM_AFTER_DATE, $1, $3); }
	| AFTER error	{
		expected("after HH:MM[:SS] or "
		    "after date YYYY[MM[DD[HH[MM[SS]]]]]");
	}
	| BEFORE STRING			{ rule_time(PARAM_BEFORE, $1, $2); }
	| BEFORE DATE STRING	{ rule_date(PARAM_BEFORE_DATE, $1, $3); }
	| BEFORE error	{
		expected("before HH:MM[:SS] or "
		    "before date YYYY[MM[DD[HH[MM[SS]]]]]");
	}
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

addr	: STRING		{ add_item(ITEM_PLAIN, $1); }
	| '<' STRING '>'	{ add_item(ITEM_TABLE, $2); }
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

number	: STRING		{ add_item(ITEM_PLAIN, $1); }
	| '<' STRING		{ add_item(ITEM_LESS, $2); }
	| AT_MOST STRING	{ add_item(ITEM_MOST, $2); }
	| AT_LEAST STRING	{ add_item(ITEM_LEAST, $2); }
	| '>' STRING		{ add_item(ITEM_MORE, $2); }
	;

comma	: /* empty */
	| ','
	;

mask	: /* empty */		{ $$.text = NULL; $$.line = 0; }
	| MASK STRING		{ $$ = $2; }
	;

equals	: EQUALS STRING		{ $$.token = $2; $$.negated = false; }
	| '!' EQUALS STRING	{ $$.token = $3; $$.negated = true; }
	;

days	: STRING		{ $$ = day_range($1); }
	| days ',' STRING	{ $$ = (uint8_t)($1 | day_range($3)); }
	;

%%

/*
 * Sorted by name.  All are reserved, but those that flowd 0.9.1 did not have
 * can be names of macros, as they may be in its configurations.
 */
static const struct keyword {
	const char	*name;
	int		 token;
	bool		 is_new;
} keywords[] = {
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
	{ "crashdump",	CRASHDUMP, true },
	{ "date",	DATE, false },
	{ "days",	DAYS, false },
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
	{ "join",	JOIN, false },
	{ "keep",	KEEP, true },
	{ "limit",	LIMIT, true },
	{ "listen",	LISTEN, false },
	{ "logfile",	LOGFILE, false },
	{ "logsock",	LOGSOCK, false },
	{ "mask",	MASK, false },
	{ "memory",	MEMORY, true },
	{ "octets",	OCTETS, true },
	{ "on",		ON, false },
	{ "out_ifndx",	OUT_IFNDX, false },
	{ "packets",	PACKETS, true },
	{ "pidfile",	PIDFILE, false },
	{ "port",	PORT, false },
	{ "proto",	PROTO, false },
	{ "quick",	QUICK, false },
	{ "rotate",	ROTATE, true },
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
	{ "version",	VERSION, true },
};
#define NKEYWORDS	(sizeof(keywords) / sizeof(keywords[0]))

/*
 * Protocols that are known on every system, since small ones have no
 * protocols(5).
 */
static const struct {
	const char	*name;
	uint8_t		 number;
} protocols[] = {
	{ "icmp", 1 }, { "igmp", 2 }, { "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP }, { "gre", 47 }, { "esp", 50 }, { "ah", 51 },
	{ "ipv6-icmp", 58 }, { "ospf", 89 }, { "sctp", IPPROTO_SCTP },
};
#define NPROTOCOLS	(sizeof(protocols) / sizeof(protocols[0]))

static const char *const param_names[] = {
	[PARAM_ALL] = "all", [PARAM_TAG] = "tag", [PARAM_QUICK] = "quick",
	[PARAM_AGENT] = "agent", [PARAM_IN_IFNDX] = "in_ifndx",
	[PARAM_OUT_IFNDX] = "out_ifndx", [PARAM_FAMILY] = "inet or inet6",
	[PARAM_SRC] = "src", [PARAM_SRC_PORT] = "port", [PARAM_DST] = "dst",
	[PARAM_DST_PORT] = "port", [PARAM_PROTO] = "proto",
	[PARAM_TOS] = "tos", [PARAM_PACKETS] = "packets",
	[PARAM_OCTETS] = "octets", [PARAM_SRC_AS] = "src_as",
	[PARAM_DST_AS] = "dst_as", [PARAM_VERSION] = "version",
	[PARAM_TCP_FLAGS] = "tcp_flags",
	[PARAM_DAYS] = "days", [PARAM_AFTER] = "after",
	[PARAM_BEFORE] = "before", [PARAM_AFTER_DATE] = "after date",
	[PARAM_BEFORE_DATE] = "before date",
};

/* Messages. */

static void
error_at(unsigned int line, const char *fmt, ...)
{
	char message[MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (line == NO_LINE)
		log_warnx("%s: %s", run.source->name, message);
	else
		log_warnx("%s:%u: %s", run.source->name, line, message);
	run.errors++;
}

static void
out_of_memory(void)
{
	struct source *source;

	error_at(run.source->line, "out of memory, reading has stopped");
	for (source = run.source; source != NULL; source = source->parent)
		source->at = source->end;
	run.expansion = NULL;
}

static void
yyerror(const char *what)
{
	(void)what;
	run.unexpected = run.type != FAILED;
	run.bad = run.token;
	run.before_bad = run.previous;
}

/* A token for a message: the whole of it, or its start. */
static void
show(struct token token, char *buf, size_t size)
{
	if (token.text == NULL)
		(void)strlcpy(buf, "end of line", size);
	else if (strlen(token.text) > SHOWN_MAX)
		(void)snprintf(buf, size, "\"%.*s...\"", SHOWN_MAX,
		    token.text);
	else
		(void)snprintf(buf, size, "\"%s\"", token.text);
}

/* Reports the syntax error that yacc has met, unless the lexer already did. */
static void
expected(const char *what)
{
	char at[SHOWN_MAX + 8], after[SHOWN_MAX + 8];

	run.nitems = 0;
	if (!run.unexpected)
		return;
	run.unexpected = false;
	show(run.bad, at, sizeof(at));
	show(run.before_bad, after, sizeof(after));
	if (run.before_bad.text == NULL)
		error_at(run.bad.line, "unexpected %s, expected %s", at, what);
	else
		error_at(run.bad.line, "unexpected %s after %s, expected %s",
		    at, after, what);
}

/* Text. */

/* Room for len bytes and a NUL, zeroed.  NULL after a message. */
static char *
text_new(size_t len)
{
	struct text *text;

	if ((text = calloc(1, sizeof(*text) + len + 1)) == NULL) {
		out_of_memory();
		return (NULL);
	}
	text->next = run.texts;
	run.texts = text;
	return (text->bytes);
}

/* Adds a byte to the word that the lexer is collecting. */
static bool
word_add(int c)
{
	size_t size;
	char *grown;

	if (run.word_len == run.word_size) {
		size = run.word_size == 0 ? 64 : run.word_size * 2;
		if ((grown = realloc(run.word, size)) == NULL) {
			out_of_memory();
			return (false);
		}
		run.word = grown;
		run.word_size = size;
	}
	run.word[run.word_len++] = (char)c;
	return (true);
}

static const char *
join_words(const char *first, const char *second)
{
	const size_t first_len = strlen(first), second_len = strlen(second);
	char *text;

	if ((text = text_new(first_len + 1 + second_len)) == NULL)
		return ("");
	memcpy(text, first, first_len);
	text[first_len] = ' ';
	memcpy(text + first_len + 1, second, second_len);
	return (text);
}

/* Macros. */

static bool
is_name_char(int c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_');
}

static int
keyword_compare(const void *name, const void *keyword)
{
	return (strcmp(name, ((const struct keyword *)keyword)->name));
}

static const struct keyword *
find_keyword(const char *name)
{
	return (bsearch(name, keywords, NKEYWORDS, sizeof(keywords[0]),
	    keyword_compare));
}

/* Whether the name is taken by a keyword. */
static bool
is_reserved(const char *name)
{
	const struct keyword *k = find_keyword(name);

	return (k != NULL && !k->is_new);
}

static struct macro *
find_macro(const char *name, size_t len)
{
	struct macro *m;

	for (m = run.macros; m != NULL; m = m->next) {
		if (strncmp(m->name, name, len) == 0 && m->name[len] == '\0')
			return (m);
	}
	return (NULL);
}

static bool
macro_name_is_valid(struct token name)
{
	const char *at = name.text;

	if (is_reserved(name.text)) {
		error_at(name.line, "\"%s\" is a keyword and cannot be the "
		    "name of a macro", name.text);
		return (false);
	}
	while (is_name_char(*at))
		at++;
	if (at > name.text && *at == '\0' && name.text[0] != '_' &&
	    !(name.text[0] >= '0' && name.text[0] <= '9'))
		return (true);
	error_at(name.line, "\"%.*s\" is not the name of a macro, which has "
	    "letters, digits and underscores, a letter first", SHOWN_MAX,
	    name.text);
	return (false);
}

static void
define_macro(struct token name, const char *value)
{
	struct macro *m;

	if (!macro_name_is_valid(name))
		return;
	if ((m = find_macro(name.text, strlen(name.text))) != NULL) {
		if (m->line == NO_LINE && name.line != NO_LINE)
			return;
		m->value = value;
		m->file = run.source->name;
		m->line = name.line;
		return;
	}
	if ((m = calloc(1, sizeof(*m))) == NULL) {
		out_of_memory();
		return;
	}
	m->name = name.text;
	m->value = value;
	m->file = run.source->name;
	m->line = name.line;
	m->next = run.macros;
	run.macros = m;
}

static void
define_command_macros(const struct conf_macro *macros, size_t n)
{
	struct token name = { NULL, NO_LINE };
	size_t i;

	for (i = 0; i < n; i++) {
		if (strpbrk(macros[i].value, "\r\n") != NULL) {
			error_at(NO_LINE, "macro \"%.*s\" of the command line "
			    "has more than one line", SHOWN_MAX,
			    macros[i].name);
			continue;
		}
		name.text = macros[i].name;
		define_macro(name, macros[i].value);
	}
}

/* What the configuration sets and does not use may be a slip of the pen. */
static void
report_unused(void)
{
	const struct macro *m;
	size_t i;

	for (m = run.macros; m != NULL; m = m->next) {
		if (m->used)
			continue;
		if (m->line == NO_LINE)
			log_debug("%s: macro \"%s\" of the command line is "
			    "not used", m->file, m->name);
		else
			log_debug("%s:%u: macro \"%s\" is not used", m->file,
			    m->line, m->name);
	}
	for (i = 0; i < run.conf->ntables; i++) {
		if (!run.tables_used[i])
			log_debug("%s: table <%s> is not used",
			    run.source->name, run.conf->tables[i].name);
	}
}

static void
unknown_statement(struct token word)
{
	char shown[SHOWN_MAX + 8];

	if (!run.unexpected)
		return;
	run.unexpected = false;
	show(word, shown, sizeof(shown));
	error_at(word.line, "unknown statement %s, expected a statement, a "
	    "rule or NAME = VALUE", shown);
}

/* The lexer. */

/* Bytes of the line end at p, in either of the usual forms, or 0. */
static size_t
line_end_len(const char *p)
{
	const char *end = run.source->end;

	if (p < end && *p == '\n')
		return (1);
	if (end - p >= 2 && p[0] == '\r' && p[1] == '\n')
		return (2);
	return (0);
}

/* The next byte, '\n' for any form of line end, or EOF. */
static int
peek(void)
{
	struct source *source = run.source;
	size_t len;

	if (run.expansion != NULL) {
		if (*run.expansion != '\0')
			return ((unsigned char)*run.expansion);
		run.expansion = NULL;
	}
	/* A backslash at the end of a line joins it to the next. */
	while (source->at < source->end && *source->at == '\\' &&
	    (len = line_end_len(source->at + 1)) != 0) {
		source->at += 1 + len;
		source->line++;
	}
	if (source->at == source->end)
		return (EOF);
	return (line_end_len(source->at) != 0 ? '\n' :
	    (unsigned char)*source->at);
}

/* Takes what peek has returned, which was not EOF. */
static void
advance(void)
{
	size_t len;

	if (run.expansion != NULL) {
		run.expansion++;
		return;
	}
	if ((len = line_end_len(run.source->at)) != 0)
		run.source->line++;
	run.source->at += len == 0 ? 1 : len;
}

static void
skip_to_line_end(void)
{
	int c;

	while ((c = peek()) != '\n' && c != EOF)
		advance();
}

static void
skip_blanks(void)
{
	int c;

	while ((c = peek()) == ' ' || c == '\t' || c == '\r')
		advance();
	if (c == '#')
		skip_to_line_end();
}

/* Reports an error of the lexer, and passes over the rest of the line. */
static int
lex_error(const char *fmt, ...)
{
	char message[MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	error_at(run.token.line, "%s", message);
	skip_to_line_end();
	return (FAILED);
}

static int
unexpected_byte(int c)
{
	return (lex_error("unexpected byte 0x%02x", (unsigned int)c));
}

/* Puts the value of a macro in the place of its "$name". */
static bool
expand(void)
{
	struct macro *m;
	const char *name;
	size_t len = 0;

	advance();
	name = run.source->at;
	while (name + len < run.source->end &&
	    is_name_char((unsigned char)name[len]))
		len++;
	if (len == 0) {
		(void)lex_error("\"$\" without the name of a macro; a \"$\" "
		    "that is meant as such stands in quotes");
		return (false);
	}
	run.source->at += len;
	if ((m = find_macro(name, len)) == NULL) {
		(void)lex_error("macro \"%.*s\" is not defined",
		    (int)(len < SHOWN_MAX ? len : SHOWN_MAX), name);
		return (false);
	}
	m->used = true;
	run.expansion = m->value;
	return (true);
}

/* Makes the collected word the token's text. */
static bool
word_end(void)
{
	char *text;

	if ((text = text_new(run.word_len)) == NULL)
		return (false);
	if (run.word_len != 0)
		memcpy(text, run.word, run.word_len);
	run.token.text = text;
	return (true);
}

static int
lex_quoted(int quote)
{
	int c;

	run.word_len = 0;
	advance();
	while ((c = peek()) != quote) {
		if (c == EOF || c == '\n')
			return (lex_error("a string ends with its line, "
			    "expected a closing %c", quote));
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return (unexpected_byte(c));
		advance();
		if (c == '\\' && (peek() == quote || peek() == '\\')) {
			c = peek();
			advance();
		}
		if (!word_add(c))
			return (FAILED);
	}
	advance();
	return (word_end() ? STRING : FAILED);
}

static bool
is_word_char(int c)
{
	return (c > ' ' && c != 0x7f && strchr("!\"#',<=>{}", c) == NULL);
}

static int
lex_word(void)
{
	const struct keyword *keyword;
	int c;

	run.word_len = 0;
	for (;;) {
		c = peek();
		if (c == '$' && run.expansion == NULL) {
			if (!expand())
				return (FAILED);
			continue;
		}
		if (!is_word_char(c))
			break;
		advance();
		if (!word_add(c))
			return (FAILED);
	}
	if (!word_end())
		return (FAILED);
	/* The name of a table can be any. */
	if (run.in_value || run.type == '<' ||
	    (keyword = find_keyword(run.token.text)) == NULL)
		return (STRING);
	skip_blanks();
	if (run.line_started || peek() != '=')
		return (keyword->token);
	if (keyword->is_new)
		return (STRING);
	return (lex_error("\"%s\" is a keyword and cannot be the name "
	    "of a macro", run.token.text));
}

/* The text of a token of one character, or NULL where c is none. */
static const char *
mark_text(int c)
{
	static const char *const marks[] = {
		"!", ",", "<", "=", ">", "{", "}"
	};
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (marks[i][0] == c)
			return (marks[i]);
	}
	return (NULL);
}

/*
 * Whether what is next begins a statement, though a brace is open: then the
 * other brace is missing.  source->at is behind the end of a line.
 */
static bool
statement_follows(void)
{
	char word[16];		/* longer than any keyword */
	const char *at = run.source->at, *end = run.source->end;
	size_t len = 0;

	while (at < end && isspace((unsigned char)*at))
		at++;
	while (at < end && len < sizeof(word) - 1 &&
	    is_name_char((unsigned char)*at))
		word[len++] = *at++;
	word[len] = '\0';
	return (find_keyword(word) != NULL);
}

/* "<", "<=", ">" or ">=". */
static int
lex_comparison(int c)
{
	if (run.in_value || peek() != '=')
		return (c);
	advance();
	run.token.text = c == '<' ? "<=" : ">=";
	return (c == '<' ? AT_MOST : AT_LEAST);
}

static int
lex_mark(int c)
{
	if ((run.token.text = mark_text(c)) == NULL)
		return (unexpected_byte(c));
	advance();
	if (c == '<' || c == '>')
		return (lex_comparison(c));
	if (c == '{' || c == '}')
		run.in_braces = c == '{' && !run.in_value;
	return (c);
}

/* Goes on behind the statement that included the file. */
static void
end_of_include(void)
{
	struct source *source = run.source;

	run.source = source->parent;
	free(source->text);
	free(source);
}

static int
lex_token(void)
{
	int c;

	for (;;) {
		skip_blanks();
		run.token.line = run.source->line;
		c = peek();
		if (c == '$' && run.expansion == NULL) {
			if (!expand())
				return (FAILED);
		} else if (c == EOF && !run.line_started &&
		    run.source->parent != NULL) {
			end_of_include();
		} else if (c == '\n') {
			advance();
			if (!run.in_braces || statement_follows())
				return (c);
		} else
			break;
	}
	if (c == EOF)
		return (run.line_started ? '\n' : 0);
	if (c == '"' || c == '\'')
		return (lex_quoted(c));
	return (is_word_char(c) ? lex_word() : lex_mark(c));
}

static int
yylex(void)
{
	if (!run.line_started)
		run.nitems = 0;
	run.previous = run.token;
	run.token.text = NULL;
	run.type = lex_token();
	run.line_started = run.type != '\n';
	run.in_braces = run.line_started && run.in_braces;
	run.in_value = run.line_started && (run.in_value || run.type == '=');
	yylval.token = run.token;
	return (run.type);
}

/* Values. */

/* Reports that value is no good for what it is given for. */
static void
bad_value(struct token what, struct token value, const char *why)
{
	char shown[SHOWN_MAX + 8];

	show(value, shown, sizeof(shown));
	error_at(value.line, "%s %s: %s", what.text, shown, why);
}

/* Decimal, 0x hexadecimal or 0 octal. */
static bool
number(struct token what, struct token value, uint64_t min, uint64_t max,
    uint64_t *out)
{
	char why[80], *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(value.text, &end, 0);
	*out = n;
	if (isdigit((unsigned char)value.text[0]) && *end == '\0' &&
	    errno == 0 && n >= min && n <= max)
		return (true);
	(void)snprintf(why, sizeof(why), "expected a number from %" PRIu64
	    " to %" PRIu64, min, max);
	bad_value(what, value, why);
	return (false);
}

/* bufsize, where it is given; 0 where it is not. */
static bool
buffer_size(struct token value, uint32_t *size)
{
	const struct token what = { "bufsize", value.line };
	uint64_t n;

	*size = 0;
	if (value.text == NULL)
		return (true);
	if (!number(what, value, 1, INT_MAX, &n))
		return (false);
	*size = (uint32_t)n;
	return (true);
}

/* ADDR:PORT, or [ADDR]:PORT for IPv6. */
static bool
address_and_port(struct token what, struct token value, struct addr *addr,
    uint16_t *port)
{
	const char *start = value.text, *end;
	char text[ADDR_STRLEN] = "";
	struct token port_text = value;
	const bool brackets = *start == '[';
	uint64_t n;

	if (brackets)
		end = strchr(++start, ']');
	else
		end = strchr(start, ':');
	if (end != NULL && (size_t)(end - start) < sizeof(text))
		memcpy(text, start, (size_t)(end - start));
	if (addr_pton(text, addr) != 0 ||
	    (addr->family == ADDR_V6) != brackets ||
	    (brackets && *++end != ':')) {
		bad_value(what, value, "expected ADDRESS:PORT, with an IPv6 "
		    "address in brackets");
		return (false);
	}
	port_text.text = end + 1;
	if (!number((struct token){ "port", value.line }, port_text, 1,
	    UINT16_MAX, &n))
		return (false);
	*port = (uint16_t)n;
	return (true);
}

static bool
prefix_value(struct token what, struct token value, struct prefix *prefix)
{
	switch (prefix_pton(value.text, prefix)) {
	case 0:
		return (true);
	case FLOWD_EHOSTBITS:
		bad_value(what, value, "the address has bits set behind the "
		    "prefix length, expected the address of a network");
		return (false);
	default:
		bad_value(what, value, "expected an IPv4 or IPv6 ADDRESS or "
		    "ADDRESS/LENGTH");
		return (false);
	}
}

/*
 * array, with room for one item behind its first n, or NULL after a message;
 * array is then as it was.
 */
static void *
grow(void *array, size_t n, size_t size)
{
	/* The room doubles, so it is used up at the powers of two. */
	if ((n & (n - 1)) != 0)
		return (array);
	array = reallocarray(array, n == 0 ? 1 : n * 2, size);
	if (array == NULL)
		out_of_memory();
	return (array);
}

static void
add_item(enum item_kind kind, struct token token)
{
	struct item *grown;

	if ((grown = grow(run.items, run.nitems, sizeof(*grown))) == NULL)
		return;
	run.items = grown;
	run.items[run.nitems].kind = kind;
	run.items[run.nitems++].token = token;
}

/* Files other than the first. */

/* Reads all of run.source, which is fp.  False after a message. */
static bool
read_file(FILE *fp)
{
	struct source *source = run.source;
	size_t len = 0, size = 0;
	char *grown;

	do {
		size = size == 0 ? 4096 : size * 2;
		if (run.nbytes + len > CONFIG_PACKED_MAX) {
			error_at(NO_LINE, "more than %u bytes, with what was "
			    "read before, which is too large",
			    CONFIG_PACKED_MAX);
			return (false);
		}
		if ((grown = realloc(source->text, size)) == NULL) {
			log_warn("%s", source->name);
			return (false);
		}
		source->text = grown;
		len += fread(source->text + len, 1, size - len, fp);
	} while (len == size);
	if (ferror(fp)) {
		log_warn("%s", source->name);
		return (false);
	}
	run.nbytes += len;
	source->at = source->text;
	source->end = source->text + len;
	source->line = 1;
	return (true);
}

/* A path as it is, or from the directory of the file that names it. */
static const char *
path_from_here(const char *path)
{
	const char *slash = strrchr(run.source->name, '/');
	const size_t len = slash == NULL || path[0] == '/' ? 0 :
	    (size_t)(slash + 1 - run.source->name);
	char *text;

	if (len == 0)
		return (path);
	if ((text = text_new(len + strlen(path))) == NULL)
		return (path);
	memcpy(text, run.source->name, len);
	memcpy(text + len, path, strlen(path));
	return (text);
}

/* Reports that a file cannot be opened, and by whom, who is not root. */
static void
bad_file(struct token what, struct token value, int error)
{
	char why[160];

	(void)snprintf(why, sizeof(why), "%s", strerror(error));
	if (error == EACCES)
		(void)snprintf(why, sizeof(why), "%s for the user with the ID "
		    "%lu, who reads it", strerror(error),
		    (unsigned long)geteuid());
	bad_value(what, value, why);
}

/* Opens the file that value names.  NULL after a message. */
static FILE *
open_file(struct token what, struct token value, const char *path)
{
	struct stat st;
	FILE *fp = NULL;
	/* Without a wait for whoever may write to a FIFO. */
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd == -1 || fstat(fd, &st) == -1)
		bad_file(what, value, errno);
	else if (!S_ISREG(st.st_mode))
		bad_value(what, value, "not a regular file");
	else if ((fp = fdopen(fd, "r")) != NULL)
		return (fp);
	else
		bad_file(what, value, errno);
	if (fd != -1)
		(void)close(fd);
	return (NULL);
}

/*
 * Makes fp the file that is read from now on.  False after a message, which
 * is about the file that was read before.
 */
static bool
push_source(FILE *fp, const char *name, struct token what, struct token value)
{
	struct source *source, *other;
	struct stat st;
	size_t depth = 1;

	if ((source = calloc(1, sizeof(*source))) == NULL) {
		log_warn("%s", name);
		run.errors++;
		return (false);
	}
	source->name = name;
	source->parent = run.source;
	if (fileno(fp) != -1 && fstat(fileno(fp), &st) == 0) {
		source->dev = st.st_dev;
		source->ino = st.st_ino;
		source->is_file = true;
	}
	for (other = run.source; other != NULL; other = other->parent) {
		depth++;
		if (other->is_file && source->is_file &&
		    other->dev == source->dev && other->ino == source->ino) {
			bad_value(what, value, "the file would include "
			    "itself");
			free(source);
			return (false);
		}
	}
	if (depth > INCLUDE_DEPTH_MAX) {
		bad_value(what, value, "includes are nested too deeply");
		free(source);
		return (false);
	}
	run.source = source;
	return (true);
}

static void
include_file(struct token path)
{
	const struct token what = { "include", path.line };
	const char *name = path_from_here(path.text);
	FILE *fp;

	if (run.nincludes++ == INCLUDES_MAX) {
		bad_value(what, path, "too many includes");
		return;
	}
	if ((fp = open_file(what, path, name)) == NULL)
		return;
	if (push_source(fp, name, what, path) && !read_file(fp))
		run.errors++;
	(void)fclose(fp);
}

/* Tables. */

static int
compare_prefixes(const void *a, const void *b)
{
	return (prefix_compare(a, b));
}

/* Puts prefixes into their order, each once. */
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
		if (kept == 0 || prefix_compare(&prefixes[kept - 1],
		    &prefixes[i]) != 0)
			prefixes[kept++] = prefixes[i];
	}
	*n = kept;
}

static void
table_add(struct filter_table *table, const struct prefix *prefix)
{
	struct prefix *grown;

	grown = grow(table->prefixes, table->n, sizeof(*grown));
	if (grown == NULL)
		return;
	table->prefixes = grown;
	table->prefixes[table->n++] = *prefix;
}

/* The number of a table, or that of tables where there is none. */
static size_t
table_number(const char *name)
{
	size_t i;

	for (i = 0; i < run.conf->ntables; i++) {
		if (strcmp(run.conf->tables[i].name, name) == 0)
			break;
	}
	return (i);
}

/* Begins a table; false after a message. */
static bool
table_begin(struct token name, struct filter_table *table)
{
	const struct token what = { "table", name.line };

	memset(table, 0, sizeof(*table));
	if (strlcpy(table->name, name.text, sizeof(table->name)) >=
	    sizeof(table->name) || !filter_table_name_is_valid(table->name)) {
		bad_value(what, name, "expected a name of up to 31 letters, "
		    "digits, \"_\", \"-\" and \".\"");
		return (false);
	}
	if (table_number(name.text) != run.conf->ntables) {
		bad_value(what, name, "given twice");
		return (false);
	}
	return (true);
}

/* Makes table a part of the configuration. */
static void
table_end(struct token name, struct filter_table *table)
{
	const struct token what = { "table", name.line };
	struct config *conf = run.conf;
	struct filter_table *grown;
	bool *used;

	if (table->n > FILTER_TABLE_MAX) {
		bad_value(what, name, "more than 1000000 prefixes");
		free(table->prefixes);
		return;
	}
	sort_prefixes(table->prefixes, &table->n);
	grown = grow(conf->tables, conf->ntables, sizeof(*grown));
	if (grown != NULL) {
		conf->tables = grown;
		used = grow(run.tables_used, conf->ntables, sizeof(*used));
		if (used != NULL) {
			run.tables_used = used;
			used[conf->ntables] = false;
			conf->tables[conf->ntables++] = *table;
			return;
		}
	}
	free(table->prefixes);
}

static void
table_of_items(struct token name)
{
	const struct token what = { "table", name.line };
	struct filter_table table;
	struct prefix prefix;
	size_t i;

	if (!table_begin(name, &table))
		return;
	for (i = 0; i < run.nitems; i++) {
		if (run.items[i].kind == ITEM_TABLE)
			bad_value(what, run.items[i].token, "a table in a "
			    "table, expected prefixes");
		else if (prefix_value(what, run.items[i].token, &prefix))
			table_add(&table, &prefix);
	}
	table_end(name, &table);
}

/* The prefix of a line without its comment; false where there is none. */
static bool
table_line(char *line, size_t len, struct token *value)
{
	char *end;

	/* What stands behind a NUL is not to be lost silently. */
	if (strlen(line) != len)
		line[strlen(line)] = '?';
	line[strcspn(line, "#\r\n")] = '\0';
	line += strspn(line, " \t");
	for (end = line + strlen(line); end > line && (end[-1] == ' ' ||
	    end[-1] == '\t'); end--)
		continue;
	*end = '\0';
	value->text = line;
	return (*line != '\0');
}

static void
read_table(FILE *fp, struct filter_table *table)
{
	struct token what = { "table", 0 }, value = { NULL, 0 };
	const size_t errors = run.errors;
	struct prefix prefix;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while (table->n <= FILTER_TABLE_MAX &&
	    (len = getline(&line, &size, fp)) != -1) {
		what.line = ++value.line;
		if (!table_line(line, (size_t)len, &value))
			continue;
		if (prefix_value(what, value, &prefix))
			table_add(table, &prefix);
		if (run.errors - errors == TABLE_ERRORS_MAX) {
			error_at(value.line, "the rest is not read, because "
			    "of so many errors");
			break;
		}
	}
	if (ferror(fp))
		error_at(NO_LINE, "%s", strerror(errno));
	free(line);
}

static void
table_of_file(struct token name, struct token path)
{
	const struct token what = { "file", path.line };
	struct source source = { .parent = run.source };
	struct filter_table table;
	FILE *fp;

	if (!table_begin(name, &table))
		return;
	source.name = path_from_here(path.text);
	if ((fp = open_file(what, path, source.name)) != NULL) {
		run.source = &source;
		read_table(fp, &table);
		run.source = source.parent;
		(void)fclose(fp);
	}
	/* Also without the file, so that its users are no errors. */
	table_end(name, &table);
}

/* Adds what an item names to set; false after a message. */
static bool
addr_set_add(struct filter_addr_set *set, struct token what,
    const struct item *item)
{
	struct prefix prefix, *prefixes;
	uint32_t *tables;
	size_t table;

	if (item->kind == ITEM_TABLE) {
		table = table_number(item->token.text);
		if (table == run.conf->ntables) {
			error_at(item->token.line, "%s <%.*s>: no table of "
			    "that name is defined above", what.text,
			    SHOWN_MAX, item->token.text);
			return (false);
		}
		run.tables_used[table] = true;
		tables = grow(set->tables, set->ntables, sizeof(*tables));
		if (tables == NULL)
			return (false);
		set->tables = tables;
		set->tables[set->ntables++] = (uint32_t)table;
		return (true);
	}
	if (!prefix_value(what, item->token, &prefix) ||
	    (prefixes = grow(set->prefixes, set->n,
	    sizeof(*prefixes))) == NULL)
		return (false);
	set->prefixes = prefixes;
	set->prefixes[set->n++] = prefix;
	return (true);
}

/* Statements.  The reader has no use for most of them. */

static bool
interface_name(struct token what, struct token value, char *name)
{
	if (value.text[0] != '\0' &&
	    strlcpy(name, value.text, IF_NAMESIZE) < IF_NAMESIZE)
		return (true);
	bad_value(what, value, "expected the name of an interface");
	return (false);
}

static void
add_listen(struct token address, struct listen_options options)
{
	const struct token what = { "listen on", address.line };
	const struct token interface = { "interface", options.ifname.line };
	struct config *conf = run.conf;
	struct conf_listen l, *grown;
	size_t i;

	run.saw_listen = true;
	memset(&l, 0, sizeof(l));
	if (run.use == CONFIG_READER ||
	    !address_and_port(what, address, &l.addr, &l.port) ||
	    (options.ifname.text != NULL &&
	    !interface_name(interface, options.ifname, l.ifname)) ||
	    !buffer_size(options.bufsize, &l.bufsize))
		return;
	for (i = 0; i < conf->nlistens; i++) {
		if (addr_equal(&conf->listens[i].addr, &l.addr) &&
		    conf->listens[i].port == l.port &&
		    strcmp(conf->listens[i].ifname, l.ifname) == 0) {
			bad_value(what, address, "given twice");
			return;
		}
	}
	grown = grow(conf->listens, conf->nlistens, sizeof(*grown));
	if (grown == NULL)
		return;
	conf->listens = grown;
	conf->listens[conf->nlistens++] = l;
}

/* Takes the latest source back where it was there before. */
static void
check_source(struct token what, const struct item *item)
{
	struct filter_addr_set *set = &run.conf->sources;
	uint32_t i;

	if (item->kind == ITEM_TABLE) {
		for (i = 0; i + 1 < set->ntables; i++) {
			if (set->tables[i] == set->tables[set->ntables - 1])
				break;
		}
		if (i + 1 == set->ntables)
			return;
		set->ntables--;
	} else {
		for (i = 0; i + 1 < set->n; i++) {
			if (prefix_compare(&set->prefixes[i],
			    &set->prefixes[set->n - 1]) == 0)
				break;
		}
		if (i + 1 == set->n)
			return;
		set->n--;
	}
	bad_value(what, item->token, "given twice");
}

static void
add_sources(struct token keyword)
{
	const struct token what = { "flow source", keyword.line };
	size_t i;

	for (i = 0; i < run.nitems && run.use != CONFIG_READER; i++) {
		if (addr_set_add(&run.conf->sources, what, &run.items[i]))
			check_source(what, &run.items[i]);
	}
}

/* ADDR or ADDR%IFNAME. */
static bool
group_value(struct token what, struct token group, struct conf_join *join)
{
	const char *percent = strchr(group.text, '%');
	const size_t len = percent == NULL ? strlen(group.text) :
	    (size_t)(percent - group.text);
	char text[ADDR_STRLEN] = "";

	if (len < sizeof(text))
		memcpy(text, group.text, len);
	if (addr_pton(text, &join->group) != 0 ||
	    !addr_is_multicast(&join->group)) {
		bad_value(what, group, "expected a multicast address, from "
		    "224.0.0.0/4 or ff00::/8");
		return (false);
	}
	if (percent == NULL)
		return (true);
	if (percent[1] == '\0' || strlcpy(join->ifname, percent + 1,
	    sizeof(join->ifname)) >= sizeof(join->ifname)) {
		bad_value(what, group, "expected the name of an interface "
		    "behind the %");
		return (false);
	}
	return (true);
}

static void
add_join(struct token group, struct token ifname)
{
	const struct token what = { "join group", group.line };
	const struct token on = { "on", ifname.line };
	struct config *conf = run.conf;
	struct conf_join join, *grown;
	size_t i;

	memset(&join, 0, sizeof(join));
	if (run.use == CONFIG_READER || !group_value(what, group, &join))
		return;
	if (ifname.text != NULL && join.ifname[0] != '\0') {
		bad_value(on, ifname, "the group has an interface already, "
		    "behind the %");
		return;
	}
	if (ifname.text != NULL && !interface_name(on, ifname, join.ifname))
		return;
	for (i = 0; i < conf->njoins; i++) {
		if (addr_equal(&conf->joins[i].group, &join.group) &&
		    strcmp(conf->joins[i].ifname, join.ifname) == 0) {
			bad_value(what, group, "given twice");
			return;
		}
	}
	grown = grow(conf->joins, conf->njoins, sizeof(*grown));
	if (grown == NULL)
		return;
	conf->joins = grown;
	conf->joins[conf->njoins++] = join;
}

static void
add_forward(struct token address)
{
	const struct token what = { "forward to", address.line };
	struct config *conf = run.conf;
	struct conf_forward f, *grown;
	size_t i;

	memset(&f, 0, sizeof(f));
	if (run.use == CONFIG_READER ||
	    !address_and_port(what, address, &f.addr, &f.port))
		return;
	for (i = 0; i < conf->nforwards; i++) {
		if (addr_equal(&conf->forwards[i].addr, &f.addr) &&
		    conf->forwards[i].port == f.port) {
			bad_value(what, address, "given twice");
			return;
		}
	}
	grown = grow(conf->forwards, conf->nforwards, sizeof(*grown));
	if (grown == NULL)
		return;
	conf->forwards = grown;
	conf->forwards[conf->nforwards++] = f;
}

static bool
path_is_valid(struct token statement, struct token value)
{
	if (value.text[0] != '\0' && strlen(value.text) < PATH_MAX)
		return (true);
	bad_value(statement, value, "expected the path of a file");
	return (false);
}

static void
set_path(char **path, struct token statement, struct token value)
{
	if (run.use == CONFIG_READER)
		return;
	if (*path != NULL) {
		bad_value(statement, value, "the statement is given twice");
		return;
	}
	if (!path_is_valid(statement, value))
		return;
	if ((*path = strdup(value.text)) == NULL)
		out_of_memory();
}

static int
compare_u32(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x < y ? -1 : x > y);
}

/* Whether there is a log for the tag. */
static bool
tag_has_log(uint32_t tag)
{
	const struct config *conf = run.conf;
	size_t i;

	for (i = 0; i < conf->nlogs; i++) {
		if (conf->logs[i].ntags != 0 && bsearch(&tag,
		    conf->logs[i].tags, conf->logs[i].ntags, sizeof(tag),
		    compare_u32) != NULL)
			return (true);
	}
	return (false);
}

/* The items as tags of log; false after a message. */
static bool
log_tags(struct conf_log *log)
{
	struct token what = { "tag", 0 }, value;
	uint64_t n;
	size_t i;

	log->tags = calloc(run.nitems + 1, sizeof(*log->tags));
	if (log->tags == NULL) {
		out_of_memory();
		return (false);
	}
	for (i = 0; i < run.nitems; i++) {
		value = run.items[i].token;
		what.line = value.line;
		if (!number(what, value, 0, UINT32_MAX, &n))
			return (false);
		if (tag_has_log((uint32_t)n)) {
			bad_value(what, value, "the tag has a log already");
			return (false);
		}
		log->tags[log->ntags++] = (uint32_t)n;
	}
	qsort(log->tags, log->ntags, sizeof(*log->tags), compare_u32);
	for (i = 1; i < log->ntags; i++) {
		if (log->tags[i - 1] == log->tags[i]) {
			error_at(what.line, "tag %" PRIu32 " is given twice",
			    log->tags[i]);
			return (false);
		}
	}
	return (true);
}

/* Whether there can be such a log beside the others. */
static bool
log_is_new(struct token statement, struct token path)
{
	const struct config *conf = run.conf;
	size_t i;

	for (i = 0; i < conf->nlogs; i++) {
		if (strcmp(conf->logs[i].path, path.text) == 0) {
			bad_value(statement, path, "given twice");
			return (false);
		}
		if (run.nitems == 0 && conf->logs[i].ntags == 0) {
			bad_value(statement, path, "there is a log for all "
			    "flows already, expected tag NUMBER[,...] behind "
			    "the path of another");
			return (false);
		}
	}
	return (true);
}

/* Whether its files can be told from one another, and from others' files. */
static bool
log_can_rotate(struct token statement, struct token path, struct conf_log *log)
{
	const struct config *conf = run.conf;
	const char *wrong = log_name_check(log);
	size_t i;

	if (wrong == NULL && log->rotate_seconds == 0 &&
	    log->rotate_size == 0 && (log->compress || log->keep_files != 0 ||
	    log->keep_seconds != 0 || log->keep_size != 0))
		wrong = "keep and compress need rotate";
	for (i = 0; wrong == NULL && i < conf->nlogs; i++) {
		if (log_names_collide(&conf->logs[i], log))
			wrong = "its files could have the names of those of "
			    "another log";
	}
	if (wrong == NULL)
		return (true);
	bad_value(statement, path, wrong);
	return (false);
}

/* The items are its tags. */
static void
add_log(struct token statement, struct token path)
{
	struct config *conf = run.conf;
	struct conf_log log = run.log, *grown;

	run.log = (struct conf_log){ .path = NULL };
	run.saw_output = true;
	if (run.use == CONFIG_READER || !path_is_valid(statement, path) ||
	    !log_is_new(statement, path))
		return;
	if ((log.path = strdup(path.text)) == NULL)
		out_of_memory();
	else if (log_can_rotate(statement, path, &log) && log_tags(&log)) {
		grown = grow(conf->logs, conf->nlogs, sizeof(*grown));
		if (grown != NULL) {
			conf->logs = grown;
			conf->logs[conf->nlogs++] = log;
			return;
		}
	}
	free(log.path);
	free(log.tags);
}

/* A number, perhaps with K, M or G for its 1024s behind it. */
static bool
size_value(struct token value, uint64_t *size)
{
	static const char units[] = "KMG";
	const char *unit;
	unsigned long long n;
	unsigned int shift = 0;
	char *end;

	errno = 0;
	n = strtoull(value.text, &end, 0);
	if (!isdigit((unsigned char)value.text[0]) || errno != 0)
		return (false);
	if (*end != '\0' && (unit = strchr(units, *end)) != NULL) {
		shift = 10 * (unsigned int)(unit - units + 1);
		end++;
	}
	*size = (uint64_t)n << shift;
	return (*end == '\0' && *size >> shift == n);
}

/* A number, and s, m, h, d or w for its unit behind it. */
static bool
duration_value(struct token value, uint32_t *seconds)
{
	static const struct {
		char		unit;
		uint32_t	seconds;
	} units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 604800 },
	};
	unsigned long n;
	char *end;
	size_t i;

	errno = 0;
	n = strtoul(value.text, &end, 10);
	if (!isdigit((unsigned char)value.text[0]) || errno != 0 ||
	    end[0] == '\0' || end[1] != '\0')
		return (false);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].unit != *end)
			continue;
		*seconds = (uint32_t)n * units[i].seconds;
		return (n != 0 && n <= INT32_MAX / units[i].seconds);
	}
	return (false);
}

/* The options of a log are the daemon's business, and each is there once. */
static bool
is_second(struct token what, struct token value, bool given)
{
	if (given && run.use == CONFIG_DAEMON)
		bad_value(what, value, "given twice");
	return (given || run.use == CONFIG_READER);
}

static void
log_rotate_every(struct token what, struct token value)
{
	uint32_t seconds;

	if (is_second(what, value, run.log.rotate_seconds != 0 ||
	    run.log.rotate_size != 0))
		return;
	if (!duration_value(value, &seconds) ||
	    !log_name_interval_is_valid(seconds))
		bad_value(what, value, "expected a part of a day, such as 5m "
		    "or 1h, that goes into it without a rest, or days or "
		    "weeks, such as 1d or 2w");
	else
		run.log.rotate_seconds = seconds;
}

static void
log_rotate_size(struct token what, struct token value)
{
	uint64_t size;

	if (is_second(what, value, run.log.rotate_seconds != 0 ||
	    run.log.rotate_size != 0))
		return;
	if (!size_value(value, &size) || size < ROTATE_SIZE_MIN)
		bad_value(what, value, "expected a number of bytes, or of K, "
		    "M or G, from 1K on");
	else
		run.log.rotate_size = size;
}

/* A time by its unit, else a size. */
static void
log_keep(struct token what, struct token value)
{
	uint32_t seconds;
	uint64_t size;

	if (duration_value(value, &seconds)) {
		if (!is_second(what, value, run.log.keep_seconds != 0))
			run.log.keep_seconds = seconds;
	} else if (is_second(what, value, run.log.keep_size != 0))
		return;
	else if (size_value(value, &size) && size >= LIMIT_BYTES_MIN)
		run.log.keep_size = size;
	else
		bad_value(what, value, "expected a time such as 30d, a size "
		    "such as 10G, from 1M on, or NUMBER files");
}

static void
log_keep_files(struct token what, struct token value)
{
	uint64_t n;

	if (!is_second(what, value, run.log.keep_files != 0) &&
	    number(what, value, 1, UINT32_MAX, &n))
		run.log.keep_files = (uint32_t)n;
}

static void
set_sync(struct token what, struct token value)
{
	uint64_t n;

	if (is_second(what, value, run.saw_sync))
		return;
	run.saw_sync = true;
	if (strcmp(value.text, "never") != 0 &&
	    number(what, value, 1, INT32_MAX, &n))
		run.conf->sync_seconds = (uint32_t)n;
}

static void
limit_number(uint32_t *limit, struct token what, struct token value)
{
	uint64_t n;

	if (run.use == CONFIG_READER)
		return;
	if (*limit != 0)
		bad_value(what, value, "the limit is given twice");
	else if (number(what, value, 1, UINT32_MAX, &n))
		*limit = (uint32_t)n;
}

static void
limit_bytes(uint64_t *limit, struct token what, struct token value)
{
	uint64_t size;

	if (run.use == CONFIG_READER)
		return;
	if (*limit != 0)
		bad_value(what, value, "the limit is given twice");
	else if (!size_value(value, &size) || size < LIMIT_BYTES_MIN)
		bad_value(what, value, "expected a number of bytes, or of K, "
		    "M or G, from 1M on");
	else
		*limit = size;
}

static void
set_logsock(struct token statement, struct token path, struct token bufsize)
{
	const struct sockaddr_un un;

	run.saw_output = true;
	if (run.use == CONFIG_READER)
		return;
	if (strlen(path.text) >= sizeof(un.sun_path)) {
		bad_value(statement, path, "too long for the path of a "
		    "socket");
		return;
	}
	set_path(&run.conf->logsock, statement, path);
	(void)buffer_size(bufsize, &run.conf->logsock_bufsize);
}

static void
add_store(struct token field)
{
	const struct token what = { "store", field.line };
	const uint32_t mask = store_field_mask(field.text);

	if (mask == 0)
		bad_value(what, field, "expected the name of a field, as in "
		    "flowd.conf(5)");
	run.conf->store_mask |= mask;
}

/* Rules. */

static void
rule_begin(struct token action, enum filter_verdict verdict)
{
	filter_rule_clear(&run.draft.rule);
	run.draft.rule.verdict = verdict;
	run.draft.action = action;
	run.draft.errors = run.errors;
	run.draft.given = 0;
	run.draft.latest = PARAM_ALL;
}

static bool
is_given(enum param param)
{
	return ((run.draft.given & 1U << param) != 0);
}

/* Notes that param is given; false, after a message, where it already was. */
static bool
once(enum param param, struct token keyword)
{
	if (is_given(param)) {
		error_at(keyword.line, "%s is given twice in one rule",
		    param_names[param]);
		return (false);
	}
	run.draft.given |= 1U << param;
	run.draft.latest = param;
	return (true);
}

/* Puts the tables of set into order, each once. */
static void
sort_tables(struct filter_addr_set *set)
{
	uint32_t i, kept = 0;

	if (set->ntables == 0)
		return;
	qsort(set->tables, set->ntables, sizeof(*set->tables), compare_u32);
	for (i = 1; i < set->ntables; i++) {
		if (set->tables[i] != set->tables[kept])
			set->tables[++kept] = set->tables[i];
	}
	set->ntables = kept + 1;
}

static void
rule_all(struct token keyword)
{
	(void)once(PARAM_ALL, keyword);
}

static void
rule_quick(struct token keyword)
{
	if (once(PARAM_QUICK, keyword))
		run.draft.rule.flags |= FILTER_QUICK;
}

static void
rule_tag(struct token keyword, struct token value)
{
	uint64_t n;

	if (!once(PARAM_TAG, keyword) ||
	    !number(keyword, value, 0, UINT32_MAX, &n))
		return;
	run.draft.rule.tag = (uint32_t)n;
	run.draft.rule.flags |= FILTER_TAG;
}

static void
rule_family(struct token keyword, uint32_t family, bool negated)
{
	if (!once(PARAM_FAMILY, keyword))
		return;
	run.draft.rule.family = family;
	if (negated)
		run.draft.rule.flags |= FILTER_NOT_FAMILY;
}

static void
rule_addr(enum param param, struct token keyword, enum filter_addr which,
    enum sense sense)
{
	struct filter_addr_set *set = &run.draft.rule.addrs[which];
	size_t i;

	if (!once(param, keyword) || sense == SENSE_ANY) {
		run.nitems = 0;
		return;
	}
	for (i = 0; i < run.nitems; i++)
		(void)addr_set_add(set, keyword, &run.items[i]);
	run.nitems = 0;
	sort_prefixes(set->prefixes, &set->n);
	sort_tables(set);
	set->negated = sense == SENSE_OTHERS;
}

/* The number of a protocol by its name; false where there is no such name. */
static bool
protocol_number(const char *name, uint64_t *n)
{
	const struct protoent *entry;
	size_t i;

	for (i = 0; i < NPROTOCOLS; i++) {
		if (strcmp(protocols[i].name, name) == 0) {
			*n = protocols[i].number;
			return (true);
		}
	}
	if ((entry = getprotobyname(name)) == NULL || entry->p_proto < 0 ||
	    entry->p_proto > UINT8_MAX)
		return (false);
	*n = (uint64_t)entry->p_proto;
	return (true);
}

/* N, N-M, or the name of a protocol. */
static bool
plain_range(struct token keyword, struct token value,
    enum filter_number which, struct filter_range *range)
{
	const uint64_t max = filter_number_rows[which].max;
	const char *dash = strchr(value.text, '-');
	struct token part = value;
	char first[32];

	if (which == FILTER_PROTO && !isdigit((unsigned char)value.text[0])) {
		if (!protocol_number(value.text, &range->lo)) {
			bad_value(keyword, value, "expected the name of a "
			    "protocol or a number from 0 to 255");
			return (false);
		}
		range->hi = range->lo;
		return (true);
	}
	if (dash == NULL || dash == value.text ||
	    (size_t)(dash - value.text) >= sizeof(first)) {
		if (!number(keyword, value, 0, max, &range->lo))
			return (false);
		range->hi = range->lo;
		return (true);
	}
	memcpy(first, value.text, (size_t)(dash - value.text));
	first[dash - value.text] = '\0';
	part.text = first;
	if (!number(keyword, part, 0, max, &range->lo))
		return (false);
	part.text = dash + 1;
	if (!number(keyword, part, 0, max, &range->hi))
		return (false);
	if (range->lo <= range->hi)
		return (true);
	bad_value(keyword, value, "expected the lower number first");
	return (false);
}

/* The range that an item stands for; false after a message. */
static bool
item_range(struct token keyword, const struct item *item,
    enum filter_number which, struct filter_range *range)
{
	const uint64_t max = filter_number_rows[which].max;

	if (item->kind == ITEM_PLAIN)
		return (plain_range(keyword, item->token, which, range));
	if (!number(keyword, item->token, item->kind == ITEM_LESS ? 1 : 0,
	    item->kind == ITEM_MORE ? max - 1 : max, &range->lo))
		return (false);
	range->hi = max;
	switch (item->kind) {
	case ITEM_LESS:
		range->hi = range->lo - 1;
		range->lo = 0;
		break;
	case ITEM_MOST:
		range->hi = range->lo;
		range->lo = 0;
		break;
	case ITEM_MORE:
		range->lo++;
		break;
	default:
		break;
	}
	return (true);
}

static int
compare_ranges(const void *a, const void *b)
{
	const struct filter_range *x = a, *y = b;

	return (x->lo < y->lo ? -1 : x->lo > y->lo);
}

/* Puts ranges into order, and joins those without a gap between them. */
static uint32_t
join_ranges(struct filter_range *ranges, size_t n)
{
	uint32_t kept = 0;
	size_t i;

	qsort(ranges, n, sizeof(*ranges), compare_ranges);
	for (i = 0; i < n; i++) {
		if (kept == 0 || (ranges[i].lo > ranges[kept - 1].hi &&
		    ranges[i].lo - ranges[kept - 1].hi > 1))
			ranges[kept++] = ranges[i];
		else if (ranges[i].hi > ranges[kept - 1].hi)
			ranges[kept - 1].hi = ranges[i].hi;
	}
	return (kept);
}

static void
rule_number(enum param param, struct token keyword, enum filter_number which,
    enum sense sense)
{
	struct filter_number_set *set = &run.draft.rule.numbers[which];
	const size_t nitems = run.nitems;
	size_t i, n = 0;

	run.nitems = 0;
	if (!once(param, keyword))
		return;
	set->ranges = calloc(nitems, sizeof(*set->ranges));
	if (set->ranges == NULL) {
		out_of_memory();
		return;
	}
	for (i = 0; i < nitems; i++)
		n += item_range(keyword, &run.items[i], which,
		    &set->ranges[n]);
	set->n = join_ranges(set->ranges, n);
	set->negated = sense == SENSE_OTHERS;
}

/* The port belongs to the src or dst before it. */
static void
rule_port(struct token keyword, enum sense sense)
{
	switch (run.draft.latest) {
	case PARAM_SRC:
		rule_number(PARAM_SRC_PORT, keyword, FILTER_SRC_PORT, sense);
		break;
	case PARAM_DST:
		rule_number(PARAM_DST_PORT, keyword, FILTER_DST_PORT, sense);
		break;
	default:
		run.nitems = 0;
		if (run.errors == run.draft.errors)
			error_at(keyword.line, "port does not follow src or "
			    "dst, expected src|dst PREFIX|any port NUMBER");
		break;
	}
}

static void
rule_tcp_flags(struct token keyword, struct token mask, struct value equals)
{
	const struct token mask_name = { "mask", mask.line };
	const struct token equals_name = { "equals", equals.token.line };
	struct filter_rule *rule = &run.draft.rule;
	uint64_t m = UINT8_MAX, e;

	if (!once(PARAM_TCP_FLAGS, keyword) || (mask.text != NULL &&
	    !number(mask_name, mask, 0, UINT8_MAX, &m)) ||
	    !number(equals_name, equals.token, 0, UINT8_MAX, &e))
		return;
	rule->tcp_mask = (uint8_t)m;
	rule->tcp_equals = (uint8_t)e;
	rule->flags |= FILTER_TCP_FLAGS;
	if (equals.negated)
		rule->flags |= FILTER_NOT_TCP_FLAGS;
}

/* The number of the day whose name is the first len bytes, or -1. */
static int
day_number(const char *name, size_t len)
{
	int day;

	for (day = 0; day < 7; day++) {
		if (len == strlen(filter_day_names[day]) &&
		    strncmp(name, filter_day_names[day], len) == 0)
			return (day);
	}
	return (-1);
}

/* DAY or DAY-DAY, which may run past Saturday, as bits; 0 after a message. */
static uint8_t
day_range(struct token value)
{
	const struct token what = { "days", value.line };
	const char *dash = strchr(value.text, '-');
	const size_t len = dash == NULL ? strlen(value.text) :
	    (size_t)(dash - value.text);
	unsigned int days;
	int day = day_number(value.text, len), last = day;

	if (dash != NULL)
		last = day_number(dash + 1, strlen(dash + 1));
	if (day < 0 || last < 0) {
		bad_value(what, value, "expected sun, mon, tue, wed, thu, fri "
		    "or sat, or a range such as mon-fri");
		return (0);
	}
	days = 1U << last;
	for (; day != last; day = (day + 1) % 7)
		days |= 1U << day;
	return ((uint8_t)days);
}

static void
rule_days(struct token keyword, uint8_t days)
{
	if (once(PARAM_DAYS, keyword))
		run.draft.rule.days = days;
}

/*
 * Takes a number of min to max digits from *at.  False where there are fewer,
 * or where it is more than limit.
 */
static bool
digits(const char **at, int min, int max, int limit, int *out)
{
	int n = 0;

	for (*out = 0; n < max && isdigit((unsigned char)**at); n++)
		*out = *out * 10 + (*(*at)++ - '0');
	return (n >= min && *out <= limit);
}

static void
rule_time(enum param param, struct token keyword, struct token value)
{
	struct filter_rule *rule = &run.draft.rule;
	const char *at = value.text;
	int hour, minute, second = 0;
	uint32_t time;

	if (!once(param, keyword))
		return;
	if (!digits(&at, 1, 2, 23, &hour) || *at++ != ':' ||
	    !digits(&at, 2, 2, 59, &minute) ||
	    (*at == ':' && (at++, !digits(&at, 2, 2, 59, &second))) ||
	    *at != '\0') {
		bad_value(keyword, value, "expected a time of day, HH:MM or "
		    "HH:MM:SS");
		return;
	}
	time = (uint32_t)(hour * 3600 + minute * 60 + second);
	if (param == PARAM_AFTER) {
		rule->after = time;
		rule->flags |= FILTER_AFTER;
	} else {
		rule->before = time;
		rule->flags |= FILTER_BEFORE;
	}
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	const bool leap = (year % 4 == 0 && year % 100 != 0) ||
	    year % 400 == 0;

	return (month == 2 && leap ? 29 : days[month - 1]);
}

/* YYYY[MM[DD[HH[MM[SS]]]]], local time; what is left out is the first. */
static bool
date_value(const char *at, int64_t *date)
{
	int year, month = 1, day = 1, hour = 0, minute = 0, second = 0;
	struct tm tm;
	time_t t;

	if (!digits(&at, 4, 4, 9999, &year) || year < 1970 ||
	    (*at != '\0' && (!digits(&at, 2, 2, 12, &month) || month == 0)) ||
	    (*at != '\0' && (!digits(&at, 2, 2, days_in_month(year, month),
	    &day) || day == 0)) ||
	    (*at != '\0' && !digits(&at, 2, 2, 23, &hour)) ||
	    (*at != '\0' && !digits(&at, 2, 2, 59, &minute)) ||
	    (*at != '\0' && !digits(&at, 2, 2, 59, &second)) || *at != '\0')
		return (false);
	memset(&tm, 0, sizeof(tm));
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	tm.tm_hour = hour;
	tm.tm_min = minute;
	tm.tm_sec = second;
	tm.tm_isdst = -1;
	tm.tm_wday = -1;
	t = mktime(&tm);
	*date = t;
	/* mktime leaves tm_wday alone where it fails; -1 may be a time. */
	return (tm.tm_wday != -1);
}

static void
rule_date(enum param param, struct token keyword, struct token value)
{
	struct filter_rule *rule = &run.draft.rule;
	const struct token what = { param_names[param], keyword.line };
	int64_t date;

	if (!once(param, keyword))
		return;
	if (!date_value(value.text, &date)) {
		bad_value(what, value, "expected a date of the calendar from "
		    "1970 on, YYYY[MM[DD[HH[MM[SS]]]]]");
		return;
	}
	if (param == PARAM_AFTER_DATE) {
		rule->after_date = date;
		rule->flags |= FILTER_AFTER_DATE;
	} else {
		rule->before_date = date;
		rule->flags |= FILTER_BEFORE_DATE;
	}
}

/* Whether the rule lets only those protocols through. */
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
		IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP
	};

	if ((rule->numbers[FILTER_SRC_PORT].n != 0 ||
	    rule->numbers[FILTER_DST_PORT].n != 0) &&
	    !is_only_proto(rule, with_ports, sizeof(with_ports)))
		error_at(line, "port needs proto tcp, udp or sctp in the same "
		    "rule");
	if ((rule->flags & FILTER_TCP_FLAGS) != 0 &&
	    !is_only_proto(rule, with_ports, 1))
		error_at(line, "tcp_flags needs proto tcp in the same rule");
}

#define FAMILY_V4	(1U << 0)
#define FAMILY_V6	(1U << 1)

static unsigned int
family_bit(uint32_t family)
{
	return (family == ADDR_V4 ? FAMILY_V4 : FAMILY_V6);
}

/* The families in prefixes, which are in order. */
static unsigned int
families_in(const struct prefix *prefixes, uint32_t n)
{
	return (n == 0 ? 0 : family_bit(prefixes[0].addr.family) |
	    family_bit(prefixes[n - 1].addr.family));
}

/* The families that src or dst have something to say about. */
static unsigned int
families_of(const struct filter_rule *rule, enum filter_addr which)
{
	const struct filter_addr_set *set = &rule->addrs[which];
	unsigned int families = families_in(set->prefixes, set->n);
	const struct filter_table *table;
	uint32_t i;

	for (i = 0; i < set->ntables; i++) {
		table = &run.conf->tables[set->tables[i]];
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
		error_at(line, "src and dst are of different address families,"
		    " so that no flow could match");
	if (rule->family != ADDR_NONE)
		named = family_bit(rule->family);
	if ((rule->flags & FILTER_NOT_FAMILY) != 0)
		named ^= FAMILY_V4 | FAMILY_V6;
	if ((src & named) == 0)
		error_at(line, "src is not of the address family that inet or "
		    "inet6 names, so that no flow could match");
	if ((dst & named) == 0)
		error_at(line, "dst is not of the address family that inet or "
		    "inet6 names, so that no flow could match");
}

static void
rule_end(void)
{
	const uint32_t beside_all = 1U << PARAM_ALL | 1U << PARAM_TAG |
	    1U << PARAM_QUICK;
	struct draft *draft = &run.draft;
	const unsigned int line = draft->action.line;
	struct config *conf = run.conf;
	struct filter_rule *grown;

	/* What is missing because of an error needs no second message. */
	if (run.errors != draft->errors)
		return;
	if (is_given(PARAM_ALL) && (draft->given & ~beside_all) != 0)
		error_at(line, "all stands beside parameters that choose "
		    "flows, expected the one or the other");
	if (is_given(PARAM_TAG) && draft->rule.verdict == FILTER_DISCARD)
		error_at(line, "tag is for accept rules, and discard stores "
		    "nothing that could be tagged");
	check_protocols(&draft->rule, line);
	check_families(&draft->rule, line);
	if (run.errors != draft->errors)
		return;
	if (conf->nrules == FILTER_RULES_MAX) {
		error_at(line, "more than %d rules", FILTER_RULES_MAX);
		return;
	}
	grown = grow(conf->rules, conf->nrules, sizeof(*grown));
	if (grown == NULL)
		return;
	conf->rules = grown;
	conf->rules[conf->nrules++] = draft->rule;
	memset(&draft->rule, 0, sizeof(draft->rule));
}

/* The whole. */

/* A datagram that is sent there would come back, and be sent again. */
static void
check_forward(const struct conf_forward *forward)
{
	const struct conf_listen *l;
	size_t i;

	for (i = 0; i < run.conf->nlistens; i++) {
		l = &run.conf->listens[i];
		if (l->port == forward->port &&
		    addr_equal(&l->addr, &forward->addr))
			error_at(NO_LINE, "forward to and listen on name the "
			    "same address and port, so that datagrams would "
			    "go round for ever");
	}
}

static bool
has_listener(uint32_t family)
{
	size_t i;

	for (i = 0; i < run.conf->nlistens; i++) {
		if (run.conf->listens[i].addr.family == family)
			return (true);
	}
	return (false);
}

/* One file cannot serve for two things. */
static void
check_paths(void)
{
	const struct config *conf = run.conf;
	const char *const others[] = { conf->statefile, conf->pidfile,
	    conf->logsock, conf->crashdump };
	const size_t n = sizeof(others) / sizeof(others[0]);
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; others[i] != NULL && j < conf->nlogs; j++) {
			if (strcmp(conf->logs[j].path, others[i]) == 0)
				error_at(NO_LINE, "logfile %s is stated for "
				    "something else as well", others[i]);
		}
		for (j = 0; others[i] != NULL && j < i; j++) {
			if (others[j] != NULL &&
			    strcmp(others[j], others[i]) == 0)
				error_at(NO_LINE, "%s is stated for two "
				    "things", others[i]);
		}
	}
}

/* The collector is to find nothing wrong with rules that were found good. */
static void
check_filter(void)
{
	const struct config *conf = run.conf;
	struct filter *filter;

	filter = filter_new(conf->rules, conf->nrules, conf->tables,
	    conf->ntables);
	if (filter == NULL)
		error_at(NO_LINE, "the rules cannot be compiled: %s",
		    errno == E2BIG ? "they need too much memory" :
		    strerror(errno));
	filter_free(filter);
}

static void
check_daemon(void)
{
	const struct conf_join *join;
	char text[ADDR_STRLEN];
	size_t i;

	if (!run.saw_listen)
		error_at(NO_LINE, "no listen on statement, so that flowd "
		    "would receive nothing");
	if (!run.saw_output)
		error_at(NO_LINE, "neither logfile nor logsock is stated, so "
		    "that flowd would store nothing");
	check_paths();
	if (run.errors == 0)
		check_filter();
	for (i = 0; i < run.conf->nforwards; i++)
		check_forward(&run.conf->forwards[i]);
	for (i = 0; i < run.conf->njoins && run.errors == 0; i++) {
		join = &run.conf->joins[i];
		if (!has_listener(join->group.family))
			log_warnx("%s: no listen on statement has an %s "
			    "address, so that nothing joins group %s",
			    run.source->name,
			    join->group.family == ADDR_V4 ? "IPv4" : "IPv6",
			    addr_ntop(&join->group, text));
	}
}

static void
run_file(const struct conf_macro *macros, size_t nmacros)
{
	define_command_macros(macros, nmacros);
	if (yyparse() != 0)
		out_of_memory();
	if (run.use == CONFIG_DAEMON)
		check_daemon();
	if (run.saw_any_source)
		run.conf->sources.n = run.conf->sources.ntables = 0;
	if (run.conf->store_mask == 0)
		run.conf->store_mask = STORE_FIELD_ALL;
	report_unused();
}

static void
run_free(void)
{
	struct macro *m;
	struct text *text;

	while ((m = run.macros) != NULL) {
		run.macros = m->next;
		free(m);
	}
	while ((text = run.texts) != NULL) {
		run.texts = text->next;
		free(text);
	}
	while (run.source != NULL)
		end_of_include();
	filter_rule_clear(&run.draft.rule);
	free(run.word);
	free(run.items);
	free(run.tables_used);
	memset(&run, 0, sizeof(run));
}

struct config *
config_parse(FILE *fp, const char *name, enum config_use use,
    const struct conf_macro *macros, size_t nmacros)
{
	const struct token none = { NULL, NO_LINE };
	struct config *conf;
	bool ok;

	memset(&run, 0, sizeof(run));
	run.use = use;
	if ((conf = calloc(1, sizeof(*conf))) == NULL) {
		log_warn("%s", name);
		return (NULL);
	}
	run.conf = conf;
	if ((ok = push_source(fp, name, none, none) && read_file(fp)))
		run_file(macros, nmacros);
	ok = ok && run.errors == 0;
	run_free();
	if (!ok) {
		config_free(conf);
		return (NULL);
	}
	return (conf);
}
