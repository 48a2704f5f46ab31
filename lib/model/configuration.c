/* SPDX-License-Identifier: Apache-2.0 */
/* configuration.c - reading the config.json of mamba_ssm and of transformers. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/configuration.h"

#include "base/json_field.h"
#include "base/json_number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct family *const families[] = {
	&krait__family_mamba1,
	&krait__family_mamba2,
};
#define N_FAMILIES (sizeof(families) / sizeof(*families))

#define DEFAULT_EPS 1e-5
#define RUNS_TEXT 120

/* "this build runs 'mamba', 'mamba2'" */
static const char *runs(char out[RUNS_TEXT])
{
	size_t at = (size_t)snprintf(out, RUNS_TEXT, "this build runs");

	for (size_t i = 0; i < N_FAMILIES && at < RUNS_TEXT; i++)
		at += (size_t)snprintf(out + at, RUNS_TEXT - at, "%s '%s'", i ? "," : "", families[i]->name);
	return out;
}

static bool given(const struct json_value *file, const char *key)
{
	const struct json_value *value = krait__json_get(file, key);

	return !krait__json_is_null(value);
}

krait_status krait__config_want(enum want *out, const struct json_value *object, const char *key, struct why *why)
{
	bool value = false;
	krait_status status;

	status = krait__field_bool(&value, object, key, CONFIG_FILE, why);
	if (status == KRAIT_OK && given(object, key))
		*out = value ? WANT_YES : WANT_NO;
	return status;
}

krait_status krait__config_limits(struct model_config *config, const struct json_value *object, const char *key, struct why *why)
{
	const struct json_value *list = krait__json_get(object, key);
	double low, high;

	if (krait__json_is_null(list))
		return KRAIT_OK;
	if (!krait__json_is(list, JSON_VALUE_ARRAY) || krait__json_size(list) != 2 || !krait__json_is_float(krait__json_at(list, 0), &low)
		|| !krait__json_is_float(krait__json_at(list, 1), &high) || isnan(low) || isnan(high) || low > high)
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field '%s' is not a pair of limits, lower one first: "
			"two numbers such as [0.0, Infinity] are needed", key);
	config->limit_low = low;
	config->limit_high = high;
	return KRAIT_OK;
}

void krait__config_defaults(struct model_config *out, const struct family *family, bool original)
{
	memset(out, 0, sizeof(*out));
	out->family = family;
	out->original = original;
	out->tied = -1;
	out->eps = DEFAULT_EPS;
	out->limit_high = INFINITY;
	out->want[NEED_ALWAYS] = WANT_YES;
	out->want[NEED_CONV_BIAS] = WANT_YES;
	out->want[NEED_GATE_NORM] = WANT_YES;
	out->want[NEED_NORM_BIAS] = original ? WANT_MAYBE : WANT_NO;
}

static krait_status unknown(const char *field, const char *value, struct why *why)
{
	struct quoted quoted;
	char list[RUNS_TEXT];

	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, CONFIG_FILE ": %s is %s: %s", field, krait__quote(&quoted, value, SIZE_MAX), runs(list));
}

/* The first of transformers' architectures, NULL when there is none. */
static const char *architecture(const struct json_value *file)
{
	return krait__json_string(krait__json_at(krait__json_get(file, "architectures"), 0));
}

static krait_status transformers_family(const struct family **out, const struct json_value *file, struct why *why)
{
	const char *type = NULL, *name = architecture(file);
	krait_status status = krait__field_text(&type, file, "model_type", CONFIG_FILE, why);

	if (status != KRAIT_OK)
		return status;
	for (size_t i = 0; i < N_FAMILIES && !*out; i++)
		if (type ? !strcmp(type, families[i]->model_type) : name && !strcmp(name, families[i]->architecture))
			*out = families[i];
	if (*out)
		return KRAIT_OK;
	if (!type && !name)
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field 'architectures' holds no name: a list such as [\"MambaForCausalLM\"] is needed");
	return unknown(type ? "model_type" : "architectures", type ? type : name, why);
}

static krait_status original_family(const struct family **out, const struct json_value *ssm, struct why *why)
{
	const char *layer = "Mamba1";
	krait_status status = krait__field_text(&layer, ssm, "layer", CONFIG_FILE, why);

	if (status != KRAIT_OK)
		return status;
	for (size_t i = 0; i < N_FAMILIES && !*out; i++)
		if (!strcmp(layer, families[i]->layer))
			*out = families[i];
	return *out ? KRAIT_OK : unknown("ssm_cfg.layer", layer, why);
}

/* What the original package can mix into a model and this build cannot run. */
static krait_status refuse_hybrid(const struct json_value *file, struct why *why)
{
	const struct json_value *attention = krait__json_get(file, "attn_layer_idx");
	uint32_t mlp = 0;
	char list[RUNS_TEXT];
	krait_status status = krait__field_u32(&mlp, file, "d_intermediate", CONFIG_FILE, why);

	if (status != KRAIT_OK)
		return status;
	if (!krait__json_is_null(attention) && !krait__json_is(attention, JSON_VALUE_ARRAY))
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field 'attn_layer_idx' is not a list of layers");
	if (krait__json_size(attention) > 0)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, CONFIG_FILE ": attn_layer_idx names %zu attention layers, a hybrid: %s",
			krait__json_size(attention), runs(list));
	if (mlp > 0)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, CONFIG_FILE ": d_intermediate is %u, which adds an MLP to each layer: %s",
			(unsigned)mlp, runs(list));
	return KRAIT_OK;
}

/* SiLU goes by two names. */
static krait_status check_activation(const struct json_value *fields, const char *key, struct why *why)
{
	const char *name = "silu";
	struct quoted quoted;
	krait_status status = krait__field_text(&name, fields, key, CONFIG_FILE, why);

	if (status == KRAIT_OK && strcmp(name, "silu") && strcmp(name, "swish"))
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, CONFIG_FILE ": field '%s' is %s: only 'silu' is known", key,
			krait__quote(&quoted, name, SIZE_MAX));
	return status;
}

static krait_status read_layers(uint32_t *out, const struct json_value *file, const char *key, struct why *why)
{
	krait_status status = krait__field_u32(out, file, key, CONFIG_FILE, why);

	if (status == KRAIT_OK && given(file, key) && *out == 0)
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field '%s' is 0: a positive number is needed", key);
	return status;
}

static krait_status read_tied(int *out, const struct json_value *file, const char *key, struct why *why)
{
	bool value = false;
	krait_status status = krait__field_bool(&value, file, key, CONFIG_FILE, why);

	if (status == KRAIT_OK && given(file, key))
		*out = value;
	return status;
}

static krait_status read_original(struct model_config *out, const struct json_value *file, struct why *why)
{
	const struct json_value *ssm = krait__json_get(file, "ssm_cfg");
	const struct family *family = NULL;
	krait_status status;

	if (krait__json_is_null(ssm))
		ssm = NULL;
	if (ssm && !krait__json_is(ssm, JSON_VALUE_OBJECT))
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field 'ssm_cfg' is not an object");
	if ((status = original_family(&family, ssm, why)) != KRAIT_OK || (status = refuse_hybrid(file, why)) != KRAIT_OK)
		return status;
	krait__config_defaults(out, family, true);
	if ((status = read_layers(&out->n_layers, file, "n_layer", why)) != KRAIT_OK
		|| (status = read_tied(&out->tied, file, "tie_embeddings", why)) != KRAIT_OK
		|| (status = krait__config_want(&out->want[NEED_NORM_BIAS], file, "rms_norm", why)) != KRAIT_OK
		|| (status = krait__config_want(&out->want[NEED_BIAS], ssm, "bias", why)) != KRAIT_OK
		|| (status = krait__config_want(&out->want[NEED_CONV_BIAS], ssm, "conv_bias", why)) != KRAIT_OK
		|| (status = check_activation(ssm, "activation", why)) != KRAIT_OK)
		return status;
	/* rms_norm false means LayerNorm, and that is what has a bias. */
	if (out->want[NEED_NORM_BIAS] != WANT_MAYBE)
		out->want[NEED_NORM_BIAS] = out->want[NEED_NORM_BIAS] == WANT_YES ? WANT_NO : WANT_YES;
	return family->configure(out, ssm, why);
}

static krait_status read_transformers(struct model_config *out, const struct json_value *file, struct why *why)
{
	const struct family *family = NULL;
	krait_status status = transformers_family(&family, file, why);

	if (status != KRAIT_OK)
		return status;
	if (given(file, "quantization_config"))
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, CONFIG_FILE ": field 'quantization_config' says that the weights are quantised: "
			"a checkpoint in f32, f16 or bf16 is needed");
	krait__config_defaults(out, family, false);
	if ((status = read_layers(&out->n_layers, file, "num_hidden_layers", why)) != KRAIT_OK
		|| (status = read_tied(&out->tied, file, "tie_word_embeddings", why)) != KRAIT_OK
		|| (status = krait__config_want(&out->want[NEED_BIAS], file, "use_bias", why)) != KRAIT_OK
		|| (status = krait__config_want(&out->want[NEED_CONV_BIAS], file, "use_conv_bias", why)) != KRAIT_OK
		|| (status = check_activation(file, "hidden_act", why)) != KRAIT_OK
		|| (status = krait__field_double(&out->eps, file, "layer_norm_epsilon", CONFIG_FILE, why)) != KRAIT_OK)
		return status;
	if (!(out->eps >= 0) || !isfinite(out->eps))
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field 'layer_norm_epsilon' is %s: "
			"a small positive number is needed", SHOWN(out->eps));
	return family->configure(out, file, why);
}

static krait_status read_file(struct model_config *out, const struct json_value *file, struct why *why)
{
	char list[RUNS_TEXT];

	if (!krait__json_is(file, JSON_VALUE_OBJECT))
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": an object is needed");
	if (given(file, "model_type") || given(file, "architectures"))
		return read_transformers(out, file, why);
	if (given(file, "d_model") || given(file, "n_layer") || given(file, "ssm_cfg"))
		return read_original(out, file, why);
	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, CONFIG_FILE ": it has neither 'model_type' nor 'architectures' nor the fields of "
		"mamba_ssm ('d_model', 'n_layer', 'ssm_cfg'), so the kind of model is unknown; %s", runs(list));
}

krait_status krait__config_read(struct model_config *out, struct json_value **json, const char *text, size_t n_text, struct why *why)
{
	krait_status status;
	struct json_value *file;

	memset(out, 0, sizeof(*out));
	if (json)
		*json = NULL;
	file = krait__json_read(text, n_text, CONFIG_FILE, why);
	if (!file)
		return why->status;
	status = read_file(out, file, why);
	if (status == KRAIT_OK && json)
		*json = file;
	else
		krait__json_free(file);
	return status;
}
