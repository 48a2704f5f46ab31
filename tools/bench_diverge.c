/* SPDX-License-Identifier: Apache-2.0 */
/* bench_diverge.c - a conversation whose past changes with every turn: what the session has to read of it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "bench.h"

#include "interrupt.h"
#include "say.h"
#include "stream.h"
#include "verbs.h"

#include <string.h>

#define TURNS 20
#define ANSWER 32

/* Of an answer before the last question only what follows its first 20 characters stays: so templates drop thoughts. */
static const char dropping[] =
	"{% for m in messages %}{{ '<' + m.role + '>' }}"
	"{{ m.content[20:] if m.role == 'assistant' else m.content }}{{ '\n' }}{% endfor %}"
	"{% if add_generation_prompt %}<assistant>{% endif %}";

struct talk {
	krait_chat *chat;
	krait_session *session;
	uint64_t n_read;
	double seconds;                 /* of the feeds */
};

static int chat_failed(const struct talk *talk)
{
	return say_failure("%s", krait_chat_error(talk->chat));
}

static int read_turn(struct talk *talk, int turn)
{
	const char *question = turn % 2 ? "And what did they say to each other when they met again?"
					: "Tell me what happened then.";
	double start = stream_now();
	int status;

	if (krait_chat_add(talk->chat, "user", question) != KRAIT_OK)
		return chat_failed(talk);
	status = bench_judge(krait_chat_feed(talk->chat, talk->session), krait_chat_error(talk->chat));
	talk->seconds += stream_now() - start;
	talk->n_read += krait_session_position(talk->session) - krait_chat_reused(talk->chat);
	return status;
}

static int answer_turn(struct talk *talk)
{
	struct text whole = { 0 };
	krait_status status = KRAIT_OK;
	krait_token token;
	bool good = true;

	for (int i = 0; i < ANSWER && status == KRAIT_OK && good; i++) {
		status = krait_session_next(talk->session, &token);
		good = text_add(&whole, krait_session_piece(talk->session), krait_session_piece_size(talk->session));
	}
	if (good && status >= 0 && krait_chat_add(talk->chat, "assistant", whole.data ? whole.data : "") != KRAIT_OK) {
		chat_failed(talk);
		good = false;
	}
	text_free(&whole);
	if (!good)
		return STATUS_FAILED;
	return status == KRAIT_END ? -1 : bench_judge(status, krait_session_error(talk->session));
}

int bench_diverge(struct bench *bench)
{
	struct talk talk = { 0 };
	int status = -1;
	json_t *row;

	if (!krait_model_tokenizer(bench->model))
		return -1;
	if (krait_chat_new(&talk.chat, bench->model) != KRAIT_OK
		|| krait_chat_set_template(talk.chat, dropping) != KRAIT_OK)
		status = chat_failed(&talk);
	if (status < 0)
		status = bench_begin(bench, &talk.session);
	if (status < 0)         /* as a new session has it */
		status = bench_judge(krait_session_set_int(talk.session, KRAIT_REWIND_TOKENS, 1),
			krait_session_error(talk.session));
	interrupt_watch(talk.session);
	for (int turn = 0; turn < TURNS && status < 0; turn++) {
		status = read_turn(&talk, turn);
		if (status < 0)
			status = answer_turn(&talk);
	}
	if (status < 0)
		status = read_turn(&talk, TURNS);
	interrupt_watch(NULL);
	if (status < 0) {
		row = bench_row(bench, "diverge");
		json_object_set_new(row, "tokens_read", json_integer((json_int_t)talk.n_read));
		json_object_set_new(row, "tokens_in_all",
			json_integer((json_int_t)krait_session_position(talk.session)));
		json_object_set_new(row, "seconds", json_real(talk.seconds));
	}
	krait_session_free(talk.session);
	krait_chat_free(talk.chat);
	return status;
}
