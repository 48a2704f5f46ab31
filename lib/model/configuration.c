/* SPDX-License-Identifier: Apache-2.0 */
/* configuration.c - reading a config.json: which family it is of, and what all families read alike. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/configuration.h"

#include "base/json_field.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_EPS 1e-5
#define RUNS_TEXT 240

/* "this build runs 'mamba', 'mamba2'" */
static const char *runs(char out[RUNS_TEXT])
{
	size_t at = (size_t)snprintf(out, RUNS_TEXT, "this build runs");

	for (size_t i = 0; krait__family_at(i) && at < RUNS_TEXT; i++)
		at += (size_t)snprintf(out + at, RUNS_TEXT - at, "%s '%s'", i ? "," : "", krait__family_at(i)->name);
	return out;
}

krait_status krait__config_unknown(const char *field, const char *value, struct why *why)
{
	struct quoted quoted;
	char list[RUNS_TEXT];

	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, CONFIG_FILE ": %s is %s: %s", field, krait__quote(&quoted, value, SIZE_MAX), runs(list));
}

/* ---- defaults ------------------------------------------------------------------------- */

void krait__config_every_eps(struct model_config *config, double eps)
{
	config->eps = eps;
	for (size_t i = 0; i < FAMILY_PARTS; i++)
		config->part[i].eps = config->part[i].inner_eps = (float)eps;
}

void krait__config_defaults(struct model_config *out, const struct family *family, bool original)
{
	memset(out, 0, sizeof(*out));
	out->family = family;
	out->original = original;
	out->tied = -1;
	out->embed_scale = out->logit_scale = 1;
	out->groups = original ? "ssm_cfg.ngroups" : "n_groups";
	snprintf(out->name, sizeof(out->name), "%s", family->name);
	for (size_t i = 0; i < FAMILY_PARTS; i++) {
		krait__part_defaults(&out->part[i]);
		if (i < family->n_parts) {
			out->part[i].kind = family->parts[i].kind;
			out->part[i].input = family->parts[i].input;
		}
		out->without[i] = family->layer && (i == ORIGINAL_ATTENTION || i == ORIGINAL_MLP);
	}
	krait__config_every_eps(out, DEFAULT_EPS);
	for (size_t i = 0; i < N_NEEDS; i++)
		out->want[i] = WANT_NO;
	out->want[NEED_ALWAYS] = out->want[NEED_CONV_BIAS] = out->want[NEED_GATE_NORM] = out->want[NEED_MLP_GATE] = WANT_YES;
	out->want[NEED_NORM_BIAS] = original ? WANT_MAYBE : WANT_NO;
	out->want[NEED_BIAS] = out->want[NEED_OUT_BIAS] = WANT_MAYBE;
}

bool krait__config_has(const struct model_config *config, uint32_t layer, size_t part)
{
	const char *where = config->family->parts[part].where;

	if (config->without[part])
		return false;
	if (!where)
		return true;
	if (!config->pattern[0])
		return strchr(where, 'M') != NULL;
	return layer < PATTERN_MOST && config->pattern[layer] && strchr(where, config->pattern[layer]);
}

/* ---- transformers --------------------------------------------------------------------- */

/* The first of transformers' architectures, NULL when there is none. */
static const char *architecture(const struct json_value *file)
{
	return krait__json_string(krait__json_at(krait__json_get(file, "architectures"), 0));
}

/* Whether a name is that of the family's language model, "MambaForCausalLM", or of what is below its head,
 * "MambaModel". */
static bool names_architecture(const struct family *family, const char *name, bool *headless)
{
	static const char language_model[] = "ForCausalLM";
	size_t n = strlen(family->architecture) - (sizeof(language_model) - 1);

	*headless = !strncmp(name, family->architecture, n) && !strcmp(name + n, "Model");
	return *headless || !strcmp(name, family->architecture);
}

static krait_status transformers_family(const struct family **out, bool *headless, const struct json_value *file,
	struct why *why)
{
	const char *type = NULL, *name = architecture(file);
	const struct family *family;
	krait_status status = krait__field_text(&type, file, "model_type", CONFIG_FILE, why);

	*headless = false;
	if (status != KRAIT_OK)
		return status;
	for (size_t i = 0; (family = krait__family_at(i)) && !*out; i++) {
		bool named = family->model_type && name && names_architecture(family, name, headless);

		if (family->model_type && (type ? !strcmp(type, family->model_type) : named))
			*out = family;
	}
	if (*out)
		return KRAIT_OK;
	if (!type && !name)
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field 'architectures' holds no name: a list such as "
			"[\"MambaForCausalLM\"] is needed");
	return krait__config_unknown(type ? "model_type" : "architectures", type ? type : name, why);
}

static krait_status read_transformers(struct model_config *out, const struct json_value *file, struct why *why)
{
	const struct family *family = NULL;
	bool headless;
	krait_status status = transformers_family(&family, &headless, file, why);

	if (status != KRAIT_OK)
		return status;
	if (krait__config_given(file, "quantization_config"))
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, CONFIG_FILE ": field 'quantization_config' says that the weights are "
			"quantised: a checkpoint in f32, f16 or bf16 is needed");
	krait__config_defaults(out, family, false);
	out->headless = headless;
	if ((status = krait__config_layers(&out->n_layers, file, "num_hidden_layers", why)) != KRAIT_OK
		|| (status = krait__config_tied(&out->tied, file, "tie_word_embeddings", why)) != KRAIT_OK)
		return status;
	return family->configure(out, file, why);
}

krait_status krait__config_mamba(struct model_config *out, const struct json_value *file, struct why *why)
{
	static const char *const silu[] = { "silu", "swish", NULL };
	double eps = DEFAULT_EPS;
	krait_status status;

	if ((status = krait__config_want(&out->want[NEED_BIAS], file, "use_bias", why)) != KRAIT_OK
		|| (status = krait__config_want(&out->want[NEED_CONV_BIAS], file, "use_conv_bias", why)) != KRAIT_OK
		|| (status = krait__config_one_of(file, "hidden_act", silu, why)) != KRAIT_OK
		|| (status = krait__config_eps(&eps, file, "layer_norm_epsilon", why)) != KRAIT_OK)
		return status;
	out->want[NEED_OUT_BIAS] = out->want[NEED_BIAS];
	krait__config_every_eps(out, eps);
	return KRAIT_OK;
}

/* ------------------------------------------------------------------------------------- */

static krait_status check_pattern(const struct model_config *config, struct why *why)
{
	size_t n = strlen(config->pattern);

	if (n == 0 || n == config->n_layers)
		return KRAIT_OK;
	return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": the kinds of %zu layers are listed, and there are to be %u layers: "
		"both have to say the same", n, (unsigned)config->n_layers);
}

static krait_status read_file(struct model_config *out, const struct json_value *file, struct why *why)
{
	char list[RUNS_TEXT];

	if (!krait__json_is(file, JSON_VALUE_OBJECT))
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": an object is needed");
	if (krait__config_is_original(file))
		return krait__config_original(out, file, why);
	if (krait__config_given(file, "model_type") || krait__config_given(file, "architectures"))
		return read_transformers(out, file, why);
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
	if (status == KRAIT_OK)
		status = check_pattern(out, why);
	if (status == KRAIT_OK && json)
		*json = file;
	else
		krait__json_free(file);
	return status;
}
