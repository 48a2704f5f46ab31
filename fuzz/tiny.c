/* SPDX-License-Identifier: Apache-2.0 */
/* tiny.c - a Mamba model of a few thousand numbers and a tokenizer of the 256 bytes, made here. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH 4
#define INNER 8
#define STATE 4
#define CONV 4
#define RANK 1

const char fuzz_config_json[] = "{\"architectures\":[\"MambaForCausalLM\"],\"model_type\":\"mamba\",\"num_hidden_layers\":1,"
	"\"layer_norm_epsilon\":0.001,\"use_bias\":false,\"use_conv_bias\":true,\"hidden_act\":\"silu\",\"tie_word_embeddings\":true,"
	"\"eos_token_id\":259}";
const char fuzz_tokenizer_config[] = "{\"eos_token\":\"<|end|>\",\"chat_template\":"
	"\"{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}\"}";

const struct fuzz_tensor fuzz_tensors[FUZZ_TENSORS] = {
	{ "backbone.embeddings.weight", 2, { FUZZ_VOCAB, WIDTH, 0 } },
	{ "backbone.layers.0.norm.weight", 1, { WIDTH, 0, 0 } },
	{ "backbone.layers.0.mixer.A_log", 2, { INNER, STATE, 0 } },
	{ "backbone.layers.0.mixer.D", 1, { INNER, 0, 0 } },
	{ "backbone.layers.0.mixer.conv1d.weight", 3, { INNER, 1, CONV } },
	{ "backbone.layers.0.mixer.conv1d.bias", 1, { INNER, 0, 0 } },
	{ "backbone.layers.0.mixer.in_proj.weight", 2, { 2 * INNER, WIDTH, 0 } },
	{ "backbone.layers.0.mixer.x_proj.weight", 2, { RANK + 2 * STATE, INNER, 0 } },
	{ "backbone.layers.0.mixer.dt_proj.weight", 2, { INNER, RANK, 0 } },
	{ "backbone.layers.0.mixer.dt_proj.bias", 1, { INNER, 0, 0 } },
	{ "backbone.layers.0.mixer.out_proj.weight", 2, { WIDTH, INNER, 0 } },
	{ "backbone.norm_f.weight", 1, { WIDTH, 0, 0 } },
};

size_t fuzz_count(const struct fuzz_tensor *tensor)
{
	size_t n = 1;

	for (int i = 0; i < tensor->rank; i++)
		n *= (size_t)tensor->shape[i];
	return n;
}

float fuzz_value(size_t tensor, size_t element)
{
	uint32_t x = (uint32_t)(tensor * 7919 + element * 104729 + 12345);

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return ((float)(x % 2001) - 1000) / 900;
}

static struct fuzz_bytes weights_of(const struct fuzz_tensor *tensors, size_t first, size_t n)
{
	struct fuzz_bytes head = { NULL, 0, 0 }, out = { NULL, 0, 0 };
	size_t at = 0;
	uint8_t size[8] = { 0 };

	fuzz_print(&head, "{\"__metadata__\":{\"format\":\"pt\"}");
	for (size_t i = first; i < first + n; i++) {
		const struct fuzz_tensor *t = &tensors[i];

		fuzz_print(&head, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[", t->name);
		for (int k = 0; k < t->rank; k++)
			fuzz_print(&head, "%s%d", k ? "," : "", t->shape[k]);
		fuzz_print(&head, "],\"data_offsets\":[%zu,%zu]}", at, at + 4 * fuzz_count(t));
		at += 4 * fuzz_count(t);
	}
	fuzz_print(&head, "}");
	while (head.size % 8)
		fuzz_print(&head, " ");
	for (int i = 0; i < 4; i++)
		size[i] = (uint8_t)(head.size >> (8 * i));
	fuzz_add(&out, size, 8);
	fuzz_add(&out, head.data, head.size);
	for (size_t i = first; i < first + n; i++)
		for (size_t k = 0; k < fuzz_count(&tensors[i]); k++) {
			float value = fuzz_value(i, k);

			fuzz_add(&out, &value, sizeof(value));
		}
	fuzz_free(&head);
	return out;
}

struct fuzz_bytes fuzz_weights(size_t first, size_t n)
{
	return weights_of(fuzz_tensors, first, n);
}

/* The character that byte-level vocabularies write a byte as, as JSON. */
static void spell(struct fuzz_bytes *out, unsigned byte)
{
	unsigned code = byte, before = 0;

	for (unsigned b = 0; b <= byte; b++) {
		bool itself = (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;

		if (b == byte && !itself)
			code = 0x100 + before;
		before += !itself;
	}
	fuzz_print(out, "\\u%04x", code);
}

struct fuzz_bytes fuzz_tokenizer_json(void)
{
	static const char *const added[] = { "<|end|>", "<|user|>", "<|assistant|>", FUZZ_SECRET };
	struct fuzz_bytes out = { NULL, 0, 0 };

	fuzz_print(&out, "{\"added_tokens\":[");
	for (unsigned i = 0; i < 4; i++)
		fuzz_print(&out, "%s{\"id\":%u,\"content\":\"%s\",\"special\":true,\"normalized\":false}",
			i ? "," : "", 259 + i, added[i]);
	fuzz_print(&out, "],\"normalizer\":null,\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},"
		"\"decoder\":{\"type\":\"ByteLevel\"},\"model\":{\"type\":\"BPE\",\"vocab\":{");
	for (unsigned byte = 0; byte < 256; byte++) {
		fuzz_print(&out, "%s\"", byte ? "," : "");
		spell(&out, byte);
		fuzz_print(&out, "\":%u", byte);
	}
	fuzz_print(&out, ",\"th\":256,\"he\":257,\"the\":258},\"merges\":[\"t h\",\"h e\",\"th e\"]}}");
	return out;
}

static const struct fuzz_source tiny = { fuzz_config_json, fuzz_tensors, FUZZ_TENSORS }, *source = &tiny;
static krait_model *opened;

void fuzz_want_hybrid(void)
{
	if (opened && source != &fuzz_hybrid)
		fuzz_broken("another model is open");
	source = &fuzz_hybrid;
}

krait_model *fuzz_model(void)
{
	struct fuzz_bytes weights, tokenizer;
	const char *folder;

	if (opened)
		return opened;
	folder = fuzz_folder();
	weights = weights_of(source->tensors, 0, source->n);
	tokenizer = fuzz_tokenizer_json();
	fuzz_put(folder, "config.json", source->config, strlen(source->config));
	fuzz_put(folder, "tokenizer_config.json", fuzz_tokenizer_config, strlen(fuzz_tokenizer_config));
	fuzz_put(folder, "model.safetensors", weights.data, weights.size);
	fuzz_put(folder, "tokenizer.json", tokenizer.data, tokenizer.size);
	if (krait_model_open(&opened, folder, NULL) != KRAIT_OK)
		fuzz_broken("the harness's own model does not open: %s", krait_model_error(opened));
	fuzz_free(&weights);
	fuzz_free(&tokenizer);
	return opened;
}

static void use(krait_model *model)
{
	static const krait_token tokens[] = { 1, 2, 0 };
	float *logits = calloc(krait_model_vocab_size(model), sizeof(*logits));
	krait_session *session;
	krait_token token;
	krait_status status;

	fuzz_check_json("krait_model_info", krait_model_info(model));
	fuzz_check_text("krait_model_note", krait_model_note(model));
	fuzz_check_text("krait_model_family", krait_model_family(model));
	if (krait_session_new(&session, model) == KRAIT_OK) {
		status = krait_session_feed(session, tokens, 3);
		if (status == KRAIT_OK && krait_session_position(session) != 3)
			fuzz_broken("three tokens were fed, the position is %llu",
				(unsigned long long)krait_session_position(session));
		if (status == KRAIT_OK && krait_session_logits(session, logits,
			krait_model_vocab_size(model)) == KRAIT_OK)
			status = krait_session_next(session, &token);
		if (status < 0 && status != KRAIT_ERROR_FORMAT && status != KRAIT_ERROR_ARGUMENT)
			fuzz_broken("a model that opened does not run: %s", krait_session_error(session));
		fuzz_check_text("krait_session_error", krait_session_error(session));
	}
	krait_session_free(session);
	free(logits);
}

void fuzz_use_folder(const char *folder)
{
	krait_model *model;
	krait_status status = krait_model_open(&model, folder, NULL);

	if (status == KRAIT_OK) {
		use(model);
	} else {
		fuzz_check_text("krait_model_error", krait_model_error(model));
		if (!*krait_model_error(model))
			fuzz_broken("opening failed with %d and no text", status);
		if (status == KRAIT_ERROR_MEMORY || status == KRAIT_ERROR_IO)
			fuzz_broken("a small file's answer is %d: %s", status, krait_model_error(model));
	}
	krait_model_free(model);
}
