/* SPDX-License-Identifier: Apache-2.0 */
/* layout.c - how large everything is and where it stands, from shapes alone. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/host.h"
#include "base/size.h"

#define APART ((size_t)256)
#define PREFILL_BYTES ((size_t)1 << 30)         /* what a prefill pass is meant to take */
#define PREFILL_LEAST 256u
#define PREFILL_MOST 8192u
#define INT8_GROUP 128u
#define INT4_GROUP 64u

uint32_t krait__cuda_rows;

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static uint32_t larger32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static size_t rounded(size_t n)
{
	return (n + APART - 1) / APART * APART;
}

void *krait__cuda_carve(struct cuda_carver *carver, size_t count, size_t size)
{
	char *at = carver->base ? carver->base + carver->used : NULL;
	size_t n;

	if (!krait__mul_size(&n, count, size) || n > SIZE_MAX - APART || !krait__add_size(&n, carver->used, rounded(n)))
		n = SIZE_MAX;
	carver->used = n;
	return at;
}

size_t krait__cuda_type_size(enum kc_type type)
{
	return type == KC_F32 ? 4 : type == KC_INT8 || type == KC_INT4 ? 1 : 2;
}

/* ---- parts and slots ------------------------------------------------------------------ */

static void place_rows(struct cuda_ready *ready, const struct part *part)
{
	struct geometry geometry = krait__geometry(part);

	ready->n_channels = geometry.channels;
	ready->z_at = geometry.first[SEGMENT_Z];
	ready->conv_first = geometry.first[SEGMENT_CONV];
	ready->dt_at = geometry.first[SEGMENT_DT];
	ready->n_rows = geometry.in_rows;
}

/* A slot's parts lie one after another, each on a border of 16 bytes. */
static size_t floats4(size_t n)
{
	return (n + 3) / 4 * 4;
}

static size_t layout_slot(const struct plan *plan, struct cuda_ready *parts)
{
	size_t at = 0;

	for (uint32_t i = 0; i < plan->n_parts; i++) {
		const struct part *part = &plan->parts[i];
		struct geometry geometry = krait__geometry(part);
		size_t conv_at = at;

		at += floats4((size_t)(part->d_conv - 1) * geometry.channels);
		if (parts) {
			parts[i].conv_at = conv_at;
			parts[i].ssm_at = at;
		}
		at += floats4((size_t)geometry.state_rows * part->d_state);
	}
	return at;
}

void krait__cuda_layout_parts(const struct plan *plan, struct cuda_ready *parts)
{
	for (uint32_t i = 0; i < plan->n_parts; i++) {
		parts[i].part = &plan->parts[i];
		place_rows(&parts[i], &plan->parts[i]);
	}
	layout_slot(plan, parts);
}

/* ---- sizes ------------------------------------------------------------------------------ */

static size_t prefill_row_bytes(const struct sizes *s, const struct plan *plan, enum kc_type activations)
{
	size_t wide = krait__cuda_type_size(activations);

	return ((size_t)plan->width * (4 + wide) + (size_t)(s->projected + s->channels + 2 * s->inner) * wide + (size_t)s->small * (4 + wide)) + 64;
}

static void choose_prefill_rows(struct sizes *s, const struct plan *plan, enum kc_type activations)
{
	size_t rows = PREFILL_BYTES / prefill_row_bytes(s, plan, activations);

	s->prefill_rows = rows < PREFILL_LEAST ? PREFILL_LEAST : rows > PREFILL_MOST ? PREFILL_MOST : (uint32_t)rows / 256 * 256;
	if (krait__cuda_rows)
		s->prefill_rows = krait__cuda_rows;
}

static size_t elements(const struct tensor *tensor)
{
	return tensor ? (size_t)(tensor->shape[0] * tensor->shape[1]) : 0;
}

void krait__cuda_sizes(struct sizes *s, const struct plan *plan, enum kc_type activations)
{
	*s = (struct sizes){ .panel = elements(&plan->tensors[plan->head]) };
	for (uint32_t i = 0; i < plan->n_parts; i++) {
		const struct part *part = &plan->parts[i];
		struct cuda_ready ready = { 0 };

		place_rows(&ready, part);
		s->projected = larger32(s->projected, ready.n_rows);
		s->channels = larger32(s->channels, ready.n_channels);
		s->inner = larger32(s->inner, part->d_inner);
		s->small = larger32(s->small, krait__geometry(part).small_rows);
		for (int role = 0; role < N_ROLES; role++)
			if (role == ROLE_IN_PROJ || role == ROLE_X_PROJ || role == ROLE_DT_PROJ || role == ROLE_OUT_PROJ)
				s->panel = larger(s->panel, elements(krait__part_tensor(plan, part, (enum role)role)));
	}
	s->hidden_at = layout_slot(plan, NULL);
	s->slot_floats = (s->hidden_at + plan->width + 63) / 64 * 64;
	choose_prefill_rows(s, plan, activations);
}

/* ---- weights ---------------------------------------------------------------------------- */

static enum kc_type stored_type(const struct tensor *tensor)
{
	return tensor->type == DTYPE_F32 ? KC_F32 : tensor->type == DTYPE_F16 ? KC_F16 : KC_BF16;
}

/* What becomes of a matrix: `sensitive` ones (embedding, head, x_proj, dt_proj) keep 8 bits; and four bits
 * come in whole groups of 32 columns. In fast precision bfloat16 becomes float16, in which products are
 * done: that changes no weight from 2^-17 to 65504, and the smaller ones by less than 2^-25. */
static void describe_matrix(struct kc_matrix *out, const struct tensor *tensor, const struct emodel *model, bool sensitive)
{
	*out = (struct kc_matrix){ .rows = (uint32_t)tensor->shape[0], .k = (uint32_t)tensor->shape[1], .type = stored_type(tensor) };
	if (model->form == WEIGHTS_AS_THEY_ARE) {
		if (model->fast && out->type == KC_BF16)
			out->type = KC_F16;
		return;
	}
	out->type = model->form == WEIGHTS_INT4 && !sensitive && out->k % 32 == 0 ? KC_INT4 : KC_INT8;
	out->group = out->type == KC_INT4 ? INT4_GROUP : INT8_GROUP;
}

size_t krait__cuda_matrix_bytes(const struct kc_matrix *matrix)
{
	size_t n = (size_t)matrix->rows * matrix->k;

	return matrix->type == KC_INT4 ? n / 2 : n * krait__cuda_type_size((enum kc_type)matrix->type);
}

static void carve_matrix(struct cuda_carver *carver, struct kc_matrix *out, const struct tensor *tensor,
	const struct emodel *model, bool sensitive)
{
	if (!tensor)
		return;
	describe_matrix(out, tensor, model, sensitive);
	out->data = krait__cuda_carve(carver, krait__cuda_matrix_bytes(out), 1);
	if (out->group)
		out->scales = krait__cuda_carve(carver, (size_t)out->rows * ((out->k + out->group - 1) / out->group), sizeof(float));
}

static float *carve_if(struct cuda_carver *carver, const struct part *part, enum role role, size_t n)
{
	return part->tensor[role] == NO_TENSOR ? NULL : krait__cuda_carve(carver, n, sizeof(float));
}

static void carve_vectors(struct cuda_carver *carver, struct cuda_ready *ready, const struct plan *plan,
	const struct part *part, enum kc_type activations)
{
	bool first = part->kind == PART_MAMBA1;

	ready->norm = krait__cuda_carve(carver, plan->width, sizeof(float));
	ready->norm_bias = carve_if(carver, part, ROLE_NORM_BIAS, plan->width);
	ready->in_bias = carve_if(carver, part, ROLE_IN_PROJ_BIAS, ready->n_rows);
	ready->in_bias_narrow = activations == KC_F32 ? ready->in_bias : carve_if(carver, part, ROLE_IN_PROJ_BIAS, ready->n_rows);
	ready->conv = krait__cuda_carve(carver, (size_t)part->d_conv * ready->n_channels, sizeof(float));
	ready->conv_bias = carve_if(carver, part, ROLE_CONV_BIAS, ready->n_channels);
	ready->dt_bias = carve_if(carver, part, ROLE_DT_BIAS, first ? part->d_inner : part->n_heads);
	ready->a = krait__cuda_carve(carver, first ? (size_t)part->d_inner * part->d_state : part->n_heads, sizeof(float));
	ready->d = krait__cuda_carve(carver, first ? part->d_inner : part->d_ssm, sizeof(float));
	ready->gate_norm = first ? NULL : carve_if(carver, part, ROLE_GATE_NORM, part->d_ssm);
	ready->out_bias = carve_if(carver, part, ROLE_OUT_PROJ_BIAS, plan->width);
}

static void carve_part(struct cuda_carver *carver, struct cuda_ready *ready, const struct emodel *model)
{
	const struct plan *plan = model->plan;
	const struct part *part = ready->part;

	carve_matrix(carver, &ready->in, krait__part_tensor(plan, part, ROLE_IN_PROJ), model, false);
	carve_matrix(carver, &ready->x, krait__part_tensor(plan, part, ROLE_X_PROJ), model, true);
	carve_matrix(carver, &ready->dt, krait__part_tensor(plan, part, ROLE_DT_PROJ), model, true);
	carve_matrix(carver, &ready->out, krait__part_tensor(plan, part, ROLE_OUT_PROJ), model, false);
	carve_vectors(carver, ready, plan, part, model->activations);
}

void krait__cuda_carve_weights(struct cuda_carver *carver, struct emodel *model)
{
	const struct plan *plan = model->plan;

	for (uint32_t i = 0; i < plan->n_parts; i++) {
		struct cuda_ready one = { .part = &plan->parts[i] };

		place_rows(&one, one.part);
		carve_part(carver, model->parts ? &model->parts[i] : &one, model);
	}
	carve_matrix(carver, &model->embedding, &plan->tensors[plan->embedding], model, true);
	model->head = model->embedding;
	if (plan->head != plan->embedding)
		carve_matrix(carver, &model->head, &plan->tensors[plan->head], model, true);
	model->final_norm = (struct kc_norm){ .eps = plan->eps, .layer = plan->layer_norm };
	model->final_norm.weight = krait__cuda_carve(carver, plan->width, sizeof(float));
	if (plan->norm_bias != NO_TENSOR)
		model->final_norm.bias = krait__cuda_carve(carver, plan->width, sizeof(float));
}

/* ---- a call's block ----------------------------------------------------------------------- */

void krait__cuda_decode_block(struct decode_block *b, uint32_t n_rows)
{
	size_t n = n_rows;

	b->slot = 0;
	b->draw = b->slot + n * sizeof(float *);
	b->sampling = b->draw + n * sizeof(struct kc_draw);
	b->token = b->sampling + n * sizeof(struct kc_sampling);
	b->tail = (b->token + n * sizeof(int32_t) + 15) / 16 * 16;
	b->used = b->tail;
}

void krait__cuda_prefill_block(struct prefill_block *b, uint32_t n_pieces, uint32_t n_rows)
{
	size_t n = n_pieces, rows = n_rows;

	b->slot = 0;
	b->hidden_slot = b->slot + n * sizeof(float *);
	b->first = b->hidden_slot + rows * sizeof(float *);
	b->count = b->first + n * sizeof(uint32_t);
	b->token = b->count + n * sizeof(uint32_t);
	b->hidden_row = b->token + rows * sizeof(int32_t);
	b->scored_row = b->hidden_row + rows * sizeof(uint32_t);
	b->target = b->scored_row + rows * sizeof(uint32_t);
	b->used = b->target + rows * sizeof(int32_t);
}

size_t krait__cuda_block_bytes(const struct sizes *sizes)
{
	struct decode_block decode;
	struct prefill_block prefill;

	krait__cuda_decode_block(&decode, DECODE_ROWS);
	krait__cuda_prefill_block(&prefill, MOST_PIECES, larger32(sizes->prefill_rows, MOST_PIECES));
	return larger(decode.used + TAIL_BYTES, prefill.used);
}

size_t krait__cuda_result_bytes(const struct sizes *sizes)
{
	return larger(DECODE_ROWS * (sizeof(struct kc_drawn) + MOST_DRAWS * sizeof(int32_t)), sizes->prefill_rows * sizeof(float));
}

/* ---- the arena ------------------------------------------------------------------------------ */

static void carve_decode(struct cuda_carver *carver, struct emodel *model)
{
	const struct sizes *s = &model->sizes;
	struct arena *a = &model->arena;
	size_t rows = DECODE_ROWS, wide = sizeof(float);

	a->decode.x = krait__cuda_carve(carver, rows * model->plan->width, wide);
	a->decode.projected = krait__cuda_carve(carver, rows * s->projected, wide);
	a->decode.u = krait__cuda_carve(carver, rows * s->channels, wide);
	a->decode.small = krait__cuda_carve(carver, rows * s->small, wide);
	a->decode.y = krait__cuda_carve(carver, rows * s->inner, wide);
	a->decode.token = krait__cuda_carve(carver, rows, sizeof(int32_t));
	a->decode.logits = krait__cuda_carve(carver, rows * model->plan->vocab, wide);
}

static struct kc_rows rows_like(enum kc_type type, uint32_t stride)
{
	return (struct kc_rows){ .stride = stride, .type = type };
}

static size_t scan_bytes(const struct emodel *model, const struct part *part)
{
	uint32_t rows = model->sizes.prefill_rows, n = rows < MOST_PIECES ? rows : MOST_PIECES;
	struct kc_rows inner = rows_like(model->activations, part->d_inner);

	if (part->kind == PART_MAMBA1) {
		struct kc_scan1 scan = { .dt = inner, .u = inner, .z = inner, .y = inner, .rank = part->rank, .d_inner = part->d_inner,
			.d_state = part->d_state };

		return larger(kc_scan1_workspace(&scan, rows, 1), kc_scan1_workspace(&scan, rows, n));
	} else {
		struct kc_scan2 scan = { .projected = inner, .u = inner, .y = inner, .d_inner = part->d_inner, .d_ssm = part->d_ssm,
			.d_state = part->d_state, .n_heads = part->n_heads, .head_dim = part->head_dim, .n_groups = part->n_groups, .fast = model->fast };

		return larger(kc_scan2_workspace(&scan, rows, 1), kc_scan2_workspace(&scan, rows, n));
	}
}

/* Whether any of the large matrices is not stored in the type that products of it take. */
static bool widens(const struct emodel *model)
{
	const struct plan *plan = model->plan;

	for (uint32_t i = 0; i < plan->n_tensors; i++)
		if (plan->tensors[i].rank == 2 && (model->form != WEIGHTS_AS_THEY_ARE || plan->tensors[i].type == DTYPE_F32))
			return true;
	return false;
}

static size_t panel_bytes(const struct emodel *model)
{
	return model->fast && widens(model) ? model->sizes.panel * krait__cuda_type_size(model->activations) : 0;
}

static void carve_prefill(struct cuda_carver *carver, struct emodel *model)
{
	const struct sizes *s = &model->sizes;
	struct arena *a = &model->arena;
	size_t rows = s->prefill_rows, wide = krait__cuda_type_size(model->activations), width = model->plan->width, scan = 0;

	for (uint32_t i = 0; i < model->plan->n_parts; i++)
		scan = larger(scan, scan_bytes(model, &model->plan->parts[i]));
	a->prefill.x = krait__cuda_carve(carver, rows * width, sizeof(float));
	a->prefill.normed = krait__cuda_carve(carver, rows * width, wide);
	a->prefill.projected = krait__cuda_carve(carver, rows * s->projected, wide);
	a->prefill.u = krait__cuda_carve(carver, rows * s->channels, wide);
	a->prefill.small = krait__cuda_carve(carver, rows * s->small, sizeof(float));
	a->prefill.small_narrow = krait__cuda_carve(carver, rows * s->small, wide);
	a->prefill.dt = krait__cuda_carve(carver, s->small ? rows * s->inner : 0, wide);
	a->prefill.y = krait__cuda_carve(carver, rows * s->inner, wide);
	a->prefill.hidden = krait__cuda_carve(carver, rows * width, sizeof(float));
	a->prefill.hidden_narrow = krait__cuda_carve(carver, (size_t)HEAD_ROWS * width, wide);
	a->prefill.logits = krait__cuda_carve(carver, (size_t)HEAD_ROWS * model->plan->vocab, sizeof(float));
	a->prefill.panel = krait__cuda_carve(carver, panel_bytes(model), 1);
	a->prefill.scan_workspace = krait__cuda_carve(carver, scan, 1);
}

void krait__cuda_carve_arena(struct cuda_carver *carver, struct emodel *model)
{
	struct arena *a = &model->arena;
	struct cuda_carver decode, prefill;

	a->block = krait__cuda_carve(carver, krait__cuda_block_bytes(&model->sizes), 1);
	a->results = krait__cuda_carve(carver, krait__cuda_result_bytes(&model->sizes), 1);
	a->gemm_workspace = krait__cuda_carve(carver, model->fast ? GEMM_WORKSPACE : 0, 1);
	decode = prefill = *carver;
	carve_decode(&decode, model);
	carve_prefill(&prefill, model);
	carver->used = larger(decode.used, prefill.used);
}
