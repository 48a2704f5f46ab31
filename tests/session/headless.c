/* SPDX-License-Identifier: Apache-2.0 */
/* headless.c - see headless.h. */
#include "headless.h"

#include "source/checkpoint.h"
#include "model/weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANGUAGE_MODEL "ForCausalLM"

static void write_config(const char *folder, const char *name, bool headless)
{
	char path[128], *config, *at;
	size_t n;

	snprintf(path, sizeof(path), "golden/%s/config.json", name);
	config = support_read(path, &n);
	at = strstr(config, LANGUAGE_MODEL);
	ck_assert_ptr_nonnull(at);
	if (headless) {
		static const char base[] = "Model";
		size_t n_new = sizeof(base) - 1, n_old = sizeof(LANGUAGE_MODEL) - 1;

		memcpy(at, base, n_new);
		memmove(at + n_new, at + n_old, strlen(at + n_old) + 1);
	}
	support_write(support_join(folder, "config.json"), config, strlen(config));
	free(config);
}

/* "backbone.layers.0.norm.weight" as "layers.0.norm.weight" */
static const char *own_name(const char *name, const char *prefix)
{
	const char *dot = strchr(name, '.');

	return prefix && dot ? dot + 1 : name;
}

static const char *type_name(enum dtype type)
{
	return type == DTYPE_F32 ? "F32" : type == DTYPE_F16 ? "F16" : "BF16";
}

static void write_weights(const char *folder, const struct checkpoint *checkpoint, const char *prefix)
{
	char *header = calloc(1, 1 << 18), *body = calloc(1, 1 << 22), *file;
	size_t n_header = 1, n_body = 0;
	uint64_t size;

	header[0] = '{';
	for (size_t i = 0; i < checkpoint->n_weights; i++) {
		const struct weight *weight = &checkpoint->weights[i];
		uint64_t count = 1, bytes;

		if (!strcmp(weight->name, "lm_head.weight"))
			continue;
		n_header += (size_t)sprintf(header + n_header, "%s\"%s%s\":{\"dtype\":\"%s\",\"shape\":[",
			n_header > 1 ? "," : "", prefix ? prefix : "", own_name(weight->name, prefix),
			type_name(weight->type));
		for (uint32_t axis = 0; axis < weight->rank; axis++) {
			n_header += (size_t)sprintf(
				header + n_header, "%s%u", axis ? "," : "", (unsigned)weight->shape[axis]);
			count *= weight->shape[axis];
		}
		bytes = count * krait__dtype_size(weight->type);
		n_header += (size_t)sprintf(
			header + n_header, "],\"data_offsets\":[%zu,%zu]}", n_body, (size_t)(n_body + bytes));
		krait__weight_gather(body + n_body, weight, 0, count);
		n_body += (size_t)bytes;
	}
	header[n_header++] = '}';
	while (n_header % 8)
		header[n_header++] = ' ';
	size = n_header;
	file = calloc(1, 8 + n_header + n_body);
	memcpy(file, &size, 8);
	memcpy(file + 8, header, n_header);
	memcpy(file + 8 + n_header, body, n_body);
	support_write(support_join(folder, "model.safetensors"), file, 8 + n_header + n_body);
	free(file);
	free(header);
	free(body);
}

static const char *make(const char *name, const char *prefix, bool headless)
{
	const char *folder = support_folder();
	struct checkpoint checkpoint = { 0 };
	struct why why = { 0 };
	char path[128];

	snprintf(path, sizeof(path), "golden/%s", name);
	ck_assert_msg(krait__checkpoint_open(&checkpoint, support_path(path), true, &why) == KRAIT_OK, "%s", why.text);
	write_config(folder, name, headless);
	write_weights(folder, &checkpoint, prefix);
	krait__checkpoint_close(&checkpoint);
	return folder;
}

const char *headless_folder(const char *name, const char *prefix)
{
	return make(name, prefix, true);
}

const char *headless_folder_of_language_model(const char *name)
{
	return make(name, NULL, false);
}
