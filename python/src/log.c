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
 * flowd.FlowLog: reads or writes a log, by its path or through a Python file.
 */

#include "flowd-python.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "codec/codec.h"
#include "lib/fields.h"
#include "lib/store-input.h"

struct log_object {
	PyObject ob_base;
	struct store_reader *reader;
	struct store_writer *writer; /* of a path */
	PyObject *file;              /* read from or written to */
	PyObject *read;              /* its method that reads ... */
	bool read_into;              /* ... into a buffer */
	int fd;                      /* of a pipe or terminal, or -1 */
	PyObject *name;              /* of the log, for messages */
	PyObject *on_damage;         /* callable, or None */
	PyObject *on_follow;         /* callable, or None */
	PyObject *damage;            /* list, if on_damage is None */
	PyThreadState *thread;       /* while the lock is released */
	uint32_t started;            /* of a log of version 2 */
	bool legacy, busy, torn;
	bool ended;  /* a followed log is closed */
	bool failed; /* an exception is set */
};

PyTypeObject *log_type, *damage_type;

/*
 * A reader may call its functions without the interpreter's lock.  They acquire
 * and release it with these two.
 */
static bool
enter_python(struct log_object *l)
{
	if (l->thread == NULL)
		return (false);
	PyEval_RestoreThread(l->thread);
	l->thread = NULL;
	return (true);
}

static void
leave_python(struct log_object *l, bool entered)
{
	if (entered)
		l->thread = PyEval_SaveThread();
}

/* Reports a failed read; the caller of store_read finds the exception. */
static ssize_t
failed_read(void)
{
	errno = EIO;
	return (-1);
}

/* Owns result, an int or NULL. */
static ssize_t
bytes_read(PyObject *result, size_t size)
{
	ssize_t n;

	if (result == NULL)
		return (failed_read());
	if (result == Py_None) { /* a file that does not block */
		Py_DECREF(result);
		errno = EAGAIN;
		return (-1);
	}
	n = PyLong_AsSsize_t(result);
	Py_DECREF(result);
	if (PyErr_Occurred() != NULL)
		return (failed_read());
	if (n >= 0 && (size_t)n <= size)
		return (n);
	PyErr_SetString(PyExc_ValueError, "the file read more than it was to");
	return (failed_read());
}

static ssize_t
read_into(struct log_object *l, void *buf, size_t size)
{
	PyObject *view, *result, *released, *type, *value, *traceback;

	if ((view = PyMemoryView_FromMemory(buf, (Py_ssize_t)size,
		 PyBUF_WRITE)) == NULL)
		return (failed_read());
	result = PyObject_CallFunctionObjArgs(l->read, view, NULL);
	/* A view that Python code kept must not refer to freed memory. */
	PyErr_Fetch(&type, &value, &traceback);
	released = PyObject_CallMethod(view, "release", NULL);
	Py_XDECREF(released);
	PyErr_Restore(type, value, traceback);
	Py_DECREF(view);
	return (bytes_read(result, size));
}

static ssize_t
read_bytes(struct log_object *l, void *buf, size_t size)
{
	PyObject *result =
	    PyObject_CallFunction(l->read, "n", (Py_ssize_t)size);
	Py_ssize_t n;

	if (result == NULL || result == Py_None)
		return (bytes_read(result, size));
	if (!PyBytes_Check(result)) {
		PyErr_Format(PyExc_TypeError,
		    "a file that is open as binary is needed: read gave %s",
		    Py_TYPE(result)->tp_name);
		Py_DECREF(result);
		return (failed_read());
	}
	n = PyBytes_GET_SIZE(result);
	if ((size_t)n <= size)
		memcpy(buf, PyBytes_AS_STRING(result), (size_t)n);
	Py_DECREF(result);
	return (bytes_read(PyLong_FromSsize_t(n), size));
}

static ssize_t
read_file(void *arg, void *buf, size_t size)
{
	struct log_object *l = arg;
	const bool entered = enter_python(l);
	ssize_t n;
	int saved_errno;

	/* A report of damage may have set an exception. */
	if (PyErr_Occurred() != NULL)
		n = failed_read();
	else
		n = l->read_into ? read_into(l, buf, size) :
				   read_bytes(l, buf, size);
	saved_errno = errno;
	leave_python(l, entered);
	errno = saved_errno;
	return (n);
}

/* Reads a pipe or terminal, which may block: handles signals meanwhile. */
static ssize_t
read_slow(void *arg, void *buf, size_t size)
{
	struct log_object *l = arg;
	ssize_t n;
	bool entered;

	while ((n = read(l->fd, buf, size)) == -1 && errno == EINTR) {
		entered = enter_python(l);
		if (PyErr_CheckSignals() == -1)
			n = 0;
		leave_python(l, entered);
		if (n == 0)
			return (failed_read());
	}
	return (n);
}

static PyObject *
new_damage(int error, uint64_t offset, uint64_t len)
{
	PyObject *damage, *items[3];
	int i;

	if ((damage = PyStructSequence_New(damage_type)) == NULL)
		return (NULL);
	items[0] = PyLong_FromUnsignedLongLong(offset);
	items[1] = PyLong_FromUnsignedLongLong(len);
	items[2] = PyUnicode_FromString(flowd_strerror(error));
	for (i = 0; i < 3; i++)
		PyStructSequence_SetItem(damage, i, items[i]);
	if (PyErr_Occurred() == NULL)
		return (damage);
	Py_DECREF(damage);
	return (NULL);
}

static void
report_damage(void *arg, int error, uint64_t offset, uint64_t len)
{
	struct log_object *l = arg;
	const bool entered = enter_python(l);
	PyObject *damage = NULL, *result;

	if (PyErr_Occurred() == NULL)
		damage = new_damage(error, offset, len);
	if (damage != NULL && l->on_damage != Py_None) {
		result =
		    PyObject_CallFunctionObjArgs(l->on_damage, damage, NULL);
		Py_XDECREF(result);
	} else if (damage != NULL)
		(void)PyList_Append(l->damage, damage);
	Py_XDECREF(damage);
	l->failed = PyErr_Occurred() != NULL;
	leave_python(l, entered);
}

/* The names of events; the numbers of enum store_follow_event. */
static const char *const follow_events[] = { NULL, "waiting", "begin", "cut",
	"torn", "closed" };

static void
report_follow(void *arg, enum store_follow_event event, const char *path)
{
	struct log_object *l = arg;
	const bool entered = enter_python(l);
	PyObject *text, *result;

	if (PyErr_Occurred() == NULL) {
		text = path == NULL ? none() : PyUnicode_DecodeFSDefault(path);
		result = text == NULL ? NULL :
					PyObject_CallFunction(l->on_follow,
					    "sO", follow_events[event], text);
		Py_XDECREF(text);
		Py_XDECREF(result);
	}
	l->failed = PyErr_Occurred() != NULL;
	leave_python(l, entered);
}

/* Sets OSError for the log, and returns NULL. */
static PyObject *
raise_errno(const struct log_object *l)
{
	return (PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, l->name));
}

/* The path of the file that a followed log is read from, or the name. */
static PyObject *
current_path(const struct log_object *l)
{
	const char *path =
	    l->reader == NULL ? NULL : store_reader_path(l->reader);

	if (path != NULL)
		return (PyUnicode_DecodeFSDefault(path));
	Py_INCREF(l->name);
	return (l->name);
}

/* Sets the exception for an error of libflowd, unless there is one. */
static PyObject *
raise_error(const struct log_object *l, int error)
{
	PyObject *name;

	if (PyErr_Occurred() != NULL)
		return (NULL);
	if (error == FLOWD_EIO)
		return (raise_errno(l));
	if (error == FLOWD_ENOMEM)
		return (PyErr_NoMemory());
	if (l->reader == NULL)
		return (raise_log_error(l->name, 0, error));
	if ((name = current_path(l)) != NULL)
		(void)raise_log_error(name, store_reader_offset(l->reader),
		    error);
	Py_XDECREF(name);
	return (NULL);
}

/* Returns -1 with RuntimeError while another call uses the log. */
static int
refuse_if_busy(const struct log_object *l)
{
	if (!l->busy)
		return (0);
	PyErr_Format(PyExc_RuntimeError, "%S is being used already", l->name);
	return (-1);
}

static int
open_fd(const struct log_object *l, PyObject *path, int flags)
{
	PyThreadState *thread;
	PyObject *bytes;
	int fd;

	if (!PyUnicode_FSConverter(path, &bytes))
		return (-1);
	do {
		thread = PyEval_SaveThread();
		fd = open(PyBytes_AS_STRING(bytes), flags | O_CLOEXEC, 0600);
		PyEval_RestoreThread(thread);
	} while (fd == -1 && errno == EINTR && PyErr_CheckSignals() == 0);
	Py_DECREF(bytes);
	if (fd == -1 && PyErr_Occurred() == NULL)
		(void)raise_errno(l);
	return (fd);
}

static int
open_path_to_read(struct log_object *l, PyObject *path)
{
	struct stat st;
	int error, fd;

	if ((fd = open_fd(l, path, O_RDONLY)) == -1)
		return (-1);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		error = store_reader_fdopen(fd, &l->reader);
	else {
		l->fd = fd;
		error = store_reader_funopen(read_slow, l, &l->reader);
	}
	if (error == 0)
		return (0);
	(void)raise_error(l, error);
	return (-1);
}

/* Returns -2 for a pipe or terminal, which has no name to follow. */
static int
open_path_to_follow(struct log_object *l, PyObject *path, bool only_new)
{
	const unsigned int flags = only_new ? STORE_FOLLOW_NEW : 0;
	PyObject *bytes;
	int error;

	if (!PyUnicode_FSConverter(path, &bytes))
		return (-1);
	error = store_reader_open_following(PyBytes_AS_STRING(bytes), flags,
	    l->on_follow == Py_None ? NULL : report_follow, l, &l->reader);
	Py_DECREF(bytes);
	if (error == 0)
		return (0);
	if (error == FLOWD_EINVAL)
		return (-2);
	(void)raise_error(l, error);
	return (-1);
}

static int
open_file_to_read(struct log_object *l)
{
	/* The first returns available bytes at once, as sockets need. */
	static const char *const names[] = { "readinto1", "readinto", "read" };
	size_t i;
	int error;

	for (i = 0; i < 3 && l->read == NULL; i++) {
		PyErr_Clear();
		l->read = PyObject_GetAttrString(l->file, names[i]);
		l->read_into = i < 2;
	}
	if (l->read == NULL)
		return (-1);
	error = store_reader_funopen(read_file, l, &l->reader);
	if (error == 0)
		return (0);
	(void)raise_error(l, error);
	return (-1);
}

static int
cannot_append(const struct log_object *l)
{
	PyErr_Format(PyExc_ValueError,
	    "%S: a compressed log cannot be appended to", l->name);
	return (-1);
}

/*
 * Refuses names of compressed files: records are written uncompressed, and
 * would be appended behind compressed ones.
 */
static int
refuse_compressed(const struct log_object *l, PyObject *path, char mode)
{
	PyObject *bytes;
	bool compressed;

	if (!PyUnicode_FSConverter(path, &bytes))
		return (-1);
	compressed = codec_is_name(PyBytes_AS_STRING(bytes));
	Py_DECREF(bytes);
	if (!compressed)
		return (0);
	if (mode == 'a')
		return (cannot_append(l));
	PyErr_Format(PyExc_ValueError,
	    "%S: logs are written uncompressed; pass a file, such as "
	    "gzip.open(path, \"wb\"), in place of the path, or compress the "
	    "complete log",
	    l->name);
	return (-1);
}

/* Cuts off a partial record that a crash left at the end. */
static int
prepare_to_append(const struct log_object *l, int fd)
{
	uint8_t start[INPUT_MAGIC];
	struct stat st;
	ssize_t len;
	uint64_t keep;
	int error;

	if (fstat(fd, &st) == -1) {
		(void)raise_errno(l);
		return (-1);
	}
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return (0);
	if ((len = pread(fd, start, sizeof(start), 0)) > 0 &&
	    input_is_compressed(start, (size_t)len))
		return (cannot_append(l));
	if ((error = store_check_tail(fd, &keep)) != 0) {
		(void)raise_error(l, error);
		return (-1);
	}
	if (keep != (uint64_t)st.st_size && ftruncate(fd, (off_t)keep) == -1) {
		(void)raise_errno(l);
		return (-1);
	}
	return (0);
}

static int
open_path_to_write(struct log_object *l, PyObject *path, char mode)
{
	const int flags = mode == 'a' ? O_RDWR | O_CREAT | O_APPEND :
					O_WRONLY | O_CREAT | O_TRUNC;
	int error, fd;

	if (refuse_compressed(l, path, mode) == -1 ||
	    (fd = open_fd(l, path, flags)) == -1)
		return (-1);
	if (mode == 'a' && prepare_to_append(l, fd) == -1) {
		close(fd);
		return (-1);
	}
	if ((error = store_writer_fdopen(fd, &l->writer)) == 0)
		return (0);
	(void)raise_error(l, error);
	return (-1);
}

/* Returns 'r', 'w' or 'a', or 0 with an exception. */
static char
parse_mode(const char *mode)
{
	if (strchr("rwa", mode[0]) != NULL && mode[0] != '\0' &&
	    (mode[1] == '\0' || strcmp(mode + 1, "b") == 0))
		return (mode[0]);
	PyErr_Format(PyExc_ValueError,
	    "the mode is one of \"rb\", \"wb\" and \"ab\", not \"%s\"", mode);
	return ('\0');
}

static bool
is_file(PyObject *object)
{
	return (PyObject_HasAttrString(object, "read") ||
	    PyObject_HasAttrString(object, "write"));
}

/*
 * Returns the name of the log in messages: its path, or the name of the file.
 */
static PyObject *
name_of(PyObject *path, bool file)
{
	PyObject *name;

	if (!file)
		return (PyOS_FSPath(path));
	if ((name = PyObject_GetAttrString(path, "name")) != NULL)
		return (name);
	PyErr_Clear();
	return (PyUnicode_FromString("flow log"));
}

/* Sets the options of a reader, before the first flow. */
static int
prepare_to_read(struct log_object *l, bool recover, bool legacy, bool follow)
{
	int error;

	if (recover &&
	    (error = store_reader_recover(l->reader, report_damage, l)) != 0) {
		(void)raise_error(l, error);
		return (-1);
	}
	if (follow)
		store_reader_follow(l->reader, true);
	l->legacy = legacy;
	if (!legacy)
		return (0);
	error = store_reader_legacy(l->reader, &l->started);
	if (error == 0 && PyErr_Occurred() == NULL)
		return (0);
	(void)raise_error(l, error);
	return (-1);
}

static int
open_log(struct log_object *l, PyObject *path, char mode, bool follow,
    bool only_new)
{
	const bool file = is_file(path);
	int result;

	if ((l->name = name_of(path, file)) == NULL)
		return (-1);
	if (file) {
		Py_INCREF(path);
		l->file = path;
		return (mode == 'r' ? open_file_to_read(l) : 0);
	}
	if (follow && (result = open_path_to_follow(l, path, only_new)) != -2)
		return (result);
	return (mode == 'r' ? open_path_to_read(l, path) :
			      open_path_to_write(l, path, mode));
}

static PyObject *
log_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	static const char *const keywords[] = { "path", "mode", "recover",
		"on_damage", "legacy", "follow", "new", "on_follow", NULL };
	PyObject *path, *on_damage = Py_None, *on_follow = Py_None;
	int recover = 0, legacy = 0, follow = 0, only_new = 0;
	const char *mode_text = "rb";
	struct log_object *l;
	char mode;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|s$pOpppO:FlowLog",
		KEYWORDS(keywords), &path, &mode_text, &recover, &on_damage,
		&legacy, &follow, &only_new, &on_follow) ||
	    (mode = parse_mode(mode_text)) == '\0')
		return (NULL);
	if ((mode != 'r' && (recover || legacy || follow)) ||
	    (legacy && (recover || follow)) || (follow && is_file(path))) {
		PyErr_SetString(PyExc_ValueError,
		    "recover, legacy and follow "
		    "are for reading; legacy goes with no other, and follow "
		    "with a path");
		return (NULL);
	}
	if ((only_new || on_follow != Py_None) && !follow) {
		PyErr_SetString(PyExc_ValueError,
		    "new and on_follow need follow");
		return (NULL);
	}
	if ((on_damage != Py_None && !PyCallable_Check(on_damage)) ||
	    (on_follow != Py_None && !PyCallable_Check(on_follow))) {
		PyErr_SetString(PyExc_TypeError,
		    "on_damage and on_follow have to be None or callable");
		return (NULL);
	}
	if ((l = (struct log_object *)type->tp_alloc(type, 0)) == NULL)
		return (NULL);
	l->fd = -1;
	Py_INCREF(on_damage);
	l->on_damage = on_damage;
	Py_INCREF(on_follow);
	l->on_follow = on_follow;
	if ((l->damage = PyList_New(0)) == NULL ||
	    open_log(l, path, mode, follow, only_new) == -1 ||
	    (mode == 'r' &&
		prepare_to_read(l, recover, legacy, follow) == -1)) {
		Py_DECREF(l);
		return (NULL);
	}
	return ((PyObject *)l);
}

static bool
is_closed(const struct log_object *l)
{
	return (l->reader == NULL && l->writer == NULL && l->file == NULL);
}

/* A Python file stays open: the code that opened it owns it. */
static int
close_log(struct log_object *l)
{
	struct store_writer *writer = l->writer;
	PyThreadState *thread;
	int error;

	store_reader_close(l->reader);
	l->reader = NULL;
	if (l->fd != -1)
		close(l->fd);
	l->fd = -1;
	Py_CLEAR(l->read);
	Py_CLEAR(l->file);
	l->writer = NULL;
	if (writer == NULL)
		return (0);
	thread = PyEval_SaveThread();
	error = store_writer_close(writer);
	PyEval_RestoreThread(thread);
	if (error == 0)
		return (0);
	(void)raise_error(l, error);
	return (-1);
}

static int
log_traverse(PyObject *self, visitproc visit, void *arg)
{
	struct log_object *l = (struct log_object *)self;

#if PY_VERSION_HEX >= 0x03090000
	Py_VISIT(Py_TYPE(self));
#endif
	Py_VISIT(l->file);
	Py_VISIT(l->read);
	Py_VISIT(l->name);
	Py_VISIT(l->on_damage);
	Py_VISIT(l->on_follow);
	Py_VISIT(l->damage);
	return (0);
}

static int
log_clear(PyObject *self)
{
	struct log_object *l = (struct log_object *)self;

	Py_CLEAR(l->file);
	Py_CLEAR(l->read);
	Py_CLEAR(l->on_damage);
	Py_CLEAR(l->on_follow);
	Py_CLEAR(l->damage);
	return (0);
}

/* Buffered records may be lost here; an exception is then reported. */
static void
log_finalize(PyObject *self)
{
	PyObject *type, *value, *traceback;

	PyErr_Fetch(&type, &value, &traceback);
	if (close_log((struct log_object *)self) == -1)
		PyErr_WriteUnraisable(self);
	PyErr_Restore(type, value, traceback);
}

static void
log_dealloc(PyObject *self)
{
	struct log_object *l = (struct log_object *)self;
	PyTypeObject *type = Py_TYPE(self);

	if (PyObject_CallFinalizerFromDealloc(self) == -1)
		return;
	PyObject_GC_UnTrack(self);
	(void)log_clear(self);
	Py_CLEAR(l->name);
	type->tp_free(self);
	Py_DECREF(type);
}

static int
want_open(const struct log_object *l, bool to_read)
{
	if (is_closed(l)) {
		PyErr_Format(PyExc_ValueError, "%S is closed", l->name);
		return (-1);
	}
	if (to_read == (l->reader != NULL))
		return (0);
	PyErr_Format(PyExc_ValueError, "%S is not open for %s", l->name,
	    to_read ? "reading" : "writing");
	return (-1);
}

/* The end of the log is not an error. */
static bool
is_end(struct log_object *l, int error)
{
	l->torn = error == FLOWD_ETORN;
	l->ended = error == FLOWD_ECLOSED;
	return (error == FLOWD_EEOF || error == FLOWD_ETORN || l->ended);
}

/* Returns the next flow, or NULL without an exception at the end. */
static PyObject *
next_flow(struct log_object *l)
{
	struct flow flow;
	int error;

	if (refuse_if_busy(l) == -1 || want_open(l, true) == -1)
		return (NULL);
	l->busy = true;
	if (store_reader_drained(l->reader)) {
		l->thread = PyEval_SaveThread();
		error = store_read(l->reader, &flow);
		PyEval_RestoreThread(l->thread);
		l->thread = NULL;
	} else
		error = store_read(l->reader, &flow);
	l->busy = false;
	if (PyErr_Occurred() != NULL)
		return (NULL);
	if (is_end(l, error))
		return (NULL);
	return (error == 0 ? flow_object_new(&flow) : raise_error(l, error));
}

static PyObject *
log_read_flow(PyObject *self, PyObject *unused)
{
	PyObject *flow = next_flow((struct log_object *)self);

	(void)unused;
	if (flow != NULL || PyErr_Occurred() != NULL)
		return (flow);
	return (none());
}

static int
read_for_columns(void *arg, struct flow *flow)
{
	struct log_object *l = arg;
	const int error = store_read(l->reader, flow);

	return (l->failed ? FLOWD_EIO : error);
}

static bool
has_rows(PyObject *columns)
{
	return (PyTuple_GET_SIZE(columns) > 0 &&
	    PyByteArray_GET_SIZE(PyTuple_GET_ITEM(columns, 0)) > 0);
}

/* Parses the arguments of _read_columns.  -1 with an exception. */
static int
parse_selection(PyObject *args, PyObject **names, struct selection *select)
{
	PyObject *count;
	long long since, until;
	int active;

	if (!PyArg_ParseTuple(args, "O!OOLLp:_read_columns", &PyTuple_Type,
		names, &select->filter, &count, &since, &until, &active))
		return (-1);
	select->period = (struct period_ns){ since, until };
	select->by = active ? PERIOD_ACTIVE : PERIOD_RECEIVED;
	select->count = UINT64_MAX;
	if (count != Py_None &&
	    number_from(count, "count", 64, &select->count) == -1)
		return (-1);
	if (select->filter == Py_None || PyCallable_Check(select->filter))
		return (0);
	PyErr_SetString(PyExc_TypeError,
	    "a filter is text, a Filter, or can be called");
	return (-1);
}

static PyObject *
log_read_columns(PyObject *self, PyObject *args)
{
	struct log_object *l = (struct log_object *)self;
	struct selection select;
	PyObject *names, *columns;
	int error;

	if (parse_selection(args, &names, &select) == -1 ||
	    refuse_if_busy(l) == -1 || want_open(l, true) == -1)
		return (NULL);
	l->busy = true;
	l->failed = false;
	columns = read_columns(names, &select, read_for_columns, l, &l->thread,
	    &error);
	l->busy = false;
	if (columns == NULL || error == 0 || is_end(l, error))
		return (columns);
	/* A later call that reads the next part reports the damage. */
	if (select.count != UINT64_MAX && has_rows(columns))
		return (columns);
	Py_DECREF(columns);
	return (raise_error(l, error));
}

/* Writes a complete record to a Python file. */
static int
write_file(struct log_object *l, const uint8_t *record, size_t len)
{
	PyObject *result;
	Py_ssize_t n;
	size_t done = 0;

	while (done < len) {
		result = PyObject_CallMethod(l->file, "write", "y#",
		    (const char *)record + done, (Py_ssize_t)(len - done));
		if (result == NULL)
			return (-1);
		n = result == Py_None ? -1 : PyLong_AsSsize_t(result);
		Py_DECREF(result);
		if (PyErr_Occurred() != NULL)
			return (-1);
		if (n <= 0 || (size_t)n > len - done) {
			PyErr_Format(PyExc_OSError, "%S takes no more bytes",
			    l->name);
			return (-1);
		}
		done += (size_t)n;
	}
	return (0);
}

static int
write_flow(struct log_object *l, const struct flow *flow, uint32_t mask)
{
	uint8_t record[STORE_RECORD_MAX];
	size_t len;
	int error;

	if (l->writer != NULL)
		error = store_write(l->writer, flow, mask);
	else if ((error = store_encode(flow, mask, record, sizeof(record),
		      &len)) == 0)
		return (write_file(l, record, len));
	if (error == 0)
		return (0);
	(void)raise_error(l, error);
	return (-1);
}

static PyObject *
log_write_flow(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static const char *const keywords[] = { "flow", "fieldmask", NULL };
	struct log_object *l = (struct log_object *)self;
	PyObject *object, *mask_object = NULL;
	uint32_t mask = FIELDS_KNOWN;
	struct flow flow;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:write_flow",
		KEYWORDS(keywords), &object, &mask_object) ||
	    mask_from(mask_object, "fieldmask", &mask) == -1 ||
	    flow_object_get(object, &flow) == -1 || refuse_if_busy(l) == -1 ||
	    want_open(l, false) == -1)
		return (NULL);
	l->busy = true;
	result = write_flow(l, &flow, mask);
	l->busy = false;
	if (result == -1)
		return (NULL);
	return (none());
}

static PyObject *
log_flush(PyObject *self, PyObject *unused)
{
	struct log_object *l = (struct log_object *)self;
	int error;

	(void)unused;
	if (refuse_if_busy(l) == -1 || want_open(l, false) == -1)
		return (NULL);
	if (l->writer == NULL)
		return (PyObject_CallMethod(l->file, "flush", NULL));
	if ((error = store_writer_flush(l->writer)) != 0)
		return (raise_error(l, error));
	return (none());
}

static PyObject *
log_close(PyObject *self, PyObject *unused)
{
	struct log_object *l = (struct log_object *)self;

	(void)unused;
	if (refuse_if_busy(l) == -1 || close_log(l) == -1)
		return (NULL);
	return (none());
}

static PyObject *
log_enter(PyObject *self, PyObject *unused)
{
	(void)unused;
	if (is_closed((struct log_object *)self)) {
		PyErr_SetString(PyExc_ValueError, "the log is closed");
		return (NULL);
	}
	Py_INCREF(self);
	return (self);
}

static PyObject *
log_exit(PyObject *self, PyObject *args)
{
	(void)args;
	return (log_close(self, NULL));
}

static PyObject *
get_object(PyObject *self, void *closure)
{
	PyObject *object = *(PyObject **)((char *)self + (size_t)closure);

	if (object == NULL)
		return (none());
	Py_INCREF(object);
	return (object);
}

static PyObject *
get_closed(PyObject *self, void *closure)
{
	(void)closure;
	return (PyBool_FromLong(is_closed((struct log_object *)self)));
}

static PyObject *
get_torn(PyObject *self, void *closure)
{
	(void)closure;
	return (PyBool_FromLong(((struct log_object *)self)->torn));
}

static PyObject *
get_ended(PyObject *self, void *closure)
{
	(void)closure;
	return (PyBool_FromLong(((struct log_object *)self)->ended));
}

static PyObject *
get_path(PyObject *self, void *closure)
{
	(void)closure;
	return (current_path((struct log_object *)self));
}

static PyObject *
get_offset(PyObject *self, void *closure)
{
	const struct log_object *l = (struct log_object *)self;

	(void)closure;
	if (want_open(l, true) == -1)
		return (NULL);
	return (PyLong_FromUnsignedLongLong(store_reader_offset(l->reader)));
}

static PyObject *
get_started(PyObject *self, void *closure)
{
	const struct log_object *l = (struct log_object *)self;

	(void)closure;
	if (!l->legacy)
		return (none());
	return (PyLong_FromUnsignedLong(l->started));
}

static PyMethodDef methods[] = {
	{ "read_flow", log_read_flow, METH_NOARGS,
	    "read_flow($self, /)\n--\n\nThe next flow, or None at the end." },
	{ "write_flow", (PyCFunction)(void (*)(void))log_write_flow,
	    METH_VARARGS | METH_KEYWORDS,
	    "write_flow($self, /, flow, fieldmask=None)\n--\n\n"
	    "Writes the fields of flow that are also in fieldmask; None is\n"
	    "FIELD_ALL.  With FIELD_CRC32 in fieldmask the record gets a\n"
	    "checksum." },
	{ "flush", log_flush, METH_NOARGS,
	    "flush($self, /)\n--\n\nWrites the buffered records to the file." },
	{ "close", log_close, METH_NOARGS,
	    "close($self, /)\n--\n\nWrites the buffered records, and closes the log.\n"
	    "A file object that was passed to FlowLog stays open." },
	{ "_read_columns", log_read_columns, METH_VARARGS, NULL },
	{ "__enter__", log_enter, METH_NOARGS, NULL },
	{ "__exit__", log_exit, METH_VARARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

static PyGetSetDef getset[] = {
	{ "name", get_object, NULL, "the path, or the name of the file object",
	    (void *)offsetof(struct log_object, name) },
	{ "file", get_object, NULL,
	    "the file object that was passed; None for a path, or if closed",
	    (void *)offsetof(struct log_object, file) },
	{ "damage", get_object, NULL,
	    "list of skipped damage, if recover=True and no on_damage",
	    (void *)offsetof(struct log_object, damage) },
	{ "closed", get_closed, NULL, "whether the log is closed", NULL },
	{ "ended", get_ended, NULL,
	    "whether a followed log is closed, so that no flow can come",
	    NULL },
	{ "path", get_path, NULL,
	    "the path of the current file of a followed log, or the name",
	    NULL },
	{ "torn", get_torn, NULL, "whether reading ended inside a record",
	    NULL },
	{ "offset", get_offset, NULL,
	    "bytes, uncompressed; of the last record that was read", NULL },
	{ "started", get_started, NULL,
	    "start of a log of version 2, in seconds since the epoch", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static char doc[] =
    "FlowLog(path, mode='rb', *, recover=False, on_damage=None,\n"
    "        legacy=False, follow=False, new=False, on_follow=None)\n"
    "--\n\n"
    "The part of flowd.FlowLog in C.";

static PyType_Slot slots[] = {
	{ Py_tp_doc, doc },
	{ Py_tp_new, log_new },
	{ Py_tp_dealloc, log_dealloc },
	{ Py_tp_finalize, log_finalize },
	{ Py_tp_traverse, log_traverse },
	{ Py_tp_clear, log_clear },
	{ Py_tp_iter, PyObject_SelfIter },
	{ Py_tp_iternext, next_flow },
	{ Py_tp_methods, methods },
	{ Py_tp_getset, getset },
	{ 0, NULL },
};

static PyType_Spec spec = {
	.name = "flowd._flowd.FlowLog",
	.basicsize = sizeof(struct log_object),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
	.slots = slots,
};

static PyStructSequence_Field damage_fields[] = {
	{ "offset", "of its beginning, in bytes, uncompressed" },
	{ "length", "skipped bytes; 0 if compressed data are damaged" },
	{ "reason", "the error at its beginning" },
	{ NULL, NULL },
};

static PyStructSequence_Desc damage_desc = {
	.name = "flowd.Damage",
	.doc = "Damage in a log.",
	.fields = damage_fields,
	.n_in_sequence = 3,
};

int
log_type_init(PyObject *module)
{
	if ((log_type = (PyTypeObject *)PyType_FromSpec(&spec)) == NULL ||
	    (damage_type = PyStructSequence_NewType(&damage_desc)) == NULL)
		return (-1);
	Py_INCREF(log_type);
	Py_INCREF(damage_type);
	if (PyModule_AddObject(module, "FlowLog", (PyObject *)log_type) == -1)
		return (-1);
	return (PyModule_AddObject(module, "Damage", (PyObject *)damage_type));
}
