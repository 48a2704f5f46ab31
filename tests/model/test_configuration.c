/* SPDX-License-Identifier: Apache-2.0 */
/* test_configuration.c - reading config.json: the published layouts, what is refused and how. */
#include "base/memory.h"
#include "model/configuration.h"
#include "support.h"

#include <math.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct model_config config;
static struct why why;

static krait_status parse(const char *text)
{
	krait__why_clear(&why);
	return krait__config_read(&config, NULL, text, strlen(text), &why);
}

static void read_golden(const char *name)
{
	char path[128], *text;
	size_t n;

	snprintf(path, sizeof(path), "golden/%s/config.json", name);
	text = support_read(path, &n);
	ck_assert_msg(krait__config_read(&config, NULL, text, n, &why) == KRAIT_OK, "%s: %s", name, why.text);
	free(text);
}

START_TEST(published_layouts)
{
	read_golden("mamba1-bin-f16");
	ck_assert_ptr_eq(config.family, &krait__family_mamba1);
	ck_assert(config.original && config.n_layers == 3 && config.tied == -1);
	ck_assert(config.want[NEED_CONV_BIAS] == WANT_YES && config.want[NEED_BIAS] == WANT_MAYBE && config.want[NEED_NORM_BIAS] == WANT_NO);
	read_golden("mamba1-layernorm-f32");
	ck_assert(config.want[NEED_CONV_BIAS] == WANT_NO && config.want[NEED_BIAS] == WANT_YES && config.want[NEED_NORM_BIAS] == WANT_YES);
	read_golden("mamba1-hf-bf16");
	ck_assert_ptr_eq(config.family, &krait__family_mamba1);
	ck_assert(!config.original && config.n_layers == 3 && config.eps == 1e-5);
	read_golden("mamba2-dssm-f32");
	ck_assert_ptr_eq(config.family, &krait__family_mamba2);
	ck_assert((config.part[0].flags & PART_NORM_BEFORE_GATE) && config.part[0].n_groups == 2 && config.tied == 0);
	ck_assert(config.part[0].limit_low == 0.004f && config.part[0].limit_high == 0.06f);
	read_golden("mamba2-nonorm-f32");
	ck_assert(config.want[NEED_GATE_NORM] == WANT_NO);
	read_golden("mamba2-hf-f32");
	ck_assert(config.part[0].limit_low == 0 && isinf(config.part[0].limit_high) && config.tied == 1
		&& config.part[0].n_groups == 1);
}
END_TEST

/* transformers has the gate first whatever the field says. */
START_TEST(norm_before_gate_is_for_the_original_only)
{
	read_golden("mamba2-groups-f32");
	ck_assert(config.part[0].flags == 0 && config.part[0].n_groups == 3 && isinf(config.part[0].limit_high));
}
END_TEST

/* Each field away in turn; the two that say what the model is may not both go. */
START_TEST(every_field_is_optional)
{
	static const char *const names[] = {
		"mamba1-bin-f16", "mamba1-hf-bf16", "mamba1-hf-sharded-f32", "mamba1-layernorm-f32", "mamba2-bin-bf16", "mamba2-dssm-f32",
		"mamba2-groups-f32", "mamba2-hf-f32", "mamba2-nonorm-f32",
	};
	char path[128], *text;
	size_t n;
	json_t *file, *less;
	const char *key;
	json_t *value;

	snprintf(path, sizeof(path), "golden/%s/config.json", names[_i]);
	text = support_read(path, &n);
	if (strstr(text, "Infinity") && !strstr(text, "__float__"))
		memcpy(strstr(text, "Infinity"), "1.0e38  ", 8);
	file = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(file);
	json_object_foreach(file, key, value) {
		char *fewer;

		less = json_copy(file);
		json_object_del(less, key);
		fewer = json_dumps(less, 0);
		ck_assert_msg(parse(fewer) == KRAIT_OK || (!strcmp(key, "ssm_cfg") && why.text[0]), "%s without %s: %s", names[_i], key, why.text);
		ck_assert_str_eq(config.family->name, strncmp(names[_i], "mamba2", 6) || !strcmp(key, "ssm_cfg") ? "mamba" : "mamba2");
		free(fewer);
		json_decref(less);
	}
	json_decref(file);
	free(text);
}
END_TEST

static const struct { const char *text; krait_status status; const char *says; } refused[] = {
	{ "{}", KRAIT_ERROR_UNSUPPORTED, "model_type" },
	{ "[]", KRAIT_ERROR_FORMAT, "object" },
	{ "{\"model_type\":", KRAIT_ERROR_FORMAT, "config.json" },
	{ "{\"model_type\": \"llama\"}", KRAIT_ERROR_UNSUPPORTED, "'llama'" },
	{ "{\"model_type\": \"zamba2\"}", KRAIT_ERROR_UNSUPPORTED, "'zamba2'" },
	{ "{\"architectures\": [\"RwkvForCausalLM\"]}", KRAIT_ERROR_UNSUPPORTED, "'RwkvForCausalLM'" },
	{ "{\"architectures\": []}", KRAIT_ERROR_FORMAT, "architectures" },
	{ "{\"model_type\": 3}", KRAIT_ERROR_FORMAT, "model_type" },
	{ "{\"d_model\": 8, \"ssm_cfg\": {\"layer\": \"Mamba4\"}}", KRAIT_ERROR_UNSUPPORTED, "'Mamba4'" },
	{ "{\"d_model\": 8, \"ssm_cfg\": 7}", KRAIT_ERROR_FORMAT, "ssm_cfg" },
	{ "{\"d_model\": 8, \"attn_layer_idx\": [1, 3]}", KRAIT_ERROR_FORMAT, "attn_layer_idx" },
	{ "{\"d_model\": 8, \"attn_layer_idx\": 3}", KRAIT_ERROR_FORMAT, "attn_layer_idx" },
	{ "{\"n_layer\": 4, \"attn_layer_idx\": [1, 4]}", KRAIT_ERROR_FORMAT, "entry 1 of 'attn_layer_idx'" },
	{ "{\"n_layer\": 4, \"attn_layer_idx\": [1.5]}", KRAIT_ERROR_FORMAT, "entry 0 of 'attn_layer_idx'" },
	{ "{\"n_layer\": 4, \"attn_layer_idx\": [1], \"attn_cfg\": {\"num_heads\": 2}}", KRAIT_ERROR_UNSUPPORTED,
	"attn_cfg.causal" },
	{ "{\"n_layer\": 4, \"attn_layer_idx\": [1], \"attn_cfg\": {\"causal\": true, \"mlp_dim\": 8}}",
	KRAIT_ERROR_UNSUPPORTED, "mlp_dim" },
	{ "{\"n_layer\": 4, \"attn_layer_idx\": [1], \"attn_cfg\": {\"causal\": true, \"rotary_emb_interleaved\": "
	"true}}", KRAIT_ERROR_UNSUPPORTED,
		"rotary_emb_interleaved" },
	{ "{\"n_layer\": 2000, \"attn_layer_idx\": [1]}", KRAIT_ERROR_FORMAT, "attn_layer_idx" },
	{ "{\"d_model\": 8, \"d_intermediate\": -1}", KRAIT_ERROR_FORMAT, "d_intermediate" },
	{ "{\"n_layer\": 2, \"ssm_cfg\": {\"layer\": \"Mamba3\", \"A_floor\": Infinity}}", KRAIT_ERROR_FORMAT,
	"A_floor" },
	{ "{\"model_type\": \"falcon_mamba\", \"mixer_rms_eps\": -1}", KRAIT_ERROR_FORMAT, "mixer_rms_eps" },
	{ "{\"model_type\": \"granitemoehybrid\"}", KRAIT_ERROR_FORMAT, "layer_types" },
	{ "{\"model_type\": \"granitemoehybrid\", \"layer_types\": []}", KRAIT_ERROR_FORMAT, "layer_types" },
	{ "{\"model_type\": \"granitemoehybrid\", \"layer_types\": [\"mamba\", 3]}", KRAIT_ERROR_FORMAT,
	"no word for layer 1" },
	{ "{\"model_type\": \"granitemoehybrid\", \"layer_types\": [\"mamba\", \"rwkv\"]}", KRAIT_ERROR_UNSUPPORTED,
	"'rwkv'" },
	{ "{\"model_type\": \"granitemoehybrid\", \"layer_types\": [\"mamba\"], \"num_hidden_layers\": 2}",
	KRAIT_ERROR_FORMAT, "2 layers" },
	{ "{\"model_type\": \"granitemoehybrid\", \"layer_types\": [\"mamba\"], \"position_embedding_type\": "
	"\"alibi\"}", KRAIT_ERROR_UNSUPPORTED,
		"'alibi'" },
	{ "{\"model_type\": \"granitemoehybrid\", \"layer_types\": [\"mamba\"], \"logits_scaling\": 0}",
	KRAIT_ERROR_FORMAT, "multiplier" },
	{ "{\"model_type\": \"granitemoehybrid\", \"layer_types\": [\"mamba\"], \"residual_multiplier\": Infinity}",
	KRAIT_ERROR_FORMAT,
		"residual_multiplier" },
	{ "{\"model_type\": \"granitemoehybrid\", \"layer_types\": [\"attention\"], \"position_embedding_type\": "
	"\"rope\", \"rope_scaling\": "
		"{\"rope_type\": \"yarn\"}}", KRAIT_ERROR_UNSUPPORTED, "'yarn'" },
	{ "{\"model_type\": \"nemotron_h\", \"hybrid_override_pattern\": \"MMX\"}", KRAIT_ERROR_FORMAT,
	"hybrid_override_pattern" },
	{ "{\"model_type\": \"nemotron_h\", \"hybrid_override_pattern\": \"ME\", \"moe_latent_size\": 64}",
	KRAIT_ERROR_UNSUPPORTED, "moe_latent_size" },
	{ "{\"model_type\": \"nemotron_h\", \"hybrid_override_pattern\": \"M-\", \"mlp_hidden_act\": \"silu\"}",
	KRAIT_ERROR_UNSUPPORTED, "'silu'" },
	{ "{\"model_type\": \"nemotron_h\", \"hybrid_override_pattern\": \"M*\", \"sliding_window\": 64}",
	KRAIT_ERROR_UNSUPPORTED, "sliding_window" },
	{ "{\"model_type\": \"falcon_h1\", \"ssm_multipliers\": [1, 2]}", KRAIT_ERROR_FORMAT, "ssm_multipliers" },
	{ "{\"model_type\": \"falcon_h1\", \"mlp_multipliers\": [1, NaN]}", KRAIT_ERROR_FORMAT, "mlp_multipliers" },
	{ "{\"model_type\": \"falcon_h1\", \"rope_theta\": 0}", KRAIT_ERROR_FORMAT, "rope_theta" },
	{ "{\"model_type\": \"bamba\", \"num_hidden_layers\": 2, \"attn_layer_indices\": [2]}", KRAIT_ERROR_FORMAT,
	"attn_layer_indices" },
	{ "{\"model_type\": \"jamba\", \"attn_layer_period\": 0}", KRAIT_ERROR_FORMAT, "attn_layer_period" },
	{ "{\"dim\": 8, \"model_type\": \"mamba\", \"n_layers\": 0}", KRAIT_ERROR_FORMAT, "n_layers" },
	{ "{\"n_layer\": -3}", KRAIT_ERROR_FORMAT, "n_layer" },
	{ "{\"n_layer\": 0}", KRAIT_ERROR_FORMAT, "n_layer" },
	{ "{\"n_layer\": \"3\"}", KRAIT_ERROR_FORMAT, "n_layer" },
	{ "{\"n_layer\": 4294967296}", KRAIT_ERROR_FORMAT, "n_layer" },
	{ "{\"model_type\": \"mamba\", \"hidden_act\": \"relu\"}", KRAIT_ERROR_UNSUPPORTED, "'relu'" },
	{ "{\"model_type\": \"mamba\", \"quantization_config\": {}}", KRAIT_ERROR_UNSUPPORTED, "quantization_config" },
	{ "{\"model_type\": \"mamba\", \"layer_norm_epsilon\": -1}", KRAIT_ERROR_FORMAT, "layer_norm_epsilon" },
	{ "{\"model_type\": \"mamba\", \"layer_norm_epsilon\": NaN}", KRAIT_ERROR_FORMAT, "layer_norm_epsilon" },
	{ "{\"model_type\": \"mamba\", \"use_bias\": 1}", KRAIT_ERROR_FORMAT, "use_bias" },
	{ "{\"model_type\": \"mamba2\", \"time_step_limit\": [1]}", KRAIT_ERROR_FORMAT, "time_step_limit" },
	{ "{\"model_type\": \"mamba2\", \"time_step_limit\": [2, 1]}", KRAIT_ERROR_FORMAT, "time_step_limit" },
	{ "{\"model_type\": \"mamba2\", \"time_step_limit\": [0, NaN]}", KRAIT_ERROR_FORMAT, "time_step_limit" },
	{ "{\"model_type\": \"mamba2\", \"n_groups\": -1}", KRAIT_ERROR_FORMAT, "n_groups" },
};

START_TEST(refusals_name_the_field)
{
	krait_status status = parse(refused[_i].text);

	ck_assert_msg(status == refused[_i].status, "%s: %d, %s", refused[_i].text, status, why.text);
	ck_assert_int_eq(why.status, status);
	ck_assert_msg(strstr(why.text, refused[_i].says), "%s: '%s'", refused[_i].text, why.text);
	ck_assert_msg(strstr(why.text, "config.json"), "%s", why.text);
}
END_TEST

/* A name is shown, but it cannot move the terminal's cursor. */
START_TEST(names_are_quoted)
{
	ck_assert_int_eq(parse("{\"model_type\": \"a\\u001b[2Jb\"}"), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_ptr_null(strchr(why.text, 27));
	ck_assert_ptr_nonnull(strstr(why.text, "\\x1B"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("configuration");
	TCase *tests = tcase_create("configuration");

	tcase_add_test(tests, published_layouts);
	tcase_add_test(tests, norm_before_gate_is_for_the_original_only);
	tcase_add_loop_test(tests, every_field_is_optional, 0, 9);
	tcase_add_loop_test(tests, refusals_name_the_field, 0, (int)(sizeof(refused) / sizeof(*refused)));
	tcase_add_test(tests, names_are_quoted);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
