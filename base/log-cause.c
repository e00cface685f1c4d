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

#include "compat/compat.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/log-cause.h"

void
log_cause_set(struct log_cause *cause, const char *fmt, ...)
{
	const int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(cause->text, sizeof(cause->text), fmt, ap);
	va_end(ap);
	cause->error = errno = saved;
}

void
log_cause_setx(struct log_cause *cause, const char *fmt, ...)
{
	const int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(cause->text, sizeof(cause->text), fmt, ap);
	va_end(ap);
	cause->error = 0;
	errno = saved;
}

void
log_cause_write(const struct log_cause *cause)
{
	const int saved = errno;

	errno = cause->error;
	if (cause->error != 0)
		log_warn("%s", cause->text);
	else
		log_warnx("%s", cause->text);
	errno = saved;
}

bool
log_cause_hourly(const struct log_cause *cause, struct log_state *state,
    uint32_t now)
{
	if (!log_state_hourly(state, now))
		return (false);
	log_cause_write(cause);
	return (true);
}
