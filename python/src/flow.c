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

#include <sys/socket.h>

#include "format.h"
#include "lib/fields.h"

/* The attributes that are not those of a field. */
static const struct attribute of_every_flow[] = {
	{ "flow_ver", ATTRIBUTE_NUMBER, sizeof(((struct flow *)NULL)->version),
	    offsetof(struct flow, version), 0,
	    "version of the record, as read" },
	{ "fields", ATTRIBUTE_NUMBER, sizeof(((struct flow *)NULL)->fields),
	    offsetof(struct flow, fields), 0,
	    "FIELD_* bits of the fields that are present" },
};
#define NOF_EVERY_FLOW (sizeof(of_every_flow) / sizeof(of_every_flow[0]))
#define PER_MEMBER     2 /* attributes at most */

struct attribute *attributes;

/* Adds the address and, called NAME_af, its family. */
static struct attribute *
add_addr(struct attribute *a, const struct member *m)
{
	const size_t size = strlen(m->name) + sizeof("_af");
	char *family = PyMem_Malloc(size);

	if (family == NULL)
		return (NULL);
	(void)snprintf(family, size, "%s_af", m->name);
	*a++ = (struct attribute){ m->name, ATTRIBUTE_ADDR, 16, m->offset,
		m->field, m->doc };
	*a++ = (struct attribute){ family, ATTRIBUTE_FAMILY, 2, m->offset,
		m->field, "AF_INET, AF_INET6, or 0 if the address is absent" };
	return (a);
}

/* Adds the number, and its old name if it has one. */
static struct attribute *
add_number(struct attribute *a, const struct member *m)
{
	/* Whether a record has a checksum is decided when it is written. */
	const uint32_t field = m->type == MEMBER_CRC ? 0 : m->field;

	*a++ = (struct attribute){ m->python != NULL ? m->python : m->name,
		ATTRIBUTE_NUMBER, m->size, m->offset, field, m->doc };
	if (m->python_old != NULL)
		*a++ = (struct attribute){ m->python_old, ATTRIBUTE_NUMBER,
			m->size, m->offset, field, "the same by an old name" };
	return (a);
}

/* Makes the attributes from the table of fields.  -1 without memory. */
static int
make_attributes(void)
{
	const struct member *m;
	struct attribute *a;
	size_t i, n = 0;

	while (field_member(n) != NULL)
		n++;
	a = PyMem_Calloc(NOF_EVERY_FLOW + PER_MEMBER * n + 1, sizeof(*a));
	if ((attributes = a) == NULL)
		return (-1);
	memcpy(a, of_every_flow, sizeof(of_every_flow));
	a += NOF_EVERY_FLOW;
	for (i = 0; a != NULL && (m = field_member(i)) != NULL; i++) {
		if (m->name == NULL)
			continue;
		a = m->type == MEMBER_ADDR ? add_addr(a, m) : add_number(a, m);
	}
	return (a == NULL ? -1 : 0);
}

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

int
flow_object_get(PyObject *object, struct flow *flow)
{
	const struct member *m;
	size_t i;

	if (!PyObject_TypeCheck(object, flow_type)) {
		PyErr_Format(PyExc_TypeError, "a Flow is needed, not %s",
		    Py_TYPE(object)->tp_name);
		return (-1);
	}
	*flow = ((struct flow_object *)object)->flow;
	for (i = 0; (m = field_member(i)) != NULL; i++) {
		if (m->type == MEMBER_ADDR)
			flow->fields = agreeing(flow->fields, m->field,
			    member_addr(m, flow));
	}
	return (0);
}

static void *
value_of(PyObject *self, const struct attribute *a)
{
	return ((char *)&((struct flow_object *)self)->flow + a->offset);
}

static PyObject *
get_number(PyObject *self, void *closure)
{
	const struct attribute *a = closure;

	return (
	    PyLong_FromUnsignedLongLong(number_at(value_of(self, a), a->size)));
}

static int
cannot_delete(const struct attribute *a)
{
	PyErr_Format(PyExc_TypeError,
	    "%s cannot be deleted; fields says what is present", a->name);
	return (-1);
}

/* Converts an int to a number of a->size bytes.  -1 with an exception. */
static int
number_from(PyObject *value, const struct attribute *a, uint64_t *number)
{
	PyObject *index;

	if ((index = PyNumber_Index(value)) == NULL)
		return (-1);
	*number = PyLong_AsUnsignedLongLong(index);
	Py_DECREF(index);
	if (PyErr_Occurred() == NULL &&
	    (a->size == 8 || *number >> 8 * a->size == 0))
		return (0);
	PyErr_Format(PyExc_OverflowError, "%s has to be from 0 to 2**%d - 1",
	    a->name, 8 * a->size);
	return (-1);
}

static int
set_number(PyObject *self, PyObject *value, void *closure)
{
	const struct attribute *a = closure;
	uint64_t number;

	if (value == NULL)
		return (cannot_delete(a));
	if (number_from(value, a, &number) == -1)
		return (-1);
	number_set(value_of(self, a), a->size, number);
	((struct flow_object *)self)->flow.fields |= a->field;
	return (0);
}

static PyObject *
get_addr(PyObject *self, void *closure)
{
	const struct addr *addr = value_of(self, closure);
	char text[ADDR_STRLEN];

	if (addr->family == ADDR_NONE)
		return (none());
	return (PyUnicode_FromString(addr_ntop(addr, text)));
}

static void
put_addr(PyObject *self, const struct attribute *a, const struct addr *addr)
{
	struct flow *flow = &((struct flow_object *)self)->flow;

	*(struct addr *)value_of(self, a) = *addr;
	flow->fields &= ~a->field;
	flow->fields |= store_addr_bit(a->field, addr->family);
}

static int
bad_addr(const struct attribute *a, PyObject *value)
{
	PyErr_Format(PyExc_ValueError, "%s: %R is no IPv4 or IPv6 address",
	    a->name, value);
	return (-1);
}

static int
addr_from_text(PyObject *text, const struct attribute *a, struct addr *addr)
{
	const char *utf8 = PyUnicode_AsUTF8(text);

	if (utf8 == NULL)
		return (-1);
	if (addr_pton(utf8, addr) != 0)
		return (bad_addr(a, text));
	return (0);
}

static int
addr_from_bytes(PyObject *bytes, const struct attribute *a, struct addr *addr)
{
	const uint8_t *p = (const uint8_t *)PyBytes_AS_STRING(bytes);

	switch (PyBytes_GET_SIZE(bytes)) {
	case 4:
		*addr = addr_v4(p);
		return (0);
	case 16:
		*addr = addr_v6(p);
		return (0);
	default:
		return (bad_addr(a, bytes));
	}
}

/* Accepts text, 4 or 16 bytes, or an object of the module ipaddress. */
static int
addr_from(PyObject *value, const struct attribute *a, struct addr *addr)
{
	PyObject *packed;
	int result;

	if (PyUnicode_Check(value))
		return (addr_from_text(value, a, addr));
	if (PyBytes_Check(value))
		return (addr_from_bytes(value, a, addr));
	if ((packed = PyObject_GetAttrString(value, "packed")) == NULL) {
		PyErr_Format(PyExc_TypeError, "%s cannot be of type %s",
		    a->name, Py_TYPE(value)->tp_name);
		return (-1);
	}
	result = PyBytes_Check(packed) ? addr_from_bytes(packed, a, addr) :
					 bad_addr(a, value);
	Py_DECREF(packed);
	return (result);
}

static int
set_addr(PyObject *self, PyObject *value, void *closure)
{
	const struct attribute *a = closure;
	struct addr addr = { .family = ADDR_NONE };

	if (value == NULL)
		return (cannot_delete(a));
	if (value != Py_None && addr_from(value, a, &addr) == -1)
		return (-1);
	put_addr(self, a, &addr);
	return (0);
}

static uint16_t
system_family(uint32_t family)
{
	return (family == ADDR_V4 ? AF_INET : family == ADDR_V6 ? AF_INET6 : 0);
}

static PyObject *
get_family(PyObject *self, void *closure)
{
	const struct addr *addr = value_of(self, closure);

	return (PyLong_FromLong(system_family(addr->family)));
}

/* Keeps an address of this family; another one becomes all zero. */
static int
set_family(PyObject *self, PyObject *value, void *closure)
{
	const struct attribute *a = closure;
	const struct addr *old = value_of(self, a);
	struct addr addr = { .family = ADDR_NONE };
	uint64_t number;

	if (value == NULL)
		return (cannot_delete(a));
	if (number_from(value, a, &number) == -1)
		return (-1);
	if (number == system_family(old->family))
		return (0);
	if (number == AF_INET)
		addr.family = ADDR_V4;
	else if (number == AF_INET6)
		addr.family = ADDR_V6;
	else if (number != 0) {
		PyErr_Format(PyExc_ValueError,
		    "%s has to be AF_INET, AF_INET6 or 0", a->name);
		return (-1);
	}
	put_addr(self, a, &addr);
	return (0);
}

/* For objects of the program that belong to the flow. */
static PyObject *
get_data(PyObject *self, void *closure)
{
	struct flow_object *f = (struct flow_object *)self;

	(void)closure;
	if (f->data == NULL && (f->data = PyDict_New()) == NULL)
		return (NULL);
	Py_INCREF(f->data);
	return (f->data);
}

static int
set_data(PyObject *self, PyObject *value, void *closure)
{
	struct flow_object *f = (struct flow_object *)self;

	(void)closure;
	Py_XINCREF(value);
	Py_XSETREF(f->data, value);
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
	unsigned int mask = STORE_DISPLAY_BRIEF;
	char line[FORMAT_LINE_MAX];
	struct flow flow;
	int utc = 0;
	size_t len;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|pI:format",
		KEYWORDS(keywords), &utc, &mask))
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

static PyObject *
flow_serialise(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static const char *const keywords[] = { "mask", NULL };
	struct flow flow = own_flow(self);
	unsigned int mask = flow.fields;
	uint8_t record[STORE_RECORD_MAX];
	size_t len;
	int error;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|I:serialise",
		KEYWORDS(keywords), &mask))
		return (NULL);
	if ((error = store_encode(&flow, mask, record, sizeof(record), &len)) !=
	    0)
		return (raise_log_error(NULL, 0, error));
	return (
	    PyBytes_FromStringAndSize((const char *)record, (Py_ssize_t)len));
}

static PyObject *
flow_has_field(PyObject *self, PyObject *arg)
{
	const unsigned long mask = PyLong_AsUnsignedLongMask(arg);

	if (mask == (unsigned long)-1 && PyErr_Occurred() != NULL)
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
	    "format(utc=0, mask=DISPLAY_BRIEF)\n--\n\n"
	    "The line that flowd-reader prints, times in UTC or local." },
	{ "format_csv", flow_format_csv, METH_NOARGS,
	    "format_csv()\n--\n\nThe line that flowd-reader -c prints." },
	{ "format_json", (PyCFunction)(void (*)(void))flow_format_json,
	    METH_VARARGS | METH_KEYWORDS,
	    "format_json(utc=0)\n--\n\nThe line that flowd-reader -J prints." },
	{ "serialise", (PyCFunction)(void (*)(void))flow_serialise,
	    METH_VARARGS | METH_KEYWORDS,
	    "serialise(mask=fields)\n--\n\n"
	    "The flow as a record, bytes; FIELD_CRC32 adds a checksum." },
	{ "has_field", flow_has_field, METH_O,
	    "has_field(mask)\n--\n\nWhether any field of mask is present." },
	{ NULL, NULL, 0, NULL },
};

static const PyGetSetDef data_getset = { "data", get_data, set_data,
	"for any object of yours", NULL };

/* Returns an entry for each attribute, and one for data.  NULL without memory.
 */
static PyGetSetDef *
make_getset(void)
{
	static const struct {
		getter get;
		setter set;
	} by_kind[] = {
		[ATTRIBUTE_NUMBER] = { get_number, set_number },
		[ATTRIBUTE_ADDR] = { get_addr, set_addr },
		[ATTRIBUTE_FAMILY] = { get_family, set_family },
	};
	const struct attribute *a;
	PyGetSetDef *getset, *to;
	size_t n = 0;

	while (attributes[n].name != NULL)
		n++;
	if ((getset = PyMem_Calloc(n + 2, sizeof(*getset))) == NULL)
		return (NULL);
	getset[0] = data_getset;
	for (a = attributes, to = getset + 1; a->name != NULL; a++, to++) {
		to->name = a->name;
		to->get = by_kind[a->kind].get;
		to->set = by_kind[a->kind].set;
		to->doc = a->doc;
		to->closure = (void *)(uintptr_t)a;
	}
	return (getset);
}

static char doc[] =
    "Flow(blob=None)\n--\n\n"
    "One flow: an empty one, or the flow of a record, which is bytes.";

#define GETSET 0 /* its place in slots */

static PyType_Slot slots[] = {
	[GETSET] = { Py_tp_getset, NULL },
	{ Py_tp_doc, doc },
	{ Py_tp_new, flow_new },
	{ Py_tp_dealloc, flow_dealloc },
	{ Py_tp_traverse, flow_traverse },
	{ Py_tp_clear, flow_clear },
	{ Py_tp_repr, flow_repr },
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
	if (make_attributes() == -1 ||
	    (slots[GETSET].pfunc = make_getset()) == NULL) {
		PyErr_NoMemory();
		return (-1);
	}
	flow_type = (PyTypeObject *)PyType_FromSpec(&spec);
	if (flow_type == NULL)
		return (-1);
	Py_INCREF(flow_type);
	return (PyModule_AddObject(module, "Flow", (PyObject *)flow_type));
}
