/* SPDX-License-Identifier: Apache-2.0 */
/* config_original.c - reading the config.json of mamba_ssm, and Mistral's params.json, which is of its kind. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/configuration.h"

#include "base/json_field.h"

#include <stdio.h>
#include <string.h>

#define NATIVE_STATE 128        /* what mamba_ssm's Mamba2 takes where nothing else is said */

/* Mistral's file names the model's type in transformers' word, too; that of its Transformers has none. */
static bool is_native(const struct json_value *file)
{
	const char *type = krait__json_string(krait__json_get(file, "model_type"));

	return type && !strcmp(type, "mamba") && krait__config_given(file, "dim") && krait__config_given(file,
		"n_layers");
}

bool krait__config_is_original(const struct json_value *file)
{
	if (is_native(file))
		return true;
	if (krait__config_given(file, "model_type") || krait__config_given(file, "architectures"))
		return false;
	return krait__config_given(file, "d_model") || krait__config_given(file, "n_layer") || krait__config_given(file,
		"ssm_cfg");
}

static krait_status find_family(const struct family **out, const struct json_value *ssm, struct why *why)
{
	const struct family *family;
	const char *layer = "Mamba1";
	krait_status status = krait__field_text(&layer, ssm, "layer", CONFIG_FILE, why);

	if (status != KRAIT_OK)
		return status;
	for (size_t i = 0; (family = krait__family_at(i)) && !*out; i++)
		if (family->layer && !strcmp(layer, family->layer))
			*out = family;
	return *out ? KRAIT_OK : krait__config_unknown("ssm_cfg.layer", layer, why);
}

/* ---- attention ------------------------------------------------------------------------ */

/* The module's own defaults: biases are there unless the file says otherwise. */
static krait_status read_attention(struct model_config *out, const struct json_value *attention, struct why *why)
{
	struct part *part = &out->part[ORIGINAL_ATTENTION];
	bool causal = false;
	uint32_t mlp = 0, conv = 0;
	double scale = 0;
	krait_status status;

	part->theta = 10000;
	out->want[NEED_ATTENTION_BIAS] = out->want[NEED_ATTENTION_OUT_BIAS] = WANT_YES;
	if ((status = krait__field_u32(&part->n_heads, attention, "num_heads", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_u32(&part->n_kv_heads, attention, "num_heads_kv", CONFIG_FILE,
		why)) != KRAIT_OK
		|| (status = krait__field_u32(&part->head_dim, attention, "head_dim", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_u32(&part->n_rotary, attention, "rotary_emb_dim", CONFIG_FILE,
		why)) != KRAIT_OK
		|| (status = krait__field_double(&part->theta, attention, "rotary_emb_base", CONFIG_FILE,
		why)) != KRAIT_OK
		|| (status = krait__field_double(&scale, attention, "softmax_scale", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_bool(&causal, attention, "causal", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_u32(&mlp, attention, "mlp_dim", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_u32(&conv, attention, "d_conv", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__config_refuse(attention, "rotary_emb_interleaved", "only halves are rotated here",
		why)) != KRAIT_OK
		|| (status = krait__config_want(&out->want[NEED_ATTENTION_BIAS], attention, "qkv_proj_bias",
		why)) != KRAIT_OK
		|| (status = krait__config_want(&out->want[NEED_ATTENTION_OUT_BIAS], attention, "out_proj_bias",
		why)) != KRAIT_OK)
		return status;
	part->attention_scale = (float)scale;   /* 0: head_dim^-1/2 */
	out->want[NEED_ATTENTION_CONV] = conv ? WANT_YES : WANT_NO;
	if (!causal)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, CONFIG_FILE ": field 'attn_cfg.causal' is not true: "
			"attention that looks ahead "
			"cannot generate");
	if (mlp)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, CONFIG_FILE ": field 'attn_cfg.mlp_dim' is %u, an MLP "
			"inside of the attention, "
			"which this build does not run", (unsigned)mlp);
	return KRAIT_OK;
}

/* transformerpp has attention only, which is a family of its own to whoever looks at it. */
static void name_mixture(struct model_config *out)
{
	if (!strchr(out->pattern, 'M'))
		snprintf(out->name, sizeof(out->name), "transformerpp");
	else
		snprintf(out->name, sizeof(out->name), "%sattn", out->family->name);
}

/* What the package mixes into any of its models. */
static krait_status read_mixture(struct model_config *out, const struct json_value *file, struct why *why)
{
	const struct json_value *attention = krait__json_get(file, "attn_layer_idx");
	uint32_t mlp = 0;
	krait_status status = krait__field_u32(&mlp, file, "d_intermediate", CONFIG_FILE, why);

	if (status != KRAIT_OK)
		return status;
	out->without[ORIGINAL_MLP] = mlp == 0;
	out->part[ORIGINAL_MLP].flags |= PART_UP_FIRST;
	if (krait__json_is_null(attention) || (krait__json_is(attention, JSON_VALUE_ARRAY)
		&& krait__json_size(attention) == 0))
		return KRAIT_OK;
	out->without[ORIGINAL_ATTENTION] = false;
	if ((status = krait__config_marked(out, file, "attn_layer_idx", why)) != KRAIT_OK
		|| (status = read_attention(out, krait__json_get(file, "attn_cfg"), why)) != KRAIT_OK)
		return status;
	name_mixture(out);
	return KRAIT_OK;
}

/* ------------------------------------------------------------------------------------- */

static krait_status read_package(struct model_config *out, const struct json_value *file, struct why *why)
{
	static const char *const silu[] = { "silu", "swish", NULL };
	const struct json_value *ssm = krait__json_get(file, "ssm_cfg");
	const struct family *family = NULL;
	krait_status status;

	if (krait__json_is_null(ssm))
		ssm = NULL;
	if (ssm && !krait__json_is(ssm, JSON_VALUE_OBJECT))
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field 'ssm_cfg' is not an object");
	if ((status = find_family(&family, ssm, why)) != KRAIT_OK)
		return status;
	krait__config_defaults(out, family, true);
	if ((status = krait__config_layers(&out->n_layers, file, "n_layer", why)) != KRAIT_OK
		|| (status = krait__config_tied(&out->tied, file, "tie_embeddings", why)) != KRAIT_OK
		|| (status = krait__config_want(&out->want[NEED_NORM_BIAS], file, "rms_norm", why)) != KRAIT_OK
		|| (status = krait__config_want(&out->want[NEED_BIAS], ssm, "bias", why)) != KRAIT_OK
		|| (status = krait__config_want(&out->want[NEED_CONV_BIAS], ssm, "conv_bias", why)) != KRAIT_OK
		|| (status = krait__config_one_of(ssm, "activation", silu, why)) != KRAIT_OK
		|| (status = read_mixture(out, file, why)) != KRAIT_OK)
		return status;
	out->want[NEED_OUT_BIAS] = out->want[NEED_BIAS];
	/* rms_norm false means LayerNorm, and that is what has a bias. */
	if (out->want[NEED_NORM_BIAS] != WANT_MAYBE)
		out->want[NEED_NORM_BIAS] = out->want[NEED_NORM_BIAS] == WANT_YES ? WANT_NO : WANT_YES;
	return family->configure(out, ssm, why);
}

/* Codestral as Mistral publishes it: Mamba-2 whose other sizes are the package's defaults. */
static krait_status read_native(struct model_config *out, const struct json_value *file, struct why *why)
{
	krait_status status;

	krait__config_defaults(out, &krait__family_mamba2, true);
	out->groups = "n_groups";
	out->part[ORIGINAL_MIXER].d_state = NATIVE_STATE;
	if ((status = krait__config_layers(&out->n_layers, file, "n_layers", why)) != KRAIT_OK
		|| (status = krait__config_tied(&out->tied, file, "tie_embeddings", why)) != KRAIT_OK
		|| (status = krait__config_want(&out->want[NEED_NORM_BIAS], file, "rms_norm", why)) != KRAIT_OK
		|| (status = krait__field_u32(&out->part[ORIGINAL_MIXER].n_groups, file, "n_groups", CONFIG_FILE,
		why)) != KRAIT_OK)
		return status;
	if (out->want[NEED_NORM_BIAS] != WANT_MAYBE)
		out->want[NEED_NORM_BIAS] = out->want[NEED_NORM_BIAS] == WANT_YES ? WANT_NO : WANT_YES;
	return KRAIT_OK;
}

krait_status krait__config_original(struct model_config *out, const struct json_value *file, struct why *why)
{
	return is_native(file) ? read_native(out, file, why) : read_package(out, file, why);
}
