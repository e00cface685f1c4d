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
 * flowd._flowd: the part of the Python module in C.
 */

#include "flowd-python.h"

#include <autoconf.h>
#include <time.h>
#include <zlib.h>

#include "codec/codec.h"
#include "config/period.h"
#include "format.h"
#include "lib/fields.h"

PyObject *log_error;

PyObject *
raise_log_error(PyObject *name, uint64_t offset, int error)
{
	PyObject *exception, *value;

	if (error == FLOWD_ENOMEM)
		return (PyErr_NoMemory());
	exception = name == NULL ?
	    PyObject_CallFunction(log_error, "s", flowd_strerror(error)) :
	    PyObject_CallFunction(log_error, "N",
		PyUnicode_FromFormat("%S: offset %llu: %s", name,
		    (unsigned long long)offset, flowd_strerror(error)));
	if (exception == NULL)
		return (NULL);
	value = PyLong_FromUnsignedLongLong(offset);
	if (value != NULL &&
	    PyObject_SetAttrString(exception, "filename",
		name == NULL ? Py_None : name) == 0 &&
	    PyObject_SetAttrString(exception, "offset", value) == 0)
		PyErr_SetObject(log_error, exception);
	Py_XDECREF(value);
	Py_DECREF(exception);
	return (NULL);
}

/* Converts any number to an integer of 32 bits.  -1 with an exception. */
static int
get_u32(PyObject *object, uint32_t *number)
{
	PyObject *whole;
	unsigned long value;

	if (!PyNumber_Check(object)) {
		PyErr_Format(PyExc_TypeError, "a number is needed, not %s",
		    Py_TYPE(object)->tp_name);
		return (-1);
	}
	if ((whole = PyNumber_Long(object)) == NULL)
		return (-1);
	value = PyLong_AsUnsignedLong(whole);
	Py_DECREF(whole);
	if (PyErr_Occurred() == NULL && value <= UINT32_MAX) {
		*number = (uint32_t)value;
		return (0);
	}
	PyErr_Format(PyExc_OverflowError, "%R is not from 0 to 2**32 - 1",
	    object);
	return (-1);
}

static PyObject *
iso_time(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static const char *const keywords[] = { "t", "utc_flag", NULL };
	PyObject *object;
	char buf[32];
	int utc = 0;
	uint32_t t;

	(void)self;
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|p:iso_time",
		KEYWORDS(keywords), &object, &utc) ||
	    get_u32(object, &t) == -1)
		return (NULL);
	return (PyUnicode_FromString(format_iso_time(t, utc != 0, buf)));
}

static PyObject *
interval_time(PyObject *self, PyObject *object)
{
	char buf[32];
	uint32_t t;

	(void)self;
	if (get_u32(object, &t) == -1)
		return (NULL);
	return (PyUnicode_FromString(format_interval(t, buf)));
}

static PyObject *
interval_time_ms(PyObject *self, PyObject *object)
{
	char buf[32];
	uint32_t t;

	(void)self;
	if (get_u32(object, &t) == -1)
		return (NULL);
	return (PyUnicode_FromString(format_interval_ms(t, buf)));
}

/* Returns a datetime, or None for an end that is open. */
static PyObject *
end_of_period(int64_t seconds)
{
	if (seconds == INT64_MIN || seconds == INT64_MAX)
		return (none());
	return (datetime_from(seconds * 1000000));
}

static PyObject *
parse_period(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static const char *const keywords[] = { "text", "utc", NULL };
	struct period p;
	const char *text, *error;
	int utc = 0;

	(void)self;
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "s|p:period",
		KEYWORDS(keywords), &text, &utc))
		return (NULL);
	error = period_parse(text, time(NULL), utc != 0, &p);
	if (error == NULL)
		return (Py_BuildValue("(NN)", end_of_period(p.from),
		    end_of_period(p.to)));
	PyErr_Format(PyExc_ValueError, "period \"%s\": %s", text, error);
	return (NULL);
}

static PyObject *
csv_header(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
	return (PyUnicode_FromString(format_csv_header()));
}

/* The name in numpy of the type of an attribute's array. */
static const char *
numpy_type(const struct attribute *a)
{
	static const char
	    *const types[] = { [1] = "u1", [2] = "u2", [4] = "u4", [8] = "u8" };

	if (a->kind == ATTRIBUTE_ADDR)
		return ("u1");
	return (a->kind == ATTRIBUTE_TIME ? "M8[us]" : types[a->size]);
}

/* Returns type, width and STORE_FIELD_* of each attribute's array. */
static PyObject *
columns(void)
{
	const struct attribute *a;
	PyObject *dict, *value;
	int result;

	if ((dict = PyDict_New()) == NULL)
		return (NULL);
	for (a = attributes; a->name != NULL; a++) {
		value = Py_BuildValue("(siI)", numpy_type(a),
		    a->kind == ATTRIBUTE_ADDR ? a->size : 1, a->field);
		result = value == NULL ?
		    -1 :
		    PyDict_SetItemString(dict, a->name, value);
		Py_XDECREF(value);
		if (result == -1) {
			Py_DECREF(dict);
			return (NULL);
		}
	}
	return (dict);
}

static int
set_number(PyObject *dict, const char *name, uint32_t number)
{
	PyObject *value = PyLong_FromUnsignedLong(number);
	const int result =
	    value == NULL ? -1 : PyDict_SetItemString(dict, name, value);

	Py_XDECREF(value);
	return (result);
}

static int
set_fields(PyObject *dict)
{
	const struct field_name *n;
	char name[64];
	size_t i;

	for (i = 0; (n = field_name(i)) != NULL; i++) {
		(void)snprintf(name, sizeof(name), "FIELD_%s", n->name);
		if (set_number(dict, name, n->mask) == -1)
			return (-1);
	}
	return (0);
}

/* Returns the module's numbers by their names: FIELD_*, DISPLAY_*, STORE_*. */
static PyObject *
constants(void)
{
	PyObject *dict;

	if ((dict = PyDict_New()) == NULL)
		return (NULL);
	if (set_fields(dict) == -1 ||
	    set_number(dict, "FIELD_RESERVED", STORE_FIELD_RESERVED) == -1 ||
	    set_number(dict, "DISPLAY_ALL", STORE_DISPLAY_ALL) == -1 ||
	    set_number(dict, "DISPLAY_BRIEF", STORE_DISPLAY_BRIEF) == -1 ||
	    set_number(dict, "STORE_VER_MAJOR", STORE_VER_MAJOR) == -1 ||
	    set_number(dict, "STORE_VER_MINOR", STORE_VER_MINOR) == -1 ||
	    set_number(dict, "STORE_VERSION", STORE_VERSION) == -1) {
		Py_DECREF(dict);
		return (NULL);
	}
	return (dict);
}

static int
add_versions(PyObject *module)
{
	if (PyModule_AddStringConstant(module, "zlib_version", zlibVersion()) ==
		-1 ||
	    PyModule_AddStringConstant(module, "zlib_build_version",
		ZLIB_VERSION) == -1)
		return (-1);
	return (
	    PyModule_AddStringConstant(module, "__version__", PACKAGE_VERSION));
}

/* Adds an object, which it owns and which may be NULL. */
static int
add_object(PyObject *module, const char *name, PyObject *object)
{
	if (object != NULL && PyModule_AddObject(module, name, object) == 0)
		return (0);
	Py_XDECREF(object);
	return (-1);
}

static int
add_error(PyObject *module)
{
	log_error = PyErr_NewExceptionWithDoc("flowd.LogError",
	    "A damaged log or record, or data that are neither.  filename is the\n"
	    "name of the log, and offset the place in bytes, uncompressed.",
	    PyExc_ValueError, NULL);
	if (log_error == NULL)
		return (-1);
	Py_INCREF(log_error);
	return (PyModule_AddObject(module, "LogError", log_error));
}

static PyMethodDef methods[] = {
	{ "iso_time", (PyCFunction)(void (*)(void))iso_time,
	    METH_VARARGS | METH_KEYWORDS,
	    "iso_time(t, utc_flag=0)\n--\n\n"
	    "Seconds since the epoch as YYYY-MM-DDTHH:MM:SS, UTC or local." },
	{ "interval_time", interval_time, METH_O,
	    "interval_time(t, /)\n--\n\nSeconds as in 1w2d3h4m5s." },
	{ "interval_time_ms", interval_time_ms, METH_O,
	    "interval_time_ms(t, /)\n--\n\nMilliseconds as in 3m4s.005." },
	{ "period", (PyCFunction)(void (*)(void))parse_period,
	    METH_VARARGS | METH_KEYWORDS,
	    "period(text, utc=0)\n--\n\n"
	    "A period as flowd-reader -t accepts it, such as \"yesterday\",\n"
	    "\"last-15m\" or \"20261130T0200-0215\", in UTC or local time.\n"
	    "Returns its begin and end, each a datetime in UTC, or None if it\n"
	    "is open." },
	{ "csv_header", csv_header, METH_NOARGS,
	    "csv_header()\n--\n\nThe line before those of Flow.format_csv." },
	{ NULL, NULL, 0, NULL },
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "flowd._flowd",
	.m_doc = "The part of the module flowd in C.",
	.m_size = -1,
	.m_methods = methods,
};

/* The headers of Python 3.8 do not make it visible. */
__attribute__((visibility("default"))) PyMODINIT_FUNC PyInit__flowd(void);

PyMODINIT_FUNC
PyInit__flowd(void)
{
	PyObject *module = PyModule_Create(&definition);

	if (module == NULL)
		return (NULL);
	codec_register();
	if (add_error(module) == -1 || flow_type_init(module) == -1 ||
	    log_type_init(module) == -1 || filter_type_init(module) == -1 ||
	    add_versions(module) == -1 ||
	    add_object(module, "constants", constants()) == -1 ||
	    add_object(module, "columns", columns()) == -1) {
		Py_DECREF(module);
		return (NULL);
	}
	return (module);
}
