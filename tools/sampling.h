/* SPDX-License-Identifier: Apache-2.0 */
/* sampling.h - how tokens are chosen: flags, else what the model says, else defaults. */
#ifndef TOOLS_SAMPLING_H
#define TOOLS_SAMPLING_H

#include "krait.h"
#include "options.h"

enum sampling_index {
	SAMPLING_TEMPERATURE, SAMPLING_TOP_K, SAMPLING_TOP_P, SAMPLING_MIN_P, SAMPLING_TYPICAL_P,
	SAMPLING_REPEAT_PENALTY, SAMPLING_PRESENCE_PENALTY, SAMPLING_FREQUENCY_PENALTY, SAMPLING_SEED,
	SAMPLING_N
};
#define SAMPLING_ROWS (SAMPLING_N + 1)

struct tool_sampling {
	struct option_value values[SAMPLING_N];
	bool greedy;
};

/* The rows of --temp and so on, writing into `sampling`; NULL: their names only. */
void sampling_rows(struct option_row rows[SAMPLING_ROWS], struct tool_sampling *sampling);

/* Gives temperature and top-p as told where no flag gave them, nor, with `from_model`, the model's generation_config:
 * a session begins with what that says. --greedy is temperature 0. */
void sampling_fill(struct tool_sampling *sampling, const krait_model *model, bool from_model, double temperature, double top_p);

/* A seed where none was given. */
void sampling_seed(struct tool_sampling *sampling);

/* Sets what is given on the session; false after saying why not. */
bool sampling_apply(const struct tool_sampling *sampling, krait_session *session);

/* Reads all of it back, as after a state was restored. */
void sampling_read(struct tool_sampling *sampling, const krait_session *session);

#endif
