/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.i - how a call is made from Python: without the GIL, with callbacks whose exceptions come out
 * of it, and so that Ctrl-C ends it.
 *
 * Python runs signal handlers in its main thread, between instructions of its own; while the library
 * works there are none. A call that reports progress looks for signals whenever it does. One that
 * reports none is made by a helping thread, while the main thread waits and looks.
 */

%{
#include <errno.h>
#include <pthread.h>
#include <time.h>

static _Thread_local int krait_i_depth;         /* calls of this thread into the library */
static unsigned long krait_i_main;              /* the thread that runs signal handlers */
#define KRAIT_I_BEGIN { PyThreadState *krait_i_saved = PyEval_SaveThread(); krait_i_depth++;
#define KRAIT_I_END krait_i_depth--; PyEval_RestoreThread(krait_i_saved); } if (PyErr_Occurred()) SWIG_fail;

static int krait_i_grow(void *out, size_t *room, size_t size, size_t each)
{
	void *more = size > SIZE_MAX / each ? NULL : realloc(*(void **)out, size * each);

	if (more) {
		*(void **)out = more;
		*room = size;
	}
	return more != NULL;
}
%}
%exception {
	KRAIT_I_BEGIN
	$action
	KRAIT_I_END
}
%define KRAIT_I_GROWING(function, out, n_out, size, type)
%exception function {
	KRAIT_I_BEGIN
	$action
	if (result == KRAIT_ERROR_SPACE && krait_i_grow(&out, &n_out, *size, sizeof(type))) {
		$action
	}
	KRAIT_I_END
}
%enddef
KRAIT_EACH_GROWING(KRAIT_I_GROWING)

%{
static int krait_i_is_main(void)
{
	return PyThread_get_thread_ident() == krait_i_main;
}

/* An exception in a callback stops the call and comes out of it. One that cannot, because another
 * thread of the library called, is reported as Python reports those of __del__. */
static PyObject *krait_i_call(PyObject *fn, PyObject *arguments)
{
	PyObject *result = arguments && !PyErr_Occurred() ? PyObject_CallObject(fn, arguments) : NULL;

	Py_XDECREF(arguments);
	if (!result && PyErr_Occurred() && !krait_i_depth)
		PyErr_WriteUnraisable(fn);
	return result;
}

/* `user` is the callable or None. What a signal handler raises, KeyboardInterrupt for one, is treated
 * as if the callable had. */
static int krait_i_progress(void *user, uint64_t done, uint64_t total)
{
	PyGILState_STATE gil;
	PyObject *result = NULL;
	int stop;

	if (user == (void *)Py_None && !krait_i_is_main())
		return 0;
	gil = PyGILState_Ensure();
	stop = PyErr_CheckSignals() < 0;
	if (!stop && user != (void *)Py_None) {
		result = krait_i_call(user, Py_BuildValue("KK", (unsigned long long)done, (unsigned long long)total));
		stop = result ? PyObject_IsTrue(result) : 1;
	}
	Py_XDECREF(result);
	PyGILState_Release(gil);
	return stop != 0;
}

static void krait_i_log(void *user, int level, const char *text)
{
	PyGILState_STATE gil = PyGILState_Ensure();

	Py_XDECREF(krait_i_call(user, Py_BuildValue("is", level, text)));
	PyGILState_Release(gil);
}
%}
/* The package keeps the callable alive as long as anything may call it. */
%typemap(in) (krait_progress_fn fn, void *user) %{ $1 = krait_i_progress; $2 = $input; %}
%typemap(in) (krait_log_fn fn, void *user) %{ $1 = $input == Py_None ? NULL : krait_i_log; $2 = $input; %}

/* ---- calls that report no progress ------------------------------------------------------ */

%{
enum { KRAIT_I_FEW = 8 };       /* tokens that are made without looking for a signal */

/* Tokens of a session, or a run of a batch with its sessions. */
struct krait_i_away {
	krait_session *session;
	krait_token *out;
	size_t n_out, *n_tokens;
	krait_batch *batch;
	PyObject *sessions;
	krait_status status;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	int done;
};

#define KRAIT_I_AWAY .lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER

static void krait_i_do(struct krait_i_away *away)
{
	if (away->batch)
		away->status = krait_batch_run(away->batch);
	else
		away->status = krait_session_generate(away->session, away->out, away->n_out, away->n_tokens);
}

static void *krait_i_go_away(void *with)
{
	struct krait_i_away *away = with;

	krait_i_do(away);
	pthread_mutex_lock(&away->lock);
	away->done = 1;
	pthread_cond_signal(&away->ended);
	pthread_mutex_unlock(&away->lock);
	return NULL;
}

/* True when the call ended within the next 30 ms. */
static int krait_i_has_ended(struct krait_i_away *away)
{
	struct timespec until;
	int waited = 0, done;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 30000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&away->lock);
	while (!away->done && waited != ETIMEDOUT)
		waited = pthread_cond_timedwait(&away->ended, &away->lock, &until);
	done = away->done;
	pthread_mutex_unlock(&away->lock);
	return done;
}

/* Cancels the sessions, or takes a cancel back that came too late. With the GIL. */
static void krait_i_cancel(const struct krait_i_away *away, int back)
{
	Py_ssize_t n = away->sessions ? PyList_GET_SIZE(away->sessions) : 1;

	for (Py_ssize_t i = 0; i < n; i++) {
		krait_session *session = away->session;

		if (away->sessions)
			session = PyCapsule_GetPointer(PyList_GET_ITEM(away->sessions, i), "krait_session");
		if (back)
			krait_session_cancel_clear(session);
		else
			krait_session_cancel(session);
	}
}

/* Runs the handlers of signals that came; when one of them raises, the call is cancelled. */
static int krait_i_look(const struct krait_i_away *away)
{
	PyGILState_STATE gil = PyGILState_Ensure();
	int raised = PyErr_CheckSignals() < 0;

	if (raised)
		krait_i_cancel(away, 0);
	PyGILState_Release(gil);
	return raised;
}

static krait_status krait_i_watched(struct krait_i_away *away)
{
	PyGILState_STATE gil;
	pthread_t helper;
	int raised = 0;

	if (!krait_i_is_main() || pthread_create(&helper, NULL, krait_i_go_away, away) != 0) {
		krait_i_do(away);
		return away->status;
	}
	while (!krait_i_has_ended(away))
		raised = raised || krait_i_look(away);
	pthread_join(helper, NULL);
	if (raised) {
		gil = PyGILState_Ensure();
		krait_i_cancel(away, 1);
		PyGILState_Release(gil);
	}
	return away->status;
}
%}
%exception krait_session_generate {
	struct krait_i_away away = { .session = arg1, .out = arg2, .n_out = arg3, .n_tokens = arg4, KRAIT_I_AWAY };
	KRAIT_I_BEGIN
	if (arg3 > KRAIT_I_FEW) {
		result = krait_i_watched(&away);
	} else {
		$action
	}
	KRAIT_I_END
}

%rename(batch_run_long) krait_i_batch_run;
%inline %{
/* krait_batch_run, with a list of the batch's sessions. */
static krait_status krait_i_batch_run(krait_batch *batch, PyObject *sessions)
{
	struct krait_i_away away = { .batch = batch, .sessions = sessions, KRAIT_I_AWAY };

	return krait_i_watched(&away);
}
%}
