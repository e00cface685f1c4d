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

#define NUMBER(name, member, field, doc)                                       \
	{                                                                      \
		name, ATTRIBUTE_NUMBER, sizeof(((struct flow *)NULL)->member), \
		    offsetof(struct flow, member), field, doc                  \
	}
#define ADDR(name, member, field, doc)                                   \
	{                                                                \
		name, ATTRIBUTE_ADDR, 16, offsetof(struct flow, member), \
		    field, doc                                           \
	}
#define FAMILY(name, member, field)                                       \
	{                                                                 \
		name, ATTRIBUTE_FAMILY, 2, offsetof(struct flow, member), \
		    field,                                                \
		    "AF_INET, AF_INET6, or 0 where the address is absent" \
	}

const struct attribute attributes[] = {
	NUMBER("flow_ver", version, 0, "version of the record, as read"),
	NUMBER("fields", fields, 0, "FIELD_* bits of what is present"),
	NUMBER("tag", tag, STORE_FIELD_TAG, "set by a filter rule"),
	NUMBER("recv_sec", recv_sec, STORE_FIELD_RECV_TIME,
	    "time of receipt, seconds of the epoch"),
	NUMBER("recv_usec", recv_usec, STORE_FIELD_RECV_TIME,
	    "its microseconds"),
	NUMBER("tcp_flags", tcp_flags, STORE_FIELD_PROTO_FLAGS_TOS,
	    "all TCP flags seen"),
	NUMBER("protocol", protocol, STORE_FIELD_PROTO_FLAGS_TOS,
	    "IP protocol"),
	NUMBER("tos", tos, STORE_FIELD_PROTO_FLAGS_TOS, "type of service"),
	ADDR("agent_addr", agent, STORE_FIELD_AGENT_ADDR,
	    "address of the exporter"),
	FAMILY("agent_addr_af", agent, STORE_FIELD_AGENT_ADDR),
	ADDR("src_addr", src, STORE_FIELD_SRC_ADDR, "source address"),
	FAMILY("src_addr_af", src, STORE_FIELD_SRC_ADDR),
	ADDR("dst_addr", dst, STORE_FIELD_DST_ADDR, "destination address"),
	FAMILY("dst_addr_af", dst, STORE_FIELD_DST_ADDR),
	ADDR("gateway_addr", gateway, STORE_FIELD_GATEWAY_ADDR,
	    "address of the next hop"),
	FAMILY("gateway_addr_af", gateway, STORE_FIELD_GATEWAY_ADDR),
	NUMBER("src_port", src_port, STORE_FIELD_SRCDST_PORT, "source port"),
	NUMBER("dst_port", dst_port, STORE_FIELD_SRCDST_PORT,
	    "destination port"),
	NUMBER("packets", packets, STORE_FIELD_PACKETS, "packets"),
	NUMBER("octets", octets, STORE_FIELD_OCTETS, "octets"),
	NUMBER("if_ndx_in", if_index_in, STORE_FIELD_IF_INDICES,
	    "SNMP index of the input interface"),
	NUMBER("if_ndx_out", if_index_out, STORE_FIELD_IF_INDICES,
	    "SNMP index of the output interface"),
	NUMBER("sys_uptime_ms", sys_uptime_ms, STORE_FIELD_AGENT_INFO,
	    "milliseconds that the exporter was up, at export"),
	NUMBER("agent_sec", time_sec, STORE_FIELD_AGENT_INFO,
	    "time of export, seconds of the epoch"),
	NUMBER("agent_nsec", time_nanosec, STORE_FIELD_AGENT_INFO,
	    "its nanoseconds"),
	NUMBER("agent_usec", time_nanosec, STORE_FIELD_AGENT_INFO,
	    "agent_nsec by its old name: nanoseconds nevertheless"),
	NUMBER("netflow_ver", netflow_version, STORE_FIELD_AGENT_INFO,
	    "version of the export protocol"),
	NUMBER("flow_start", flow_start, STORE_FIELD_FLOW_TIMES,
	    "first packet, milliseconds of the exporter's uptime"),
	NUMBER("flow_finish", flow_finish, STORE_FIELD_FLOW_TIMES,
	    "last packet, milliseconds of the exporter's uptime"),
	NUMBER("src_as", src_as, STORE_FIELD_AS_INFO, "source AS"),
	NUMBER("dst_as", dst_as, STORE_FIELD_AS_INFO, "destination AS"),
	NUMBER("src_mask", src_mask, STORE_FIELD_AS_INFO,
	    "bits of the source prefix"),
	NUMBER("dst_mask", dst_mask, STORE_FIELD_AS_INFO,
	    "bits of the destination prefix"),
	NUMBER("engine_type", engine_type, STORE_FIELD_FLOW_ENGINE_INFO,
	    "type of the switching engine"),
	NUMBER("engine_id", engine_id, STORE_FIELD_FLOW_ENGINE_INFO,
	    "number of the switching engine"),
	NUMBER("flow_sequence", flow_sequence, STORE_FIELD_FLOW_ENGINE_INFO,
	    "sequence number of the datagram"),
	NUMBER("source_id", source_id, STORE_FIELD_FLOW_ENGINE_INFO,
	    "source ID or observation domain"),
	NUMBER("crc32", crc, 0, "checksum of the record, as read"),
	{ NULL, ATTRIBUTE_NUMBER, 0, 0, 0, NULL },
};

#define NATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]) - 1)

PyTypeObject *flow_type;

PyObject *
flow_object_new(const struct flow *flow)
{
	PyObject *object = flow_type->tp_alloc(flow_type, 0);

	if (object != NULL)
		((struct flow_object *)object)->flow = *flow;
	return (object);
}

/* The bit of pair that agrees with the family, if fields has either. */
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
	uint32_t fields;

	if (!PyObject_TypeCheck(object, flow_type)) {
		PyErr_Format(PyExc_TypeError, "a Flow is needed, not %s",
		    Py_TYPE(object)->tp_name);
		return (-1);
	}
	*flow = ((struct flow_object *)object)->flow;
	fields = flow->fields;
	fields = agreeing(fields, STORE_FIELD_AGENT_ADDR, &flow->agent);
	fields = agreeing(fields, STORE_FIELD_SRC_ADDR, &flow->src);
	fields = agreeing(fields, STORE_FIELD_DST_ADDR, &flow->dst);
	fields = agreeing(fields, STORE_FIELD_GATEWAY_ADDR, &flow->gateway);
	flow->fields = fields;
	return (0);
}

static void *
member(PyObject *self, const struct attribute *a)
{
	return ((char *)&((struct flow_object *)self)->flow + a->offset);
}

static PyObject *
get_number(PyObject *self, void *closure)
{
	const struct attribute *a = closure;
	const void *p = member(self, a);

	switch (a->size) {
	case 1:
		return (PyLong_FromUnsignedLong(*(const uint8_t *)p));
	case 2:
		return (PyLong_FromUnsignedLong(*(const uint16_t *)p));
	case 4:
		return (PyLong_FromUnsignedLong(*(const uint32_t *)p));
	default:
		return (PyLong_FromUnsignedLongLong(*(const uint64_t *)p));
	}
}

static int
cannot_delete(const struct attribute *a)
{
	PyErr_Format(PyExc_TypeError,
	    "%s cannot be deleted; fields says what is present", a->name);
	return (-1);
}

/* An int of size bytes; -1 with an exception. */
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
	void *p = member(self, a);
	uint64_t number;

	if (value == NULL)
		return (cannot_delete(a));
	if (number_from(value, a, &number) == -1)
		return (-1);
	switch (a->size) {
	case 1:
		*(uint8_t *)p = (uint8_t)number;
		break;
	case 2:
		*(uint16_t *)p = (uint16_t)number;
		break;
	case 4:
		*(uint32_t *)p = (uint32_t)number;
		break;
	default:
		*(uint64_t *)p = number;
	}
	((struct flow_object *)self)->flow.fields |= a->field;
	return (0);
}

static PyObject *
get_addr(PyObject *self, void *closure)
{
	const struct addr *addr = member(self, closure);
	char text[ADDR_STRLEN];

	if (addr->family == ADDR_NONE)
		return (none());
	return (PyUnicode_FromString(addr_ntop(addr, text)));
}

static void
put_addr(PyObject *self, const struct attribute *a, const struct addr *addr)
{
	struct flow *flow = &((struct flow_object *)self)->flow;

	*(struct addr *)member(self, a) = *addr;
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

/* Of text, of 4 or 16 bytes, or of an object of the module ipaddress. */
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
	const struct addr *addr = member(self, closure);

	return (PyLong_FromLong(system_family(addr->family)));
}

/* The address stays if it has this family, and else is all zero. */
static int
set_family(PyObject *self, PyObject *value, void *closure)
{
	const struct attribute *a = closure;
	const struct addr *old = member(self, a);
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

/* For any object, to carry along what a program knows of a flow. */
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

/* As flow_object_get; self is a Flow. */
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

	/* Without the space at its end. */
	len = format_flow(&flow, STORE_DISPLAY_ALL, true, line);
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
	    "The flow as a record, bytes; FIELD_CRC32 gives it a checksum." },
	{ "has_field", flow_has_field, METH_O,
	    "has_field(mask)\n--\n\nWhether any field of mask is present." },
	{ NULL, NULL, 0, NULL },
};

static PyGetSetDef getset[NATTRIBUTES + 2] = {
	{ "data", get_data, set_data, "for any object of yours", NULL },
};

static void
fill_getset(void)
{
	static const struct {
		getter get;
		setter set;
	} by_kind[] = {
		[ATTRIBUTE_NUMBER] = { get_number, set_number },
		[ATTRIBUTE_ADDR] = { get_addr, set_addr },
		[ATTRIBUTE_FAMILY] = { get_family, set_family },
	};
	PyGetSetDef *to = getset + 1;
	const struct attribute *a;

	for (a = attributes; a->name != NULL; a++, to++) {
		to->name = a->name;
		to->get = by_kind[a->kind].get;
		to->set = by_kind[a->kind].set;
		to->doc = a->doc;
		to->closure = (void *)(uintptr_t)a;
	}
}

static char doc[] =
    "Flow(blob=None)\n--\n\n"
    "One flow: an empty one, or that of a record, bytes.";

static PyType_Slot slots[] = {
	{ Py_tp_doc, doc },
	{ Py_tp_new, flow_new },
	{ Py_tp_dealloc, flow_dealloc },
	{ Py_tp_traverse, flow_traverse },
	{ Py_tp_clear, flow_clear },
	{ Py_tp_repr, flow_repr },
	{ Py_tp_methods, methods },
	{ Py_tp_getset, getset },
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
	fill_getset();
	flow_type = (PyTypeObject *)PyType_FromSpec(&spec);
	if (flow_type == NULL)
		return (-1);
	Py_INCREF(flow_type);
	return (PyModule_AddObject(module, "Flow", (PyObject *)flow_type));
}
