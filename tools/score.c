/* SPDX-License-Identifier: Apache-2.0 */
/* score.c - `krait score`: how well a model predicts a file. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "files.h"
#include "interrupt.h"
#include "opening.h"
#include "progress.h"
#include "say.h"
#include "stream.h"
#include "verbs.h"

#include <math.h>
#include <stdlib.h>

/* Tokens between two steps of the progress bar. */
#define BLOCK 2048

struct score {
	size_t n_tokens, n_bytes;
	size_t n_scored;                /* tokens that have something before them */
	double nats;
	double seconds;
};

static int score_tokens(struct score *score, krait_session *session, const krait_token *tokens)
{
	float *lines = malloc(BLOCK * sizeof *lines);
	int status = lines ? -1 : say_failure("out of memory");

	for (size_t done = 0; status < 0 && done < score->n_tokens;) {
		size_t n = score->n_tokens - done < BLOCK ? score->n_tokens - done : BLOCK;
		krait_status fed = krait_session_score(session, tokens + done, n, lines, n);

		if (fed == KRAIT_CANCELLED || interrupt_seen())
			status = STATUS_INTERRUPTED;
		else if (fed != KRAIT_OK)
			status = say_failure("%s", krait_session_error(session));
		for (size_t i = 0; status < 0 && i < n; i++) {
			if (done + i == 0)
				continue;
			score->nats -= (double)lines[i];
			score->n_scored++;
		}
		done += n;
		progress_step(done, score->n_tokens);
	}
	free(lines);
	return status;
}

static int work(struct score *score, krait_model *model, krait_session *session, const char *path)
{
	struct text text = { 0 };
	krait_token *tokens;
	double start = stream_now();
	int status = files_read(&text, path);

	if (status >= 0)
		return status;
	score->n_bytes = text.n;
	tokens = stream_encode(krait_model_tokenizer(model), text.data, text.n, 0, &score->n_tokens);
	text_free(&text);
	if (!tokens)
		return STATUS_FAILED;
	if (score->n_tokens < 2) {
		free(tokens);
		return say_failure("%s: %zu tokens: at least two are needed, as the first has nothing to be predicted from", path, score->n_tokens);
	}
	progress_begin_own("scoring");
	status = score_tokens(score, session, tokens);
	progress_end();
	score->seconds = stream_now() - start;
	free(tokens);
	return status;
}

static void report(const struct score *score, bool json)
{
	double mean = score->nats / (double)score->n_scored;
	double bits = score->nats / log(2) / (double)score->n_bytes;

	if (json)
		output_json(json_pack("{s:I, s:I, s:f, s:f, s:f}", "tokens", (json_int_t)score->n_tokens,
			"bytes", (json_int_t)score->n_bytes,
			"nats_per_token", mean, "perplexity", exp(mean), "bits_per_byte", bits));
	else
		output_format("tokens          %zu\nbytes           %zu\nnats per token  %.4f\nperplexity      %.3f\nbits per byte   %.4f\n",
			score->n_tokens, score->n_bytes, mean, exp(mean), bits);
}

int verb_score(const struct verb *verb, int argc, char **argv)
{
	struct common common = { 0 };
	struct score score = { 0 };
	krait_model *model = NULL;
	krait_session *session = NULL;
	int first, status = options_parse(verb, NULL, 0, &common, argc, argv, &first);

	if (status < 0 && argc - first != 1)
		status = say_usage("score: one FILE is expected ('-' is standard input)");
	if (status < 0)
		status = opening_session(&model, &session, &common);
	if (status < 0)
		status = work(&score, model, session, argv[first]);
	if (status < 0)
		report(&score, common.json);
	if (status < 0 && common.verbose)
		say_note("krait: %.2f s, %.0f tokens a second", score.seconds, (double)score.n_tokens / score.seconds);
	interrupt_watch(NULL);
	krait_session_free(session);
	krait_model_free(model);
	return status < 0 ? STATUS_DONE : status;
}
