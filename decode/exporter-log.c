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

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log-limit.h"
#include "base/log.h"
#include "decode/exporter-log.h"

/*
 * Bytes.  A line in a file of syslogd has up to 400 with its prefix, so that
 * the budgets limit all messages about exporters to less than 1 MB a day.
 */
#define TEXT_MAX 200

/* How many messages were held back before one that is logged. */
struct held_messages {
	uint32_t similar;
	uint64_t of_all; /* for which the budget had no room */
};

static enum exporter_budget
budget_of(const struct exporter *e, enum exporter_cause cause)
{
	if (e->named)
		return (EXPORTER_NAMED);
	return (cause == EXPORTER_IS_NEW ? EXPORTER_NEWS : EXPORTER_UNNAMED);
}

struct log_limit *
exporter_log_limit(struct exporter *e, enum exporter_cause cause)
{
	const size_t size = EXPORTER_CAUSES * sizeof(*e->log_limits);

	/* Most exporters have no other message. */
	if (cause == EXPORTER_IS_NEW)
		return (&e->new_limit);
	if (e->log_limits == NULL) {
		e->log_limits = memory_get_fixed(&e->memory, size);
		if (e->log_limits == NULL)
			return (NULL);
		memset(e->log_limits, 0, size);
	}
	return (&e->log_limits[cause]);
}

/* Without memory for limits the budget serves. */
static bool
may_log(struct exporter *e, enum exporter_cause cause, uint32_t now,
    struct held_messages *held)
{
	struct log_budget *budget = &e->shared->budgets[budget_of(e, cause)];
	struct log_limit *limit, before;

	if ((limit = exporter_log_limit(e, cause)) == NULL) {
		held->similar = 0;
		return (log_budget_pass(budget, now, &held->of_all));
	}
	before = *limit;
	if (!log_limit_pass(limit, now, &held->similar))
		return (false);
	if (log_budget_pass(budget, now, &held->of_all))
		return (true);
	*limit = before;
	if (limit->held_back < LOG_LIMIT_HELD_MAX)
		limit->held_back++;
	return (false);
}

/* Appends the number of messages held back, if any. */
static void
format_held(const struct held_messages *held, char *text, size_t size)
{
	if (held->of_all != 0)
		(void)snprintf(text, size,
		    " (%" PRIu64 " messages about exporters held back)",
		    held->of_all);
	else if (held->similar != 0)
		(void)snprintf(text, size, " (%" PRIu32 " similar held back)",
		    held->similar);
	else
		text[0] = '\0';
}

static void log_message(struct exporter *e, enum exporter_cause cause,
    uint32_t now, void (*log)(const char *fmt, ...), const char *fmt,
    va_list ap) __attribute__((format(printf, 5, 0)));

static void
log_message(struct exporter *e, enum exporter_cause cause, uint32_t now,
    void (*log)(const char *fmt, ...), const char *fmt, va_list ap)
{
	char text[TEXT_MAX], suffix[64], addr[ADDR_STRLEN];
	struct held_messages held;

	if (!may_log(e, cause, now, &held))
		return;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	format_held(&held, suffix, sizeof(suffix));
	log("%s: %s%s", addr_ntop(&e->addr, addr), text, suffix);
}

void
exporter_warnx(struct exporter *e, enum exporter_cause cause, uint32_t now,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_message(e, cause, now, log_warnx, fmt, ap);
	va_end(ap);
}

void
exporter_info(struct exporter *e, enum exporter_cause cause, uint32_t now,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_message(e, cause, now, log_info, fmt, ap);
	va_end(ap);
}
