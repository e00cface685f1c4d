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
 * Starts the parser process.  It reads and parses the file as the unprivileged
 * user and sends the packed configuration back.  The caller does not trust it.
 */
#include "compat/compat.h"

#include <sys/wait.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "base/read-whole.h"
#include "config/config.h"
#include "lib/write-whole.h"
#include "sandbox/rights.h"

/*
 * The parser process drops its rights before it reads the first byte.  It
 * writes the packed configuration to out, or nothing after errors.
 */
static _Noreturn void
parse_in_child(FILE *fp, int out, const struct config_source *source,
    const struct rights_options *opts)
{
	const int keep[] = { fileno(fp), out };
	struct config *conf;
	uint8_t *data;
	size_t len;

	rights_drop(opts, SANDBOX_PARSER, keep, sizeof(keep) / sizeof(keep[0]));
	conf = config_parse(fp, source->path, CONFIG_DAEMON, source->macros,
	    source->nmacros);
	if (conf == NULL)
		_exit(1);
	conf->offsets = calloc(FILTER_OFFSETS_MAX, sizeof(*conf->offsets));
	if (conf->offsets == NULL)
		fatal("%s", source->path);
	conf->noffsets = filter_zone_list(time(NULL), conf->offsets);
	if (config_pack(conf, &data, &len) != 0)
		fatalx("%s: too large", source->path);
	if (flowd_write_whole(out, data, len) == -1)
		fatal("%s", source->path);
	_exit(0);
}

/* Waits for pid.  Returns true if it exited with status 0. */
static bool
child_succeeded(pid_t pid, const char *path)
{
	int status;

	if (child_wait(pid, &status) == -1)
		return (false);
	if (WIFSIGNALED(status))
		log_warnx("%s: the parser process was killed by signal %d (%s)",
		    path, WTERMSIG(status), strsignal(WTERMSIG(status)));
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

struct config *
config_load(const struct config_source *source,
    const struct rights_options *opts)
{
	static const struct rights_options none;
	struct config *conf = NULL;
	uint8_t *data;
	size_t len;
	pid_t pid;
	FILE *fp;
	int p[2];

	if ((fp = fopen(source->path, "re")) == NULL) {
		log_warn("%s", source->path);
		return (NULL);
	}
	if (pipe(p) == -1 || (pid = fork()) == -1) {
		log_warn("%s: cannot start the parser process", source->path);
		(void)fclose(fp);
		return (NULL);
	}
	if (pid == 0) {
		(void)close(p[0]);
		parse_in_child(fp, p[1], source, opts == NULL ? &none : opts);
	}
	(void)close(p[1]);
	(void)fclose(fp);
	if (read_whole(p[0], CONFIG_PACKED_MAX, &data, &len) == -1)
		log_warn("%s: cannot read from the parser process",
		    source->path);
	(void)close(p[0]);
	if (child_succeeded(pid, source->path) && data != NULL &&
	    config_unpack(data, len, &conf) != 0)
		log_warnx(
		    "%s: the parser process sent a configuration that cannot be read",
		    source->path);
	free(data);
	return (conf);
}
