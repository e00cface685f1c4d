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
 * Lists in the order of last use.  A structure embeds a struct recent for each
 * list that it is in; nothing is allocated.  A zeroed list is empty.
 */
#ifndef RECENT_H
#define RECENT_H

#include <stddef.h>
#include <stdint.h>

struct recent {
	struct recent *newer, *older; /* NULL at the ends */
};

struct recent_list {
	struct recent *newest, *oldest;
};

/* Adds a link that is in no list as the newest. */
static inline void
recent_add(struct recent_list *list, struct recent *link)
{
	link->newer = NULL;
	link->older = list->newest;
	if (list->newest != NULL)
		list->newest->newer = link;
	else
		list->oldest = link;
	list->newest = link;
}

static inline void
recent_remove(struct recent_list *list, struct recent *link)
{
	if (link->newer != NULL)
		link->newer->older = link->older;
	else
		list->newest = link->older;
	if (link->older != NULL)
		link->older->newer = link->newer;
	else
		list->oldest = link->newer;
}

/*
 * Returns the structure that embeds a link at this offset in bytes.  Returns
 * NULL if the link is NULL, as after the last element of a list.
 */
static inline void *
recent_owner(struct recent *link, size_t offset)
{
	return (link == NULL ? NULL : (uint8_t *)link - offset);
}

#endif
