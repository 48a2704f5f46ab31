/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.c - calls every function of krait.h as it was in 0.1, and tells what came of it.
 *
 *     program all MODEL FOLDER        everything once; FOLDER is a place to write in
 *     program save MODEL FILE         a state with something in every section
 *     program follow MODEL FILE       the tokens that follow a saved state
 *
 * It was compiled against 0.1 and is kept so: tests/abi/README.md. What it prints depends on
 * the contract alone: no texts of errors, no last bits.
 */
#include <krait.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(krait_status status, krait_status expected, const char *what, const char *text)
{
	fprintf(stderr, "%s: %s, not %s: %s\n", what, krait_status_name(status), krait_status_name(expected), text);
	exit(1);
}

/* The text is asked for after the call, whose handle may be new. */
#define NEED(expected, call, text) \
	do { \
		krait_status got = (call); \
		if (got != (expected)) \
			fail(got, (expected), #call, (text)); \
	} while (0)
#define SESSION(call) NEED(KRAIT_OK, call, krait_session_error(session))
#define STATE(call) NEED(KRAIT_OK, call, krait_state_error(state))
#define REFUSED(expected, call) NEED(expected, call, "")

static void print_tokens(const char *name, const krait_token *tokens, size_t n)
{
	printf("%s:", name);
	for (size_t i = 0; i < n; i++)
		printf(" %d", (int)tokens[i]);
	printf("\n");
}

static int progress(void *user, uint64_t done, uint64_t total)
{
	*(int *)user |= done <= total;
	return 0;
}

static void log_line(void *user, int level, const char *text)
{
	(void)user;
	if (level < KRAIT_LOG_ERROR || !text)
		exit(1);
}

static krait_model *open_model(const char *path)
{
	static int called;
	krait_options *options;
	krait_model *model;

	NEED(KRAIT_OK, krait_options_new(&options), krait_options_error(options));
	NEED(KRAIT_OK, krait_options_set_text(options, KRAIT_OPTION_DEVICE, "cpu"), krait_options_error(options));
	NEED(KRAIT_OK, krait_options_set_int(options, KRAIT_OPTION_THREADS, 1), krait_options_error(options));
	REFUSED(KRAIT_ERROR_UNSUPPORTED, krait_options_set_int(options, 99999, 1));
	REFUSED(KRAIT_ERROR_ARGUMENT, krait_options_set_int(options, KRAIT_OPTION_DEVICE, 1));
	krait_options_set_progress(options, progress, &called);
	krait_options_set_log(options, log_line, NULL);
	NEED(KRAIT_OK, krait_model_open(&model, path, options), krait_model_error(model));
	krait_options_free(options);
	return model;
}

/* ---- states ---- */

/* Something in every section of the file. */
static void fill(krait_session *session, krait_token first)
{
	krait_token tokens[24];
	size_t n;

	SESSION(krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 0.9));
	SESSION(krait_session_set_float(session, KRAIT_SAMPLE_TOP_P, 0.95));
	SESSION(krait_session_set_float(session, KRAIT_SAMPLE_REPETITION_PENALTY, 1.1));
	SESSION(krait_session_set_float(session, KRAIT_SAMPLE_FREQUENCY_PENALTY, 0.05));
	SESSION(krait_session_set_int(session, KRAIT_SAMPLE_SEED, -42));
	SESSION(krait_session_set_int(session, KRAIT_SAMPLE_TOP_K, 40));
	SESSION(krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, 1000));
	SESSION(krait_session_set_bias(session, first + 1, -INFINITY));
	SESSION(krait_session_set_bias(session, first + 2, 0.5f));
	SESSION(krait_session_clear_stops(session));
	SESSION(krait_session_add_stop(session, first));
	SESSION(krait_session_add_stop_text(session, "\n\nThe very end", 14));
	SESSION(krait_session_set_note(session, "kept\0with it", 12));
	for (int i = 0; i < 24; i++)
		tokens[i] = first + (7 * i) % 40;
	SESSION(krait_session_feed(session, tokens, 24));
	NEED(KRAIT_OK, krait_session_generate(session, tokens, 5, &n), krait_session_error(session));
}

static void save(krait_model *model, const char *path)
{
	krait_session *session;
	krait_state *state;

	SESSION(krait_session_new(&session, model));
	fill(session, 3);
	SESSION(krait_session_snapshot(&state, session));
	STATE(krait_state_save(state, path));
	krait_state_free(state);
	krait_session_free(session);
}

static void follow(krait_model *model, const char *path)
{
	krait_session *session;
	krait_state *state;
	krait_token tokens[40];
	char note[12];
	size_t n;
	int64_t whole;
	double real;

	STATE(krait_state_load(&state, model, path));
	SESSION(krait_session_new(&session, model));
	SESSION(krait_session_restore(session, state));
	STATE(krait_state_note(state, note, sizeof(note), &n));
	printf("position %llu, note %zu: %.4s %.7s\n", (unsigned long long)krait_state_position(state), n, note, note + 5);
	SESSION(krait_session_get_int(session, KRAIT_SAMPLE_SEED, &whole));
	SESSION(krait_session_get_float(session, KRAIT_SAMPLE_TOP_P, &real));
	printf("seed %lld, top-p %g\n", (long long)whole, real);
	SESSION(krait_session_generate(session, tokens, 40, &n));
	print_tokens("sampled", tokens, n);
	SESSION(krait_session_restore(session, state));
	SESSION(krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 0));
	SESSION(krait_session_generate(session, tokens, 40, &n));
	print_tokens("greedy", tokens, n);
	krait_state_free(state);
	krait_session_free(session);
}

/* ---- everything ---- */

static void library(void)
{
	krait_devices *devices;
	int64_t value;

	if (!*krait_version())
		exit(1);
	REFUSED(KRAIT_ERROR_NOT_FOUND, krait_constant("KRAIT_NOTHING", &value));
	REFUSED(KRAIT_OK, krait_constant("KRAIT_REWIND_TOKENS", &value));
	printf("library: %lld\n", (long long)value);
	REFUSED(KRAIT_OK, krait_devices_open(&devices));
	if (krait_devices_count(devices) < 1 || !*krait_devices_about(devices, 0) ||
	    krait_devices_memory(devices, 0) < krait_devices_memory_free(devices, 0))
		exit(1);
	printf("device: %s\n", krait_devices_name(devices, 0));
	krait_devices_free(devices);
}

static void describe(krait_model *model)
{
	if (!krait_model_note(model) || krait_model_info(model)[0] != '{' || krait_model_memory(model, 1) >= krait_model_memory(model, 2))
		exit(1);
	printf("model: %s %s %s\n", krait_model_family(model), krait_model_device(model), krait_model_fingerprint(model));
	printf("sizes: %zu %zu %zu %llu %zu\n", krait_model_vocab_size(model), krait_model_width(model), krait_model_n_layers(model),
		(unsigned long long)krait_model_n_parameters(model), krait_model_state_size(model));
	krait_model_free(krait_model_ref(model));
}

static void text(krait_model *model)
{
	const char *words = "Once upon a time there was a k\303\266nig.";
	krait_tokenizer *tokenizer = krait_tokenizer_ref((krait_tokenizer *)(uintptr_t)krait_model_tokenizer(model)), *missing;
	krait_decoder *decoder;
	krait_token tokens[64];
	char back[128];
	size_t n, n_back;

	REFUSED(KRAIT_OK, krait_tokenizer_encode(tokenizer, words, strlen(words), KRAIT_PARSE_SPECIAL | KRAIT_ADD_SPECIAL, tokens, 64, &n));
	print_tokens("encoded", tokens, n);
	REFUSED(KRAIT_ERROR_SPACE, krait_tokenizer_encode(tokenizer, words, strlen(words), 0, tokens, 1, &n));
	REFUSED(KRAIT_OK, krait_tokenizer_decode(tokenizer, tokens, n, KRAIT_SKIP_SPECIAL, back, sizeof(back), &n_back));
	printf("decoded: %.*s\n", (int)n_back, back);
	printf("tokens: %zu, the: %d\n", krait_tokenizer_size(tokenizer), (int)krait_tokenizer_find(tokenizer, "the", 3));
	REFUSED(KRAIT_OK, krait_decoder_new(&decoder, tokenizer));
	for (size_t i = 0; i < n; i++) {
		REFUSED(KRAIT_OK, krait_decoder_push(decoder, tokens[i]));
		printf("%s|", krait_decoder_piece(decoder));
	}
	REFUSED(KRAIT_OK, krait_decoder_flush(decoder));
	printf("%zu\n", krait_decoder_piece_size(decoder));
	krait_decoder_free(decoder);
	krait_tokenizer_free(tokenizer);
	REFUSED(KRAIT_ERROR_NOT_FOUND, krait_tokenizer_open(&missing, "no/such/file"));
	if (!*krait_tokenizer_error(missing))
		exit(1);
	krait_tokenizer_free(missing);
}

static void numbers(krait_model *model, krait_session *session)
{
	size_t vocab = krait_model_vocab_size(model), width = krait_model_width(model), best = 0;
	float *logits = calloc(2 * vocab, sizeof(*logits)), *probs = calloc(vocab, sizeof(*probs)), scores[3], sum = 0;
	krait_token tokens[3] = { 10, 20, 30 }, picked;
	krait_sampler *sampler;

	SESSION(krait_session_score(session, tokens, 3, scores, 3));
	printf("scores: %.2f %.2f %.2f\n", (double)scores[0], (double)scores[1], (double)scores[2]);
	SESSION(krait_session_set_int(session, KRAIT_KEEP_POSITIONS, 2));
	SESSION(krait_session_feed(session, tokens, 3));
	SESSION(krait_session_logits(session, logits, 2 * vocab));
	REFUSED(KRAIT_ERROR_SPACE, krait_session_hidden(session, probs, width - 1));
	for (size_t i = 0; i < vocab; i++)
		best = logits[vocab + i] > logits[vocab + best] ? i : best;
	SESSION(krait_session_set_int(session, KRAIT_KEEP_POSITIONS, 0));
	NEED(KRAIT_OK, krait_sampler_new(&sampler), krait_sampler_error(sampler));
	REFUSED(KRAIT_OK, krait_sampler_set_float(sampler, KRAIT_SAMPLE_TEMPERATURE, 0.5));
	REFUSED(KRAIT_OK, krait_sampler_set_int(sampler, KRAIT_SAMPLE_TOP_K, 3));
	REFUSED(KRAIT_OK, krait_sampler_set_int(sampler, KRAIT_SAMPLE_SEED, 0));
	REFUSED(KRAIT_OK, krait_sampler_set_bias(sampler, 0, -INFINITY));
	REFUSED(KRAIT_OK, krait_sampler_probs(sampler, logits + vocab, vocab, tokens, 3, probs, vocab));
	REFUSED(KRAIT_OK, krait_sampler_pick(sampler, logits + vocab, vocab, tokens, 3, 17, &picked));
	for (size_t i = 0; i < vocab; i++)
		sum += probs[i];
	printf("best: %zu, picked: %d, sum: %.3f\n", best, (int)picked, (double)sum);
	SESSION(krait_session_set_sampler(session, sampler));
	krait_sampler_free(sampler);
	free(logits);
	free(probs);
}

static void course(krait_model *model, krait_session *session)
{
	float *vectors = calloc(krait_model_width(model), sizeof(*vectors));
	krait_session *twin;
	krait_state *state, *again;
	krait_token token = 0;
	unsigned char *data;
	size_t n;

	SESSION(krait_session_feed_text(session, "Once upon a time"));
	SESSION(krait_session_feed_utf8(session, " there was", 10, KRAIT_PARSE_SPECIAL));
	SESSION(krait_session_feed_embeddings(session, vectors, 1, krait_model_width(model)));
	SESSION(krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, 8));
	SESSION(krait_session_fork(&twin, session));
	printf("text:");
	while (krait_session_next(session, &token) == KRAIT_OK)
		printf("%.*s", (int)krait_session_piece_size(session), krait_session_piece(session));
	printf("\nposition %llu, reason %d, token %d\n", (unsigned long long)krait_session_position(session),
		krait_session_end_reason(session), (int)token);
	SESSION(krait_session_rewind(session, 8));
	SESSION(krait_session_cancel(session));
	NEED(KRAIT_CANCELLED, krait_session_feed(session, &(krait_token){ 5 }, 1), krait_session_error(session));
	SESSION(krait_session_snapshot(&state, session));
	data = malloc(krait_state_size(state));
	STATE(krait_state_write(state, data, krait_state_size(state)));
	STATE(krait_state_read(&again, model, data, krait_state_size(state)));
	SESSION(krait_session_restore(twin, again));
	printf("the same: %d\n", krait_session_position(twin) == krait_session_position(session));
	SESSION(krait_session_generate(twin, &token, 1, &n));
	free(data);
	free(vectors);
	krait_state_free(state);
	krait_state_free(again);
	krait_session_free(twin);
	SESSION(krait_session_reset(session));
	printf("reset: %llu\n", (unsigned long long)krait_session_position(session));
}

static void batch(krait_model *model, krait_session *session)
{
	krait_token tokens[2] = { 40, 50 };
	krait_session *other;
	krait_batch *batch;

	SESSION(krait_session_new(&other, model));
	NEED(KRAIT_OK, krait_batch_new(&batch, model), krait_batch_error(batch));
	REFUSED(KRAIT_OK, krait_batch_add(batch, session, tokens, 2));
	REFUSED(KRAIT_OK, krait_batch_add(batch, other, tokens, 1));
	NEED(KRAIT_OK, krait_batch_run(batch), krait_batch_error(batch));
	REFUSED(KRAIT_OK, krait_batch_add(batch, session, NULL, 0));
	NEED(KRAIT_OK, krait_batch_run(batch), krait_batch_error(batch));
	printf("batch: %zu %s %d\n", krait_batch_size(batch), krait_status_name(krait_batch_status(batch, 0)), (int)krait_batch_token(batch, 0) >= 0);
	krait_batch_clear(batch);
	krait_batch_free(batch);
	krait_session_free(other);
}

static void chat(krait_model *model, krait_session *session)
{
	krait_chat *chat;
	krait_token tokens[128];
	char out[256];
	size_t n;

	NEED(KRAIT_OK, krait_chat_new(&chat, model), krait_chat_error(chat));
	REFUSED(KRAIT_OK, krait_chat_set_template(chat, "{{ name }}: {% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}"));
	REFUSED(KRAIT_OK, krait_chat_set_json(chat, "name", "\"A\"", 3));
	REFUSED(KRAIT_OK, krait_chat_add(chat, "user", "Who is there?"));
	REFUSED(KRAIT_OK, krait_chat_add_json(chat, "{\"role\": \"user\", \"content\": \"Say it.\"}", 38));
	REFUSED(KRAIT_OK, krait_chat_render(chat, 1, out, sizeof(out), &n));
	printf("chat: %.*s", (int)n, out);
	REFUSED(KRAIT_OK, krait_chat_encode(chat, 1, tokens, 128, &n));
	print_tokens("chat", tokens, n);
	SESSION(krait_session_reset(session));
	NEED(KRAIT_OK, krait_chat_feed(chat, session), krait_chat_error(chat));
	printf("fed: %d\n", krait_session_position(session) == n);
	krait_chat_clear(chat);
	krait_chat_free(chat);
}

static void all(krait_model *model, const char *folder)
{
	char path[4096];
	krait_session *session;

	library();
	describe(model);
	text(model);
	SESSION(krait_session_new(&session, model));
	SESSION(krait_session_set_int(session, KRAIT_SAMPLE_SEED, 0));
	numbers(model, session);
	course(model, session);
	batch(model, session);
	chat(model, session);
	krait_session_free(session);
	snprintf(path, sizeof(path), "%s/saved", folder);
	save(model, path);
	follow(model, path);
}

int main(int argc, char **argv)
{
	krait_model *model;

	if (argc != 4)
		return 2;
	model = open_model(argv[2]);
	if (!strcmp(argv[1], "all"))
		all(model, argv[3]);
	else if (!strcmp(argv[1], "save"))
		save(model, argv[3]);
	else
		follow(model, argv[3]);
	krait_model_free(model);
	return 0;
}
