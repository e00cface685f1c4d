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

#include <ctype.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/flowlog-name.h"
#include "config/flowlog-names.h"
#include "errors.h"

#define ANY_DIGIT   FLOWLOG_NAME_ANY_DIGIT
#define ANY_ADDRESS FLOWLOG_NAME_ANY_ADDRESS
#define NONE        0 /* for an index of a node: the root follows none */

/* A byte of one spelling or more.  Links are indices of nodes. */
struct flowlog_names_node {
	uint32_t child;   /* the first byte that follows */
	uint32_t sibling; /* another byte at the same place */
	uint32_t number;  /* of the log, if a spelling ends here */
	char byte;
	bool is_end; /* a spelling ends here */
};

/* All suffixes of a log's files. */
static const char *const suffixes[] = {
	"",
	".gz",
	".\001\001\001\001\001\001",
	".\001\001\001\001\001\001.gz",
};
#define NSUFFIXES (sizeof(suffixes) / sizeof(suffixes[0]))

static size_t
nsuffixes(const struct conf_log *log)
{
	return (flowlog_name_is_rotated(log) ? NSUFFIXES : 1);
}

/* Writes the spelling of the log's files with suffix i. */
static void
spell_with_suffix(const struct conf_log *log, size_t i, char spelling[PATH_MAX])
{
	size_t len;

	flowlog_name_spell(log, spelling);
	len = strlen(spelling);
	(void)strlcpy(spelling + len, suffixes[i], PATH_MAX - len);
}

/* Appends a node and returns its index, or NONE: memory is exhausted. */
static uint32_t
add_node(struct flowlog_names_tree *t, char byte)
{
	struct flowlog_names_node *grown;

	/* The capacity doubles, so it is reached at powers of two. */
	if ((t->n & (t->n - 1)) == 0) {
		if (t->n > UINT32_MAX / 2)
			return (NONE);
		grown = reallocarray(t->nodes, t->n == 0 ? 1 : t->n * 2,
		    sizeof(*grown));
		if (grown == NULL)
			return (NONE);
		t->nodes = grown;
	}
	t->nodes[t->n] = (struct flowlog_names_node){ .byte = byte };
	return ((uint32_t)t->n++);
}

/* The child of node with this byte, which is added if there is none. */
static uint32_t
child_with(struct flowlog_names_tree *t, uint32_t node, char byte)
{
	uint32_t i;

	for (i = t->nodes[node].child; i != NONE; i = t->nodes[i].sibling) {
		if (t->nodes[i].byte == byte)
			return (i);
	}
	if ((i = add_node(t, byte)) == NONE)
		return (NONE);
	t->nodes[i].sibling = t->nodes[node].child;
	t->nodes[node].child = i;
	return (i);
}

static int
add_spelling(struct flowlog_names_tree *t, const char *spelling,
    uint32_t number)
{
	uint32_t node = 0;

	if (t->n == 0) {
		(void)add_node(t, '\0');
		if (t->n == 0)
			return (FLOWD_ENOMEM);
	}
	for (; *spelling != '\0'; spelling++) {
		if ((node = child_with(t, node, *spelling)) == NONE)
			return (FLOWD_ENOMEM);
	}
	t->nodes[node].is_end = true;
	t->nodes[node].number = number;
	return (0);
}

static bool
can_be_same(char a, char b)
{
	if (a == ANY_DIGIT)
		return (b == ANY_DIGIT || isdigit((unsigned char)b));
	if (b == ANY_DIGIT)
		return (isdigit((unsigned char)a));
	return (a == b);
}

static bool
can_be_in_address(char c)
{
	return (c == ANY_DIGIT || c == ANY_ADDRESS ||
	    (c != '\0' && strchr(FLOWLOG_NAME_ADDRESS_BYTES, c) != NULL));
}

/* An address is not only digits. */
static bool
separates(char c)
{
	return (c == ANY_ADDRESS || c == '.' || c == '-');
}

/*
 * The next three functions call each other.  They return the end of a spelling
 * of which all that follows the node can be the same as rest, the rest of
 * another spelling.  NONE: there is none.  A path has one address.
 */
static uint32_t meet(const struct flowlog_names_tree *t, uint32_t node,
    const char *rest);

/* The same if an address comes before rest. */
static uint32_t
address_meet(const struct flowlog_names_tree *t, uint32_t node,
    const char *rest, bool separated)
{
	const struct flowlog_names_node *child;
	uint32_t i, end = NONE;
	bool now;

	for (i = t->nodes[node].child; i != NONE; i = child->sibling) {
		child = &t->nodes[i];
		if (!can_be_in_address(child->byte))
			continue;
		now = separated || separates(child->byte);
		if (now)
			end = meet(t, i, rest);
		if (end == NONE)
			end = address_meet(t, i, rest, now);
		if (end != NONE)
			return (end);
	}
	return (NONE);
}

/* The same if the node is an address. */
static uint32_t
meet_address(const struct flowlog_names_tree *t, uint32_t node,
    const char *rest)
{
	bool separated = false;
	uint32_t end;

	for (; can_be_in_address(*rest); rest++) {
		separated = separated || separates(*rest);
		if (separated && (end = meet(t, node, rest + 1)) != NONE)
			return (end);
	}
	return (NONE);
}

static uint32_t
meet(const struct flowlog_names_tree *t, uint32_t node, const char *rest)
{
	const struct flowlog_names_node *child;
	uint32_t i, end = NONE;

	if (*rest == '\0')
		return (t->nodes[node].is_end ? node : NONE);
	if (*rest == ANY_ADDRESS)
		end = address_meet(t, node, rest + 1, false);
	for (i = t->nodes[node].child; end == NONE && i != NONE;
	     i = child->sibling) {
		child = &t->nodes[i];
		if (child->byte == ANY_ADDRESS)
			end = meet_address(t, i, rest);
		else if (can_be_same(child->byte, *rest))
			end = meet(t, i, rest + 1);
	}
	return (end);
}

static bool
tree_meets(const struct flowlog_names_tree *t, const char *spelling)
{
	return (t->n != 0 && meet(t, 0, spelling) != NONE);
}

int
flowlog_names_add(struct flowlog_names *names, const struct conf_log *log,
    uint32_t number)
{
	char spelling[PATH_MAX];
	size_t i;

	for (i = 0; i < nsuffixes(log); i++) {
		spell_with_suffix(log, i, spelling);
		if (add_spelling(&names->files, spelling, number) != 0)
			return (FLOWD_ENOMEM);
	}
	if (flowlog_name_temporary(log, spelling) != 0)
		return (0);
	return (add_spelling(&names->temporaries, spelling, number));
}

bool
flowlog_names_meet(const struct flowlog_names *names,
    const struct conf_log *log)
{
	char spelling[PATH_MAX];
	size_t i;

	for (i = 0; i < nsuffixes(log); i++) {
		spell_with_suffix(log, i, spelling);
		if (tree_meets(&names->files, spelling) ||
		    tree_meets(&names->temporaries, spelling))
			return (true);
	}
	return (flowlog_name_temporary(log, spelling) == 0 &&
	    tree_meets(&names->files, spelling));
}

bool
flowlog_names_find(const struct flowlog_names *names, const char *path,
    uint32_t *number)
{
	const struct flowlog_names_tree *t = &names->files;
	const uint32_t end = t->n == 0 ? NONE : meet(t, 0, path);

	if (end == NONE)
		return (false);
	*number = t->nodes[end].number;
	return (true);
}

void
flowlog_names_free(struct flowlog_names *names)
{
	free(names->files.nodes);
	free(names->temporaries.nodes);
	memset(names, 0, sizeof(*names));
}
