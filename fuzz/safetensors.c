/* SPDX-License-Identifier: Apache-2.0 */
/* safetensors.c - a safetensors file beside a sound configuration, and the index of one in two parts. */
#include "fuzz.h"

#include <string.h>

static const char *const words[] = {
	"\"dtype\"", "\"shape\"", "\"data_offsets\"", "\"F32\"", "\"BF16\"", "\"F16\"", "\"I64\"", "\"F8_E4M3\"", "[",
	"]", "{", "}", ",", ":", "0", "1", "4", "8", "264",
	"[0,4]", "-1", "1e3", "18446744073709551615", "9223372036854775807", "4294967296", "\"__metadata__\"", "null",
	"\\u0000", "\\u001b", "\xc2\x9b",
	"\"backbone.layers.0.mixer.A_log\":", "backbone.layers.1.", "backbone.norm_f.weight", "\"lm_head.weight\"",
};

static size_t get_length(const uint8_t *data)
{
	return (size_t)data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16;
}

/* Changes the header's JSON and makes its length right. */
static size_t mutate(uint8_t *data, size_t n, size_t most, unsigned seed)
{
	struct fuzz_bytes rest = { NULL, 0, 0 };
	size_t length, changed;

	if (n < 16) {
		struct fuzz_bytes base = fuzz_weights(0, FUZZ_TENSORS);

		if (base.size <= most) {
			memcpy(data, base.data, base.size);
			n = base.size;
		}
		fuzz_free(&base);
	}
	length = n < 8 ? 0 : get_length(data);
	if (n < 8 || length > n - 8 || fuzz_random(&seed) % 8 == 0)
		return LLVMFuzzerMutate(data, n, most);
	fuzz_add(&rest, data + 8 + length, n - 8 - length);
	changed = fuzz_mutate_text(data + 8, length, most - 8 - rest.size, seed, words,
		sizeof(words) / sizeof(words[0]));
	if (rest.size)
		memcpy(data + 8 + changed, rest.data, rest.size);
	n = 8 + changed + rest.size;
	fuzz_free(&rest);
	for (int i = 0; i < 3; i++)
		data[i] = (uint8_t)(changed >> (8 * i));
	return n;
}

static void run(const uint8_t *data, size_t n)
{
	static const char *folder;

	if (!folder) {
		folder = fuzz_folder();
		fuzz_put(folder, "config.json", fuzz_config_json, strlen(fuzz_config_json));
	}
	fuzz_put(folder, "model.safetensors", data ? data : (const uint8_t *)"", n);
	fuzz_use_folder(folder);
}

const struct fuzz_harness fuzz_safetensors = { "safetensors", run, mutate };

#define PART_1 "model-00001-of-00002.safetensors"
#define PART_2 "model-00002-of-00002.safetensors"

static const char *const index_words[] = {
	"\"weight_map\"", "\"metadata\"", "\"total_size\"", PART_1, PART_2, "../model-00001-of-00002.safetensors", "/etc/hostname", "./",
	"model.safetensors", "\"", ":", ",", "{", "}", "[]", "null", "0",
	"backbone.norm_f.weight", "backbone.embeddings.weight", "backbone.layers.0.mixer.D", "\\u0000", "\\u001b[31m",
	"\xc2\x9b", "\\/", "\n",
};

static size_t index_mutate(uint8_t *data, size_t n, size_t most, unsigned seed)
{
	if (n < 2) {
		struct fuzz_bytes base = { NULL, 0, 0 };

		fuzz_print(&base, "{\"metadata\":{\"total_size\":1},\"weight_map\":{");
		for (size_t i = 0; i < FUZZ_TENSORS; i++)
			fuzz_print(&base, "%s\"%s\":\"%s\"", i ? "," : "", fuzz_tensors[i].name,
				i < 5 ? PART_1 : PART_2);
		fuzz_print(&base, "}}");
		if (base.size <= most) {
			memcpy(data, base.data, base.size);
			n = base.size;
		}
		fuzz_free(&base);
	}
	return fuzz_mutate_text(data, n, most, seed, index_words, sizeof(index_words) / sizeof(index_words[0]));
}

static void index_run(const uint8_t *data, size_t n)
{
	static const char *folder;

	if (!folder) {
		struct fuzz_bytes one = fuzz_weights(0, 5), two = fuzz_weights(5, FUZZ_TENSORS - 5);

		folder = fuzz_folder();
		fuzz_put(folder, "config.json", fuzz_config_json, strlen(fuzz_config_json));
		fuzz_put(folder, PART_1, one.data, one.size);
		fuzz_put(folder, PART_2, two.data, two.size);
		fuzz_free(&one);
		fuzz_free(&two);
	}
	fuzz_put(folder, "model.safetensors.index.json", data ? data : (const uint8_t *)"", n);
	fuzz_use_folder(folder);
}

const struct fuzz_harness fuzz_index = { "index", index_run, index_mutate };
