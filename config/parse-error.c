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
 * Messages about errors in the configuration.
 */
#include "compat/compat.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "config/parse-error.h"

#define MESSAGE_MAX 512 /* bytes; longer ones are cut */

void
parse_verror(unsigned int line, const char *fmt, va_list ap)
{
	const char *file = parsing.place->file;
	char message[MESSAGE_MAX];

	(void)vsnprintf(message, sizeof(message), fmt, ap);
	if (line == NO_LINE)
		log_warnx("%s: %s", file, message);
	else
		log_warnx("%s:%u: %s", file, line, message);
	parsing.errors++;
}

void
parse_error(unsigned int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	parse_verror(line, fmt, ap);
	va_end(ap);
}

void
parse_no_memory(void)
{
	parse_error(parsing.place->line,
	    "out of memory; the rest was not read");
	parsing.stopped = true;
}

void
parse_show(struct token token, char *buf, size_t size)
{
	if (token.text == NULL)
		(void)strlcpy(buf, "end of line", size);
	else if (strlen(token.text) > SHOWN_MAX)
		(void)snprintf(buf, size, "\"%.*s...\"", SHOWN_MAX, token.text);
	else
		(void)snprintf(buf, size, "\"%s\"", token.text);
}

void
parse_bad_value(struct token what, struct token value, const char *why)
{
	char shown[SHOWN_SIZE];

	parse_show(value, shown, sizeof(shown));
	parse_error(value.line, "%s %s: %s", what.text, shown, why);
}
