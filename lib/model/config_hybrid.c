/* SPDX-License-Identifier: Apache-2.0 */
/* config_hybrid.c - what the hybrids of transformers say alike: their mixer, their attention, which layers have which.
 * */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/configuration.h"

#include "base/json_field.h"

#include <math.h>
#include <string.h>

krait_status krait__config_mixer(struct model_config *config, struct part *part, const struct json_value *file,
	struct why *why)
{
	krait_status status;

	config->groups = "mamba_n_groups";
	config->want[NEED_BIAS] = WANT_NO;
	part->n_groups = 1;
	if ((status = krait__field_u32(&part->n_groups, file, "mamba_n_groups", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_u32(&part->d_state, file, "mamba_d_state", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__config_want(&config->want[NEED_BIAS], file, "mamba_proj_bias", why)) != KRAIT_OK
		|| (status = krait__config_want(&config->want[NEED_CONV_BIAS], file, "mamba_conv_bias",
		why)) != KRAIT_OK)
		return status;
	config->want[NEED_OUT_BIAS] = config->want[NEED_BIAS];
	return KRAIT_OK;
}

/* head_dim, under its names; unsaid, d_model is divided among the heads. */
static krait_status read_head_dim(struct part *part, const struct json_value *file, struct why *why)
{
	uint32_t width = 0;
	krait_status status;

	if ((status = krait__field_u32(&part->head_dim, file, "attention_head_dim", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_u32(&part->head_dim, file, "head_dim", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_u32(&width, file, "hidden_size", CONFIG_FILE, why)) != KRAIT_OK)
		return status;
	if (part->head_dim == 0 && part->n_heads)
		part->head_dim = width / part->n_heads;
	return KRAIT_OK;
}

krait_status krait__config_attention(struct model_config *config, struct part *part, const struct json_value *file,
	double rotary, struct why *why)
{
	uint32_t window = 0;
	krait_status status;

	if (part->theta == 0)
		part->theta = 10000;
	if ((status = krait__field_u32(&part->n_heads, file, "num_attention_heads", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__field_u32(&part->n_kv_heads, file, "num_key_value_heads", CONFIG_FILE,
		why)) != KRAIT_OK || (status = read_head_dim(part, file, why)) != KRAIT_OK
		|| (status = krait__field_u32(&window, file, "sliding_window", CONFIG_FILE, why)) != KRAIT_OK
		|| (status = krait__config_want(&config->want[NEED_ATTENTION_BIAS], file, "attention_bias",
		why)) != KRAIT_OK)
		return status;
	config->want[NEED_ATTENTION_OUT_BIAS] = config->want[NEED_ATTENTION_BIAS];
	if (window)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, CONFIG_FILE ": field 'sliding_window' is %u: attention "
			"that sees the last positions "
			"only, which this build does not run", (unsigned)window);
	if (rotary <= 0)
		return KRAIT_OK;
	part->n_rotary = (uint32_t)(rotary * part->head_dim);
	return krait__config_theta(&part->theta, file, why);
}

krait_status krait__config_marked(struct model_config *config, const struct json_value *file, const char *key,
	struct why *why)
{
	const struct json_value *list = krait__json_get(file, key);

	if (krait__json_is_null(list))
		return KRAIT_OK;
	if (!krait__json_is(list, JSON_VALUE_ARRAY))
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field '%s' is not a list of layers", key);
	if (config->n_layers == 0 || config->n_layers > PATTERN_MOST)
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": it says that there are %u layers: with '%s', "
			"1 to %d are needed", (unsigned)config->n_layers, key, PATTERN_MOST);
	memset(config->pattern, 'M', config->n_layers);
	for (size_t i = 0; i < krait__json_size(list); i++) {
		double layer;

		if (!krait__json_is_float(krait__json_at(list, i), &layer) || layer != floor(layer) || !(layer >= 0)
			|| layer >= config->n_layers)
			return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": entry %zu of '%s' is no layer: 0 to "
				"%u are", i, key, (unsigned)config->n_layers - 1);
		config->pattern[(size_t)layer] = '*';
	}
	return KRAIT_OK;
}

/* Whether all multipliers can be those of a model. */
krait_status krait__config_check_scales(const struct model_config *config, struct why *why)
{
	if (isfinite((float)config->embed_scale) && isfinite((float)config->logit_scale))
		return KRAIT_OK;
	return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": the multiplier of the embedding or of the logits is "
		"not a finite number");
}
