/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - `krait run`: continues a text. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "files.h"
#include "interrupt.h"
#include "opening.h"
#include "sampling.h"
#include "say.h"
#include "stream.h"
#include "terminal.h"
#include "verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TOKENS 200
#define DEFAULT_TEMPERATURE 0.8
#define DEFAULT_TOP_P 0.95

struct run {
	struct common common;
	struct tool_sampling sampling;
	struct option_value n_tokens;
	struct option_list stops;
	const char *save, *load;
	bool raw, echo, special;
	bool piped;                     /* no prompt was given, but there may be one on standard input */
	const char *prompt;             /* NULL: go on from the loaded state */
	krait_model *model;
	krait_session *session;
	size_t n_prompt;
	double prompt_seconds;
};

static int read_options(struct run *run, const struct verb *verb, int argc, char **argv)
{
	struct option_row sampling[SAMPLING_ROWS];
	const struct option_row rows[] = {
		{ "tokens", 'n', OPTION_WHOLE, &run->n_tokens, "N", "new tokens at most (default: 200; -1: until the text ends)", -1, 9e15 },
		{ "stop", 0, OPTION_LIST, &run->stops, "TEXT", "end before TEXT; may be given several times", 0, 0 },
		{ "save", 0, OPTION_TEXT, &run->save, "FILE", "save the state at the end", 0, 0 },
		{ "load", 0, OPTION_TEXT, &run->load, "FILE", "go on from a saved state, with its settings where no flag is given", 0, 0 },
		{ "special", 0, OPTION_FLAG, &run->special, NULL, "read the text of special tokens in PROMPT as those tokens", 0, 0 },
		{ "echo", 0, OPTION_FLAG, &run->echo, NULL, "write PROMPT first", 0, 0 },
		{ "raw", 0, OPTION_FLAG, &run->raw, NULL, "write the text as it is, terminal escapes included", 0, 0 },
	};
	const struct option_group groups[] = {
		{ NULL, rows, sizeof rows / sizeof *rows },
		{ "choosing tokens (default: what the model's generation_config says, else --temp 0.8 --top-p 0.95)", sampling, SAMPLING_ROWS },
	};
	int first, status;

	sampling_rows(sampling, &run->sampling);
	status = options_parse(verb, groups, 2, &run->common, argc, argv, &first);
	if (status >= 0)
		return status;
	if (argc - first > 1)
		return say_usage("run: one PROMPT is expected, not %d: put it in quotes", argc - first);
	run->prompt = argc > first ? argv[first] : NULL;
	if (!run->prompt && !run->load) {
		if (isatty(STDIN_FILENO))
			return say_usage("run: a PROMPT is needed ('-' reads standard input), or --load FILE");
		run->prompt = "-";
		run->piped = true;
	}
	return run->save ? files_writable(run->save) : -1;
}

static int load(struct run *run)
{
	krait_state *state;
	int status = -1;

	if (krait_state_load(&state, run->model, run->load) != KRAIT_OK)
		status = say_failure("%s", krait_state_error(state));
	else if (krait_session_restore(run->session, state) != KRAIT_OK)
		status = say_failure("%s: %s", run->load, krait_session_error(run->session));
	krait_state_free(state);
	return status;
}

static int save(struct run *run)
{
	krait_state *state;
	int status = -1;

	if (!stream_snapshot(&state, run->session))
		return STATUS_FAILED;
	if (krait_state_save(state, run->save) != KRAIT_OK)
		status = say_failure("%s", krait_state_error(state));
	krait_state_free(state);
	return status;
}

static int prepare(struct run *run)
{
	if (!run->load)
		sampling_fill(&run->sampling, run->model, true, DEFAULT_TEMPERATURE, DEFAULT_TOP_P);
	else if (run->sampling.greedy)
		run->sampling.values[SAMPLING_TEMPERATURE] = (struct option_value){ .given = true };
	if (!run->load)
		sampling_seed(&run->sampling);
	if (!sampling_apply(&run->sampling, run->session))
		return STATUS_FAILED;
	krait_session_set_int(run->session, KRAIT_MAX_NEW_TOKENS, 0);
	for (size_t i = 0; i < run->stops.n; i++)
		if (krait_session_add_stop_text(run->session, run->stops.items[i], strlen(run->stops.items[i])) != KRAIT_OK)
			return say_failure("--stop: %s", krait_session_error(run->session));
	return -1;
}

static int feed_text(struct run *run, const char *text, size_t n_text)
{
	int flags = (run->special ? KRAIT_PARSE_SPECIAL : 0) | (krait_session_position(run->session) ? 0 : KRAIT_ADD_SPECIAL);
	double start = stream_now();
	krait_token *tokens = stream_encode(krait_model_tokenizer(run->model), text, n_text, flags, &run->n_prompt);
	int status;

	if (!tokens)
		return STATUS_FAILED;
	if (!run->n_prompt && !krait_session_position(run->session)) {
		free(tokens);
		return say_failure("the prompt is empty: this model needs at least one token to begin with");
	}
	status = run->n_prompt ? stream_feed(run->session, tokens, run->n_prompt) : -1;
	free(tokens);
	run->prompt_seconds = stream_now() - start;
	return status;
}

static int read_prompt(struct run *run)
{
	struct text text = { 0 };
	int status;

	if (!run->prompt)
		return -1;
	if (strcmp(run->prompt, "-"))
		status = text_add(&text, run->prompt, strlen(run->prompt)) ? -1 : STATUS_FAILED;
	else
		status = files_read(&text, "-");
	/* The newline that echo and editors put at the end is not meant as part of the text. */
	if (status < 0 && !strcmp(run->prompt, "-") && text.n && text.data[text.n - 1] == '\n')
		text.n--;
	if (status < 0 && run->piped && !text.n)
		status = say_usage("run: a PROMPT is needed, here or on standard input, or --load FILE");
	if (status < 0 && run->echo && !run->common.json && !terminal_write(text.data, text.n, run->raw))
		status = STATUS_FAILED;
	if (status < 0)
		status = feed_text(run, text.data, text.n);
	text_free(&text);
	return status;
}

static void write_summary(const struct run *run, const struct tool_stream *stream)
{
	json_t *line = json_object();
	int64_t seed = 0;

	krait_session_get_int(run->session, KRAIT_SAMPLE_SEED, &seed);
	json_object_set_new(line, "done", json_true());
	json_object_set_new(line, "reason", json_string(stream->reason));
	json_object_set_new(line, "text", json_stringn(stream->whole->data ? stream->whole->data : "", stream->whole->n));
	json_object_set_new(line, "n_tokens", json_integer(stream->n_tokens));
	json_object_set_new(line, "n_prompt_tokens", json_integer((json_int_t)run->n_prompt));
	json_object_set_new(line, "position", json_integer((json_int_t)krait_session_position(run->session)));
	json_object_set_new(line, "seed", json_integer(seed));
	json_object_set_new(line, "prompt_seconds", json_real(run->prompt_seconds));
	json_object_set_new(line, "seconds", json_real(stream->seconds));
	output_json(line);
}

static void say_speed(const struct run *run, const struct tool_stream *stream)
{
	int64_t seed = 0;

	krait_session_get_int(run->session, KRAIT_SAMPLE_SEED, &seed);
	if (!run->common.json)
		terminal_part();
	say_note("krait: read %zu tokens in %.2f s, "
		"wrote %" PRId64 " in %.2f s (%.1f tokens/s); ended by %s; seed %" PRId64,
		run->n_prompt, run->prompt_seconds, stream->n_tokens, stream->seconds,
		stream->seconds > 0 ? (double)stream->n_tokens / stream->seconds : 0, stream->reason, seed);
}

static int generate(struct run *run)
{
	struct text whole = { 0 };
	struct tool_stream stream = {
		.session = run->session,
		.limit = run->n_tokens.given ? run->n_tokens.whole : DEFAULT_TOKENS,
		.json = run->common.json, .raw = run->raw, .keep = run->save != NULL,
		.whole = run->common.json ? &whole : NULL,
	};
	int saved = -1;
	int status = stream_run(&stream);
	bool ran = status < 0 || status == STATUS_INTERRUPTED;

	if (ran && !run->common.json && isatty(STDOUT_FILENO) && !terminal_ends_line())
		terminal_write("\n", 1, false);
	if (ran && run->save)
		saved = save(run);
	if (ran && run->common.json)
		write_summary(run, &stream);
	if (ran && run->common.verbose)
		say_speed(run, &stream);
	text_free(&whole);
	return saved >= 0 ? saved : status;
}

int verb_run(const struct verb *verb, int argc, char **argv)
{
	struct run run = { 0 };
	int status = read_options(&run, verb, argc, argv);

	if (status < 0)
		status = opening_session(&run.model, &run.session, &run.common);
	if (status < 0 && run.load)
		status = load(&run);
	if (status < 0)
		status = prepare(&run);
	if (status < 0)
		status = read_prompt(&run);
	if (status < 0)
		status = generate(&run);
	interrupt_watch(NULL);
	krait_session_free(run.session);
	krait_model_free(run.model);
	return status < 0 ? STATUS_DONE : status;
}
