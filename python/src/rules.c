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
 * flowd.Filter: rules in the language of flowd.conf(5), compiled.
 */

#include "flowd-python.h"

#include "rules/compile.h"

/*
 * The lock is held while flows are filtered, since that changes counters.  Its
 * holder never waits for the interpreter's lock.
 */
struct filter_object {
	PyObject ob_base;
	struct filter *filter;
	uint32_t store_mask; /* of its store statements */
	PyObject *arguments; /* tuple: rules, name, files */
	PyThread_type_lock lock;
};

PyTypeObject *filter_type;

void
filter_object_flows(PyObject *object, struct flow *flows, size_t n,
    enum filter_verdict *verdicts)
{
	struct filter_object *f = (struct filter_object *)object;

	PyThread_acquire_lock(f->lock, WAIT_LOCK);
	filter_flows(f->filter, flows, n, verdicts);
	PyThread_release_lock(f->lock);
}

static int
compile(struct filter_object *f, const char *rules, size_t len,
    const char *name, bool files)
{
	const enum config_use use = files ? CONFIG_READER : CONFIG_TEXT;
	char error[FLOWD_RULES_ERROR_MAX];
	struct compiled compiled;
	int result;

	result = compile_text(rules, len, name, use, &compiled, error);
	if (result == FLOWD_EINVAL)
		PyErr_SetString(PyExc_ValueError, error);
	else if (result != 0)
		PyErr_SetFromErrno(PyExc_OSError);
	if (result != 0)
		return (-1);
	f->filter = compiled.filter;
	f->store_mask = compiled.store_mask;
	return (0);
}

static PyObject *
filter_object_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	static const char *const keywords[] = { "rules", "name", "files",
		NULL };
	const char *rules, *name = "filter";
	struct filter_object *f;
	Py_ssize_t len;
	int files = 0;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "s#|sp:Filter",
		KEYWORDS(keywords), &rules, &len, &name, &files) ||
	    (f = (struct filter_object *)type->tp_alloc(type, 0)) == NULL)
		return (NULL);
	if ((f->lock = PyThread_allocate_lock()) == NULL)
		PyErr_NoMemory();
	else if ((f->arguments = Py_BuildValue("(s#sN)", rules, len, name,
		      PyBool_FromLong(files))) != NULL &&
	    compile(f, rules, (size_t)len, name, files != 0) == 0)
		return ((PyObject *)f);
	Py_DECREF(f);
	return (NULL);
}

static void
filter_object_dealloc(PyObject *self)
{
	struct filter_object *f = (struct filter_object *)self;
	PyTypeObject *type = Py_TYPE(self);

	filter_free(f->filter);
	if (f->lock != NULL)
		PyThread_free_lock(f->lock);
	Py_XDECREF(f->arguments);
	type->tp_free(self);
	Py_DECREF(type);
}

static PyObject *
filter_object_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static const char *const keywords[] = { "flow", NULL };
	enum filter_verdict verdict;
	struct flow flow;
	PyObject *object;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O", KEYWORDS(keywords),
		&object))
		return (NULL);
	if (flow_object_get(object, &flow) == -1)
		return (NULL);
	filter_object_flows(self, &flow, 1, &verdict);
	((struct flow_object *)object)->flow = flow;
	return (PyBool_FromLong(verdict == FILTER_ACCEPT));
}

/* For copy and pickle: the rules are compiled again. */
static PyObject *
filter_object_reduce(PyObject *self, PyObject *unused)
{
	(void)unused;
	return (Py_BuildValue("(OO)", Py_TYPE(self),
	    ((struct filter_object *)self)->arguments));
}

static PyObject *
filter_object_compare(PyObject *self, PyObject *other, int op)
{
	if (Py_TYPE(other) != filter_type || (op != Py_EQ && op != Py_NE)) {
		Py_INCREF(Py_NotImplemented);
		return (Py_NotImplemented);
	}
	return (PyObject_RichCompare(((struct filter_object *)self)->arguments,
	    ((struct filter_object *)other)->arguments, op));
}

static Py_hash_t
filter_object_hash(PyObject *self)
{
	return (PyObject_Hash(((struct filter_object *)self)->arguments));
}

static PyObject *
get_store_mask(PyObject *self, void *closure)
{
	(void)closure;
	return (PyLong_FromUnsignedLong(
	    ((struct filter_object *)self)->store_mask));
}

static PyMethodDef methods[] = {
	{ "__reduce__", filter_object_reduce, METH_NOARGS,
	    "__reduce__($self, /)\n--\n\nFor copy and pickle." },
	{ NULL, NULL, 0, NULL },
};

static PyGetSetDef getset[] = {
	{ "store_mask", get_store_mask, NULL,
	    "FIELD_* bits that its store statements name", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static char doc[] =
    "Filter(rules, name='filter', files=False)\n--\n\n"
    "Rules in the language of flowd.conf(5), as text.  A call with a flow\n"
    "returns whether the rules accept it, and sets its tag to that of the\n"
    "rule.  name is the file name in messages about errors in the rules.\n\n"
    "Rules from strangers are safe: they open no files, since include and\n"
    "tables from files are errors.  With files=True these are allowed, and a\n"
    "relative path starts from the directory of name.\n\n"
    "Filters of the same arguments are equal.  A filter can be copied and\n"
    "pickled; both compile the rules again, and read the files again.";

static PyType_Slot slots[] = {
	{ Py_tp_doc, doc },
	{ Py_tp_new, filter_object_new },
	{ Py_tp_dealloc, filter_object_dealloc },
	{ Py_tp_call, filter_object_call },
	{ Py_tp_richcompare, filter_object_compare },
	{ Py_tp_hash, filter_object_hash },
	{ Py_tp_methods, methods },
	{ Py_tp_getset, getset },
	{ 0, NULL },
};

static PyType_Spec spec = {
	.name = "flowd.Filter",
	.basicsize = sizeof(struct filter_object),
	.flags = Py_TPFLAGS_DEFAULT,
	.slots = slots,
};

int
filter_type_init(PyObject *module)
{
	if ((filter_type = (PyTypeObject *)PyType_FromSpec(&spec)) == NULL)
		return (-1);
	Py_INCREF(filter_type);
	return (PyModule_AddObject(module, "Filter", (PyObject *)filter_type));
}
