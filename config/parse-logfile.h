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
 * The logfile statement.  The grammar calls conf_log_* for each option, and
 * then conf_log_add or conf_log_bad.
 */
#ifndef PARSE_LOGFILE_H
#define PARSE_LOGFILE_H

#include "config/parse-state.h"

void conf_log_rotate_every(struct token what, struct token value);
void conf_log_rotate_size(struct token what, struct token value);
void conf_log_keep(struct token what, struct token value);
void conf_log_keep_files(struct token what, struct token value);
void conf_log_utc(void);
void conf_log_compress(void);
void conf_log_mode(struct token what, struct token value);
void conf_log_group(struct token what, struct token value);

/* Adds the log, with the items as tags. */
void conf_log_add(struct token statement, struct token path);

/* Reports that the statement has another syntax than this. */
void conf_log_bad(const char *syntax);

/*
 * Reports a log with %{exporter} if the flow sources allow too many addresses.
 */
void conf_log_check(void);

/* Forgets the options parsed so far. */
void conf_log_clear(void);

/* At the end of a run. */
void conf_log_free(void);

#endif
