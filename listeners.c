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

#include "compat.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listen.h"
#include "listeners.h"
#include "log.h"

/* The socket on the same address, port and interface, or NULL. */
static struct open_listener *
find(const struct listeners *l, const struct conf_listen *conf)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (l->list[i].conf.port == conf->port &&
		    addr_equal(&l->list[i].conf.addr, &conf->addr) &&
		    strcmp(l->list[i].conf.ifname, conf->ifname) == 0)
			return (&l->list[i]);
	}
	return (NULL);
}

static bool
has_join(const struct config *conf, const struct conf_join *join)
{
	size_t i;

	for (i = 0; conf != NULL && i < conf->njoins; i++) {
		if (addr_equal(&conf->joins[i].group, &join->group) &&
		    strcmp(conf->joins[i].ifname, join->ifname) == 0)
			return (true);
	}
	return (false);
}

/* Leaves, on sockets that are kept, the groups of conf that other lacks. */
static void
leave_groups(const struct listeners *l, const struct config *conf,
    const struct config *other)
{
	size_t i, j;

	for (i = 0; i < l->n; i++) {
		for (j = 0; l->list[i].kept != 0 && j < conf->njoins; j++) {
			if (!has_join(other, &conf->joins[j]))
				listen_leave(l->list[i].fd, &l->list[i].conf,
				    &conf->joins[j]);
		}
	}
}

static int
join_groups(const struct open_listener *l, const struct config *conf,
    const struct config *before)
{
	size_t i;

	for (i = 0; i < conf->njoins; i++) {
		if (l->kept != 0 && has_join(before, &conf->joins[i]))
			continue;
		if (listen_join(l->fd, &l->conf, &conf->joins[i]) == -1)
			return (-1);
	}
	return (0);
}

static int
open_one(struct open_listener *new, const struct listeners *before)
{
	const struct open_listener *old = find(before, &new->conf);

	if (old != NULL) {
		new->fd = old->fd;
		new->kept = (uint32_t)(old - before->list) + 1;
		return (0);
	}
	new->kept = 0;
	new->fd = listen_open(&new->conf);
	return (new->fd == -1 ? -1 : 0);
}

void
listeners_back_out(struct listeners *l, const struct config *conf,
    const struct config *conf_before)
{
	size_t i;

	leave_groups(l, conf, conf_before);
	for (i = 0; i < l->n; i++) {
		if (l->list[i].kept == 0)
			(void)close(l->list[i].fd);
	}
	free(l->list);
	*l = (struct listeners){ 0 };
}

int
listeners_open(struct listeners *l, const struct config *conf,
    const struct listeners *before, const struct config *conf_before)
{
	size_t i;

	l->n = 0;
	l->list = calloc(conf->nlistens, sizeof(*l->list));
	if (l->list == NULL) {
		log_warn("listeners");
		return (-1);
	}
	for (i = 0; i < conf->nlistens; i++) {
		l->list[i].conf = conf->listens[i];
		if (open_one(&l->list[i], before) == -1)
			break;
		l->n++;
		if (join_groups(&l->list[i], conf, conf_before) == -1)
			break;
	}
	if (i == conf->nlistens)
		return (0);
	listeners_back_out(l, conf, conf_before);
	return (-1);
}

void
listeners_replace(struct listeners *l, const struct config *conf,
    struct listeners *before, const struct config *conf_before)
{
	const struct open_listener *old;
	char name[LISTEN_STRLEN];
	size_t i;

	leave_groups(l, conf_before, conf);
	for (i = 0; i < before->n; i++) {
		old = &before->list[i];
		if (find(l, &old->conf) != NULL)
			continue;
		log_info("no longer listening on %s",
		    listen_name(&old->conf, name));
		(void)close(old->fd);
	}
	for (i = 0; i < l->n; i++) {
		if (l->list[i].kept != 0 && l->list[i].conf.bufsize !=
		    before->list[l->list[i].kept - 1].conf.bufsize)
			listen_set_buffer(l->list[i].fd, &l->list[i].conf);
	}
	free(before->list);
	*before = (struct listeners){ 0 };
}

void
listeners_close(const struct listeners *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		(void)close(l->list[i].fd);
}
