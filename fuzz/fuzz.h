/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h - what the harnesses share. A harness gets any bytes and calls the library with them; where the
 * library breaks a promise of its header, fuzz_broken ends the process. */
#ifndef KRAIT_FUZZ_H
#define KRAIT_FUZZ_H

#include "krait.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fuzz_harness {
	const char *name;
	void (*run)(const uint8_t *data, size_t n);
	/* Changes an input in a way that its reader does not see through at once; at most `most` bytes. */
	size_t (*mutate)(uint8_t *data, size_t n, size_t most, unsigned seed);
};
extern const struct fuzz_harness fuzz_state, fuzz_safetensors, fuzz_torch, fuzz_index, fuzz_config, fuzz_tokenizer,
	fuzz_encode,
	fuzz_template, fuzz_session, fuzz_session_growing, fuzz_state_growing, fuzz_cache, fuzz_replies;

/* The harness of this name, or the one at a place; NULL: there is none. */
const struct fuzz_harness *fuzz_find(const char *name);
const struct fuzz_harness *fuzz_at(size_t place);

/* Says what does not hold and ends the process. */
_Noreturn void fuzz_broken(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* libFuzzer's own way to change bytes; main.c has another, so that no libFuzzer is needed there. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t most);

/* A random number for mutators. */
uint32_t fuzz_random(unsigned *seed);

/* What has grown so far; ends the process when there is no memory. Zero-initialise. */
struct fuzz_bytes { uint8_t *data; size_t size, room; };
void fuzz_add(struct fuzz_bytes *out, const void *data, size_t n);
void fuzz_print(struct fuzz_bytes *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fuzz_free(struct fuzz_bytes *bytes);

/* A new folder for one harness, which goes away at the end. Lives until then. */
const char *fuzz_folder(void);
/* folder/name; lives until the next call. */
const char *fuzz_path(const char *folder, const char *name);
/* NULL data: removes the file. */
void fuzz_put(const char *folder, const char *name, const void *data, size_t n);
/* The whole file, or size 0. */
struct fuzz_bytes fuzz_get(const char *path);

/* A text for people: UTF-8, one line or several, no control characters but line ends. */
void fuzz_check_text(const char *what, const char *text);
/* Ends the process unless the text is JSON. */
void fuzz_check_json(const char *what, const char *text);

/* An input that is several texts: a line "== NAME" begins each. Calls back for each part, in order. */
typedef void (*fuzz_part_fn)(void *user, const char *name, const char *text, size_t n);
void fuzz_parts(const uint8_t *data, size_t n, fuzz_part_fn fn, void *user);

/* Changes text: puts one of the words somewhere, or does what LLVMFuzzerMutate does. */
size_t fuzz_mutate_text(uint8_t *data, size_t n, size_t most, unsigned seed, const char *const *words, size_t n_words);

/* Puts a word in the place of what stands around `at` between two of the characters `ends` ("\"\n"), so that what is
 * around it stays as it was. */
size_t fuzz_swap(uint8_t *data, size_t n, size_t most, size_t at, const char *ends, const char *word);

/* ------------------------------------------------------------------ tiny.c: a model of a few thousand numbers */

#define FUZZ_VOCAB 264                  /* the model's; the tokenizer has fewer */
#define FUZZ_SECRET "<|secret|>"        /* a special token that no template or seed has */

struct fuzz_tensor { const char *name; int rank; int shape[3]; };
#define FUZZ_TENSORS 12
extern const struct fuzz_tensor fuzz_tensors[FUZZ_TENSORS];
size_t fuzz_count(const struct fuzz_tensor *tensor);
/* The value of an element, the same each time. */
float fuzz_value(size_t tensor, size_t element);

/* What a model is made of. */
struct fuzz_source { const char *config; const struct fuzz_tensor *tensors; size_t n; };
extern const struct fuzz_source fuzz_hybrid;    /* its states grow */

/* A safetensors file of the tensors from `first` on, `n` of them. */
struct fuzz_bytes fuzz_weights(size_t first, size_t n);
struct fuzz_bytes fuzz_tokenizer_json(void);
extern const char fuzz_config_json[], fuzz_tokenizer_config[];

/* From now on, before the first fuzz_model: the hybrid. */
void fuzz_want_hybrid(void);
/* The whole model opened, in a folder of its own; the same one each time. */
krait_model *fuzz_model(void);
/* Opens what lies in a folder, looks at it and runs it; the files decide whether that works. */
void fuzz_use_folder(const char *folder);

#endif
