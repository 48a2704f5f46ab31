/* SPDX-License-Identifier: Apache-2.0 */
/* model.h - what a krait_model is inside; immutable once open. */
#ifndef KRAIT_MODEL_MODEL_H
#define KRAIT_MODEL_MODEL_H

#include "engine.h"
#include "source/checkpoint.h"

#include <sys/types.h>

struct krait_options {
	struct why why;
	char *device, *weights, *precision, *instructions, *tokenizer;  /* NULL: the default */
	int64_t threads;
	bool map, inspect;
	krait_progress_fn progress;
	void *progress_user;
	krait_log_fn log;
	void *log_user;
};

struct generation_setting { int setting; double value; };      /* KRAIT_SAMPLE_..., KRAIT_MAX_NEW_TOKENS */
struct generation_text { char *text; size_t n_text; };         /* UTF-8, not empty; a zero byte stands behind */
#define GENERATION_SETTINGS 8

/* What the model's own files say about generating: with this a new session begins. */
struct generation {
	krait_token *stops;             /* eos ids: generation_config first, then config.json, then the tokenizer's eos_token */
	size_t n_stops;
	struct generation_setting settings[GENERATION_SETTINGS];       /* each within its bounds, each setting once */
	size_t n_settings;
	krait_token *suppressed;        /* tokens that are never sampled: their bias is -infinity; each once, ascending */
	size_t n_suppressed;
	struct generation_text *stop_texts;
	size_t n_stop_texts;
	char *defaults;                 /* generation_config.json whole, as JSON in ASCII, or NULL */
};

/* bos_token, eos_token, ...: what chat templates call by name. */
struct special_token { char *name, *text; size_t n_text; };

struct krait_model {
	atomic_size_t references;
	struct why why;
	pid_t pid;                      /* of the process that opened it */
	struct checkpoint checkpoint;   /* mapped files */
	void **owned;                   /* blocks of converted or copied weights */
	size_t n_owned;
	struct plan plan;
	char family[32];
	char weights[16];               /* "f32", "f16", "bf16", "mixed" */
	const struct engine *engine;
	struct emodel *emodel;          /* NULL when only inspected */
	struct engine_memory memory;
	krait_tokenizer *tokenizer;     /* NULL when there is none */
	size_t longest_token;           /* bytes of the longest text of one token */
	uint32_t n_valid;               /* ids that may be sampled: the tokenizer's size, at most vocab */
	struct generation generation;
	char *chat_template;            /* NULL when there is none */
	const char *built_in_template;  /* the name of the one that belongs to it then, or NULL */
	struct special_token *special_tokens;
	size_t n_special_tokens;
	krait_progress_fn progress;     /* of the options it was opened with; long feeds report to it too */
	void *progress_user;
	krait_log_fn log;
	void *log_user;
	uint64_t n_parameters, weight_bytes;
	unsigned char fingerprint[16];  /* of the weights and of the arithmetic; see fingerprint.c */
	unsigned char weights_fingerprint[16];  /* of the weights alone: what states of 0.1 carry */
	char fingerprint_text[33];
	char device[16];
	uint32_t device_index;
	char note[2048];
	char *path;                     /* where it was found; NULL for a random one */
	char *info;                     /* what krait_model_info gives */
};

struct krait_model *krait__model_ref(struct krait_model *model);
void krait__model_free(struct krait_model *model);             /* one owner less; NULL is none */
bool krait__model_forked(const struct krait_model *model);     /* another process than the one that opened it */
/* UNSUPPORTED where logits, scores or tokens are asked of a model that has only hidden vectors. */
krait_status krait__model_need_head(const struct krait_model *model, struct why *why);
/* What each position adds to the components, in canonical form; 0: a state has a constant size. */
size_t krait__model_token_bytes(const struct krait_model *model);

/* Whether a state that carries this fingerprint is one of this model. *old: it is the fingerprint
 * of the weights alone and not the model's own, so the state cannot tell which arithmetic made it. */
bool krait__model_accepts_fingerprint(const struct krait_model *model, const unsigned char fingerprint[16], bool *old);

#endif
