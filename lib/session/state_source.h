/* SPDX-License-Identifier: Apache-2.0 */
/* state_source.h - the bytes of a state, read piece by piece and never past their end; for the files that decode one. */
#ifndef KRAIT_SESSION_STATE_SOURCE_H
#define KRAIT_SESSION_STATE_SOURCE_H

#include "session/state.h"

/* A part of the data that is being read; `bad` once something went past its end. */
struct state_source {
	const unsigned char *data;
	size_t size, at;
	bool bad;
};

const unsigned char *krait__take(struct state_source *source, uint64_t size);
uint64_t krait__take_u64(struct state_source *source);
uint32_t krait__take_u32(struct state_source *source);
double krait__take_double(struct state_source *source);
void krait__take_padding(struct state_source *source);
/* A length, so many bytes, and zeros. */
const unsigned char *krait__take_bytes(struct state_source *source, size_t *size);

/* What a reader has so far. */
struct state_reader {
	struct session_moment *moment;
	struct why *why;
	float *values;                  /* room for */
	size_t n_values;                /* elements of a component */
	bool resized;                   /* the slot has room for all positions */
	unsigned char *seen;            /* [n_components] */
	unsigned parts;                 /* bit i: the i-th kind of section was read */
};

krait_status krait__state_damaged(struct why *why, const char *what);

/* The section that `tag` names, of 8 bytes; *known is false where there is no such. */
krait_status krait__state_section(struct state_reader *reader, const unsigned char *tag, struct state_source *source, bool *known);
/* Whether all are there that must be, and agree with each other. */
krait_status krait__state_complete(const struct state_reader *reader);

#endif
