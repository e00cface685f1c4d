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
 * The functions of rules.h.
 */
#include "compat/compat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules.h"
#include "rules/compile.h"

#define AT_ONCE 64 /* flows */

struct flowd_rules {
	struct compiled compiled;
};

/* The caller has allocated *rules.  A failure frees it. */
static int
finish(struct flowd_rules **rules, int result)
{
	const int saved_errno = errno;

	if (result != 0) {
		free(*rules);
		*rules = NULL;
		errno = saved_errno;
	}
	return (result);
}

static int
begin(struct flowd_rules **rules, const char *name,
    char error[FLOWD_RULES_ERROR_MAX])
{
	if ((*rules = calloc(1, sizeof(**rules))) != NULL)
		return (0);
	compile_failed(name, error);
	return (FLOWD_ENOMEM);
}

int
flowd_rules_compile(const char *text, size_t len, const char *name,
    unsigned int flags, struct flowd_rules **rules,
    char error[FLOWD_RULES_ERROR_MAX])
{
	const enum config_use use =
	    (flags & FLOWD_RULES_FILES) != 0 ? CONFIG_READER : CONFIG_TEXT;
	int result;

	*rules = NULL;
	if ((flags & ~FLOWD_RULES_FILES) != 0) {
		(void)snprintf(error, FLOWD_RULES_ERROR_MAX,
		    "%s: unknown flags", name);
		return (FLOWD_EINVAL);
	}
	if ((result = begin(rules, name, error)) != 0)
		return (result);
	return (finish(rules,
	    compile_text(text, len, name, use, &(*rules)->compiled, error)));
}

int
flowd_rules_open(const char *path, struct flowd_rules **rules,
    char error[FLOWD_RULES_ERROR_MAX])
{
	FILE *fp;
	int result;

	if ((result = begin(rules, path, error)) != 0)
		return (result);
	if ((fp = fopen(path, "re")) == NULL) {
		compile_failed(path, error);
		return (finish(rules, FLOWD_EIO));
	}
	result =
	    compile_file(fp, path, CONFIG_READER, &(*rules)->compiled, error);
	(void)fclose(fp);
	return (finish(rules, result));
}

void
flowd_rules_free(struct flowd_rules *rules)
{
	if (rules == NULL)
		return;
	filter_free(rules->compiled.filter);
	free(rules);
}

bool
flowd_rules_accept(struct flowd_rules *rules, struct flow *flow)
{
	return (filter_flow(rules->compiled.filter, flow) == FILTER_ACCEPT);
}

void
flowd_rules_accept_many(struct flowd_rules *rules, struct flow *flows, size_t n,
    bool *accepted)
{
	enum filter_verdict verdicts[AT_ONCE];
	size_t i, now;

	for (; n > 0; n -= now, flows += now, accepted += now) {
		now = n < AT_ONCE ? n : AT_ONCE;
		filter_flows(rules->compiled.filter, flows, now, verdicts);
		for (i = 0; i < now; i++)
			accepted[i] = verdicts[i] == FILTER_ACCEPT;
	}
}

uint32_t
flowd_rules_store_mask(const struct flowd_rules *rules)
{
	return (rules->compiled.store_mask);
}
