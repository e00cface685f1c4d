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
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "monitor/interfaces.h"

#define CHECK_SECONDS 5 /* between two searches for the interfaces */
#define MS_PER_SECOND 1000

static const struct watched_interface *
find(const struct interfaces *in, const char *name)
{
	size_t i;

	for (i = 0; i < in->n; i++) {
		if (strcmp(in->list[i].name, name) == 0)
			return (&in->list[i]);
	}
	return (NULL);
}

static void
add(struct interfaces *in, const char *name, const struct interfaces *before)
{
	const struct watched_interface *known;
	struct watched_interface *new = &in->list[in->n];

	if (name[0] == '\0' || find(in, name) != NULL)
		return;
	if ((known = find(before, name)) != NULL)
		*new = *known;
	else {
		*new =
		    (struct watched_interface){ .index = if_nametoindex(name) };
		(void)strlcpy(new->name, name, sizeof(new->name));
	}
	in->n++;
}

void
interfaces_open(struct interfaces *in, const struct config *conf,
    const struct interfaces *before)
{
	const size_t max = conf->nlistens + conf->njoins + conf->nforwards;
	size_t i;

	*in = (struct interfaces){ .checked = clock_sec() };
	in->list = calloc(max == 0 ? 1 : max, sizeof(*in->list));
	if (in->list == NULL)
		fatal("no memory for interfaces");
	for (i = 0; i < conf->nlistens; i++)
		add(in, conf->listens[i].ifname, before);
	for (i = 0; i < conf->njoins; i++)
		add(in, conf->joins[i].ifname, before);
	for (i = 0; i < conf->nforwards; i++)
		add(in, conf->forwards[i].ifname, before);
}

void
interfaces_close(struct interfaces *in)
{
	free(in->list);
	*in = (struct interfaces){ 0 };
}

int
interfaces_wait(const struct interfaces *in)
{
	const time_t due = in->checked + CHECK_SECONDS, now = clock_sec();

	if (in->n == 0)
		return (-1);
	return (now >= due ? 0 : (int)(due - now) * MS_PER_SECOND);
}

static void
note_gone(struct watched_interface *i)
{
	uint32_t held_back;

	if (!i->gone &&
	    log_state_begin(&i->gone_logged, (uint32_t)clock_sec(), &held_back))
		log_warnx(
		    "interface %s is gone; flowd receives and forwards nothing "
		    "through it",
		    i->name);
	i->gone = true;
}

/* The sockets of the interface work again. */
static void
note_back(struct watched_interface *i)
{
	uint32_t held_back;

	(void)log_state_end(&i->failure_logged);
	if (!i->gone &&
	    log_state_begin(&i->gone_logged, (uint32_t)clock_sec(), &held_back))
		log_warnx("interface %s was removed", i->name);
	if (log_state_end(&i->gone_logged))
		log_info("interface %s is back, and used again", i->name);
	i->gone = false;
}

static void
note_failure(struct watched_interface *i)
{
	if (log_state_hourly(&i->failure_logged, (uint32_t)clock_sec()))
		log_warn(
		    "interface %s is back, but flowd cannot use it, and tries "
		    "again",
		    i->name);
}

static void
check(struct watched_interface *i,
    int (*renew)(void *arg, const struct new_interface *new), void *arg)
{
	const struct new_interface new = {
		.name = i->name,
		.old_index = i->index,
		.index = if_nametoindex(i->name),
	};

	if (new.index == 0) {
		/* Other errors do not tell whether it exists. */
		if (errno == ENODEV || errno == ENXIO)
			note_gone(i);
		return;
	}
	if (new.index == i->index && !i->gone)
		return;
	if (renew(arg, &new) == -1) {
		note_failure(i);
		return;
	}
	i->index = new.index;
	note_back(i);
}

void
interfaces_check(struct interfaces *in,
    int (*renew)(void *arg, const struct new_interface *new), void *arg)
{
	size_t i;

	in->checked = clock_sec();
	for (i = 0; i < in->n; i++)
		check(&in->list[i], renew, arg);
}
