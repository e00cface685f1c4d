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

#include <datetime.h>

#include "format.h"
#include "lib/fields.h"

/* The attributes that are not those of a field. */
static const struct attribute of_every_flow[] = {
	{ "flow_ver", ATTRIBUTE_NUMBER, sizeof(((struct flow *)NULL)->version),
	    offsetof(struct flow, version), 0, false,
	    "version of the record, as read" },
	{ "fields", ATTRIBUTE_NUMBER, sizeof(((struct flow *)NULL)->fields),
	    offsetof(struct flow, fields), 0, false,
	    "FIELD_* bits of the fields that are present" },
};
/* clang-format off */
#define TIME(name, which, doc) \
	{ name, ATTRIBUTE_TIME, sizeof(int64_t), which, 0, false, doc }

/* In the order of enum store_time. */
static const struct attribute times[] = {
	TIME("recv_time", STORE_TIME_RECV,
	    "receipt of the datagram: datetime in UTC, or None"),
	TIME("export_time", STORE_TIME_EXPORT,
	    "export by the exporter's clock: datetime in UTC, or None"),
	TIME("start", STORE_TIME_START,
	    "time of the first packet: datetime in UTC, or None"),
	TIME("end", STORE_TIME_END,
	    "time of the last packet: datetime in UTC, or None"),
};
/* clang-format on */

#define NOF_EVERY_FLOW (sizeof(of_every_flow) / sizeof(of_every_flow[0]))
#define NTIMES         (sizeof(times) / sizeof(times[0]))
#define PER_MEMBER     2 /* attributes at most */

#define NSEC_PER_USEC ((int64_t)1000)
#define USEC_PER_SEC  ((int64_t)1000000)
#define SEC_PER_DAY   ((int64_t)86400)

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
		m->field, false, m->doc };
	*a++ = (struct attribute){ family, ATTRIBUTE_FAMILY, 2, m->offset,
		m->field, false,
		"AF_INET, AF_INET6, or 0 if the address is absent" };
	return (a);
}

/* Adds the number, and its old name if it has one. */
static struct attribute *
add_number(struct attribute *a, const struct member *m)
{
	struct attribute number = { m->python != NULL ? m->python : m->name,
		ATTRIBUTE_NUMBER, m->size, m->offset, m->field,
		m->type == MEMBER_CRC, m->doc };

	*a++ = number;
	if (m->python_old == NULL)
		return (a);
	number.name = m->python_old;
	number.doc = "the same by an old name";
	*a++ = number;
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
	a = PyMem_Calloc(NOF_EVERY_FLOW + PER_MEMBER * n + NTIMES + 1,
	    sizeof(*a));
	if ((attributes = a) == NULL)
		return (-1);
	memcpy(a, of_every_flow, sizeof(of_every_flow));
	a += NOF_EVERY_FLOW;
	for (i = 0; a != NULL && (m = field_member(i)) != NULL; i++) {
		if (m->name == NULL)
			continue;
		a = m->type == MEMBER_ADDR ? add_addr(a, m) : add_number(a, m);
	}
	if (a == NULL)
		return (-1);
	memcpy(a, times, sizeof(times));
	return (0);
}

PyTypeObject *flow_type;
static PyObject *epoch; /* datetime */

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

/* Makes the address bits agree with the families of the addresses. */
static void
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

int
number_from(PyObject *value, const char *name, int bits, uint64_t *number)
{
	PyObject *index;

	if ((index = PyNumber_Index(value)) == NULL) {
		PyErr_Format(PyExc_TypeError, "%s has to be an int, not %s",
		    name, Py_TYPE(value)->tp_name);
		return (-1);
	}
	*number = PyLong_AsUnsignedLongLong(index);
	Py_DECREF(index);
	if (PyErr_Occurred() == NULL && (bits == 64 || *number >> bits == 0))
		return (0);
	PyErr_Format(PyExc_OverflowError, "%s has to be from 0 to 2**%d - 1",
	    name, bits);
	return (-1);
}

int
mask_from(PyObject *value, const char *name, uint32_t *mask)
{
	uint64_t number;

	if (value == NULL || value == Py_None)
		return (0);
	if (number_from(value, name, 32, &number) == -1)
		return (-1);
	*mask = (uint32_t)number;
	return (0);
}

static int
set_number(PyObject *self, PyObject *value, void *closure)
{
	const struct attribute *a = closure;
	uint64_t number;

	if (value == NULL)
		return (cannot_delete(a));
	if (number_from(value, a->name, 8 * a->size, &number) == -1)
		return (-1);
	number_set(value_of(self, a), a->size, number);
	/* Whether a record has a checksum is decided when it is written. */
	if (!a->is_crc)
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
	if (number_from(value, a->name, 8 * a->size, &number) == -1)
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

/* Rounds down, also before the epoch. */
static int64_t
floor_divide(int64_t n, int64_t by)
{
	return (n / by - (n % by < 0));
}

int64_t
flow_time_us(const struct flow *flow, enum store_time which)
{
	const int64_t ns = store_flow_time(flow, which);

	return (ns == STORE_TIME_ABSENT ? ns : floor_divide(ns, NSEC_PER_USEC));
}

static PyObject *
get_time(PyObject *self, void *closure)
{
	const struct attribute *a = closure;
	const int64_t us = flow_time_us(&((struct flow_object *)self)->flow,
	    (enum store_time)a->offset);
	const int64_t sec = floor_divide(us, USEC_PER_SEC);
	const int64_t day = floor_divide(sec, SEC_PER_DAY);
	PyObject *since_epoch, *time;

	if (us == STORE_TIME_ABSENT)
		return (none());
	since_epoch = PyDelta_FromDSU((int)day, (int)(sec - day * SEC_PER_DAY),
	    (int)(us - sec * USEC_PER_SEC));
	if (since_epoch == NULL)
		return (NULL);
	time = PyNumber_Add(epoch, since_epoch);
	Py_DECREF(since_epoch);
	return (time);
}

static PyObject *
get_time_ns(PyObject *self, void *closure)
{
	const struct attribute *a = closure;
	const int64_t ns = store_flow_time(&((struct flow_object *)self)->flow,
	    (enum store_time)a->offset);

	return (ns == STORE_TIME_ABSENT ? none() : PyLong_FromLongLong(ns));
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

/* Returns a record as bytes, or NULL with an exception. */
static PyObject *
record_of(const struct flow *flow, uint32_t mask)
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
	return (record_of(&flow, mask));
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

/*
 * Two flows are equal if they have the same fields with the same values.  The
 * checksum is a property of the record.
 */
static PyObject *
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
	a = own_flow(self);
	b = own_flow(other);
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
static PyObject *
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
	if ((record = record_of(&whole, whole.fields)) != NULL)
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

static PyObject *
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

/* clang-format off */
#define TIME_NS(name, which) \
	{ name, get_time_ns, NULL, "the same in nanoseconds since the epoch", \
	  (void *)(uintptr_t)&times[which] }

/* The attributes that arrays do not have. */
static const PyGetSetDef others[] = {
	{ "data", get_data, set_data, "for any object of yours", NULL },
	TIME_NS("recv_time_ns", STORE_TIME_RECV),
	TIME_NS("export_time_ns", STORE_TIME_EXPORT),
	TIME_NS("start_ns", STORE_TIME_START),
	TIME_NS("end_ns", STORE_TIME_END),
};
/* clang-format on */

#define NOTHERS (sizeof(others) / sizeof(others[0]))

/* Returns an entry for each attribute.  NULL without memory. */
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
		[ATTRIBUTE_TIME] = { get_time, NULL },
	};
	const struct attribute *a;
	PyGetSetDef *getset, *to;
	size_t n = 0;

	while (attributes[n].name != NULL)
		n++;
	if ((getset = PyMem_Calloc(NOTHERS + n + 1, sizeof(*getset))) == NULL)
		return (NULL);
	memcpy(getset, others, sizeof(others));
	for (a = attributes, to = getset + NOTHERS; a->name != NULL;
	     a++, to++) {
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

/* Returns 1970-01-01 in UTC as a datetime, or NULL with an exception. */
static PyObject *
make_epoch(void)
{
	PyDateTime_IMPORT;
	if (PyDateTimeAPI == NULL)
		return (NULL);
	return (PyDateTimeAPI->DateTime_FromDateAndTime(1970, 1, 1, 0, 0, 0, 0,
	    PyDateTime_TimeZone_UTC, PyDateTimeAPI->DateTimeType));
}

int
flow_type_init(PyObject *module)
{
	if ((epoch = make_epoch()) == NULL)
		return (-1);
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
