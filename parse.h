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
 * The parts of the parser, for one another; config.h has it for others.
 *
 * One statement a line: an error is reported where it is seen, the rest of
 * its line is passed over, and parsing goes on, so that one run reports all
 * errors.  What meets an error reports it; false, NULL or nothing added is
 * all that its caller sees of it.
 */
#ifndef PARSE_H
#define PARSE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config.h"

#define NO_LINE         0  /* of the command line, or the whole file */
#define SHOWN_MAX       60 /* bytes of a token in a message */
#define SHOWN_SIZE      (SHOWN_MAX + 8)
#define LIMIT_BYTES_MIN (UINT64_C(1) << 20)

/*
 * What the lexer hands to the grammar.  The text lives until the run ends; it
 * is NULL at the end of a line, and for what is left out.
 */
struct token {
	const char *text;
	unsigned int line;
};

/* A member of a set: as it stands, what is on one side of it, or a table. */
enum item_kind {
	ITEM_PLAIN,
	ITEM_LESS,
	ITEM_MOST,
	ITEM_LEAST,
	ITEM_MORE,
	ITEM_TABLE
};

struct item {
	struct token token;
	enum item_kind kind;
};

/* What a set says: nothing, its members, or all but these. */
enum sense { SENSE_ANY, SENSE_THESE, SENSE_OTHERS };

/* Where a message is about that has no token. */
struct place {
	const char *file;
	unsigned int line;
};

/*
 * parse-run.c: one run, all zero between runs; yacc leaves no other place for
 * it.
 */
extern struct parsing {
	const struct place *place;
	enum config_use use;
	struct config *conf;
	size_t errors; /* reported */
	bool saw_listen, saw_output, saw_any_source, saw_sync;

	/* The members of the set that is being read. */
	struct item *items;
	size_t nitems;
} parsing;

/* Room for len bytes and a NUL, zeroed, until the run ends. */
char *parse_text(size_t len);

/* Returns an allocated copy, or NULL after a message. */
char *parse_copy(const char *text);

/*
 * array, with room for one item behind its first n, or NULL after a message;
 * array is then as it was.
 */
void *parse_grow(void *array, size_t n, size_t size);

void item_add(enum item_kind kind, struct token token);

/* parse-error.c: every message counts as an error. */
void parse_error(unsigned int line, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void parse_verror(unsigned int line, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* Reports that value is no good for what it is given for. */
void parse_bad_value(struct token what, struct token value, const char *why);

/* Ends the reading. */
void parse_no_memory(void);

/* A token for a message: the whole of it, or its start. */
void parse_show(struct token token, char *buf, size_t size);

/* parse-source.c */

/* Begins with fp. */
bool source_begin(FILE *fp, const char *name);

/* Goes on with another file, and comes back at its end. */
void source_include(struct token path);

/* At the end of a file: goes on behind its include; false for the first. */
bool source_return(void);

/* Passes over all that is left. */
void source_stop(void);

/* The next byte, '\n' for any form of line end, or EOF. */
int source_peek(void);

/* Takes what source_peek has returned, which was not EOF. */
void source_advance(void);

/* What is left of the file, as it is there, and taking len bytes of it. */
const char *source_rest(size_t *len);
void source_skip(size_t len);

/* Reads value before what is left. */
void source_expand(const char *value);
bool source_is_expanding(void);

/* A path as it is, or from the directory of the file that names it. */
const char *source_path(const char *path);

/* Opens the regular file at path, which is what value says. */
FILE *source_open(struct token what, struct token value, const char *path);

void source_free(void);

/* parse-macro.c */
bool macro_is_name_char(int c);
void macro_define(struct token name, const char *value);
void macro_define_all(const struct conf_macro *given, size_t n);

/* Both with a blank between them; it lives until the run ends. */
const char *macro_join_words(const char *first, const char *second);

/* The value, or NULL without a message. */
const char *macro_use(const char *name, size_t len);

/* What the configuration sets and does not use may be a slip of the pen. */
void macro_report_unused(void);
void macro_free(void);

/*
 * parse-lex.c: the kind of the next token is a character, that of a keyword, or
 * one of these; 0 at the end.
 */
enum { LEX_STRING = -4, LEX_AT_LEAST, LEX_AT_MOST, LEX_FAILED };

int lex_next(struct token *token);

/*
 * yacc says that a token is unexpected before it is known in which statement
 * it will resume.  lex_unexpected therefore only remembers the latest token,
 * and the error production that resumes says by one of the others what would
 * have been right.
 */
void lex_unexpected(void);
void lex_expected(const char *what);
void lex_unknown_statement(struct token word);

void lex_free(void);

/* parse.y */
struct keyword {
	const char *name;
	int token;
	bool is_new; /* flowd 0.9.1 did not have it */
};

/* NULL: none. */
const struct keyword *keyword_find(const char *name);

int yyparse(void);

/*
 * parse-value.c: what a value says.  Those without what, for a message, leave
 * that to their caller.
 */

/* Decimal, 0x hexadecimal or 0 octal. */
bool value_number(struct token what, struct token value, uint64_t min,
    uint64_t max, uint64_t *out);

/* A number, perhaps with K, M or G for its 1024s behind it. */
bool value_size(struct token value, uint64_t *size);

/* A number, and s, m, h, d or w for its unit behind it. */
bool value_duration(struct token value, uint32_t *seconds);

/* ADDR:PORT, or [ADDR]:PORT for IPv6. */
bool value_address_and_port(struct token what, struct token value,
    struct addr *addr, uint16_t *port);

bool value_prefix(struct token what, struct token value, struct prefix *prefix);
bool value_path_is_valid(struct token statement, struct token value);

/* For qsort and bsearch, of uint32_t. */
int value_compare_u32(const void *a, const void *b);

/* parse-table.c */
void table_of_items(struct token name);
void table_of_file(struct token name, struct token path);

/* Adds what an item names to set. */
bool addr_set_add_item(struct filter_addr_set *set, struct token what,
    const struct item *item);

/* Puts the members of set into order, each once. */
void addr_set_sort(struct filter_addr_set *set);

void table_report_unused(void);
void table_free(void);

/* parse-statement.c: a token without text is an option that is left out. */
struct listen_options {
	struct token ifname, bufsize;
};

void conf_add_listen(struct token address, struct listen_options options);
void conf_add_sources(struct token keyword); /* the items */
void conf_any_source(void);
void conf_add_join(struct token group, struct token ifname);
void conf_add_forward(struct token address);
void conf_set_path(char **path, struct token statement, struct token value);
void conf_set_logsock(struct token statement, struct token path,
    struct token bufsize);
void conf_set_control(struct token statement, struct token path,
    struct token group);
void conf_set_sync(struct token what, struct token value);
void conf_set_workers(struct token what, struct token value);
void conf_limit_number(uint32_t *limit, struct token what, struct token value);
void conf_limit_bytes(uint64_t *limit, struct token what, struct token value);
void conf_add_store(struct token field);

/* As lex_expected, for statements that are not to be called missing then. */
void conf_bad_listen(const char *syntax);
void conf_bad_output(const char *syntax);

/* Whether value is to be ignored: by the reader, or as given before. */
bool conf_is_second(struct token what, struct token value, bool given);

/* parse-log.c: options come before the log that they are for. */
void conf_log_rotate_every(struct token what, struct token value);
void conf_log_rotate_size(struct token what, struct token value);
void conf_log_keep(struct token what, struct token value);
void conf_log_keep_files(struct token what, struct token value);
void conf_log_compress(void);
void conf_log_add(struct token statement, struct token path); /* items: tags */
void conf_log_bad(const char *syntax);
void conf_log_clear(void);

/*
 * parse-rule.c: parameters between a rule's beginning and its end, each of
 * which may stand there once.
 */
enum param {
	PARAM_ALL,
	PARAM_TAG,
	PARAM_QUICK,
	PARAM_AGENT,
	PARAM_IN_IFNDX,
	PARAM_OUT_IFNDX,
	PARAM_FAMILY,
	PARAM_SRC,
	PARAM_SRC_PORT,
	PARAM_DST,
	PARAM_DST_PORT,
	PARAM_PROTO,
	PARAM_TOS,
	PARAM_PACKETS,
	PARAM_OCTETS,
	PARAM_SRC_AS,
	PARAM_DST_AS,
	PARAM_VERSION,
	PARAM_TCP_FLAGS,
	PARAM_DAYS,
	PARAM_AFTER,
	PARAM_BEFORE,
	PARAM_AFTER_DATE,
	PARAM_BEFORE_DATE
};

/* What tcp_flags are compared with. */
struct equals {
	struct token token;
	bool negated;
};

void rule_begin(struct token action, enum filter_verdict verdict);
void rule_end(void);
void rule_all(struct token keyword);
void rule_quick(struct token keyword);
void rule_tag(struct token keyword, struct token value);
void rule_family(struct token keyword, uint32_t family, bool negated);
void rule_addr(enum param param, struct token keyword, enum filter_addr which,
    enum sense sense); /* of the items */
void rule_number(enum param param, struct token keyword,
    enum filter_number which, enum sense sense); /* of the items */
void rule_port(struct token keyword, enum sense sense);
void rule_tcp_flags(struct token keyword, struct token mask,
    struct equals equals);
void rule_days(struct token keyword, uint8_t days);
void rule_time(enum param param, struct token keyword, struct token value);
void rule_date(enum param param, struct token keyword, struct token value);
void rule_free(void);

/* parse-range.c: the items, in order and joined; set is empty. */
void range_set(struct filter_number_set *set, struct token keyword,
    enum filter_number which);

/* parse-time.c */

/* DAY or DAY-DAY, which may run past Saturday, as bits; 0 after a message. */
uint8_t time_days(struct token value);

/* HH:MM[:SS] as a second of the day; false without a message. */
bool time_of_day(const char *at, uint32_t *seconds);

/*
 * YYYY[MM[DD[HH[MM[SS]]]]], local time; what is left out is the first.  False
 * without a message.
 */
bool time_date(const char *at, int64_t *date);

/* parse-check.c: line is that of the rule. */
void check_rule(const struct filter_rule *rule, unsigned int line);
void check_daemon(void);

#endif
