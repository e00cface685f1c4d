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
#include <pthread.h>
#include <string.h>

#include "rules/compile.h"
#include "rules/messages.h"

static struct config *
parse(FILE *fp, const char *name, enum config_use use,
    char error[FLOWD_RULES_ERROR_MAX])
{
	static pthread_mutex_t parser = PTHREAD_MUTEX_INITIALIZER;
	struct config *conf;

	(void)pthread_mutex_lock(&parser);
	messages_clear();
	conf = config_parse(fp, name, use, NULL, 0);
	(void)strlcpy(error, conf == NULL ? messages_kept() : "",
	    FLOWD_RULES_ERROR_MAX);
	(void)pthread_mutex_unlock(&parser);
	return (conf);
}

void
compile_failed(const char *name, char error[FLOWD_RULES_ERROR_MAX])
{
	const int saved_errno = errno;

	(void)snprintf(error, FLOWD_RULES_ERROR_MAX, "%s: %s", name,
	    strerror(saved_errno));
	errno = saved_errno;
}

int
compile_file(FILE *fp, const char *name, enum config_use use,
    struct compiled *compiled, char error[FLOWD_RULES_ERROR_MAX])
{
	struct config *conf;

	if ((conf = parse(fp, name, use, error)) == NULL)
		return (FLOWD_EINVAL);
	compiled->filter =
	    filter_new(conf->rules, conf->nrules, conf->tables, conf->ntables);
	compiled->store_mask = conf->store_mask;
	if (compiled->filter == NULL)
		compile_failed(name, error);
	config_free(conf);
	return (compiled->filter == NULL ? FLOWD_ENOMEM : 0);
}

int
compile_text(const char *text, size_t len, const char *name,
    enum config_use use, struct compiled *compiled,
    char error[FLOWD_RULES_ERROR_MAX])
{
	FILE *fp;
	int result;

	/* fmemopen refuses an empty text; a newline means the same. */
	if (len == 0) {
		text = "\n";
		len = 1;
	}
	if ((fp = fmemopen((void *)(uintptr_t)text, len, "r")) == NULL) {
		compile_failed(name, error);
		return (FLOWD_EIO);
	}
	result = compile_file(fp, name, use, compiled, error);
	(void)fclose(fp);
	return (result);
}
