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
 * The attributes of flowd.Flow: their table, and how each is read and set.
 */

#include "flowd-python.h"

#include <sys/socket.h>

#include <datetime.h>

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

static PyObject *epoch; /* datetime */

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

PyObject *
datetime_from(int64_t us)
{
	const int64_t sec = floor_divide(us, USEC_PER_SEC);
	const int64_t day = floor_divide(sec, SEC_PER_DAY);
	PyObject *since_epoch, *time;

	since_epoch = PyDelta_FromDSU((int)day, (int)(sec - day * SEC_PER_DAY),
	    (int)(us - sec * USEC_PER_SEC));
	if (since_epoch == NULL)
		return (NULL);
	time = PyNumber_Add(epoch, since_epoch);
	Py_DECREF(since_epoch);
	return (time);
}

static PyObject *
get_time(PyObject *self, void *closure)
{
	const struct attribute *a = closure;
	const int64_t us = flow_time_us(&((struct flow_object *)self)->flow,
	    (enum store_time)a->offset);

	return (us == STORE_TIME_ABSENT ? none() : datetime_from(us));
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

PyGetSetDef *
attributes_getset(void)
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
attributes_init(void)
{
	if ((epoch = make_epoch()) == NULL)
		return (-1);
	if (make_attributes() == 0)
		return (0);
	PyErr_NoMemory();
	return (-1);
}
