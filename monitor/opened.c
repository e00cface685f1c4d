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

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "monitor/crashdump.h"
#include "monitor/listen.h"
#include "monitor/opened.h"
#include "monitor/paths.h"
#include "monitor/statefile.h"

static bool
same_string(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a == b);
	return (strcmp(a, b) == 0);
}

/* The number of workers cannot change in a reload, and is 1 on some systems. */
static void
limit_workers(struct config *conf, const struct config *before)
{
	const uint32_t want = config_workers(conf);

	if (before != NULL) {
		if (want != config_workers(before))
			log_warnx(
			    "the number of workers changes only when "
			    "flowd is restarted");
		conf->workers = config_workers(before);
		return;
	}
	if (want == 1 || listen_can_divide())
		return;
	log_warnx(
	    "this system cannot distribute datagrams among workers; "
	    "flowd starts one");
	conf->workers = 1;
}

static bool
has_foreign_state(const struct opened *o)
{
	char path[PATH_MAX];
	uint32_t i;

	if (o->conf->statefile == NULL)
		return (false);
	for (i = 1; i <= config_workers(o->conf); i++) {
		if (statefile_is_foreign(
			statefile_name(o->conf->statefile, i, path),
			o->state_magic))
			return (true);
	}
	return (false);
}

/*
 * -1 after a message.  Skipped while a collector writes the state file, since
 * the check would remove the temporary file.
 */
static int
check_statefile(const struct config *conf, const struct config *before,
    bool writing)
{
	if (conf->statefile == NULL ||
	    (writing && same_string(conf->statefile, before->statefile)))
		return (0);
	return (statefile_check(conf->statefile));
}

int
opened_open(struct opened *o, struct config *conf, const struct opened *before,
    bool writing)
{
	limit_workers(conf, before->conf);
	paths_warn(conf);
	if (forwards_check(conf) == -1)
		return (-1);
	if (check_statefile(conf, before->conf, writing) == -1)
		return (-1);
	if (conf->crashdump != NULL && crashdump_check(conf->crashdump) == -1)
		return (-1);
	interfaces_open(&o->interfaces, conf, &before->interfaces);
	if (listeners_open(&o->listeners, conf, &before->listeners,
		before->conf) == -1) {
		interfaces_close(&o->interfaces);
		return (-1);
	}
	/* Last, since it may create files. */
	if (flowlogs_open(&o->logs, conf, before->rights, &before->logs) ==
	    -1) {
		listeners_back_out(&o->listeners, conf, before->conf);
		interfaces_close(&o->interfaces);
		return (-1);
	}
	forwards_open(&o->forwards, conf);
	o->rights = before->rights;
	o->state_magic = before->state_magic;
	o->conf = conf;
	o->state_off = has_foreign_state(o);
	return (0);
}

void
opened_replace(struct opened *o, struct opened *next)
{
	flowlogs_close(&o->logs, &next->logs);
	control_sockets_replace(&next->controls, &o->controls, o->conf);
	listeners_replace(&next->listeners, next->conf, &o->listeners, o->conf);
	interfaces_close(&o->interfaces);
	forwards_close(&o->forwards);
	if (!same_string(next->conf->pidfile, o->conf->pidfile))
		log_warnx("the pidfile changes only when flowd is restarted");
	config_free(o->conf);
	*o = *next;
}

void
opened_close(struct opened *o)
{
	flowlogs_close(&o->logs, NULL);
	interfaces_close(&o->interfaces);
	forwards_close(&o->forwards);
	config_free(o->conf);
	free(o->listeners.list);
}
