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
 * The configuration child: it reads and parses the file as the unprivileged
 * user, and what it sends to the monitor is data that the monitor distrusts.
 */
#include "compat.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "privsep.h"
#include "rights.h"
#include "write-whole.h"

/*
 * The parser's process: without rights from before the first byte is read.
 * It sends the packed configuration, or nothing where there were errors.
 */
static _Noreturn void
parse_in_child(FILE *fp, int out, const struct flowd_options *opts)
{
	const int keep[] = { fileno(fp), out };
	struct config *conf;
	uint8_t *data;
	size_t len;

	rights_drop(opts, SANDBOX_PARSER, keep, sizeof(keep) / sizeof(keep[0]));
	conf = config_parse(fp, opts->conf_path, CONFIG_DAEMON, opts->macros,
	    opts->nmacros);
	if (conf == NULL)
		_exit(1);
	if (config_pack(conf, &data, &len) != 0)
		fatalx("%s: too large", opts->conf_path);
	if (flowd_write_whole(out, data, len) == -1)
		fatal("%s", opts->conf_path);
	_exit(0);
}

static uint8_t *
read_all(int fd, size_t *len)
{
	uint8_t *data = NULL, *more;
	size_t size = 0;
	ssize_t n = 1;

	*len = 0;
	while (n != 0) {
		if (*len == size) {
			size = size == 0 ? 65536 : size * 2;
			if (size > 2 * (size_t)CONFIG_PACKED_MAX ||
			    (more = realloc(data, size)) == NULL)
				break;
			data = more;
		}
		n = read(fd, data + *len, size - *len);
		if (n == -1 && errno != EINTR)
			break;
		if (n > 0)
			*len += (size_t)n;
	}
	if (n == 0)
		return (data);
	free(data);
	return (NULL);
}

/* Waits for pid; true if it exited with status 0. */
static bool
ended_well(pid_t pid, const char *path)
{
	int status;

	while (waitpid(pid, &status, 0) == -1) {
		if (errno != EINTR)
			return (false);
	}
	if (WIFSIGNALED(status))
		log_warnx("%s: its parser was killed by signal %d (%s)", path,
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

struct config *
privsep_load_config(const struct flowd_options *opts)
{
	struct config *conf = NULL;
	uint8_t *data;
	size_t len;
	pid_t pid;
	FILE *fp;
	int p[2];

	if ((fp = fopen(opts->conf_path, "re")) == NULL) {
		log_warn("%s", opts->conf_path);
		return (NULL);
	}
	if (pipe(p) == -1 || (pid = fork()) == -1) {
		log_warn("%s: cannot start its parser", opts->conf_path);
		(void)fclose(fp);
		return (NULL);
	}
	if (pid == 0) {
		(void)close(p[0]);
		parse_in_child(fp, p[1], opts);
	}
	(void)close(p[1]);
	(void)fclose(fp);
	data = read_all(p[0], &len);
	(void)close(p[0]);
	if (ended_well(pid, opts->conf_path) &&
	    (data == NULL || config_unpack(data, len, &conf) != 0))
		log_warnx("%s: its parser sent something else",
		    opts->conf_path);
	free(data);
	return (conf);
}
