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
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config/flowlog-name.h"
#include "monitor/flowlog-owner.h"

int
flowlog_owner_of(struct flowlog_owner *o, const struct conf_log *log,
    const struct flowlog_list_file *f, time_t now)
{
	o->log = *log;
	o->current[0] = '\0';
	if (f->parsed.exporter.family == ADDR_NONE)
		return (0);
	o->log.path = o->path;
	if (flowlog_name_of_exporter(log, &f->parsed.exporter, o->path) == -1)
		return (-1);
	if (flowlog_name_at(&o->log, now, o->current) == -1)
		o->current[0] = '\0';
	return (0);
}

bool
flowlog_owner_closed(const struct flowlog_owner *o,
    const struct flowlog_list_file *f)
{
	return (
	    !f->open && strcmp(flowlog_name_base(o->current), f->name) != 0);
}

bool
flowlog_remove(struct flowlog_list *list, struct flowlog_list_file *f,
    struct flowlog_unremovable *u)
{
	if (unlinkat(list->fd, f->name, 0) == 0) {
		log_debug("removed %s", f->name);
		flowlog_list_drop(list, f);
		return (true);
	}
	if (u->n++ > 0)
		return (false);
	u->error = errno;
	(void)strlcpy(u->first, f->name, sizeof(u->first));
	return (false);
}

void
flowlog_unremovable_report(const struct conf_log *log, struct log_state *state,
    const struct flowlog_unremovable *u, const char *kind)
{
	if (u->n == 0) {
		if (log_state_end(state))
			log_info(
			    "logfile %s: the %s files that could not be "
			    "removed are gone",
			    log->path, kind);
		return;
	}
	if (log_state_hourly(state, (uint32_t)time(NULL)))
		log_warnx(
		    "logfile %s: %zu %s files cannot be removed, first %s: "
		    "%s; flowd tries again",
		    log->path, u->n, kind, u->first, strerror(u->error));
}
