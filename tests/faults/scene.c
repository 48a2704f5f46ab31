/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const krait_token scene_base[SCENE_BASE] = { 5, 17, 42, 3, 60, 11, 29 };
const krait_token scene_tail[SCENE_TAIL] = { 7, 8, 9, 30 };

const char *scene_model(int index)
{
	static const char *const models[SCENE_MODELS] = { SCENE_MAMBA1, SCENE_MAMBA2, SCENE_HYBRID };

	return support_path(models[index]);
}

const char *scene_demo(void)
{
	return support_top("models/demo");
}

krait_model *scene_open(const char *path)
{
	krait_model *model;
	krait_status status = krait_model_open(&model, path, NULL);

	ck_assert_msg(status == KRAIT_OK, "%s: %d: %s", path, status, krait_model_error(model));
	return model;
}

void scene_start_session(struct scene *scene)
{
	krait_status status = krait_session_new(&scene->session, scene->model);

	ck_assert_msg(status == KRAIT_OK, "%s", krait_session_error(scene->session));
	status = krait_session_feed(scene->session, scene_base, SCENE_BASE);
	ck_assert_msg(status == KRAIT_OK, "%s", krait_session_error(scene->session));
}

void scene_stop_session(struct scene *scene)
{
	krait_session_free(scene->session);
	scene->session = NULL;
}

void scene_begin(struct scene *scene, const char *path)
{
	*scene = (struct scene){ 0 };
	scene->model = scene_open(path);
	scene->vocab = krait_model_vocab_size(scene->model);
	scene->expected = malloc(scene->vocab * sizeof(float));
	snprintf(scene->folder, sizeof(scene->folder), "%s", support_folder());
	snprintf(scene->path, sizeof(scene->path), "%s/saved", scene->folder);
	scene_start_session(scene);
	ck_assert_int_eq(krait_session_snapshot(&scene->state, scene->session), KRAIT_OK);
	ck_assert_int_eq(krait_session_feed(scene->session, scene_tail, SCENE_TAIL), KRAIT_OK);
	ck_assert_int_eq(krait_session_logits(scene->session, scene->expected, scene->vocab), KRAIT_OK);
	scene_stop_session(scene);
}

void scene_end(struct scene *scene)
{
	krait_state_free(scene->state);
	krait_model_free(scene->model);
	free(scene->expected);
	*scene = (struct scene){ 0 };
}

void scene_check_usable(const struct scene *scene, const char *after)
{
	float *logits = malloc(scene->vocab * sizeof(float));
	krait_status status;

	ck_assert_ptr_nonnull(logits);
	ck_assert_msg(krait_session_position(scene->session) == SCENE_BASE, "%s: position %llu", after,
		(unsigned long long)krait_session_position(scene->session));
	ck_assert_int_eq(krait_session_set_int(scene->session, KRAIT_KEEP_POSITIONS, 0), KRAIT_OK);
	status = krait_session_feed(scene->session, scene_tail, SCENE_TAIL);
	ck_assert_msg(status == KRAIT_OK, "%s: %s", after, krait_session_error(scene->session));
	ck_assert_int_eq(krait_session_logits(scene->session, logits, scene->vocab), KRAIT_OK);
	ck_assert_msg(memcmp(logits, scene->expected, scene->vocab * sizeof(float)) == 0, "%s: other logits", after);
	free(logits);
}
