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
add_spelling(struct flowlog_names_tree *t, const char *spelling)
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
 * The next three functions call each other: whether what follows the node can
 * be the same as rest, the rest of a spelling.  A path has one address.
 */
static bool meets(const struct flowlog_names_tree *t, uint32_t node,
    const char *rest);

/* The same if an address comes before rest. */
static bool
address_meets(const struct flowlog_names_tree *t, uint32_t node,
    const char *rest, bool separated)
{
	const struct flowlog_names_node *child;
	uint32_t i;
	bool now;

	for (i = t->nodes[node].child; i != NONE; i = child->sibling) {
		child = &t->nodes[i];
		if (!can_be_in_address(child->byte))
			continue;
		now = separated || separates(child->byte);
		if ((now && meets(t, i, rest)) ||
		    address_meets(t, i, rest, now))
			return (true);
	}
	return (false);
}

/* The same if the node is an address. */
static bool
meets_address(const struct flowlog_names_tree *t, uint32_t node,
    const char *rest)
{
	bool separated = false;

	for (; can_be_in_address(*rest); rest++) {
		separated = separated || separates(*rest);
		if (separated && meets(t, node, rest + 1))
			return (true);
	}
	return (false);
}

static bool
meets(const struct flowlog_names_tree *t, uint32_t node, const char *rest)
{
	const struct flowlog_names_node *child;
	uint32_t i;

	if (*rest == '\0')
		return (t->nodes[node].is_end);
	if (*rest == ANY_ADDRESS && address_meets(t, node, rest + 1, false))
		return (true);
	for (i = t->nodes[node].child; i != NONE; i = child->sibling) {
		child = &t->nodes[i];
		if (child->byte == ANY_ADDRESS ?
			meets_address(t, i, rest) :
			can_be_same(child->byte, *rest) &&
			    meets(t, i, rest + 1))
			return (true);
	}
	return (false);
}

static bool
tree_meets(const struct flowlog_names_tree *t, const char *spelling)
{
	return (t->n != 0 && meets(t, 0, spelling));
}

int
flowlog_names_add(struct flowlog_names *names, const struct conf_log *log)
{
	char spelling[PATH_MAX];
	size_t i;

	for (i = 0; i < nsuffixes(log); i++) {
		spell_with_suffix(log, i, spelling);
		if (add_spelling(&names->files, spelling) != 0)
			return (FLOWD_ENOMEM);
	}
	if (flowlog_name_temporary(log, spelling) != 0)
		return (0);
	return (add_spelling(&names->temporaries, spelling));
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

void
flowlog_names_free(struct flowlog_names *names)
{
	free(names->files.nodes);
	free(names->temporaries.nodes);
	memset(names, 0, sizeof(*names));
}
