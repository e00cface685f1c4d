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

#include "base/clock.h"
#include "base/log.h"
#include "monitor/notify.h"
#include "monitor/reload.h"

/* Opens the next configuration; o stays open.  -1 after messages. */
static int
open_next(struct opened *next, const struct config_source *source,
    const struct workers *ws, const struct opened *o)
{
	struct config *conf = config_load(source, ws->rights);

	if (conf == NULL)
		return (-1);
	if (control_sockets_open(&next->controls, conf, ws->n, &o->controls,
		o->conf) == 0 &&
	    opened_open(next, conf, o, workers_write_state(ws)) == 0)
		return (0);
	control_sockets_back_out(&next->controls, conf, o->conf);
	config_free(conf);
	return (-1);
}

int
reload(const struct config_source *source, struct workers *ws, struct opened *o)
{
	struct opened next = { .conf = NULL };
	struct worker *w;

	log_info("reading %s", source->path);
	notify_reloading();
	if (open_next(&next, source, ws, o) == -1) {
		log_warnx("the old configuration stays in force");
		notify_ready();
		return (-1);
	}
	clock_read_zone();
	ws->reloading = true;
	listeners_retire(&next.listeners, &o->listeners);
	for (w = ws->list; w < ws->list + ws->n; w++) {
		worker_send_config(ws, w, &next, false);
		worker_abandon_state(w, o->conf);
	}
	opened_replace(o, &next);
	return (0);
}
