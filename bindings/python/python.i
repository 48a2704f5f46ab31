/* SPDX-License-Identifier: Apache-2.0 */
/*
 * python.i - what the C types of krait.h are in Python. The module made from this is krait._krait:
 * flat functions on handles, for krait/__init__.py alone.
 *
 * A handle is a capsule that frees what it holds with its last reference, so that a call that runs
 * without the GIL keeps it alive. The capsule's context marks a handle that is in use by such a
 * call: whatever else would touch it meanwhile raises BusyError and never sees half a change.
 */
%include "errors.i"

%{
/* Set once by the package: called with a status and a text, returns the exception. */
static PyObject *krait_i_error;

static int krait_i_raise(krait_status status, const char *text)
{
	PyObject *error = NULL;

	if (krait_i_error)
		error = PyObject_CallFunction(krait_i_error, "is", status, krait_i_explain(status, text));
	if (error) {
		PyErr_SetObject((PyObject *)Py_TYPE(error), error);
		Py_DECREF(error);
	} else if (!PyErr_Occurred()) {
		PyErr_SetString(PyExc_RuntimeError, krait_i_explain(status, text));
	}
	return 0;
}

/* The handle of a capsule, marked as in use when `alone`; NULL: an exception is set. */
static void *krait_i_take(PyObject *capsule, const char *name, int alone, PyObject **held)
{
	if (!PyCapsule_IsValid(capsule, name)) {
		PyErr_Format(capsule == Py_None ? PyExc_ValueError : PyExc_TypeError,
			capsule == Py_None ? "this %s was closed" : "a %s is needed", name + strlen("krait_"));
		return NULL;
	}
	if (alone) {
		if (PyCapsule_GetContext(capsule)) {
			krait_i_raise(KRAIT_ERROR_BUSY, NULL);
			return NULL;
		}
		PyCapsule_SetContext(capsule, capsule);
		*held = capsule;
	}
	return PyCapsule_GetPointer(capsule, name);
}
%}

%define KRAIT_I_CLASS(class)
%{
static void krait_i_free_##class(PyObject *capsule)
{
	krait_##class##_free(PyCapsule_GetPointer(capsule, "krait_" #class));
}
%}
%ignore krait_##class##_free;
%typemap(in) krait_##class * (PyObject *held = NULL) %{
	$1 = krait_i_take($input, "krait_" #class, KRAIT_I_ALONE_##class && strcmp("$symname", "session_cancel") != 0, &held);
	if (!$1) SWIG_fail;
%}
%typemap(in) const krait_##class * (PyObject *held = NULL) %{
	$1 = krait_i_take($input, "krait_" #class, KRAIT_I_ALONE_const_##class, &held);
	if (!$1) SWIG_fail;
%}
%typemap(freearg) krait_##class *, const krait_##class * %{
	if (held$argnum) PyCapsule_SetContext(held$argnum, NULL);
%}
%typemap(in, numinputs=0) krait_##class **out (krait_##class *made = NULL) %{ $1 = &made; %}
%typemap(argout) krait_##class **out {
	%append_output(PyCapsule_New(made$argnum, "krait_" #class, krait_i_free_##class));
	made$argnum = NULL;
}
%typemap(freearg) krait_##class **out %{ krait_##class##_free(made$argnum); %}
%enddef

/* What any number of threads may use, and what one at a time. */
%{
enum {
	KRAIT_I_ALONE_options = 1, KRAIT_I_ALONE_const_options = 1,
	KRAIT_I_ALONE_devices = 0, KRAIT_I_ALONE_const_devices = 0,
	KRAIT_I_ALONE_installed = 0, KRAIT_I_ALONE_const_installed = 0,
	KRAIT_I_ALONE_model = 0, KRAIT_I_ALONE_const_model = 0,
	KRAIT_I_ALONE_session = 1, KRAIT_I_ALONE_const_session = 1,
	KRAIT_I_ALONE_state = 1, KRAIT_I_ALONE_const_state = 0,
	KRAIT_I_ALONE_sampler = 1, KRAIT_I_ALONE_const_sampler = 1,
	KRAIT_I_ALONE_batch = 1, KRAIT_I_ALONE_const_batch = 1,
	KRAIT_I_ALONE_tokenizer = 0, KRAIT_I_ALONE_const_tokenizer = 0,
	KRAIT_I_ALONE_decoder = 1, KRAIT_I_ALONE_const_decoder = 1,
	KRAIT_I_ALONE_chat = 1, KRAIT_I_ALONE_const_chat = 1
};
%}
KRAIT_EACH_HANDLE(KRAIT_I_CLASS)

/* References are what capsules hold. */
%ignore krait_model_ref;
%ignore krait_model_tokenizer_ref;
%ignore krait_tokenizer_ref;
%typemap(out) const krait_tokenizer *krait_model_tokenizer %{
	if ($1) {
		krait_tokenizer_ref($1);
		$result = PyCapsule_New($1, "krait_tokenizer", krait_i_free_tokenizer);
	} else {
		$result = SWIG_Py_Void();
	}
%}

/* NULL where the header allows it. */
%typemap(in) krait_model *model (PyObject *held = NULL) %{
	if (!($input == Py_None && strcmp("$symname", "chat_new") == 0)) {
		$1 = krait_i_take($input, "krait_model", 0, &held);
		if (!$1) SWIG_fail;
	}
%}
%typemap(in) const krait_options *options (PyObject *held = NULL) %{
	if ($input != Py_None && !($1 = krait_i_take($input, "krait_options", 1, &held))) SWIG_fail;
%}

/* ---- statuses ---------------------------------------------------------------------- */

%typemap(out) krait_status %{
	if ($1 != KRAIT_OK) { krait_i_raise($1, KRAIT_I_TEXT(arg1)); SWIG_fail; }
	$result = SWIG_Py_Void();
%}
%typemap(out) krait_status krait_session_fork, krait_status krait_session_snapshot %{
	if ($1 != KRAIT_OK) { krait_i_raise($1, krait_session_error(arg2)); SWIG_fail; }
	$result = SWIG_Py_Void();
%}
/* Those whose other outcomes are values. */
%typemap(out) krait_status krait_session_next, krait_status krait_session_generate, krait_status krait_batch_status %{
	if ($1 < 0) { krait_i_raise($1, KRAIT_I_TEXT(arg1)); SWIG_fail; }
	$result = PyLong_FromLong($1);
%}

%include "python/calls.i"

/* ---- text ---------------------------------------------------------------------------- */

%{
/* The UTF-8 of a str, or bytes as they are. NULL: an exception is set. */
static const char *krait_i_text(PyObject *object, size_t *n)
{
	Py_ssize_t size = 0;
	char *bytes = NULL;
	const char *text;

	if (PyUnicode_Check(object))
		text = PyUnicode_AsUTF8AndSize(object, &size);
	else
		text = PyBytes_AsStringAndSize(object, &bytes, &size) == 0 ? bytes : NULL;
	if (text && !n && strlen(text) != (size_t)size) {
		PyErr_SetString(PyExc_ValueError, "a zero character cannot stand here");
		return NULL;
	}
	if (n)
		*n = (size_t)size;
	return text;
}
%}
%typemap(in) (const char *text, size_t n_text), (const char *json, size_t n_json) %{
	$1 = (char *)krait_i_text($input, &$2);
	if (!$1) SWIG_fail;
%}
%typemap(in) const char * %{
	$1 = (char *)krait_i_text($input, NULL);
	if (!$1) SWIG_fail;
%}
%typemap(freearg) const char * ""
%typemap(out) const char * %{
	$result = $1 ? PyUnicode_DecodeUTF8($1, (Py_ssize_t)strlen($1), "replace") : SWIG_Py_Void();
%}
%typemap(out) const char *krait_session_piece %{
	$result = PyBytes_FromStringAndSize($1, (Py_ssize_t)krait_session_piece_size(arg1));
%}
%typemap(out) const char *krait_decoder_piece %{
	$result = PyBytes_FromStringAndSize($1, (Py_ssize_t)krait_decoder_piece_size(arg1));
%}

/* ---- arrays -------------------------------------------------------------------------- */

%{
/* An array of the caller's, without a copy. `format` is "i" or "f". */
static int krait_i_array(PyObject *object, Py_buffer *view, char format, int flags, const char *name)
{
	const char *found;

	if (PyObject_GetBuffer(object, view, flags | PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0) {
		view->obj = NULL;
		return 0;
	}
	found = view->format ? view->format : "B";
	found += strchr("@=<", *found) != NULL && *found;
	if (found[0] == format && !found[1] && view->itemsize == 4)
		return 1;
	PyErr_Format(PyExc_TypeError, "%s: an array of %s is needed, not of '%s'", name,
		format == 'i' ? "int32" : "float32", view->format ? view->format : "B");
	return 0;
}

static void krait_i_drop(Py_buffer *view)
{
	if (view->obj)
		PyBuffer_Release(view);
}

static krait_token *krait_i_copy_tokens(PyObject *sequence, size_t *n)
{
	PyObject *list = PySequence_Fast(sequence, "tokens: an int32 array or integers are needed");
	krait_token *copy = NULL;

	if (!list)
		return NULL;
	*n = (size_t)PySequence_Fast_GET_SIZE(list);
	copy = malloc((*n ? *n : 1) * sizeof(*copy));
	if (!copy)
		PyErr_NoMemory();
	for (size_t i = 0; i < *n && !PyErr_Occurred(); i++) {
		PyObject *item = PyNumber_Index(PySequence_Fast_GET_ITEM(list, (Py_ssize_t)i));
		long token = item ? PyLong_AsLong(item) : -1;

		Py_XDECREF(item);
		if (token != (krait_token)token && !PyErr_Occurred())
			PyErr_Format(PyExc_OverflowError, "tokens: %ld is no int32", token);
		copy[i] = (krait_token)token;
	}
	Py_DECREF(list);
	if (!PyErr_Occurred())
		return copy;
	free(copy);
	return NULL;
}

static size_t *krait_i_copy_sizes(PyObject *sequence, size_t *n)
{
	PyObject *list = PySequence_Fast(sequence, "sizes: integers are needed");
	size_t *copy = NULL;

	if (!list)
		return NULL;
	*n = (size_t)PySequence_Fast_GET_SIZE(list);
	copy = calloc(*n ? *n : 1, sizeof(*copy));
	if (!copy)
		PyErr_NoMemory();
	for (size_t i = 0; i < *n && !PyErr_Occurred(); i++)
		copy[i] = PyLong_AsSize_t(PySequence_Fast_GET_ITEM(list, (Py_ssize_t)i));
	Py_DECREF(list);
	if (!PyErr_Occurred())
		return copy;
	free(copy);
	return NULL;
}

static int krait_i_is_int32(PyObject *object)
{
	Py_buffer view;
	int is = 0;

	if (PyObject_CheckBuffer(object)) {
		memset(&view, 0, sizeof(view));
		is = krait_i_array(object, &view, 'i', 0, "tokens");
		krait_i_drop(&view);
		PyErr_Clear();
	}
	return is;
}
%}
%typemap(in) (const krait_token *tokens, size_t n_tokens) (Py_buffer view = {0}, krait_token *copy = NULL),
             (const krait_token *history, size_t n_history) (Py_buffer view = {0}, krait_token *copy = NULL) %{
	if (krait_i_is_int32($input)) {
		if (!krait_i_array($input, &view, 'i', 0, "$1_name")) SWIG_fail;
		$1 = view.buf; $2 = (size_t)view.len / sizeof(*$1);
	} else {
		$1 = copy = krait_i_copy_tokens($input, &$2);
		if (!copy) SWIG_fail;
	}
%}
%typemap(freearg) (const krait_token *tokens, size_t n_tokens), (const krait_token *history, size_t n_history) %{
	krait_i_drop(&view$argnum);
	free(copy$argnum);
%}
%typemap(in) (const size_t *lengths, size_t n_texts) %{
	if (!($1 = krait_i_copy_sizes($input, &$2))) SWIG_fail;
%}
%typemap(freearg) (const size_t *lengths, size_t n_texts) %{ free((void *)(uintptr_t)$1); %}
%typemap(in) (const float *logits, size_t n_logits) (Py_buffer view = {0}) %{
	if (!krait_i_array($input, &view, 'f', 0, "$1_name")) SWIG_fail;
	$1 = view.buf; $2 = (size_t)view.len / sizeof(*$1);
%}
%typemap(in) (const float *embeddings, size_t n_positions, size_t width) (Py_buffer view = {0}) %{
	if (!krait_i_array($input, &view, 'f', PyBUF_ND, "$1_name")) SWIG_fail;
	if (view.ndim != 2) {
		PyErr_Format(PyExc_TypeError, "$1_name: an array of 2 dimensions is needed, not of %d", view.ndim);
		SWIG_fail;
	}
	$1 = view.buf; $2 = (size_t)view.shape[0]; $3 = (size_t)view.shape[1];
%}
%typemap(in) (float *out, size_t n_out) (Py_buffer view = {0}) %{
	if (!krait_i_array($input, &view, 'f', PyBUF_WRITABLE, "$1_name")) SWIG_fail;
	$1 = view.buf; $2 = (size_t)view.len / sizeof(*$1);
%}
%typemap(in) (const void *data, size_t n_data) (Py_buffer view = {0}) %{
	if (PyObject_GetBuffer($input, &view, PyBUF_SIMPLE) < 0) { view.obj = NULL; SWIG_fail; }
	$1 = view.buf; $2 = (size_t)view.len;
%}
%typemap(in) (void *out, size_t n_out) (Py_buffer view = {0}) %{
	if (PyObject_GetBuffer($input, &view, PyBUF_WRITABLE) < 0) { view.obj = NULL; SWIG_fail; }
	$1 = view.buf; $2 = (size_t)view.len;
%}
%typemap(freearg) (const float *logits, size_t n_logits), (const float *embeddings, size_t n_positions, size_t width),
	(float *out, size_t n_out), (const void *data, size_t n_data), (void *out, size_t n_out) %{
	krait_i_drop(&view$argnum);
%}

/* ---- outputs of any size: the argument says how much to make room for at first ---------- */

%{
/* New memory for as many elements as a number says. NULL: an exception is set. */
static void *krait_i_room(PyObject *number, size_t each, size_t *n)
{
	void *room;

	*n = PyLong_AsSize_t(number);
	if (PyErr_Occurred())
		return NULL;
	room = calloc(*n ? *n : 1, each);
	if (!room)
		PyErr_NoMemory();
	return room;
}

static PyObject *krait_i_list(const krait_token *tokens, size_t n)
{
	PyObject *list = PyList_New((Py_ssize_t)n);

	for (size_t i = 0; list && i < n; i++)
		PyList_SET_ITEM(list, (Py_ssize_t)i, PyLong_FromLong(tokens[i]));
	return list;
}
%}
%typemap(in) (krait_token *out, size_t n_out, size_t *n_tokens) (size_t size = 0) %{
	if (!($1 = krait_i_room($input, sizeof(*$1), &$2))) SWIG_fail;
	$3 = &size;
%}
%typemap(in) (char *out, size_t n_out, size_t *n_text) (size_t size = 0), (void *out, size_t n_out, size_t *n_note) (size_t size = 0) %{
	if (!($1 = krait_i_room($input, 1, &$2))) SWIG_fail;
	$3 = &size;
%}
%typemap(argout) (krait_token *out, size_t n_out, size_t *n_tokens) {
	PyObject *list = krait_i_list($1, *$3);
	if (!list) SWIG_fail;
	%append_output(list);
}
%typemap(argout) (char *out, size_t n_out, size_t *n_text), (void *out, size_t n_out, size_t *n_note) {
	%append_output(PyBytes_FromStringAndSize((char *)$1, (Py_ssize_t)*$3));
}
%typemap(freearg) (krait_token *out, size_t n_out, size_t *n_tokens), (char *out, size_t n_out, size_t *n_text),
	(void *out, size_t n_out, size_t *n_note) %{ free($1); %}

/* Of these the argument says how many to make room for, and there may be fewer. */
%typemap(in) (krait_token *out, size_t n_out) %{ if (!($1 = krait_i_room($input, sizeof(*$1), &$2))) SWIG_fail; %}
%typemap(argout) (krait_token *out, size_t n_out) {
	PyObject *list = krait_i_list($1, result < $2 ? result : $2);
	if (!list) SWIG_fail;
	%append_output(list);
}
%typemap(freearg) (krait_token *out, size_t n_out) %{ free($1); %}
%typemap(in) (krait_token *tokens, float *logprobs, size_t n_out, size_t *n) (size_t size = 0) %{
	if (!($1 = krait_i_room($input, sizeof(*$1), &$3)) || !($2 = krait_i_room($input, sizeof(*$2), &$3))) SWIG_fail;
	$4 = &size;
%}
%typemap(argout) (krait_token *tokens, float *logprobs, size_t n_out, size_t *n) {
	PyObject *list = PyList_New((Py_ssize_t)*$4);
	for (size_t i = 0; list && i < *$4; i++)
		PyList_SET_ITEM(list, (Py_ssize_t)i, Py_BuildValue("id", $1[i], (double)$2[i]));
	if (!list) SWIG_fail;
	%append_output(list);
}
%typemap(freearg) (krait_token *tokens, float *logprobs, size_t n_out, size_t *n) %{ free($1); free($2); %}

%typemap(in, numinputs=0) krait_token *out (krait_token number = 0), int64_t *out (int64_t number = 0),
	double *out (double number = 0), float *out (float number = 0), double *low (double number = 0),
	double *high (double number = 0), size_t *n_reused (size_t number = 0) %{ $1 = &number; %}
%typemap(argout) krait_token *out, int64_t *out, size_t *n_reused { %append_output(PyLong_FromLongLong((long long)number$argnum)); }
%typemap(argout) (float *out, size_t n_out) ""
%typemap(argout) double *out, float *out, double *low, double *high { %append_output(PyFloat_FromDouble(number$argnum)); }

/* ---- for the package ------------------------------------------------------------------- */

%noexception krait_i_set_error;
%noexception krait_i_set_main;
%noexception krait_i_hold;
%rename(set_error) krait_i_set_error;
%rename(set_main) krait_i_set_main;
%rename(hold) krait_i_hold;
%inline %{
/* Says what makes an exception of a status and a text. */
static void krait_i_set_error(PyObject *callable)
{
	Py_INCREF(callable);
	Py_XSETREF(krait_i_error, callable);
}

/* Says which thread is the one that runs signal handlers. */
static void krait_i_set_main(unsigned long ident)
{
	krait_i_main = ident;
}

/* Marks a session as in use by a batch, or no longer; false: it is in use by another call. */
static int krait_i_hold(PyObject *capsule, int hold)
{
	if (!PyCapsule_IsValid(capsule, "krait_session") || (hold && PyCapsule_GetContext(capsule)))
		return 0;
	return PyCapsule_SetContext(capsule, hold ? capsule : NULL) == 0;
}
%}
