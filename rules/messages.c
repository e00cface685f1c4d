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
 * Replaces base/log.c for the parser: its messages become the text of an error
 * and do not go to syslog.
 */

#include "compat/compat.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "rules/messages.h"

static char kept[4096];
static size_t kept_len;

const char *
messages_kept(void)
{
	return (kept);
}

void
messages_clear(void)
{
	kept[0] = '\0';
	kept_len = 0;
}

/* Appends a line; drops it if it does not fit. */
static void __attribute__((format(printf, 1, 0)))
keep(const char *fmt, va_list ap)
{
	const size_t room = sizeof(kept) - kept_len;
	const size_t start = kept_len == 0 ? 0 : 1;
	int n;

	if (room <= start + 1)
		return;
	n = vsnprintf(kept + kept_len + start, room - start, fmt, ap);
	if (n < 0 || (size_t)n >= room - start) {
		kept[kept_len] = '\0';
		return;
	}
	if (start != 0)
		kept[kept_len] = '\n';
	kept_len += start + (size_t)n;
}

void
log_warnx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep(fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	const int saved_errno = errno;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_warnx("%s: %s", text, strerror(saved_errno));
	errno = saved_errno;
}

void
log_debug(const char *fmt, ...)
{
	(void)fmt;
}
