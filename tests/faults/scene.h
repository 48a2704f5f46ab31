/* SPDX-License-Identifier: Apache-2.0 */
/* scene.h - a small model, a session that has read some tokens, and what it must compute next. */
#ifndef KRAIT_TESTS_SCENE_H
#define KRAIT_TESTS_SCENE_H

#include "krait.h"

#include <stddef.h>

#define SCENE_BASE 7
#define SCENE_TAIL 4
extern const krait_token scene_base[SCENE_BASE], scene_tail[SCENE_TAIL];

struct scene {
	krait_model *model;
	krait_session *session;         /* has read scene_base */
	krait_state *state;             /* taken there */
	float *expected;                /* logits after scene_base and scene_tail */
	size_t vocab;
	char path[600];                 /* of a saved state, in a folder of its own */
	char folder[512];
};

#define SCENE_MAMBA1 "golden/mamba1-bin-f16"
#define SCENE_MAMBA2 "golden/mamba2-hf-f32"
#define SCENE_HYBRID "golden/mamba2attn-hybrid-f32"
#define SCENE_MODELS 3

krait_model *scene_open(const char *path);                      /* or the test fails */
const char *scene_model(int index);                             /* the path of a tiny model: SCENE_MODELS of them */
const char *scene_demo(void);
void scene_begin(struct scene *scene, const char *path);        /* model, state, expected, path; no session */
void scene_end(struct scene *scene);
void scene_start_session(struct scene *scene);
void scene_stop_session(struct scene *scene);

/* The session stands where scene_base ended and goes on as one that nothing happened to. */
void scene_check_usable(const struct scene *scene, const char *after);

#endif
