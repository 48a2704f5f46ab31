/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - the files beside the weights: what they say, the model opens or says why not in a readable text.
 * The input is several of them, each behind a line "== NAME". */
#include "fuzz.h"

#include <string.h>

static const char *const names[] = {
	"config.json", "generation_config.json", "tokenizer_config.json", "special_tokens_map.json",
	"chat_template.jinja", "tokenizer.json",
	"added_tokens.json", "chat_template.json",
};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

static const char sound[] =
	"== config.json\n{\"model_type\":\"mamba\",\"num_hidden_layers\":1,\"layer_norm_epsilon\":0.001,\"hidden_size\":4,\"state_size\":4,\"vocab_size\":264,"
	"\"tie_word_embeddings\":true,\"eos_token_id\":[259,260],\"architectures\":[\"MambaForCausalLM\"],\"rms_norm\":true,\"residual_in_fp32\":true}\n"
	"== generation_config.json\n{\"eos_token_id\":259,\"bos_token_id\":null,\"temperature\":0.7,\"top_k\":50,\"top_p\":0.9,\"do_sample\":true,"
	"\"stop_strings\":[\"END\"],\"suppress_tokens\":[1,2],\"max_new_tokens\":20,\"repetition_penalty\":1.1}\n"
	"== tokenizer_config.json\n{\"eos_token\":{\"content\":\"<|end|>\"},\"bos_token\":null,\"model_max_length\":1000000000000000019884624838656,"
	"\"chat_template\":[{\"name\":\"default\",\"template\":\"{{ messages[0].content }}\"}],\"added_tokens_decoder\":{\"259\":{\"content\":\"<|end|>\"}}}\n"
	"== special_tokens_map.json\n{\"eos_token\":\"<|end|>\",\"additional_special_tokens\":[\"<|user|>\"]}\n"
	"== chat_template.jinja\n{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}\n";

/* One of each other family: of these the weights are not there, but all of the configuration is read before they are missed. */
static const char *const families[] = {
	"== config.json\n{\"n_layer\":2,\"d_intermediate\":8,\"attn_layer_idx\":[1],\"attn_cfg\":{\"causal\":true,\"num_heads\":2,\"head_dim\":4,"
	"\"rotary_emb_dim\":2,\"d_conv\":4,\"softmax_scale\":0.5},\"ssm_cfg\":{\"layer\":\"Mamba3\",\"is_mimo\":true,\"A_floor\":0.1,\"ngroups\":1}}\n",
	"== config.json\n{\"model_type\":\"granitemoehybrid\",\"layer_types\":[\"mamba\",\"attention\"],\"position_embedding_type\":\"rope\","
	"\"rope_parameters\":{\"rope_theta\":500,\"rope_type\":\"default\"},\"num_attention_heads\":2,\"num_local_experts\":4,\"num_experts_per_tok\":2,"
	"\"embedding_multiplier\":12,\"logits_scaling\":8,\"residual_multiplier\":0.2,\"attention_multiplier\":0.1,\"mamba_n_groups\":1}\n",
	"== config.json\n{\"model_type\":\"nemotron_h\",\"hybrid_override_pattern\":\"M-*E\",\"n_routed_experts\":4,\"num_experts_per_tok\":2,"
	"\"n_group\":2,\"topk_group\":1,\"routed_scaling_factor\":2.5,\"num_attention_heads\":2,\"head_dim\":4,\"n_groups\":1,\"use_bias\":false,"
	"\"mlp_hidden_act\":\"relu2\",\"time_step_limit\":[0.0,Infinity],\"norm_topk_prob\":true}\n",
	"== config.json\n{\"model_type\":\"falcon_h1\",\"num_hidden_layers\":1,\"ssm_multipliers\":[1,2,3,4,5],\"mlp_multipliers\":[0.5,2],"
	"\"key_multiplier\":0.39,\"ssm_in_multiplier\":1.25,\"num_attention_heads\":2,\"head_dim\":4,\"rope_theta\":1e11,\"mamba_rms_norm\":true}\n",
	"== config.json\n{\"model_type\":\"bamba\",\"num_hidden_layers\":2,\"attn_layer_indices\":[1],\"num_attention_heads\":2,\"attn_rotary_emb\":2,"
	"\"hidden_size\":8}\n",
	"== config.json\n{\"model_type\":\"jamba\",\"num_hidden_layers\":4,\"attn_layer_period\":2,\"attn_layer_offset\":1,\"expert_layer_period\":2,"
	"\"expert_layer_offset\":0,\"num_experts\":4,\"num_experts_per_tok\":2,\"mamba_dt_rank\":\"auto\",\"num_attention_heads\":2}\n",
	"== config.json\n{\"model_type\":\"falcon_mamba\",\"num_hidden_layers\":1,\"mixer_rms_eps\":1e-6,\"tie_word_embeddings\":false}\n",
};
#define N_FAMILIES (sizeof(families) / sizeof(families[0]))

static const char *const words[] = {
	"null", "true", "false", "0", "-1", "1", "1e400", "NaN", "Infinity", "18446744073709551616",
	"1000000000000000019884624838656", "0.5", "[]", "{}", "[", "]", "{", "}", ",", ":", "\"",
	"\"a\"", "\\u0000", "\\u001b[31m", "\xc2\x9b", "\xef\xbb\xbf", "\\ud800", "\n== config.json\n",
	"\n== generation_config.json\n", "\n== tokenizer.json\n", "\n== added_tokens.json\n",
	"\"architectures\":[\"MambaModel\"]", "\"model_type\":\"mamba2\"", "\"model_type\":\"falcon_mamba\"", "\"layer_types\":[", "\"linear_attention\"", "\"hybrid_override_pattern\":",
	"\"sliding_window\":4", "\"moe_latent_size\":4", "\"head_dim\":", "\"num_attention_heads\":", "4294967295", "\"ssm_cfg\":{\"layer\":\"Mamba2\"}",
	"\"d_model\":4", "\"n_layer\":1", "\"vocab_size\":263", "\"state_size\":8", "\"conv_kernel\":4",
	"\"expand\":2", "\"time_step_rank\":\"auto\"", "\"hidden_act\":\"gelu\"", "\"num_heads\":2", "\"head_dim\":4",
	"\"n_groups\":1", "\"chunk_size\":256", "\"eos_token_id\":", "\"torch_dtype\":\"float16\"",
	"\"quantization_config\":{}", "\"auto_map\":{}", "\"chat_template\":", "{{ messages }}", "{% if %}",
	"version https://git-lfs.github.com/spec/v1\n",
};

static size_t mutate(uint8_t *data, size_t n, size_t most, unsigned seed)
{
	if (n < 2 && sizeof(sound) - 1 <= most) {
		const char *text = seed % (N_FAMILIES + 1) ? families[seed % (N_FAMILIES + 1) - 1] : sound;

		n = strlen(text) < most ? strlen(text) : most;
		memcpy(data, text, n);
	}
	return fuzz_mutate_text(data, n, most, seed, words, sizeof(words) / sizeof(words[0]));
}

struct files { const char *folder; bool there[N_NAMES]; };

static void put_part(void *user, const char *name, const char *text, size_t n)
{
	struct files *files = user;

	for (size_t i = 0; i < N_NAMES; i++)
		if (strcmp(name, names[i]) == 0) {
			fuzz_put(files->folder, name, text, n);
			files->there[i] = true;
		}
}

/* What a program does that talks with whatever model it found. */
static void talk(const char *folder)
{
	krait_model *model;
	krait_chat *chat = NULL;
	krait_session *session = NULL;
	krait_token out[4];
	size_t n;

	if (krait_model_open(&model, folder, NULL) == KRAIT_OK && krait_chat_new(&chat, model) == KRAIT_OK
		&& krait_session_new(&session, model) == KRAIT_OK) {
		(void)krait_chat_add(chat, "user", "the");
		if (krait_chat_feed(chat, session) == KRAIT_OK)
			(void)krait_session_generate(session, out, 4, &n);
		fuzz_check_text("krait_chat_error", krait_chat_error(chat));
	}
	krait_session_free(session);
	krait_chat_free(chat);
	krait_model_free(model);
}

static void run(const uint8_t *data, size_t n)
{
	static struct files files;
	static struct fuzz_bytes tokenizer;

	if (!files.folder) {
		struct fuzz_bytes weights = fuzz_weights(0, FUZZ_TENSORS);

		files.folder = fuzz_folder();
		tokenizer = fuzz_tokenizer_json();
		fuzz_put(files.folder, "model.safetensors", weights.data, weights.size);
		fuzz_free(&weights);
	}
	for (size_t i = 0; i < N_NAMES; i++) {
		files.there[i] = false;
		fuzz_put(files.folder, names[i], NULL, 0);
	}
	fuzz_put(files.folder, "config.json", fuzz_config_json, strlen(fuzz_config_json));
	fuzz_put(files.folder, "tokenizer.json", tokenizer.data, tokenizer.size);
	fuzz_parts(data, n, put_part, &files);
	fuzz_use_folder(files.folder);
	talk(files.folder);
}

const struct fuzz_harness fuzz_config = { "config", run, mutate };
