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
 * Statements, except logfile and rules.  If an option is absent, its token
 * has no text.
 */
#ifndef PARSE_STATEMENT_H
#define PARSE_STATEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/parse-state.h"

#define LIMIT_BYTES_MIN (UINT64_C(1) << 20)

struct listen_options {
	struct token ifname, bufsize, name;
};

void conf_add_listen(struct token address, struct listen_options options);
void conf_add_sources(struct token keyword); /* the items */
void conf_any_source(void);
void conf_sources_free(void);
void conf_add_join(struct token group, struct token ifname);
void conf_add_forward(struct token address);
void conf_set_path(char **path, struct token statement, struct token value);
void conf_set_logsock(struct token statement, struct token path,
    struct token bufsize);
void conf_set_control(struct token statement, struct token path,
    struct token group);
void conf_set_sync(struct token what, struct token value);
void conf_set_workers(struct token what, struct token value);
void conf_limit_number(uint32_t *limit, uint32_t max, struct token what,
    struct token value);
void conf_limit_duration(uint32_t *limit, struct token what,
    struct token value);
void conf_limit_bytes(uint64_t *limit, struct token what, struct token value);
void conf_add_store(struct token field);

/* As lex_expected; check_daemon then does not report the statement missing. */
void conf_bad_listen(const char *syntax);
void conf_bad_output(const char *syntax);

/*
 * Whether to ignore value: for the reader, or, after a message, because the
 * option is specified twice.
 */
bool conf_is_second(struct token what, struct token value, bool given);

#endif
