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
 * Runs the parser on a file.
 */
#include "compat/compat.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/parse-check.h"
#include "config/parse-error.h"
#include "config/parse-grammar.h"
#include "config/parse-lex.h"
#include "config/parse-listener.h"
#include "config/parse-logfile.h"
#include "config/parse-macro.h"
#include "config/parse-memory.h"
#include "config/parse-rule.h"
#include "config/parse-source.h"
#include "config/parse-statement.h"
#include "config/parse-table.h"
#include "store.h"

static void
run_file(const struct conf_macro *macros, size_t nmacros)
{
	struct config *conf = parsing.conf;

	macro_define_all(macros, nmacros);
	if (yyparse() != 0)
		parse_no_memory();
	if (parsing.use == CONFIG_DAEMON)
		check_daemon();
	if (parsing.saw_any_source)
		conf->sources.n = conf->sources.ntables = 0;
	if (conf->store_mask == 0)
		conf->store_mask = STORE_FIELD_ALL;
	macro_report_unused();
	table_report_unused();
}

static void
run_free(void)
{
	macro_free();
	parse_texts_free();
	source_free();
	lex_free();
	table_free();
	rule_free();
	listener_free();
	conf_log_free();
	conf_sources_free();
	free(parsing.items);
	memset(&parsing, 0, sizeof(parsing));
}

struct config *
config_parse(FILE *fp, const char *name, enum config_use use,
    const struct conf_macro *macros, size_t nmacros)
{
	struct config *conf;
	bool ok;

	if ((conf = calloc(1, sizeof(*conf))) == NULL) {
		log_warn("%s", name);
		return (NULL);
	}
	keywords_use(grammar_keywords);
	parsing.use = use;
	parsing.conf = conf;
	if ((ok = source_begin(fp, name)))
		run_file(macros, nmacros);
	ok = ok && parsing.errors == 0;
	run_free();
	if (!ok) {
		config_free(conf);
		return (NULL);
	}
	return (conf);
}
