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
 * Compares flows, and implements copy and pickle.
 */

#include "flowd-python.h"

#include <string.h>

#include "lib/fields.h"

/*
 * Two flows are equal if they have the same fields with the same values.  The
 * checksum is a property of the record.
 */
PyObject *
flow_compare(PyObject *self, PyObject *other, int op)
{
	const uint32_t compared = FIELDS_KNOWN & ~STORE_FIELD_CRC32;
	uint8_t records[2][STORE_RECORD_MAX];
	struct flow a, b;
	size_t len[2];
	bool same;

	if (!PyObject_TypeCheck(other, flow_type) ||
	    (op != Py_EQ && op != Py_NE)) {
		Py_INCREF(Py_NotImplemented);
		return (Py_NotImplemented);
	}
	if (flow_object_get(self, &a) == -1 || flow_object_get(other, &b) == -1)
		return (NULL);
	if (store_encode(&a, compared, records[0], sizeof(records[0]),
		&len[0]) != 0 ||
	    store_encode(&b, compared, records[1], sizeof(records[1]),
		&len[1]) != 0)
		return (raise_log_error(NULL, 0, FLOWD_EINVAL));
	same = len[0] == len[1] && memcmp(records[0], records[1], len[0]) == 0;
	return (PyBool_FromLong(same == (op == Py_EQ)));
}

/* Returns copyreg.__newobj__, or NULL with an exception. */
static PyObject *
new_object_function(void)
{
	PyObject *module, *function;

	if ((module = PyImport_ImportModule("copyreg")) == NULL)
		return (NULL);
	function = PyObject_GetAttrString(module, "__newobj__");
	Py_DECREF(module);
	return (function);
}

/*
 * For copy and pickle: a new object of the type, and the state for
 * __setstate__.  The record has the values of absent fields, too.
 */
PyObject *
flow_reduce(PyObject *self, PyObject *unused)
{
	struct flow_object *f = (struct flow_object *)self;
	struct flow whole = f->flow;
	PyObject *new_object, *dict, *record, *result = NULL;

	(void)unused;
	whole.fields = FIELDS_KNOWN & ~STORE_FIELD_CRC32;
	flow_agree(&whole);
	if ((new_object = new_object_function()) == NULL)
		return (NULL);
	if ((dict = PyObject_GetAttrString(self, "__dict__")) == NULL) {
		PyErr_Clear(); /* only subclasses have one */
		dict = none();
	}
	if ((record = flow_record(&whole, whole.fields)) != NULL)
		result =
		    Py_BuildValue("O(O)(OIIIOO)", new_object, Py_TYPE(self),
			record, f->flow.fields, (unsigned int)f->flow.version,
			f->flow.crc, f->data == NULL ? Py_None : f->data, dict);
	Py_XDECREF(record);
	Py_DECREF(dict);
	Py_DECREF(new_object);
	return (result);
}

/* Adds the attributes of a subclass.  -1 with an exception. */
static int
set_dict(PyObject *self, PyObject *dict)
{
	PyObject *own;
	int result;

	if (dict == Py_None)
		return (0);
	if ((own = PyObject_GetAttrString(self, "__dict__")) == NULL)
		return (-1);
	result = PyDict_Update(own, dict);
	Py_DECREF(own);
	return (result);
}

PyObject *
flow_setstate(PyObject *self, PyObject *state)
{
	struct flow_object *f = (struct flow_object *)self;
	unsigned int fields, version, crc;
	PyObject *data, *dict;
	struct flow flow;
	const char *record;
	Py_ssize_t len;
	size_t used;
	int error;

	if (!PyTuple_Check(state)) {
		PyErr_SetString(PyExc_TypeError, "the state is no tuple");
		return (NULL);
	}
	if (!PyArg_ParseTuple(state, "y#IIIOO", &record, &len, &fields,
		&version, &crc, &data, &dict))
		return (NULL);
	error =
	    store_decode((const uint8_t *)record, (size_t)len, &flow, &used);
	if (error != 0)
		return (raise_log_error(NULL, 0, error));
	flow.fields = fields;
	flow.version = (uint8_t)version;
	flow.crc = crc;
	f->flow = flow;
	if (data != Py_None) {
		Py_INCREF(data);
		Py_XSETREF(f->data, data);
	}
	return (set_dict(self, dict) == -1 ? NULL : none());
}
