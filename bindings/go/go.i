/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go.i - how C types look in Go. The package made here, internal/raw, is the C
 * interface as it is: functions, not classes, handles as uintptr, statuses as int.
 * What is idiomatic stands on top of it, in Go.
 *
 * Slices and strings with a length go straight to C, without a copy; they hold no
 * Go pointers, as cgo's rules want it. A string without a length is copied by SWIG.
 */
%insert(cgo_comment_typedefs) %{
#cgo pkg-config: krait
#include <stdint.h>
%}

/* Callbacks need an exported Go function: callbacks.go has them. */
%ignore krait_options_set_progress;
%ignore krait_options_set_log;
%ignore krait_progress_fn;
%ignore krait_log_fn;

/* ---- handles ---- */
%define %krait_handle(CLASS)
%typemap(gotype) krait_##CLASS *, const krait_##CLASS * "uintptr"
%typemap(in) krait_##CLASS *, const krait_##CLASS * %{ $1 = ($1_ltype)$input; %}
%typemap(out) krait_##CLASS *, const krait_##CLASS * %{ $result = ($1_ltype)$1; %}
%typemap(gotype) krait_##CLASS **out "*uintptr"
%typemap(in) krait_##CLASS **out %{ $1 = ($1_ltype)(void *)$input; %}
%enddef
KRAIT_EACH_HANDLE(%krait_handle)

/* ---- one number out ---- */
%typemap(gotype) krait_token "int32"
%typemap(gotype) size_t "uint"
%typemap(gotype) krait_token *out "*int32"
%typemap(in) krait_token *out %{ $1 = ($1_ltype)(void *)$input; %}
%typemap(gotype) int64_t *out "*int64"
%typemap(in) int64_t *out %{ $1 = ($1_ltype)(void *)$input; %}
%typemap(gotype) double *out "*float64"
%typemap(in) double *out %{ $1 = ($1_ltype)(void *)$input; %}
%typemap(gotype) float *out "*float32"
%typemap(in) float *out %{ $1 = ($1_ltype)(void *)$input; %}
%typemap(gotype) double *low, double *high "*float64"
%typemap(in) double *low, double *high %{ $1 = ($1_ltype)(void *)$input; %}
%typemap(gotype) size_t *n_tokens, size_t *n_text, size_t *n_note, size_t *n_reused, size_t *n "*uint"
%typemap(in) size_t *n_tokens, size_t *n_text, size_t *n_note, size_t *n_reused, size_t *n %{ $1 = ($1_ltype)(void *)$input; %}

/* ---- many of them, in and out ---- */
/* The slice's header goes by its address, as a number: as a value cgo would look into all of the object
 * that the slice is a part of, and refuse one that holds a pointer elsewhere. C reads the header before
 * it does anything else; the use after the call keeps the slice itself alive, and off the stack, until then. */
%define %krait_slice(POINTER, LENGTH, GOTYPE)
%typemap(gotype) (POINTER, LENGTH) GOTYPE
%typemap(imtype) (POINTER, LENGTH) "uintptr"
%typemap(goin) (POINTER, LENGTH) %{ $result = uintptr(unsafe.Pointer(&$input)) %}
%typemap(in) (POINTER, LENGTH) %{ $1 = ($1_ltype)((_goslice_ *)$input)->array; $2 = (size_t)((_goslice_ *)$input)->len; %}
%typemap(goargout) (POINTER, LENGTH) %{ if Swig_escape_always_false { Swig_escape_val = $input } %}
%enddef
%krait_slice(const krait_token *tokens, size_t n_tokens, "[]int32")
%krait_slice(const krait_token *history, size_t n_history, "[]int32")
%krait_slice(const float *logits, size_t n_logits, "[]float32")
%krait_slice(const size_t *lengths, size_t n_texts, "[]uint")
%krait_slice(const void *data, size_t n_data, "[]byte")
%krait_slice(krait_token *out, size_t n_out, "[]int32")
%krait_slice(float *out, size_t n_out, "[]float32")
%krait_slice(char *out, size_t n_out, "[]byte")
%krait_slice(void *out, size_t n_out, "[]byte")
/* A slice whose length is another argument. */
%define %krait_array(POINTER, GOTYPE)
%typemap(gotype) POINTER GOTYPE
%typemap(imtype) POINTER "uintptr"
%typemap(goin) POINTER %{ $result = uintptr(unsafe.Pointer(&$input)) %}
%typemap(in) POINTER %{ $1 = ($1_ltype)((_goslice_ *)$input)->array; %}
%typemap(goargout) POINTER %{ if Swig_escape_always_false { Swig_escape_val = $input } %}
%enddef
%krait_array(const float *embeddings, "[]float32")
%krait_array(krait_token *tokens, "[]int32")
%krait_array(float *logprobs, "[]float32")

/* What it writes into must not be Go's: scores.go. */
%ignore krait_batch_add_score;

%define %krait_string(POINTER, LENGTH)
%typemap(gotype) (POINTER, LENGTH) "string"
%typemap(in) (POINTER, LENGTH) %{ $1 = ($1_ltype)$input.p; $2 = (size_t)$input.n; %}
%typemap(freearg) (POINTER, LENGTH) ""
%enddef
%krait_string(const char *text, size_t n_text)
%krait_string(const char *json, size_t n_json)

/* A piece may hold U+0000. */
%typemap(out) const char *krait_session_piece %{ $result = Swig_AllocateString($1, krait_session_piece_size(arg1)); %}
%typemap(out) const char *krait_decoder_piece %{ $result = Swig_AllocateString($1, krait_decoder_piece_size(arg1)); %}
