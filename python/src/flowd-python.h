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
 * The declarations that the files of the Python module share.  No function here
 * uses Python objects without the interpreter's lock.
 */
#ifndef FLOWD_PYTHON_H
#define FLOWD_PYTHON_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/period.h"
#include "filter.h"
#include "store.h"

/*
 * PyArg_ParseTupleAndKeywords changes none of them, but its type is not const.
 */
#define KEYWORDS(list) ((char **)(uintptr_t)(list))

/* Returns a new reference to None. */
static inline PyObject *
none(void)
{
	Py_INCREF(Py_None);
	return (Py_None);
}

/* A flow as an object. */
struct flow_object {
	PyObject ob_base;
	PyObject *data; /* of the program; NULL: an empty dict */
	struct flow flow;
};

/* The kinds of attributes, as objects and in arrays. */
enum attribute_kind {
	ATTRIBUTE_NUMBER, /* unsigned, of size bytes */
	ATTRIBUTE_ADDR,   /* text; 16 bytes, IPv4 mapped */
	ATTRIBUTE_FAMILY, /* AF_INET, AF_INET6, 0 */
	ATTRIBUTE_TIME,   /* datetime; signed, microseconds since the epoch */
};

struct attribute {
	const char *name;
	enum attribute_kind kind;
	uint8_t size;   /* bytes in an array */
	size_t offset;  /* in struct flow; of a time, its enum store_time */
	uint32_t field; /* STORE_FIELD_* that has it; 0: every flow does */
	bool is_crc;    /* setting it does not add field */
	const char *doc;
};

/* All of them, set by attributes_init; the last has no name. */
extern struct attribute *attributes;

/* Makes the table.  -1 with an exception. */
int attributes_init(void);

/* Returns an entry for each attribute.  NULL without memory. */
PyGetSetDef *attributes_getset(void);

/* The types, which the import of the module makes. */
extern PyTypeObject *flow_type, *log_type, *filter_type, *damage_type;
extern PyObject *log_error;

/* Make the types.  -1 with an exception. */
int flow_type_init(PyObject *module);
int log_type_init(PyObject *module);
int filter_type_init(PyObject *module);

/*
 * Converts an int to a number of bits bits.  -1 with an exception that has the
 * name of the argument or attribute.
 */
int number_from(PyObject *value, const char *name, int bits, uint64_t *number);

/*
 * Converts an optional argument, a mask of fields; keeps *mask if value is NULL
 * or None.  -1 with an exception.
 */
int mask_from(PyObject *value, const char *name, uint32_t *mask);

/* Returns a datetime in UTC, or NULL with an exception. */
PyObject *datetime_from(int64_t us);

/* Returns a time of flow in microseconds, or STORE_TIME_ABSENT. */
int64_t flow_time_us(const struct flow *flow, enum store_time which);

/* Returns a new Flow, or NULL with an exception. */
PyObject *flow_object_new(const struct flow *flow);

/*
 * Copies the flow of object, with the address bits that agree with the
 * families of its addresses.  -1 with an exception if it is no Flow.
 */
int flow_object_get(PyObject *object, struct flow *flow);

/* Makes the address bits agree with the families of the addresses. */
void flow_agree(struct flow *flow);

/* Returns a record as bytes, or NULL with an exception. */
PyObject *flow_record(const struct flow *flow, uint32_t mask);

/* The methods of a Flow in flow-copy.c. */
PyObject *flow_compare(PyObject *self, PyObject *other, int op);
PyObject *flow_reduce(PyObject *self, PyObject *unused);
PyObject *flow_setstate(PyObject *self, PyObject *state);

/*
 * Filters n flows, with or without the interpreter's lock.  object is a Filter.
 */
void filter_object_flows(PyObject *object, struct flow *flows, size_t n,
    enum filter_verdict *verdicts);

/*
 * Sets LogError for a FLOWD_E*; name is that of the log, or NULL.  Returns
 * NULL.
 */
PyObject *raise_log_error(PyObject *name, uint64_t offset, int error);

/* Reads a flow, with the results of store_read. */
typedef int flow_source_fn(void *arg, struct flow *flow);

/* The flows that are read. */
struct selection {
	struct period_ns period;
	enum period_by by;
	PyObject *filter; /* a Filter, a callable, or None */
	uint64_t count;   /* at most */
};

/*
 * Reads flows until source returns an error, which it stores in *error, or
 * until select->count flows are selected.  names are names of attributes.
 * Returns a tuple of bytearrays, one for each name, or NULL with an exception.
 * source is called without the interpreter's lock, and *thread is then the
 * state to restore.
 */
PyObject *read_columns(PyObject *names, const struct selection *select,
    flow_source_fn *source, void *arg, PyThreadState **thread, int *error);

#endif
