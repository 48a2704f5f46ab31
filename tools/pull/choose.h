/* SPDX-License-Identifier: Apache-2.0 */
/* choose.h - which of a model's files are of use. */
#ifndef TOOLS_PULL_CHOOSE_H
#define TOOLS_PULL_CHOOSE_H

#include "pull/listing.h"

struct chosen {
	const struct listed **files;    /* of the listing */
	size_t n;
	uint64_t bytes;                 /* of those whose size is known */
	bool tokenizer;                 /* there is a tokenizer.json among them */
	const char *weights;            /* which form was taken, and why */
};

/* -1, or the exit status after saying why nothing of it is of use. `tokenizer_alone` leaves weights out. */
int choose_files(struct chosen *out, const struct hub *hub, const struct wanted *wanted, const struct listing *listing, bool tokenizer_alone);
void choose_free(struct chosen *chosen);

/* The address of a file, as it was at the listing's commit. False: too long. */
bool choose_url(char out[HUB_URL_ROOM], const struct hub *hub, const char *name, const char *commit, const char *path);

#endif
