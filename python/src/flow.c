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
 * flowd.Flow: one flow, whose attributes can be read and set.
 */

#include "flowd-python.h"

#include "format.h"
#include "lib/fields.h"

PyTypeObject *flow_type;

PyObject *
flow_object_new(const struct flow *flow)
{
	PyObject *object = flow_type->tp_alloc(flow_type, 0);

	if (object != NULL)
		((struct flow_object *)object)->flow = *flow;
	return (object);
}

/* Replaces a bit of pair in fields by the one that agrees with the family. */
static uint32_t
agreeing(uint32_t fields, uint32_t pair, const struct addr *a)
{
	if ((fields & pair) == 0)
		return (fields);
	return ((fields & ~pair) | store_addr_bit(pair, a->family));
}

void
flow_agree(struct flow *flow)
{
	const struct member *m;
	size_t i;

	for (i = 0; (m = field_member(i)) != NULL; i++) {
		if (m->type == MEMBER_ADDR)
			flow->fields = agreeing(flow->fields, m->field,
			    member_addr(m, flow));
	}
}

int
flow_object_get(PyObject *object, struct flow *flow)
{
	if (!PyObject_TypeCheck(object, flow_type)) {
		PyErr_Format(PyExc_TypeError, "a Flow is needed, not %s",
		    Py_TYPE(object)->tp_name);
		return (-1);
	}
	*flow = ((struct flow_object *)object)->flow;
	flow_agree(flow);
	return (0);
}

static PyObject *
flow_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	static const char *const keywords[] = { "blob", NULL };
	PyObject *blob = Py_None, *self;
	struct flow flow = { .version = STORE_VERSION };
	Py_buffer view;
	size_t len;
	int error;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:Flow",
		KEYWORDS(keywords), &blob))
		return (NULL);
	if (blob != Py_None) {
		if (PyObject_GetBuffer(blob, &view, PyBUF_SIMPLE) == -1)
			return (NULL);
		error = store_decode(view.buf, (size_t)view.len, &flow, &len);
		if (error == 0 && len != (size_t)view.len)
			error = FLOWD_EHEADER;
		PyBuffer_Release(&view);
		if (error != 0)
			return (raise_log_error(NULL, 0, error));
	}
	if ((self = type->tp_alloc(type, 0)) != NULL)
		((struct flow_object *)self)->flow = flow;
	return (self);
}

static int
flow_traverse(PyObject *self, visitproc visit, void *arg)
{
#if PY_VERSION_HEX >= 0x03090000
	Py_VISIT(Py_TYPE(self));
#endif
	Py_VISIT(((struct flow_object *)self)->data);
	return (0);
}

static int
flow_clear(PyObject *self)
{
	Py_CLEAR(((struct flow_object *)self)->data);
	return (0);
}

static void
flow_dealloc(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);

	PyObject_GC_UnTrack(self);
	(void)flow_clear(self);
	type->tp_free(self);
	Py_DECREF(type);
}

/* Works like flow_object_get; self is a Flow. */
static struct flow
own_flow(PyObject *self)
{
	struct flow flow;

	(void)flow_object_get(self, &flow);
	return (flow);
}

static PyObject *
flow_format(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static const char *const keywords[] = { "utc", "mask", NULL };
	uint32_t mask = STORE_DISPLAY_BRIEF;
	PyObject *mask_object = NULL;
	char line[FORMAT_LINE_MAX];
	struct flow flow;
	int utc = 0;
	size_t len;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|pO:format",
		KEYWORDS(keywords), &utc, &mask_object) ||
	    mask_from(mask_object, "mask", &mask) == -1)
		return (NULL);
	flow = own_flow(self);
	len = format_flow(&flow, mask, utc != 0, line);
	return (PyUnicode_FromStringAndSize(line, (Py_ssize_t)len));
}

static PyObject *
flow_format_json(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static const char *const keywords[] = { "utc", NULL };
	char line[FORMAT_LINE_MAX];
	struct flow flow;
	int utc = 0;
	size_t len;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|p:format_json",
		KEYWORDS(keywords), &utc))
		return (NULL);
	flow = own_flow(self);
	len = format_json(&flow, utc != 0, line);
	return (PyUnicode_FromStringAndSize(line, (Py_ssize_t)len));
}

static PyObject *
flow_format_csv(PyObject *self, PyObject *unused)
{
	const struct flow flow = own_flow(self);
	char line[FORMAT_LINE_MAX];
	size_t len;

	(void)unused;
	len = format_csv(&flow, line);
	return (PyUnicode_FromStringAndSize(line, (Py_ssize_t)len));
}

PyObject *
flow_record(const struct flow *flow, uint32_t mask)
{
	uint8_t record[STORE_RECORD_MAX];
	size_t len;
	int error;

	error = store_encode(flow, mask, record, sizeof(record), &len);
	if (error != 0)
		return (raise_log_error(NULL, 0, error));
	return (
	    PyBytes_FromStringAndSize((const char *)record, (Py_ssize_t)len));
}

static PyObject *
flow_serialise(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static const char *const keywords[] = { "mask", NULL };
	struct flow flow = own_flow(self);
	PyObject *mask_object = NULL;
	uint32_t mask = flow.fields;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:serialise",
		KEYWORDS(keywords), &mask_object) ||
	    mask_from(mask_object, "mask", &mask) == -1)
		return (NULL);
	return (flow_record(&flow, mask));
}

static PyObject *
flow_has_field(PyObject *self, PyObject *arg)
{
	uint64_t mask;

	if (number_from(arg, "mask", 32, &mask) == -1)
		return (NULL);
	return (PyBool_FromLong(
	    (((struct flow_object *)self)->flow.fields & mask) != 0));
}

static PyObject *
flow_repr(PyObject *self)
{
	const struct flow flow = own_flow(self);
	char line[FORMAT_LINE_MAX];
	size_t len;

	/* Remove the space at the end. */
	len = format_flow(&flow, FIELDS_KNOWN, true, line);
	line[len - 1] = '\0';
	return (PyUnicode_FromFormat("<flowd.Flow %s>", line));
}

static PyMethodDef methods[] = {
	{ "format", (PyCFunction)(void (*)(void))flow_format,
	    METH_VARARGS | METH_KEYWORDS,
	    "format($self, /, utc=0, mask=None)\n--\n\n"
	    "The line that flowd-reader prints, times in UTC or local.  mask\n"
	    "selects fields; without it, DISPLAY_BRIEF does." },
	{ "format_csv", flow_format_csv, METH_NOARGS,
	    "format_csv($self, /)\n--\n\nThe line that flowd-reader -c prints." },
	{ "format_json", (PyCFunction)(void (*)(void))flow_format_json,
	    METH_VARARGS | METH_KEYWORDS,
	    "format_json($self, /, utc=0)\n--\n\n"
	    "The line that flowd-reader -J prints." },
	{ "serialise", (PyCFunction)(void (*)(void))flow_serialise,
	    METH_VARARGS | METH_KEYWORDS,
	    "serialise($self, /, mask=None)\n--\n\n"
	    "The flow as a record, bytes, with the fields that it has and that\n"
	    "are in mask; FIELD_CRC32 adds a checksum.  Without mask, the\n"
	    "attribute fields is used." },
	{ "has_field", flow_has_field, METH_O,
	    "has_field($self, mask, /)\n--\n\n"
	    "Whether any field of mask is present." },
	{ "__reduce__", flow_reduce, METH_NOARGS,
	    "__reduce__($self, /)\n--\n\nFor copy and pickle." },
	{ "__setstate__", flow_setstate, METH_O,
	    "__setstate__($self, state, /)\n--\n\nFor copy and pickle." },
	{ NULL, NULL, 0, NULL },
};

static char doc[] =
    "Flow(blob=None)\n--\n\n"
    "One flow: an empty one, or the flow of a record, which is bytes.\n\n"
    "Flows with the same fields and values are equal, whatever their data and\n"
    "checksum are.  A flow can change and has no hash: use serialise() in\n"
    "sets and as a key.  Flows can be copied and pickled, with data.";

#define GETSET 0 /* its place in slots */

static PyType_Slot slots[] = {
	[GETSET] = { Py_tp_getset, NULL },
	{ Py_tp_doc, doc },
	{ Py_tp_new, flow_new },
	{ Py_tp_dealloc, flow_dealloc },
	{ Py_tp_traverse, flow_traverse },
	{ Py_tp_clear, flow_clear },
	{ Py_tp_repr, flow_repr },
	{ Py_tp_richcompare, flow_compare },
	{ Py_tp_hash, PyObject_HashNotImplemented },
	{ Py_tp_methods, methods },
	{ 0, NULL },
};

static PyType_Spec spec = {
	.name = "flowd.Flow",
	.basicsize = sizeof(struct flow_object),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
	.slots = slots,
};

int
flow_type_init(PyObject *module)
{
	if (attributes_init() == -1)
		return (-1);
	if ((slots[GETSET].pfunc = attributes_getset()) == NULL) {
		PyErr_NoMemory();
		return (-1);
	}
	flow_type = (PyTypeObject *)PyType_FromSpec(&spec);
	if (flow_type == NULL)
		return (-1);
	Py_INCREF(flow_type);
	return (PyModule_AddObject(module, "Flow", (PyObject *)flow_type));
}
