/* SPDX-License-Identifier: Apache-2.0 */
/* errors.i - the text of a failed call, for languages whose wrappers raise it in C. It lies on the
 * handle that the call works on: the first argument, or what that leads to. */
%{
static const char *krait_i_no_text(const void *unused)
{
	(void)unused;
	return NULL;
}

#define KRAIT_I_MADE(class) \
	static const char *krait_i_##class##_made(krait_##class **out) \
	{ return *out ? krait_##class##_error(*out) : NULL; }
KRAIT_I_MADE(options)
KRAIT_I_MADE(model)
KRAIT_I_MADE(session)
KRAIT_I_MADE(state)
KRAIT_I_MADE(sampler)
KRAIT_I_MADE(batch)
KRAIT_I_MADE(tokenizer)
KRAIT_I_MADE(chat)

#define KRAIT_I_TEXT(arg) _Generic((arg), \
	krait_options *: krait_options_error, krait_options **: krait_i_options_made, \
	krait_model *: krait_model_error, krait_model **: krait_i_model_made, \
	krait_session *: krait_session_error, krait_session **: krait_i_session_made, \
	krait_state *: krait_state_error, krait_state **: krait_i_state_made, \
	krait_sampler *: krait_sampler_error, krait_sampler **: krait_i_sampler_made, \
	krait_batch *: krait_batch_error, krait_batch **: krait_i_batch_made, \
	krait_tokenizer *: krait_tokenizer_error, krait_tokenizer **: krait_i_tokenizer_made, \
	krait_chat *: krait_chat_error, krait_chat **: krait_i_chat_made, \
	default: krait_i_no_text)((void *)(intptr_t)(arg))

/* BUSY and FORKED leave the text of an earlier call standing. */
static const char *krait_i_explain(krait_status status, const char *text)
{
	if (status == KRAIT_CANCELLED)
		return "cancelled";
	if (status == KRAIT_ERROR_BUSY)
		return "in use by another thread: try again when that call has ended";
	if (status == KRAIT_ERROR_FORKED)
		return "opened before fork(): open the model anew in this process";
	if (text && text[0])
		return text;
	return status == KRAIT_ERROR_MEMORY ? "out of memory" : krait_status_name(status);
}
%}
