/* SPDX-License-Identifier: Apache-2.0 */
/*
 * krait.i - the one description that the bindings are made from (SWIG 4.1).
 *
 * It adds nothing to krait.h but names: krait_session_feed becomes session_feed, KRAIT_END becomes
 * END. What a C type is in a language stands in that language's typemaps (python/python.i,
 * lua/lua.i, ...); what makes it pleasant there is written in the language itself, on top.
 *
 * krait.h is regular, which is why this is short: krait_<class>_<verb>(self, ...), `krait_x **out`
 * for what is new, and the same pair of names for the same pair of things:
 *
 *     (const krait_token *tokens, size_t n_tokens)      tokens in, also `history`
 *     (const char *text, size_t n_text)                 text in, also `json`
 *     (const void *data, size_t n_data)                 bytes in
 *     (const float *logits, size_t n_logits)            numbers in
 *     (const size_t *lengths, size_t n_texts)           sizes in
 *     (const float *embeddings, size_t n_positions, size_t width)
 *     (float *out, size_t n_out)                        numbers out: the caller's array
 *     (void *out, size_t n_out)                         bytes out: the caller's array
 *     (krait_token *out, size_t n_out, size_t *n_tokens)        and n_text, n_note: out, of any size
 *     (krait_token *out, size_t n_out)                  tokens out, as many as there are
 *     (krait_token *tokens, float *logprobs, size_t n_out, size_t *n)     tokens out, and their ln p
 *     krait_token *out, int64_t *out, double *out, float *out, double *low, double *high,
 *     size_t *n_reused                                  one number out
 */
%module krait

%{
#include <krait.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
%}

%include <stdint.i>

%rename("%(strip:[krait_])s", %$isfunction) "";
%rename("%(strip:[KRAIT_])s", %$isconstant) "";

/* KRAIT_EACH_HANDLE(MACRO): MACRO(class) for every class whose handles a program owns. */
%define KRAIT_EACH_HANDLE(MACRO)
MACRO(options)
MACRO(devices)
MACRO(installed)
MACRO(model)
MACRO(session)
MACRO(state)
MACRO(sampler)
MACRO(batch)
MACRO(tokenizer)
MACRO(decoder)
MACRO(chat)
%enddef

/* KRAIT_EACH_GROWING(MACRO): MACRO(function, out, n_out, size, type) for every function that reports
 * the size that `out` needs; arg1, arg2, ... are SWIG's names of its arguments. Not among them:
 * krait_session_generate, which fills what it is given. */
%define KRAIT_EACH_GROWING(MACRO)
MACRO(krait_tokenizer_encode, arg5, arg6, arg7, krait_token)
MACRO(krait_tokenizer_decode, arg5, arg6, arg7, char)
MACRO(krait_chat_render, arg3, arg4, arg5, char)
MACRO(krait_chat_encode, arg3, arg4, arg5, krait_token)
MACRO(krait_chat_pending, arg3, arg4, arg5, krait_token)
MACRO(krait_state_note, arg2, arg3, arg4, char)
%enddef

#if defined(SWIGPYTHON)
%include "python/python.i"
#elif defined(SWIGLUA)
%include "lua/lua.i"
#elif defined(SWIGGO)
%include "go/go.i"
#endif

%include <krait.h>
