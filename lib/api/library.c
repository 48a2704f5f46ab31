/* SPDX-License-Identifier: Apache-2.0 */
/* library.c - version, names of statuses, constants by name. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "krait.h"

#include <string.h>

#define TEXT_OF(x) #x
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

#define CONSTANT(name) { #name, name }

/* Every public constant; a test compares this table with the header. */
static const struct { const char *name; int64_t value; } constants[] = {
	CONSTANT(KRAIT_VERSION_MAJOR),
	CONSTANT(KRAIT_VERSION_MINOR),
	CONSTANT(KRAIT_VERSION_PATCH),
	CONSTANT(KRAIT_OK),
	CONSTANT(KRAIT_END),
	CONSTANT(KRAIT_CANCELLED),
	CONSTANT(KRAIT_ERROR_ARGUMENT),
	CONSTANT(KRAIT_ERROR_MEMORY),
	CONSTANT(KRAIT_ERROR_IO),
	CONSTANT(KRAIT_ERROR_FORMAT),
	CONSTANT(KRAIT_ERROR_UNSUPPORTED),
	CONSTANT(KRAIT_ERROR_MISMATCH),
	CONSTANT(KRAIT_ERROR_DEVICE),
	CONSTANT(KRAIT_ERROR_BUSY),
	CONSTANT(KRAIT_ERROR_SPACE),
	CONSTANT(KRAIT_ERROR_LOST),
	CONSTANT(KRAIT_ERROR_FORKED),
	CONSTANT(KRAIT_ERROR_NOT_FOUND),
	CONSTANT(KRAIT_LOG_ERROR),
	CONSTANT(KRAIT_LOG_WARNING),
	CONSTANT(KRAIT_LOG_INFO),
	CONSTANT(KRAIT_OPTION_DEVICE),
	CONSTANT(KRAIT_OPTION_THREADS),
	CONSTANT(KRAIT_OPTION_WEIGHTS),
	CONSTANT(KRAIT_OPTION_PRECISION),
	CONSTANT(KRAIT_OPTION_INSTRUCTIONS),
	CONSTANT(KRAIT_OPTION_TOKENIZER),
	CONSTANT(KRAIT_OPTION_MAP),
	CONSTANT(KRAIT_OPTION_INSPECT),
	CONSTANT(KRAIT_SAMPLE_TEMPERATURE),
	CONSTANT(KRAIT_SAMPLE_TOP_K),
	CONSTANT(KRAIT_SAMPLE_TOP_P),
	CONSTANT(KRAIT_SAMPLE_MIN_P),
	CONSTANT(KRAIT_SAMPLE_TYPICAL_P),
	CONSTANT(KRAIT_SAMPLE_REPETITION_PENALTY),
	CONSTANT(KRAIT_SAMPLE_PRESENCE_PENALTY),
	CONSTANT(KRAIT_SAMPLE_FREQUENCY_PENALTY),
	CONSTANT(KRAIT_SAMPLE_SEED),
	CONSTANT(KRAIT_MAX_NEW_TOKENS),
	CONSTANT(KRAIT_KEEP_POSITIONS),
	CONSTANT(KRAIT_REWIND_TOKENS),
	CONSTANT(KRAIT_BATCH_PROMPT_TOKENS),
	CONSTANT(KRAIT_BATCH_KEEP_LOGITS),
	CONSTANT(KRAIT_REASON_NONE),
	CONSTANT(KRAIT_REASON_STOP),
	CONSTANT(KRAIT_REASON_LIMIT),
	CONSTANT(KRAIT_REASON_STOP_TEXT),
	CONSTANT(KRAIT_PARSE_SPECIAL),
	CONSTANT(KRAIT_ADD_SPECIAL),
	CONSTANT(KRAIT_SKIP_SPECIAL),
};
#define N_CONSTANTS (sizeof(constants) / sizeof(constants[0]))

const char *krait_version(void)
{
	return VERSION_TEXT(KRAIT_VERSION_MAJOR, KRAIT_VERSION_MINOR, KRAIT_VERSION_PATCH);
}

static int is_status(const char *name)
{
	return strcmp(name, "KRAIT_OK") == 0 || strcmp(name, "KRAIT_END") == 0 || strcmp(name, "KRAIT_CANCELLED") == 0 ||
		strncmp(name, "KRAIT_ERROR_", 12) == 0;
}

const char *krait_status_name(krait_status status)
{
	for (size_t i = 0; i < N_CONSTANTS; i++)
		if (is_status(constants[i].name) && constants[i].value == status)
			return constants[i].name;
	return "unknown status";
}

krait_status krait_constant(const char *name, int64_t *out)
{
	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = 0;
	if (!name)
		return KRAIT_ERROR_ARGUMENT;
	for (size_t i = 0; i < N_CONSTANTS; i++)
		if (strcmp(constants[i].name, name) == 0) {
			*out = constants[i].value;
			return KRAIT_OK;
		}
	return KRAIT_ERROR_NOT_FOUND;
}
