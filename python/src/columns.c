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
 * Flows as columns: one block of memory for each attribute, which numpy uses
 * as an array without a copy.
 */

#include "flowd-python.h"

#include <sys/socket.h>

#include <string.h>

#define BATCH       256 /* flows decoded without the interpreter */
#define COLUMNS_MAX 64
#define ROWS_FIRST  8192 /* of the first allocation */

struct column {
	const struct attribute *what;
	PyObject *bytes; /* bytearray */
	uint8_t *to;     /* the next row */
};

struct columns {
	struct column columns[COLUMNS_MAX];
	size_t ncolumns;
	size_t nrows, capacity;
	const struct selection *select;
	struct flow flows[BATCH];
	enum filter_verdict verdicts[BATCH];
};

static const struct attribute *
find_attribute(PyObject *name)
{
	const struct attribute *a;

	if (!PyUnicode_Check(name)) {
		PyErr_Format(PyExc_TypeError,
		    "fields are named by text, not %R", name);
		return (NULL);
	}
	for (a = attributes; a->name != NULL; a++) {
		if (PyUnicode_CompareWithASCIIString(name, a->name) == 0)
			return (a);
	}
	PyErr_Format(PyExc_ValueError, "flows have no field %R", name);
	return (NULL);
}

/* Enlarges every column to capacity rows.  -1 with an exception. */
static int
resize(struct columns *c, size_t capacity)
{
	struct column *column;
	size_t i;

	for (i = 0; i < c->ncolumns; i++) {
		column = &c->columns[i];
		if (capacity > (size_t)PY_SSIZE_T_MAX / column->what->size) {
			PyErr_NoMemory();
			return (-1);
		}
		if (PyByteArray_Resize(column->bytes,
			(Py_ssize_t)(capacity * column->what->size)) == -1)
			return (-1);
		column->to = (uint8_t *)PyByteArray_AS_STRING(column->bytes) +
		    c->nrows * column->what->size;
	}
	c->capacity = capacity;
	return (0);
}

static void
free_columns(struct columns *c)
{
	size_t i;

	for (i = 0; i < c->ncolumns; i++)
		Py_DECREF(c->columns[i].bytes);
	PyMem_Free(c);
}

static struct columns *
new_columns(PyObject *names, const struct selection *select)
{
	const Py_ssize_t n = PySequence_Size(names);
	struct columns *c;
	struct column *column;
	PyObject *name;

	if (n == -1)
		return (NULL);
	if (n > COLUMNS_MAX) {
		PyErr_Format(PyExc_ValueError, "more than %d fields",
		    COLUMNS_MAX);
		return (NULL);
	}
	if ((c = PyMem_Malloc(sizeof(*c))) == NULL) {
		PyErr_NoMemory();
		return (NULL);
	}
	c->ncolumns = c->nrows = c->capacity = 0;
	c->select = select;
	while (c->ncolumns < (size_t)n) {
		column = &c->columns[c->ncolumns];
		if ((name = PySequence_GetItem(names,
			 (Py_ssize_t)c->ncolumns)) == NULL)
			break;
		column->what = find_attribute(name);
		Py_DECREF(name);
		if (column->what == NULL ||
		    (column->bytes = PyByteArray_FromStringAndSize(NULL, 0)) ==
			NULL)
			break;
		c->ncolumns++;
	}
	if (c->ncolumns == (size_t)n)
		return (c);
	free_columns(c);
	return (NULL);
}

/*
 * The copy_ functions copy one member of n consecutive flows to an array; p is
 * that member of the first flow.  The sizes are constants for the compiler.
 */
#define COPY(name, size)                                                   \
	static void name(const uint8_t *p, size_t n, uint8_t *to)          \
	{                                                                  \
		for (; n > 0; n--, p += sizeof(struct flow), to += (size)) \
			memcpy(to, p, (size));                             \
	}

COPY(copy_1, 1)
COPY(copy_2, 2)
COPY(copy_4, 4)
COPY(copy_8, 8)

/* RFC 4291 section 2.5.5.2; an absent address is all zero. */
static void
copy_addrs(const uint8_t *p, size_t n, uint8_t *to)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const struct addr *a;

	for (; n > 0; n--, p += sizeof(struct flow), to += 16) {
		a = (const void *)p;
		if (a->family == ADDR_V4) {
			memcpy(to, mapped, sizeof(mapped));
			memcpy(to + sizeof(mapped), a->bytes, 4);
		} else
			memcpy(to, a->bytes, 16);
	}
}

static void
copy_families(const uint8_t *p, size_t n, uint8_t *to)
{
	const struct addr *a;
	uint16_t family;

	for (; n > 0; n--, p += sizeof(struct flow), to += sizeof(family)) {
		a = (const void *)p;
		family = a->family == ADDR_V4 ? AF_INET :
		    a->family == ADDR_V6      ? AF_INET6 :
						0;
		memcpy(to, &family, sizeof(family));
	}
}

static void
copy_times(const struct flow *flows, enum store_time which, size_t n,
    uint8_t *to)
{
	int64_t us;

	for (; n > 0; n--, flows++, to += sizeof(us)) {
		us = flow_time_us(flows, which);
		memcpy(to, &us, sizeof(us));
	}
}

static void
copy(const struct attribute *what, const struct flow *flows, size_t n,
    uint8_t *to)
{
	const uint8_t *p = (const uint8_t *)flows + what->offset;

	if (what->kind == ATTRIBUTE_TIME)
		copy_times(flows, (enum store_time)what->offset, n, to);
	else if (what->kind == ATTRIBUTE_ADDR)
		copy_addrs(p, n, to);
	else if (what->kind == ATTRIBUTE_FAMILY)
		copy_families(p, n, to);
	else if (what->size == 1)
		copy_1(p, n, to);
	else if (what->size == 2)
		copy_2(p, n, to);
	else if (what->size == 4)
		copy_4(p, n, to);
	else
		copy_8(p, n, to);
}

/* Adds the first n flows; the columns have space for them. */
static void
add_rows(struct columns *c, size_t n)
{
	struct column *column;
	size_t i;

	for (i = 0; i < c->ncolumns; i++) {
		column = &c->columns[i];
		copy(column->what, c->flows, n, column->to);
		column->to += n * column->what->size;
	}
	c->nrows += n;
}

/* Moves accepted flows to the front, and returns their number. */
static size_t
keep_accepted(struct columns *c, size_t n)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++) {
		if (c->verdicts[i] != FILTER_ACCEPT)
			continue;
		if (kept != i)
			c->flows[kept] = c->flows[i];
		kept++;
	}
	return (kept);
}

/* Calls the filter for one flow.  -1 with an exception. */
static int
ask(PyObject *filter, const struct flow *flow, enum filter_verdict *verdict)
{
	PyObject *object, *answer;
	int is_true;

	if ((object = flow_object_new(flow)) == NULL)
		return (-1);
	answer = PyObject_CallFunctionObjArgs(filter, object, NULL);
	Py_DECREF(object);
	if (answer == NULL)
		return (-1);
	is_true = PyObject_IsTrue(answer);
	Py_DECREF(answer);
	*verdict = is_true == 1 ? FILTER_ACCEPT : FILTER_DISCARD;
	return (is_true == -1 ? -1 : 0);
}

static int
ask_all(struct columns *c, PyObject *filter, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (ask(filter, &c->flows[i], &c->verdicts[i]) == -1)
			return (-1);
	}
	return (0);
}

/* Reads up to max flows.  Sets *error to the error that ends the input. */
static size_t
read_flows(struct columns *c, size_t max, flow_source_fn *source, void *arg,
    int *error)
{
	size_t n = 0;

	while (n < max && (*error = source(arg, &c->flows[n])) == 0)
		n++;
	return (n);
}

/* Moves the flows of the period to the front, and returns their number. */
static size_t
keep_period(struct columns *c, size_t n)
{
	const struct selection *s = c->select;
	size_t i;

	if (s->period.from == INT64_MIN && s->period.to == INT64_MAX)
		return (n);
	for (i = 0; i < n; i++)
		c->verdicts[i] =
		    period_has_flow(&s->period, s->by, &c->flows[i]) ?
		    FILTER_ACCEPT :
		    FILTER_DISCARD;
	return (keep_accepted(c, n));
}

/*
 * Reads a batch, and adds the flows that pass the filter. -1 with an exception,
 * which source may have set, too.
 */
static int
read_batch(struct columns *c, size_t max, flow_source_fn *source, void *arg,
    PyThreadState **thread, int *error)
{
	PyObject *const filter = c->select->filter;
	const bool compiled = Py_TYPE(filter) == filter_type;
	size_t n;

	if (c->capacity - c->nrows < BATCH &&
	    resize(c, c->capacity == 0 ? ROWS_FIRST : c->capacity * 2) == -1)
		return (-1);
	*thread = PyEval_SaveThread();
	n = keep_period(c, read_flows(c, max, source, arg, error));
	if (compiled) {
		filter_object_flows(filter, c->flows, n, c->verdicts);
		n = keep_accepted(c, n);
	}
	if (compiled || filter == Py_None)
		add_rows(c, n);
	PyEval_RestoreThread(*thread);
	*thread = NULL;
	if (PyErr_Occurred() != NULL)
		return (-1);
	if (compiled || filter == Py_None)
		return (PyErr_CheckSignals());
	if (ask_all(c, filter, n) == -1)
		return (-1);
	add_rows(c, keep_accepted(c, n));
	return (0);
}

static PyObject *
take_columns(struct columns *c)
{
	PyObject *tuple;
	size_t i;

	if (resize(c, c->nrows) == -1 ||
	    (tuple = PyTuple_New((Py_ssize_t)c->ncolumns)) == NULL)
		return (NULL);
	for (i = 0; i < c->ncolumns; i++) {
		Py_INCREF(c->columns[i].bytes);
		PyTuple_SET_ITEM(tuple, (Py_ssize_t)i, c->columns[i].bytes);
	}
	return (tuple);
}

PyObject *
read_columns(PyObject *names, const struct selection *select,
    flow_source_fn *source, void *arg, PyThreadState **thread, int *error)
{
	struct columns *c;
	PyObject *tuple = NULL;
	uint64_t left;
	int failed = 0;

	*error = 0;
	if ((c = new_columns(names, select)) == NULL)
		return (NULL);
	while (failed == 0 && *error == 0 && c->nrows < select->count) {
		left = select->count - c->nrows;
		failed = read_batch(c, left < BATCH ? (size_t)left : BATCH,
		    source, arg, thread, error);
	}
	if (failed == 0)
		tuple = take_columns(c);
	free_columns(c);
	return (tuple);
}
