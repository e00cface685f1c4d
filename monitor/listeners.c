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

#include <net/if.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "monitor/listen.h"
#include "monitor/listeners.h"

static bool
same_listen(const struct conf_listen *a, const struct conf_listen *b)
{
	return (a->port == b->port && addr_equal(&a->addr, &b->addr) &&
	    strcmp(a->ifname, b->ifname) == 0);
}

/* The socket on the same address, port and interface, or NULL. */
static const struct open_listener *
find(const struct listeners *l, const struct conf_listen *conf)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (same_listen(&l->list[i].conf, conf))
			return (&l->list[i]);
	}
	return (NULL);
}

static bool
has_listen(const struct config *conf, const struct conf_listen *listen)
{
	size_t i;

	for (i = 0; i < conf->nlistens; i++) {
		if (same_listen(&conf->listens[i], listen))
			return (true);
	}
	return (false);
}

static bool
has_join(const struct config *conf, const struct conf_join *join)
{
	size_t i;

	for (i = 0; i < conf->njoins; i++) {
		if (addr_equal(&conf->joins[i].group, &join->group) &&
		    strcmp(conf->joins[i].ifname, join->ifname) == 0)
			return (true);
	}
	return (false);
}

/* Logs that a group cannot be joined. */
static void
report_join(const struct conf_listen *listen, const struct conf_join *join)
{
	char group[ADDR_STRLEN], name[LISTEN_STRLEN];
	const bool on = join->ifname[0] != '\0';

	log_warn("cannot join %s%s%s on %s", addr_ntop(&join->group, group),
	    on ? "%" : "", join->ifname, listen_name(listen, name));
}

/* A socket on one address receives from no group. */
static void
check_join(const struct conf_listen *listen, const struct conf_join *join)
{
	char group[ADDR_STRLEN], name[LISTEN_STRLEN];

	if (join->group.family != listen->addr.family ||
	    addr_is_any(&listen->addr) ||
	    addr_equal(&listen->addr, &join->group))
		return;
	log_warnx(
	    "%s joins %s, but will receive nothing from it; "
	    "listen on the group or on any address",
	    listen_name(listen, name), addr_ntop(&join->group, group));
}

/* A group that old joins as well may wait for its interface to return. */
static int
join_groups(const struct open_listener *l, const struct config *conf,
    const struct config *old)
{
	const struct conf_join *join;
	size_t i;

	for (i = 0; i < conf->njoins; i++) {
		join = &conf->joins[i];
		if (listen_join(l->fds[0], &l->conf, join) == 0)
			check_join(&l->conf, join);
		else if (errno != ENODEV || old == NULL ||
		    !has_join(old, join)) {
			report_join(&l->conf, join);
			return (-1);
		}
	}
	return (0);
}

/*
 * On a kept socket, leaves the groups of old that conf lacks.  The system may
 * see a group with an interface and the same group without one as a single
 * membership, so the groups of conf are then joined again.
 */
static void
change_groups(const struct open_listener *l, const struct config *old,
    const struct config *conf)
{
	size_t i, left = 0;

	for (i = 0; i < old->njoins; i++) {
		if (has_join(conf, &old->joins[i]))
			continue;
		listen_leave(l->fds[0], &l->conf, &old->joins[i]);
		left++;
	}
	if (left > 0)
		(void)join_groups(l, conf, old);
}

/*
 * Turns SO_REUSEADDR on or off for the sockets in before that conf does not
 * have and whose port and family are those of new.  Returns the number of their
 * listeners.
 */
static size_t
share_departing(const struct listeners *before, const struct config *conf,
    const struct conf_listen *new, bool share)
{
	const struct open_listener *old;
	size_t i, n = 0;
	uint32_t k;

	for (i = 0; i < before->n; i++) {
		old = &before->list[i];
		if (old->conf.port != new->port ||
		    old->conf.addr.family != new->addr.family ||
		    has_listen(conf, &old->conf))
			continue;
		for (k = 0; k < before->nworkers; k++)
			listen_share(old->fds[k], &old->conf, share);
		n++;
	}
	return (n);
}

/* The index of the interface, before the sockets are bound to it; or 0. */
static unsigned int
interface_of(const struct conf_listen *conf)
{
	return (conf->ifname[0] == '\0' ? 0 : if_nametoindex(conf->ifname));
}

/* -1 after a message. */
static int
open_one(struct open_listener *new, uint32_t nworkers,
    const struct listeners *before, const struct config *conf)
{
	const struct open_listener *old = find(before, &new->conf);
	char name[LISTEN_STRLEN];
	bool beside;
	int r;

	if (old != NULL) {
		memcpy(new->fds, old->fds, sizeof(new->fds));
		new->ifindex = old->ifindex;
		new->kept = (uint32_t)(old - before->list) + 1;
		return (0);
	}
	new->ifindex = interface_of(&new->conf);
	new->kept = 0;
	/* The old sockets are closed later, when the new set is in force. */
	beside = share_departing(before, conf, &new->conf, true) > 0;
	r = listen_open(&new->conf, beside, new->fds, nworkers);
	if (r == -1)
		log_warn("cannot listen on %s", listen_name(&new->conf, name));
	else
		listen_report(new->fds[0], &new->conf);
	(void)share_departing(before, conf, &new->conf, false);
	return (r);
}

static void
close_sockets(const struct open_listener *l, uint32_t nworkers)
{
	uint32_t k;

	for (k = 0; k < nworkers; k++)
		(void)close(l->fds[k]);
}

void
listeners_back_out(struct listeners *l, const struct config *conf,
    const struct config *conf_before)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (l->list[i].kept == 0)
			close_sockets(&l->list[i], l->nworkers);
		else
			change_groups(&l->list[i], conf, conf_before);
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
	l->nworkers = config_workers(conf);
	l->list = calloc(conf->nlistens, sizeof(*l->list));
	if (l->list == NULL) {
		log_warn("no memory for listeners");
		return (-1);
	}
	for (i = 0; i < conf->nlistens; i++) {
		l->list[i].conf = conf->listens[i];
		if (open_one(&l->list[i], l->nworkers, before, conf) == -1)
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
listeners_retire(const struct listeners *l, const struct listeners *before)
{
	const struct open_listener *old;
	uint32_t k;
	size_t i;

	for (i = 0; i < before->n; i++) {
		old = &before->list[i];
		if (find(l, &old->conf) != NULL)
			continue;
		for (k = 0; k < before->nworkers; k++)
			listen_retire(old->fds[k], &old->conf);
	}
}

static void
close_departed(const struct listeners *l, const struct listeners *before)
{
	const struct open_listener *old;
	char name[LISTEN_STRLEN];
	size_t i;

	for (i = 0; i < before->n; i++) {
		old = &before->list[i];
		if (find(l, &old->conf) != NULL)
			continue;
		log_info("no longer listening on %s",
		    listen_name(&old->conf, name));
		close_sockets(old, before->nworkers);
	}
}

void
listeners_replace(struct listeners *l, const struct config *conf,
    struct listeners *before, const struct config *conf_before)
{
	const struct open_listener *new, *old;
	size_t i;

	close_departed(l, before);
	for (i = 0; i < l->n; i++) {
		new = &l->list[i];
		if (new->kept == 0)
			continue;
		old = &before->list[new->kept - 1];
		if (new->conf.bufsize != old->conf.bufsize) {
			listen_set_buffer(new->fds, l->nworkers, &new->conf);
			listen_report(new->fds[0], &new->conf);
		}
		change_groups(new, conf_before, conf);
	}
	free(before->list);
	*before = (struct listeners){ 0 };
}

/* -1 with errno; the old sockets stay then. */
static int
renew_sockets(struct open_listener *l, uint32_t nworkers, unsigned int index)
{
	struct open_listener new = { .conf = l->conf, .ifindex = index };

	if (listen_open(&new.conf, false, new.fds, nworkers) == -1)
		return (-1);
	close_sockets(l, nworkers);
	*l = new;
	return (0);
}

/* Joins the groups on the interface; if l is new, all.  -1 with errno. */
static int
rejoin_groups(const struct open_listener *l, const struct config *conf,
    const struct new_interface *interface, bool new)
{
	const struct conf_join *join;
	size_t i;
	int r, error = 0;

	for (i = 0; i < conf->njoins; i++) {
		join = &conf->joins[i];
		r = 0;
		if (strcmp(join->ifname, interface->name) == 0)
			r = listen_rejoin(l->fds[0], &l->conf, join,
			    interface->old_index);
		else if (new)
			r = listen_join(l->fds[0], &l->conf, join);
		if (r == -1 && errno != ENODEV)
			error = errno;
	}
	errno = error;
	return (error == 0 ? 0 : -1);
}

/* True if o has new sockets.  *error is set if anything fails. */
static bool
renew(struct open_listener *o, uint32_t nworkers, const struct config *conf,
    const struct new_interface *interface, int *error)
{
	bool new = o->ifindex !=
	    interface->index &&strcmp(o->conf.ifname, interface->name) == 0;

	if (new &&renew_sockets(o, nworkers, interface->index) == -1) {
		*error = errno;
		return (false);
	}
	if (rejoin_groups(o, conf, interface, new) == -1)
		*error = errno;
	return (new);
}

int
listeners_renew(struct listeners *l, const struct config *conf,
    const struct new_interface *interface, void (*send)(void *arg, size_t i),
    void *arg)
{
	int error = 0;
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (renew(&l->list[i], l->nworkers, conf, interface, &error))
			send(arg, i);
	}
	errno = error;
	return (error == 0 ? 0 : -1);
}
