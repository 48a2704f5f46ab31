/* SPDX-License-Identifier: Apache-2.0 */
/*
 * krait.h - run Mamba language models.
 *
 * A model is loaded as it was published; a session is one conversation whose
 * whole memory is a small state of constant size, which can be saved, forked,
 * rewound and moved to another machine. The shortest program:
 *
 *     krait_model *model;
 *     krait_session *session;
 *     krait_token token;
 *     if (krait_model_open(&model, "path/to/folder", NULL) != KRAIT_OK)
 *             fprintf(stderr, "%s\n", krait_model_error(model));
 *     krait_session_new(&session, model);
 *     krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, 200);
 *     krait_session_feed_text(session, "Once upon a time");
 *     while (krait_session_next(session, &token) == KRAIT_OK)
 *             fputs(krait_session_piece(session), stdout);
 *     krait_session_free(session);
 *     krait_model_free(model);
 *
 * What holds everywhere:
 *
 * - Handles are opaque. `krait_x **out` first means "yours to free"; a pointer
 *   that is returned is borrowed. Every `_free` takes NULL. Outputs are set to
 *   NULL or 0 before anything else happens.
 * - A call that can fail returns a krait_status: 0 is success, more than 0
 *   another normal outcome, less than 0 an error. A failed call changed
 *   nothing. The text of an error lives on the mutable handle that the call
 *   works on (`_error`), never in a thread-local. An `_open`, `_new`, `_load`
 *   or `_read` that fails yields a handle that is good only for `_error` and
 *   `_free`, or NULL when there was no memory for it; `_error(NULL)` is
 *   "out of memory". KRAIT_ERROR_BUSY writes no text.
 * - A borrowed string lives until the next call on its handle; a model's or a
 *   tokenizer's until its last reference goes.
 * - Threads: models, tokenizers and states may be used by any number of
 *   threads (a state is saved and written by one at a time); every other
 *   handle by one thread at a time, and it may move between threads. A call
 *   on a session that is in use by another thread returns KRAIT_ERROR_BUSY.
 * - Sizes are in elements of the pointed-to type unless bytes are named.
 *   Text is UTF-8. Logits, hidden vectors and probabilities are float32,
 *   row after row.
 * - The library never prints, exits or aborts, installs no signal handler and
 *   changes no global state of the program. After fork() every call in the
 *   child but `_free` answers KRAIT_ERROR_FORKED. One exception stands: a
 *   weight file that another program truncates while it is mapped ends the
 *   process (SIGBUS); KRAIT_OPTION_MAP 0 reads weights instead.
 * - No call needs more than 64 KiB of stack.
 */
#ifndef KRAIT_H
#define KRAIT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(SWIG) || !defined(__GNUC__)
#define KRAIT_API
#else
#define KRAIT_API __attribute__((visibility("default")))
#endif

#define KRAIT_VERSION_MAJOR 0
#define KRAIT_VERSION_MINOR 1
#define KRAIT_VERSION_PATCH 0

/* ---------------------------------------------------------------------------
 * Statuses
 */

typedef int32_t krait_token;            /* an id of the model's vocabulary; -1 means "none" */
typedef int krait_status;

#define KRAIT_OK 0                      /* done */
#define KRAIT_END 1                     /* a normal end: a stop token, a stop text or a limit */
#define KRAIT_CANCELLED 2               /* stopped by krait_session_cancel or a callback; what was done is kept */
#define KRAIT_ERROR_ARGUMENT (-1)       /* a value that the call cannot take; the text says which and why */
#define KRAIT_ERROR_MEMORY (-2)         /* out of memory */
#define KRAIT_ERROR_IO (-3)             /* the operating system refused; the text has the path and its reason */
#define KRAIT_ERROR_FORMAT (-4)         /* a damaged or hostile file, or weights that give NaN */
#define KRAIT_ERROR_UNSUPPORTED (-5)    /* well-formed, but not something that this build can do */
#define KRAIT_ERROR_MISMATCH (-6)       /* does not belong together: a state of another model, a prompt that is no continuation */
#define KRAIT_ERROR_DEVICE (-7)         /* the device asked for cannot be used; the text names what is missing */
#define KRAIT_ERROR_BUSY (-8)           /* the handle is in use by another thread; try again */
#define KRAIT_ERROR_SPACE (-9)          /* `out` is too small: the size needed is reported, nothing written (NULL with 0 only asks, and is KRAIT_OK) */
#define KRAIT_ERROR_LOST (-10)          /* the device is gone; sessions on it answer only _free, saved states stay good */
#define KRAIT_ERROR_FORKED (-11)        /* called in a child after fork(); open the model there anew */
#define KRAIT_ERROR_NOT_FOUND (-12)     /* no such file, model or name */

/* ---------------------------------------------------------------------------
 * Library
 */

/* The version of the library that is running, "0.1.0". Any thread. */
KRAIT_API const char *krait_version(void);

/* The name of a status, "KRAIT_ERROR_IO"; "unknown status" for other numbers. Any thread. */
KRAIT_API const char *krait_status_name(krait_status status);

/* The value of a public constant by its name, for languages without a C compiler.
 * Any thread. KRAIT_ERROR_NOT_FOUND: no constant of that name; *out is 0. */
KRAIT_API krait_status krait_constant(const char *name, int64_t *out);

/* ---------------------------------------------------------------------------
 * Options: how to open a model. NULL options mean all defaults.
 */

typedef struct krait_options krait_options;

/* Called while a model opens or a long prompt is read: `done` of `total` bytes
 * or tokens. Return non-zero to cancel. */
typedef int (*krait_progress_fn)(void *user, uint64_t done, uint64_t total);

/* Called with one line of text, without a newline. No lock is held. */
typedef void (*krait_log_fn)(void *user, int level, const char *text);

#define KRAIT_LOG_ERROR 1
#define KRAIT_LOG_WARNING 2
#define KRAIT_LOG_INFO 3

#define KRAIT_OPTION_DEVICE 100         /* text: "auto" (default), "cpu", "cuda", "cuda:1" */
#define KRAIT_OPTION_THREADS 101        /* int: 0 (default) = one for each processor that the process may use */
#define KRAIT_OPTION_WEIGHTS 102        /* text: "asis" (default), "f32", "bf16", "f16", "int8", "int4" */
#define KRAIT_OPTION_PRECISION 103      /* text: "exact" (default on a CPU) or "fast" */
#define KRAIT_OPTION_INSTRUCTIONS 104   /* text: "auto" (default), "generic", "avx2", "avx512" */
#define KRAIT_OPTION_TOKENIZER 110      /* text: path of a tokenizer.json or of a folder with one; default: beside the weights */
#define KRAIT_OPTION_MAP 120            /* int: 1 (default) maps weights, 0 reads them into memory */
#define KRAIT_OPTION_INSPECT 130        /* int: 1 reads headers only: sizes and memory, no weights, no sessions; default 0 */

/* New options with every default. Error: MEMORY, *out is NULL. One options handle may
 * serve any number of opens; nothing of it is needed afterwards. */
KRAIT_API krait_status krait_options_new(krait_options **out);
KRAIT_API void krait_options_free(krait_options *options);
KRAIT_API const char *krait_options_error(const krait_options *options);

/* Sets one option. KRAIT_ERROR_UNSUPPORTED: this library does not know the
 * option, which is how to ask for a feature. KRAIT_ERROR_ARGUMENT: the value
 * is outside its range, or the option takes the other type. */
KRAIT_API krait_status krait_options_set_int(krait_options *options, int option, int64_t value);
KRAIT_API krait_status krait_options_set_text(krait_options *options, int option, const char *value);
KRAIT_API void krait_options_set_progress(krait_options *options, krait_progress_fn fn, void *user);
KRAIT_API void krait_options_set_log(krait_options *options, krait_log_fn fn, void *user);

/* ---------------------------------------------------------------------------
 * Devices: what there is, before anything is opened
 */

typedef struct krait_devices krait_devices;

/* A list of the devices, as it is now. The CPU is always the first. */
KRAIT_API krait_status krait_devices_open(krait_devices **out);
KRAIT_API void krait_devices_free(krait_devices *devices);
KRAIT_API size_t krait_devices_count(const krait_devices *devices);
KRAIT_API const char *krait_devices_name(const krait_devices *devices, size_t index);   /* "cpu", "cuda:0"; NULL past the end */
KRAIT_API const char *krait_devices_about(const krait_devices *devices, size_t index);  /* what it is, or why it cannot be used */
KRAIT_API uint64_t krait_devices_memory(const krait_devices *devices, size_t index);    /* bytes; 0 when unknown */
KRAIT_API uint64_t krait_devices_memory_free(const krait_devices *devices, size_t index);       /* bytes free when the list was made; 0 when unknown */

/* ---------------------------------------------------------------------------
 * Model: weights, configuration and tokenizer on one device. Immutable once
 * open, shared by threads, counted: whatever uses a model holds a reference,
 * so it may be freed in any order.
 */

typedef struct krait_model krait_model;
typedef struct krait_tokenizer krait_tokenizer;

/* Opens a folder with a checkpoint, a weight file, or the name of an installed
 * model ("demo", "org/name"); an existing path wins. Reads the layouts of
 * mamba_ssm (config.json + pytorch_model.bin) and transformers (safetensors,
 * whole or sharded). Nothing in a file is executed.
 * Errors: NOT_FOUND, IO, FORMAT, UNSUPPORTED, MEMORY, DEVICE; CANCELLED when
 * the progress callback says so. krait_model_error(*out) has the text. */
KRAIT_API krait_status krait_model_open(krait_model **out, const char *path, const krait_options *options);
KRAIT_API krait_model *krait_model_ref(krait_model *model);     /* one more owner; returns its argument */
KRAIT_API void krait_model_free(krait_model *model);            /* one owner less */
KRAIT_API const char *krait_model_error(const krait_model *model);      /* why _open failed; "" when it did not */
KRAIT_API const char *krait_model_family(const krait_model *model);     /* "mamba", "mamba2" */
KRAIT_API const char *krait_model_device(const krait_model *model);     /* "cpu" */
KRAIT_API const char *krait_model_note(const krait_model *model);       /* what is not as asked, and why; "" */
KRAIT_API const char *krait_model_info(const krait_model *model);       /* the JSON of `krait info` */

/* 32 hex digits: XXH3-128 of the canonical tensor names, shapes and a sample of
 * each tensor widened to float32. The same weights have the same fingerprint in
 * .bin and in safetensors, whatever KRAIT_OPTION_WEIGHTS says. */
KRAIT_API const char *krait_model_fingerprint(const krait_model *model);
KRAIT_API size_t krait_model_vocab_size(const krait_model *model);      /* rows of the logits, padding included */
KRAIT_API size_t krait_model_width(const krait_model *model);           /* d_model: elements of a hidden vector */
KRAIT_API size_t krait_model_n_layers(const krait_model *model);
KRAIT_API uint64_t krait_model_n_parameters(const krait_model *model);  /* a tied head counted once */
KRAIT_API size_t krait_model_state_size(const krait_model *model);      /* bytes of one saved state */
KRAIT_API uint64_t krait_model_memory(const krait_model *model, size_t n_sessions);     /* bytes needed; works under KRAIT_OPTION_INSPECT */
KRAIT_API const krait_tokenizer *krait_model_tokenizer(const krait_model *model);       /* borrowed; NULL when there is none */

/* ---------------------------------------------------------------------------
 * Session: one sequence; one thread at a time
 */

typedef struct krait_session krait_session;
typedef struct krait_state krait_state;
typedef struct krait_sampler krait_sampler;
typedef struct krait_batch krait_batch;
typedef struct krait_decoder krait_decoder;
typedef struct krait_chat krait_chat;

/* Settings, with their defaults. Those below 300 are a sampler's too. */
#define KRAIT_SAMPLE_TEMPERATURE 200    /* float: 1; 0 is greedy (the lowest id among equals) */
#define KRAIT_SAMPLE_TOP_K 201          /* int: 0, off */
#define KRAIT_SAMPLE_TOP_P 202          /* float: 1, off */
#define KRAIT_SAMPLE_MIN_P 203          /* float: 0, off */
#define KRAIT_SAMPLE_TYPICAL_P 204      /* float: 1, off */
#define KRAIT_SAMPLE_REPETITION_PENALTY 210     /* float: 1, off */
#define KRAIT_SAMPLE_PRESENCE_PENALTY 211       /* float: 0, off */
#define KRAIT_SAMPLE_FREQUENCY_PENALTY 212      /* float: 0, off */
#define KRAIT_SAMPLE_SEED 220           /* int: 0, a seed like any other; a fork keeps it */
#define KRAIT_MAX_NEW_TOKENS 300        /* int: 0, no limit; counted since the last feed */
#define KRAIT_KEEP_POSITIONS 310        /* int: 0; of how many last positions of a feed logits and hidden vectors are kept */
#define KRAIT_REWIND_TOKENS 320         /* int: 1024; how far back krait_session_rewind must reach */

/* A new session on `model`, empty. It holds a reference. Errors: MEMORY;
 * UNSUPPORTED on a model opened with KRAIT_OPTION_INSPECT. */
KRAIT_API krait_status krait_session_new(krait_session **out, krait_model *model);
KRAIT_API void krait_session_free(krait_session *session);
KRAIT_API const char *krait_session_error(const krait_session *session);

/* Reads tokens into the state. Any division of a sequence into feeds gives the
 * same state. Errors: ARGUMENT for an id outside the vocabulary (the text says
 * which and where), before anything moved. CANCELLED: _position says how far. */
KRAIT_API krait_status krait_session_feed(krait_session *session, const krait_token *tokens, size_t n_tokens);

/* Tokenizes and feeds. Adds what the tokenizer's post-processor adds (a BOS) at
 * position 0 only; the text of a special token stays plain text. Bytes that are
 * not UTF-8 become U+FFFD, one for each maximal ill-formed part. */
KRAIT_API krait_status krait_session_feed_text(krait_session *session, const char *text);

/* The same with a length in bytes and flags: KRAIT_PARSE_SPECIAL, KRAIT_ADD_SPECIAL. */
KRAIT_API krait_status krait_session_feed_utf8(krait_session *session, const char *text, size_t n_text, int flags);

/* Feeds vectors in place of tokens: embeddings is [n_positions, width] with
 * width = krait_model_width. Penalties and scores do not see them. */
KRAIT_API krait_status krait_session_feed_embeddings(krait_session *session, const float *embeddings, size_t n_positions, size_t width);

/* Logits (n_out = vocab_size) or the final norm's output (n_out = width) of the
 * last position; raw: nothing masked. With KRAIT_KEEP_POSITIONS k set before the
 * last feed: of up to its last k positions, [kept, vocab_size or width], oldest
 * first. Errors: SPACE; ARGUMENT when nothing was fed; FORMAT when the weights
 * give NaN. */
KRAIT_API krait_status krait_session_logits(krait_session *session, float *out, size_t n_out);
KRAIT_API krait_status krait_session_hidden(krait_session *session, float *out, size_t n_out);

/* Feeds tokens; out[i] = ln p(tokens[i] | all before it), NaN for a token that has
 * nothing before it. n_out = n_tokens. */
KRAIT_API krait_status krait_session_score(krait_session *session, const krait_token *tokens, size_t n_tokens, float *out, size_t n_out);

/* Samples a token and feeds it.
 * KRAIT_OK: *out was sampled and fed, and krait_session_piece has its text.
 * KRAIT_END: a stop token was sampled (*out is it; not fed, position and logits
 * unchanged), or a stop text was completed or the limit reached (*out is -1).
 * Asked again: KRAIT_END again; a feed restarts the count.
 * Errors: ARGUMENT when nothing was fed yet; FORMAT when the weights give NaN.
 * Ids that the tokenizer does not have are never sampled. */
KRAIT_API krait_status krait_session_next(krait_session *session, krait_token *out);

/* Many _next in one call, the same tokens: up to n_out of them into out, *n_tokens
 * says how many. Returns as the last _next did. */
KRAIT_API krait_status krait_session_generate(krait_session *session, krait_token *out, size_t n_out, size_t *n_tokens);

/* Why the last _next or _generate returned KRAIT_END: one of KRAIT_REASON_*. */
#define KRAIT_REASON_NONE 0             /* not ended */
#define KRAIT_REASON_STOP 1             /* a stop token */
#define KRAIT_REASON_LIMIT 2            /* KRAIT_MAX_NEW_TOKENS */
#define KRAIT_REASON_STOP_TEXT 3        /* a stop text */
KRAIT_API int krait_session_end_reason(const krait_session *session);

/* The text that the last _next or _generate completed: whole characters only,
 * held back while it might be the beginning of a stop text; after KRAIT_END what
 * was held back. krait_session_piece_size is in bytes: a piece may hold U+0000. */
KRAIT_API const char *krait_session_piece(const krait_session *session);
KRAIT_API size_t krait_session_piece_size(const krait_session *session);

KRAIT_API uint64_t krait_session_position(const krait_session *session);        /* tokens and embeddings read so far */
KRAIT_API krait_status krait_session_reset(krait_session *session);             /* to position 0; settings and stops stay */

/* Back by n_tokens, at most KRAIT_REWIND_TOKENS of what was fed since that was
 * set. Bit-exact to any point where a call ended. Settings stay as they are. */
KRAIT_API krait_status krait_session_rewind(krait_session *session, uint64_t n_tokens);

/* A second session that goes on from here: state, settings, seed, stops, note. */
KRAIT_API krait_status krait_session_fork(krait_session **out, krait_session *session);

/* Stops the current call, or else the next, at a token boundary (in a prompt: a
 * chunk's). From any thread and from signal handlers. */
KRAIT_API krait_status krait_session_cancel(krait_session *session);

/* Settings by number, at any time between calls. UNSUPPORTED: this library does not know the
 * setting. ARGUMENT: the value is outside its range, or the setting takes the other type. */
KRAIT_API krait_status krait_session_set_int(krait_session *session, int setting, int64_t value);
KRAIT_API krait_status krait_session_set_float(krait_session *session, int setting, double value);
KRAIT_API krait_status krait_session_get_int(const krait_session *session, int setting, int64_t *out);
KRAIT_API krait_status krait_session_get_float(const krait_session *session, int setting, double *out);
KRAIT_API krait_status krait_session_set_bias(krait_session *session, krait_token token, float bias);   /* added to the token's logit; 0 removes it */
KRAIT_API krait_status krait_session_set_sampler(krait_session *session, const krait_sampler *sampler); /* copies all of its settings */
KRAIT_API krait_status krait_session_add_stop(krait_session *session, krait_token token);       /* beside the model's own */
/* Ends before this text: the piece that would complete it is cut there. Bytes, no zero needed. */
KRAIT_API krait_status krait_session_add_stop_text(krait_session *session, const char *text, size_t n_text);
KRAIT_API krait_status krait_session_clear_stops(krait_session *session);       /* the model's own too */
KRAIT_API krait_status krait_session_set_note(krait_session *session, const void *data, size_t n_data); /* up to 1 MiB of the caller's own, kept in snapshots */

/* ---------------------------------------------------------------------------
 * State: an immutable snapshot of a session: all that decides the next token
 */

/* A snapshot of where the session is; the session goes on as before. Errors: MEMORY. */
KRAIT_API krait_status krait_session_snapshot(krait_state **out, krait_session *session);

/* Puts the session where the snapshot was taken. MISMATCH: a state of another
 * model; the session is unchanged. */
KRAIT_API krait_status krait_session_restore(krait_session *session, const krait_state *state);
KRAIT_API void krait_state_free(krait_state *state);

/* Writes a file, atomically: afterwards `path` holds the old file or the new one. */
KRAIT_API krait_status krait_state_save(krait_state *state, const char *path);
KRAIT_API krait_status krait_state_load(krait_state **out, krait_model *model, const char *path);
KRAIT_API size_t krait_state_size(const krait_state *state);    /* bytes that _save and _write write */
KRAIT_API krait_status krait_state_write(krait_state *state, void *out, size_t n_out);
KRAIT_API krait_status krait_state_read(krait_state **out, krait_model *model, const void *data, size_t n_data);
KRAIT_API krait_status krait_state_note(const krait_state *state, void *out, size_t n_out, size_t *n_note);     /* *n_note: the full size, always */
KRAIT_API uint64_t krait_state_position(const krait_state *state);
KRAIT_API const char *krait_state_error(const krait_state *state);      /* also after a failed _load, _read, _save */

/* ---------------------------------------------------------------------------
 * Sampler: how a token is chosen. The processors and their order are those of
 * transformers: bias, repetition, presence and frequency penalty, temperature,
 * top-k, top-p, min-p, typical-p. A draw is a pure function of seed and position
 * (Philox 4x32-10; Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3").
 */

/* A sampler with every default. It takes the settings numbered below 300; the setters
 * answer as those of a session do. */
KRAIT_API krait_status krait_sampler_new(krait_sampler **out);
KRAIT_API void krait_sampler_free(krait_sampler *sampler);
KRAIT_API const char *krait_sampler_error(const krait_sampler *sampler);
KRAIT_API krait_status krait_sampler_set_int(krait_sampler *sampler, int setting, int64_t value);
KRAIT_API krait_status krait_sampler_set_float(krait_sampler *sampler, int setting, double value);
KRAIT_API krait_status krait_sampler_set_bias(krait_sampler *sampler, krait_token token, float bias);

/* The probabilities that _pick draws from. n_out = n_logits. `history`: the tokens so
 * far, for penalties. Errors: ARGUMENT; FORMAT for NaN or when nothing can be chosen. */
KRAIT_API krait_status krait_sampler_probs(const krait_sampler *sampler, const float *logits, size_t n_logits,
	const krait_token *history, size_t n_history, float *out, size_t n_out);
KRAIT_API krait_status krait_sampler_pick(const krait_sampler *sampler, const float *logits, size_t n_logits,
	const krait_token *history, size_t n_history, uint64_t draw, krait_token *out);

/* ---------------------------------------------------------------------------
 * Batch: several sessions advanced in one pass over the weights, ragged, prefill
 * and decode mixed. What a session computes does not depend on its company.
 */

/* A new, empty batch for sessions of `model`. It holds a reference to the model. */
KRAIT_API krait_status krait_batch_new(krait_batch **out, krait_model *model);
KRAIT_API void krait_batch_free(krait_batch *batch);
KRAIT_API const char *krait_batch_error(const krait_batch *batch);

/* Adds a session with tokens to feed (copied); n_tokens 0: sample and feed one, as
 * krait_session_next. A session twice, or of another model: an error, nothing added.
 * The first _add after a run starts anew. The session must live until the run. */
KRAIT_API krait_status krait_batch_add(krait_batch *batch, krait_session *session, const krait_token *tokens, size_t n_tokens);

/* Error: no session moved, entries kept. KRAIT_OK: see each entry. */
KRAIT_API krait_status krait_batch_run(krait_batch *batch);
KRAIT_API void krait_batch_clear(krait_batch *batch);
KRAIT_API size_t krait_batch_size(const krait_batch *batch);
KRAIT_API krait_status krait_batch_status(const krait_batch *batch, size_t index);      /* OK, END or CANCELLED in the last run */
KRAIT_API krait_token krait_batch_token(const krait_batch *batch, size_t index);        /* what was sampled; -1: nothing */

/* ---------------------------------------------------------------------------
 * Text
 */

#define KRAIT_PARSE_SPECIAL 1           /* the text of special tokens becomes their ids */
#define KRAIT_ADD_SPECIAL 2             /* add what the file's post-processor adds */
#define KRAIT_SKIP_SPECIAL 4            /* leave special tokens out of decoded text */

/* Opens a tokenizer.json, or a folder with one. */
KRAIT_API krait_status krait_tokenizer_open(krait_tokenizer **out, const char *path);
KRAIT_API krait_tokenizer *krait_tokenizer_ref(krait_tokenizer *tokenizer);
KRAIT_API void krait_tokenizer_free(krait_tokenizer *tokenizer);
KRAIT_API const char *krait_tokenizer_error(const krait_tokenizer *tokenizer);  /* why _open failed */

/* Text to ids. flags: KRAIT_PARSE_SPECIAL, KRAIT_ADD_SPECIAL. n_text and n_out as
 * everywhere; *n_tokens is the full size, always. Work grows as n log n at most. */
KRAIT_API krait_status krait_tokenizer_encode(const krait_tokenizer *tokenizer, const char *text, size_t n_text, int flags,
	krait_token *out, size_t n_out, size_t *n_tokens);

/* Ids to text. flags: KRAIT_SKIP_SPECIAL. n_out is in bytes; no terminating zero is
 * written; *n_text is the full size, always. Ids without text decode to nothing. */
KRAIT_API krait_status krait_tokenizer_decode(const krait_tokenizer *tokenizer, const krait_token *tokens, size_t n_tokens, int flags,
	char *out, size_t n_out, size_t *n_text);
KRAIT_API size_t krait_tokenizer_size(const krait_tokenizer *tokenizer);        /* ids run from 0 to this, added tokens included */
KRAIT_API krait_token krait_tokenizer_find(const krait_tokenizer *tokenizer, const char *text, size_t n_text);  /* the id of a token by its text; -1: none */

/* Tokens to whole characters, as they come. */
KRAIT_API krait_status krait_decoder_new(krait_decoder **out, krait_tokenizer *tokenizer);
KRAIT_API void krait_decoder_free(krait_decoder *decoder);
KRAIT_API krait_status krait_decoder_push(krait_decoder *decoder, krait_token token);
KRAIT_API krait_status krait_decoder_flush(krait_decoder *decoder);     /* the end: what is still held back */
KRAIT_API const char *krait_decoder_piece(const krait_decoder *decoder);        /* what the last _push or _flush completed */
KRAIT_API size_t krait_decoder_piece_size(const krait_decoder *decoder);        /* bytes */

/* ---------------------------------------------------------------------------
 * Chat: messages and the model's template
 */

/* `model` may be NULL: templates only. Otherwise the chat holds a reference. */
KRAIT_API krait_status krait_chat_new(krait_chat **out, krait_model *model);
KRAIT_API void krait_chat_free(krait_chat *chat);
KRAIT_API const char *krait_chat_error(const krait_chat *chat);

/* Another template than the model's. UNSUPPORTED: the text names the construct and its line. */
KRAIT_API krait_status krait_chat_set_template(krait_chat *chat, const char *jinja);
KRAIT_API krait_status krait_chat_set_json(krait_chat *chat, const char *name, const char *json, size_t n_json);        /* a variable of the template */
KRAIT_API krait_status krait_chat_add(krait_chat *chat, const char *role, const char *content);
KRAIT_API krait_status krait_chat_add_json(krait_chat *chat, const char *json, size_t n_json);  /* one whole message */
KRAIT_API void krait_chat_clear(krait_chat *chat);      /* drops the messages */

/* The conversation as text (bytes, no terminating zero) or as tokens. The full size is always reported. */
KRAIT_API krait_status krait_chat_render(krait_chat *chat, int add_generation_prompt, char *out, size_t n_out, size_t *n_text);

/* Special tokens come from the template (and the role) alone: what a message's content
 * says never becomes one. */
KRAIT_API krait_status krait_chat_encode(krait_chat *chat, int add_generation_prompt, krait_token *out, size_t n_out, size_t *n_tokens);

/* Feeds what is new since this chat's last feed, with the generation prompt.
 * MISMATCH, nothing fed: the new rendering does not extend the old. */
KRAIT_API krait_status krait_chat_feed(krait_chat *chat, krait_session *session);

#ifdef __cplusplus
}
#endif
#endif
