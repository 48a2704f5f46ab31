/* SPDX-License-Identifier: Apache-2.0 */
/*
 * krait.h - run Mamba language models.
 *
 * A model is loaded as it was published; a session is one conversation whose
 * whole memory is a state, which can be saved, forked, rewound and moved to
 * another machine. The state of a pure Mamba model is small and of constant
 * size; where a model has attention layers, too, each token adds to it
 * (krait_model_state_growth). The shortest program:
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
 *     fputs(krait_session_piece(session), stdout);
 *     krait_session_free(session);
 *     krait_model_free(model);
 *
 * What holds everywhere, so that it is not said again at each call:
 *
 * - Handles are opaque. `krait_x **out` first means "yours to free"; a pointer
 *   that is returned is borrowed. Every `_free` takes NULL. Outputs are set to
 *   NULL or 0 before anything else happens. A getter on NULL gives 0, -1, NULL
 *   or an empty text.
 * - Arguments are read before the call returns; no pointer to them is kept,
 *   except where the comment says so.
 * - A call that can fail returns a krait_status: 0 is success, more than 0
 *   another normal outcome, less than 0 an error. A failed call changed
 *   nothing. The text of an error lives on the mutable handle that the call
 *   works on (`_error`), never in a thread-local. An `_open`, `_new`, `_load`
 *   or `_read` that fails yields a handle that is good only for `_error` and
 *   `_free`, or NULL when there was no memory for it; `_error(NULL)` is
 *   "out of memory". KRAIT_ERROR_BUSY writes no text.
 * - The errors of every call, not listed again: ARGUMENT for NULL where
 *   something is needed, or for a handle whose making failed; FORKED in a child
 *   after fork(), as below; on a session BUSY, when another thread is in a call on it;
 *   UNSUPPORTED for what needs logits where the model has no head.
 * - A borrowed string lives until the next call on its handle; a model's or a
 *   tokenizer's until its last reference goes.
 * - Threads: models, tokenizers and states may be used by any number of
 *   threads (a state is saved and written by one at a time); every other
 *   handle by one thread at a time, and it may move between threads. A call
 *   on a session that is in use by another thread returns KRAIT_ERROR_BUSY.
 * - Memory comes from malloc through one hook, but for what the C library's qsort and the libraries
 *   that split and normalize text (PCRE2, utf8proc) take for themselves.
 * - Sizes are in elements of the pointed-to type unless bytes are named;
 *   [n, m] is a shape, row after row. Text is UTF-8. Logits, hidden vectors
 *   and probabilities are float32. `out` may be NULL with a size of 0 where a
 *   call writes a size or an array: that only asks for the size.
 * - The library never prints, exits or aborts, installs no signal handler and
 *   changes no global state of the program. One exception stands: a weight file
 *   that another program truncates while it is mapped ends the process (SIGBUS);
 *   KRAIT_OPTION_MAP 0 reads weights instead.
 * - After fork() the child's calls on the parent's models, sessions, states,
 *   batches and chats answer KRAIT_ERROR_FORKED. `_free`, cancels, the status
 *   and note of what is there, and calls that return no status work, and so
 *   does a model that the child opens itself.
 * - No call needs more than 64 KiB of stack.
 */
/*
 * For those who edit this file: the comments have one shape, from which the
 * manual pages and docs/reference are made. A topic begins with a line of
 * dashes, its title and its threads; a comment belongs to the declarations
 * below it up to an empty line; arguments stand in `quotes`; "Errors:" lists
 * what a call may answer beside the above.
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

/* ---------------------------------------------------------------------------
 * Status: what a call answers
 *
 * 0 is success, more than 0 another normal outcome, less than 0 an error. The
 * names of errors are given without KRAIT_ERROR_ below.
 *
 * Threads: any.
 */

typedef int krait_status;               /* one of the values below; a later version may add others */

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

/* The name of `status`, "KRAIT_ERROR_IO"; "unknown status" for other numbers. Borrowed, forever. */
KRAIT_API const char *krait_status_name(krait_status status);

/* ---------------------------------------------------------------------------
 * Library: its version, and its constants by name
 *
 * Threads: any.
 */

/* Of this header; krait_version is the library's. The second number rises when something is
 * added, the third with every other release. */
#define KRAIT_VERSION_MAJOR 0
#define KRAIT_VERSION_MINOR 1
#define KRAIT_VERSION_PATCH 0

/* The version of the library that is running, "0.1.0". Borrowed, forever. */
KRAIT_API const char *krait_version(void);

/* The value of a public constant by its `name`, for languages without a C compiler, into `out`.
 * Errors: NOT_FOUND when there is no constant of that name; `out` is then 0. */
KRAIT_API krait_status krait_constant(const char *name, int64_t *out);

/* ---------------------------------------------------------------------------
 * Options: how to open a model
 *
 * NULL options mean all defaults. One options handle may serve any number of
 * opens; nothing of it is needed afterwards, but what the callbacks point to must
 * live as long as the models that were opened with them.
 *
 * Threads: one at a time. Callbacks come in the thread whose call they are about.
 */

typedef struct krait_options krait_options;     /* how to open a model */

/* Called while a model opens or a long prompt is read: `done` of `total` bytes or tokens, and the
 * `user` that was set with it. Returns non-zero to cancel. */
typedef int (*krait_progress_fn)(void *user, uint64_t done, uint64_t total);

/* Called with one line of `text` without a newline, borrowed for the call, its `level` and the
 * `user` that was set with it. No lock is held. */
typedef void (*krait_log_fn)(void *user, int level, const char *text);

#define KRAIT_LOG_ERROR 1               /* something failed */
#define KRAIT_LOG_WARNING 2             /* something is not as it should be; it works all the same */
#define KRAIT_LOG_INFO 3                /* what was chosen, and why */

#define KRAIT_OPTION_DEVICE 100         /* text: "auto" (default), "cpu", "cuda", "cuda:1" */
#define KRAIT_OPTION_THREADS 101        /* int: 0 (default) = one for each processor that the process may use */
#define KRAIT_OPTION_WEIGHTS 102        /* text: "asis" (default), "f32", "bf16", "f16", "int8", "int4" */
#define KRAIT_OPTION_PRECISION 103      /* text: "exact" (default on a CPU) or "fast" */
#define KRAIT_OPTION_INSTRUCTIONS 104   /* text: "auto" (default), "generic", "avx2", "avx512" */
#define KRAIT_OPTION_TOKENIZER 110      /* text: path of a tokenizer.json or of a folder with one; default: beside the weights */
#define KRAIT_OPTION_MAP 120            /* int: 1 (default) maps weights, 0 reads them into memory */
#define KRAIT_OPTION_INSPECT 130        /* int: 1 reads headers only: sizes and memory, no weights, no sessions; default 0 */

/* New options with every default, into `out`; free them with krait_options_free.
 * Errors: MEMORY; `out` is then NULL. */
KRAIT_API krait_status krait_options_new(krait_options **out);

/* Frees options. Models that were opened with them stay. */
KRAIT_API void krait_options_free(krait_options *options);

/* Why the last call on these options failed; "" when it did not. Borrowed until the next call. */
KRAIT_API const char *krait_options_error(const krait_options *options);

/* Sets an `option` to a `value`, which is copied.
 * Errors: UNSUPPORTED when this library does not know the option or cannot do the value, which is
 * how to ask for a feature; ARGUMENT when the value is outside its range, or the option takes the
 * other type; MEMORY. */
KRAIT_API krait_status krait_options_set_int(krait_options *options, int option, int64_t value);
KRAIT_API krait_status krait_options_set_text(krait_options *options, int option, const char *value);

/* Sets the callback `fn` and the `user` pointer that it is given; NULL takes it back. Both are
 * kept by the models that are opened with these options. */
KRAIT_API void krait_options_set_progress(krait_options *options, krait_progress_fn fn, void *user);
KRAIT_API void krait_options_set_log(krait_options *options, krait_log_fn fn, void *user);

/* ---------------------------------------------------------------------------
 * Devices: what there is, before anything is opened
 *
 * Threads: any; a list does not change once it is made.
 */

typedef struct krait_devices krait_devices;     /* a list of devices */

/* A list of the devices as it is now, into `out`; free it with krait_devices_free. The CPU is
 * always the first.
 * Errors: MEMORY. */
KRAIT_API krait_status krait_devices_open(krait_devices **out);

/* Frees a list of devices. */
KRAIT_API void krait_devices_free(krait_devices *devices);

/* The number of devices in the list; indexes run from 0 to it. */
KRAIT_API size_t krait_devices_count(const krait_devices *devices);

/* The name of the device at `index`, as KRAIT_OPTION_DEVICE takes it: "cpu", "cuda:0"; NULL past
 * the end. Borrowed until the list is freed. */
KRAIT_API const char *krait_devices_name(const krait_devices *devices, size_t index);

/* What the device at `index` is, or why it cannot be used; NULL past the end. Borrowed until the
 * list is freed. */
KRAIT_API const char *krait_devices_about(const krait_devices *devices, size_t index);

/* The memory of the device at `index` in bytes, all of it, or what was free when the list was
 * made; 0 when unknown or past the end. */
KRAIT_API uint64_t krait_devices_memory(const krait_devices *devices, size_t index);
KRAIT_API uint64_t krait_devices_memory_free(const krait_devices *devices, size_t index);

/* ---------------------------------------------------------------------------
 * Installed: which models have a name
 *
 * krait_model_open takes the names: of folders where the environment says, of models that
 * came with krait, and of those in the cache that hub clients share. Models of
 * other families are left out.
 *
 * Threads: any; a list does not change once it is made.
 */

typedef struct krait_installed krait_installed; /* a list of installed models */

/* A list of the installed models as they are now, sorted by name, into `out`; free it with
 * krait_installed_free. Weights are not read.
 * Errors: MEMORY. */
KRAIT_API krait_status krait_installed_open(krait_installed **out);

/* Frees a list of installed models. */
KRAIT_API void krait_installed_free(krait_installed *installed);

/* The number of models in the list; indexes run from 0 to it. */
KRAIT_API size_t krait_installed_count(const krait_installed *installed);

/* The name of the model at `index`, as krait_model_open takes it: "demo", "org/name",
 * "org/name@revision"; NULL past the end. Borrowed until the list is freed. */
KRAIT_API const char *krait_installed_name(const krait_installed *installed, size_t index);

/* The folder of the model at `index`; NULL past the end. Borrowed until the list is freed. */
KRAIT_API const char *krait_installed_path(const krait_installed *installed, size_t index);

/* Where the model at `index` is from, and what it lacks; NULL past the end. Borrowed until the list
 * is freed. */
KRAIT_API const char *krait_installed_about(const krait_installed *installed, size_t index);

/* Bytes of the files of the model at `index`, an unfinished download's included; 0 past the end. */
KRAIT_API uint64_t krait_installed_size(const krait_installed *installed, size_t index);

/* 1 when all weights of the model at `index` are there, otherwise 0. */
KRAIT_API int krait_installed_whole(const krait_installed *installed, size_t index);

/* The folder of the hub's cache, which need not exist; NULL when no variable of the environment
 * leads to one. Borrowed until the list is freed. */
KRAIT_API const char *krait_installed_cache(const krait_installed *installed);

/* The name of the model whose tokenizer is also that of the model called `name`, which is published
 * without one; NULL when none is known. Borrowed, forever. */
KRAIT_API const char *krait_installed_tokenizer(const krait_installed *installed, const char *name);

/* ---------------------------------------------------------------------------
 * Model: weights, configuration and tokenizer on one device
 *
 * Immutable once open, shared by threads, counted: whatever uses a model holds
 * a reference, so everything may be freed in any order. Strings of a model
 * live until its last reference goes.
 *
 * Threads: any number.
 */

typedef struct krait_model krait_model;         /* an open model */
typedef struct krait_tokenizer krait_tokenizer; /* text to tokens and back */

/* Opens `path`: a folder with a checkpoint, a weight file, or the name of an installed model
 * ("demo", "org/name"); an existing path wins. Reads the layouts of mamba_ssm (config.json +
 * pytorch_model.bin) and transformers (safetensors, whole or sharded). One whose config.json names what
 * is below a language model's head ("Mamba2Model") may come without a head: it gives hidden vectors, and
 * states, but neither logits nor tokens. Nothing in a file is executed. `options` may be NULL. The model
 * comes into `out`; free it with krait_model_free, also after an error, when krait_model_error has the text.
 * Errors: NOT_FOUND, IO, FORMAT, UNSUPPORTED, MEMORY, DEVICE; CANCELLED when the progress
 * callback says so. */
KRAIT_API krait_status krait_model_open(krait_model **out, const char *path, const krait_options *options);

/* One more owner; returns its argument, to be freed once more with krait_model_free. */
KRAIT_API krait_model *krait_model_ref(krait_model *model);

/* One owner less. The model goes with the last of its owners, sessions included. */
KRAIT_API void krait_model_free(krait_model *model);

/* Why krait_model_open failed; "" when it did not. Borrowed from the model. */
KRAIT_API const char *krait_model_error(const krait_model *model);

/* The family, "mamba" or "mamba2"; a later version may know others. Borrowed from the model. */
KRAIT_API const char *krait_model_family(const krait_model *model);

/* The device that it is on, "cpu". Borrowed from the model. */
KRAIT_API const char *krait_model_device(const krait_model *model);

/* What is not as asked, and why; "" when all is. Borrowed from the model. */
KRAIT_API const char *krait_model_note(const krait_model *model);

/* The JSON object that `krait info --json` prints; a later version may add keys. Borrowed from
 * the model. */
KRAIT_API const char *krait_model_info(const krait_model *model);

/* 32 hex digits: XXH3-128 of the canonical tensor names, shapes and a sample of each tensor widened
 * to float32, and of what changes the arithmetic otherwise (groups, epsilons, limits) where that
 * is not what its family does by itself. The same model has the same fingerprint in .bin and in
 * safetensors, whatever KRAIT_OPTION_WEIGHTS says. Borrowed from the model. */
KRAIT_API const char *krait_model_fingerprint(const krait_model *model);

/* Rows of the logits, tokens that only fill up included. Token ids run from 0 to this. */
KRAIT_API size_t krait_model_vocab_size(const krait_model *model);

/* Elements of a hidden vector and of an embedding: d_model. */
KRAIT_API size_t krait_model_width(const krait_model *model);

/* The number of layers. */
KRAIT_API size_t krait_model_n_layers(const krait_model *model);

/* The number of parameters; a tied head is counted once. */
KRAIT_API uint64_t krait_model_n_parameters(const krait_model *model);

/* Bytes of one saved state of a new session. */
KRAIT_API size_t krait_model_state_size(const krait_model *model);

/* Bytes of one saved state of a session that has read `n_positions`, beside what its settings, penalties
 * and KRAIT_REWIND_TOKENS add: that of a new session where krait_model_state_growth is 0, and a few bytes.
 * UINT64_MAX: more than can be told. */
KRAIT_API uint64_t krait_model_state_size_at(const krait_model *model, uint64_t n_positions);

/* Bytes that each token read adds to a session's state, where attention layers keep what they have read.
 * 0: the state has a constant size, however long the sequence is, and no token is too far back. Else only
 * memory bounds the length: a call for which there is none left answers KRAIT_ERROR_MEMORY, and the
 * session is where it was. */
KRAIT_API size_t krait_model_state_growth(const krait_model *model);

/* Bytes of memory that the model needs with `n_sessions` sessions. Where krait_model_state_growth is not
 * 0 these are new ones: each token that they read adds "memory_bytes_per_token" of krait_model_info, but
 * for tokens that a fork shares with its origin. Works under KRAIT_OPTION_INSPECT, before the weights are
 * read. */
KRAIT_API uint64_t krait_model_memory(const krait_model *model, size_t n_sessions);

/* The model's tokenizer, or NULL when there is none. Borrowed from the model. */
KRAIT_API const krait_tokenizer *krait_model_tokenizer(const krait_model *model);

/* The model's tokenizer as a reference of the caller's own, to be freed with krait_tokenizer_free;
 * NULL when there is none. */
KRAIT_API krait_tokenizer *krait_model_tokenizer_ref(krait_model *model);

/* ---------------------------------------------------------------------------
 * Session: one sequence and its state
 *
 * A session reads tokens into a state and predicts the next. The state of Mamba layers
 * has a constant size; an attention layer keeps a key and a value of each token.
 * With u the input of a layer after its norm, h the layer's state, A = -exp(A_log),
 * and * element by element, one token does this in a layer of Mamba:
 *
 *     x, z = in_proj(u)             x = silu(conv(x))
 *     dt, B, C = x_proj(x)          dt = softplus(dt_proj(dt))
 *     h = exp(dt A) * h + dt B x    y = C h + D * x
 *     output = out_proj(y * silu(z))
 *
 * Source: Gu and Dao, "Mamba: Linear-Time Sequence Modeling with Selective State
 * Spaces", arXiv:2312.00752, equations 2a and 2b and algorithm 2, with dt B in
 * place of equation 4 for B, as in the authors' code. In a layer of Mamba-2, A and
 * dt are numbers of a head, B and C come from in_proj, and a norm stands before
 * out_proj. Source: Dao and Gu, "Transformers are SSMs", arXiv:2405.21060,
 * equations 2a and 2b and section 7.
 *
 * Threads: one at a time for each session, and it may be another each time;
 * krait_session_cancel from any.
 */

typedef int32_t krait_token;                    /* an id of the model's vocabulary; -1 means "none" */
typedef struct krait_session krait_session;     /* one sequence */
typedef struct krait_state krait_state;         /* a snapshot of a session */
typedef struct krait_sampler krait_sampler;     /* how a token is chosen */
typedef struct krait_batch krait_batch;         /* sessions that advance together */
typedef struct krait_decoder krait_decoder;     /* tokens to text, as they come */
typedef struct krait_chat krait_chat;           /* messages and a template */

/* Settings, with their defaults, in whose place stands what the model's generation_config.json says.
 * Those below 300 are a sampler's too. */
#define KRAIT_SAMPLE_TEMPERATURE 200    /* float: 1; 0 is greedy (the lowest id among equals) */
#define KRAIT_SAMPLE_TOP_K 201          /* int: 0, off */
#define KRAIT_SAMPLE_TOP_P 202          /* float: 1, off */
#define KRAIT_SAMPLE_MIN_P 203          /* float: 0, off */
#define KRAIT_SAMPLE_TYPICAL_P 204      /* float: 1, off */
#define KRAIT_SAMPLE_REPETITION_PENALTY 210     /* float: 1, off */
#define KRAIT_SAMPLE_PRESENCE_PENALTY 211       /* float: 0, off */
#define KRAIT_SAMPLE_FREQUENCY_PENALTY 212      /* float: 0, off */
#define KRAIT_SAMPLE_SEED 220           /* int: -1, drawn from the system when the session is made; a fork keeps it */
#define KRAIT_MAX_NEW_TOKENS 300        /* int: 0, no limit; counted since the last feed */
#define KRAIT_KEEP_POSITIONS 310        /* int: 0; of how many last positions of a feed logits and hidden vectors are kept */
#define KRAIT_REWIND_TOKENS 320         /* int: 1; how far back krait_session_rewind must reach at least */

/* Settings of a batch. */
#define KRAIT_BATCH_PROMPT_TOKENS 400   /* int: 0, no bound; at most so many tokens are fed in one run */
#define KRAIT_BATCH_KEEP_LOGITS 401     /* int: 0; 1 computes the logits of all entries at the end of a run, in one pass */

/* The lowest and the highest value of a `setting` or option that takes a number, into `low` and
 * `high`; either may be NULL. KRAIT_SAMPLE_SEED takes every int64_t.
 * Errors, without a text: UNSUPPORTED when this library does not know it, or it takes a text. */
KRAIT_API krait_status krait_setting_bounds(int setting, double *low, double *high);

/* A new session on `model`, empty, into `out`; free it with krait_session_free. It holds a
 * reference to the model. It begins with what the model's own files say about generating (settings, stop
 * tokens and texts, tokens that are never sampled), and with the defaults above for the rest.
 * Errors: MEMORY; UNSUPPORTED on a model opened with KRAIT_OPTION_INSPECT. */
KRAIT_API krait_status krait_session_new(krait_session **out, krait_model *model);

/* Frees a session; in a child after fork() too. */
KRAIT_API void krait_session_free(krait_session *session);

/* Why the last call on the session failed; "" when it did not. Borrowed until the next call. */
KRAIT_API const char *krait_session_error(const krait_session *session);

/* Reads `tokens` [n_tokens], ids from 0 to krait_model_vocab_size, into the state; `n_tokens` may
 * be 0. Any division of a sequence into feeds gives the same state.
 * Errors: ARGUMENT for an id outside the vocabulary (the text says which and where), before
 * anything moved; MEMORY; CANCELLED: krait_session_position says how far it came. */
KRAIT_API krait_status krait_session_feed(krait_session *session, const krait_token *tokens, size_t n_tokens);

/* Tokenizes and feeds `text`, up to its zero. Adds what the tokenizer's post-processor adds (a BOS)
 * at position 0 only; the text of a special token stays plain text. Bytes that are not UTF-8 become
 * U+FFFD, one for each maximal ill-formed part.
 * Errors: UNSUPPORTED when the model has no tokenizer; MEMORY; CANCELLED. */
KRAIT_API krait_status krait_session_feed_text(krait_session *session, const char *text);

/* The same for `n_text` bytes of `text`, which may hold U+0000, with `flags`: KRAIT_PARSE_SPECIAL
 * and KRAIT_ADD_SPECIAL, or 0.
 * Errors: as krait_session_feed_text; ARGUMENT for another flag. */
KRAIT_API krait_status krait_session_feed_utf8(krait_session *session, const char *text, size_t n_text, int flags);

/* Feeds vectors in place of tokens: `embeddings` is [n_positions, width], `n_positions` may be 0,
 * and `width` must be krait_model_width. Penalties and scores do not see them.
 * Errors: ARGUMENT for another width; MEMORY; CANCELLED. */
KRAIT_API krait_status krait_session_feed_embeddings(krait_session *session, const float *embeddings, size_t n_positions, size_t width);

/* Makes the session have read exactly `tokens` [n_tokens], as if they had been fed to an empty one:
 * goes back to the nearest place that it kept before the first difference, and reads the rest.
 * `n_reused` gets how many tokens did not have to be read, and may be NULL. What cannot be reached costs a
 * full read and is no error. Settings, stops and note stay.
 * Errors: as krait_session_feed. After CANCELLED the session has read the first krait_session_position
 * of the tokens. */
KRAIT_API krait_status krait_session_feed_to(krait_session *session, const krait_token *tokens, size_t n_tokens, size_t *n_reused);

/* Logits (krait_model_vocab_size elements) or the final norm's output (krait_model_width elements)
 * of the last position into `out` [n_out]; raw: nothing masked. With KRAIT_KEEP_POSITIONS k set
 * before the last feed: of up to its last k positions, [kept, elements], oldest first. `n_out` may
 * be larger than needed.
 * Errors: SPACE; ARGUMENT when nothing was fed; FORMAT when the weights give NaN; MEMORY. */
KRAIT_API krait_status krait_session_logits(krait_session *session, float *out, size_t n_out);
KRAIT_API krait_status krait_session_hidden(krait_session *session, float *out, size_t n_out);

/* How many rows krait_session_logits and krait_session_hidden give now: 1, or with
 * KRAIT_KEEP_POSITIONS the positions kept; 0 while nothing was fed. */
KRAIT_API size_t krait_session_rows(const krait_session *session);

/* ln p(`token`) at the last position from the softmax of the raw logits, in nats, into `out`.
 * Errors: ARGUMENT for an id outside the vocabulary, or when nothing was fed; FORMAT when the weights
 * give NaN; MEMORY. */
KRAIT_API krait_status krait_session_logprob(krait_session *session, krait_token token, float *out);

/* The likeliest tokens at the last position, best first (the lower id among equals), into `tokens`
 * [n_out], and their ln p from the softmax of the raw logits into `logprobs` [n_out], which may be NULL.
 * `n` gets how many there are: `n_out`, or the whole vocabulary.
 * Errors: as krait_session_logprob. */
KRAIT_API krait_status krait_session_top(krait_session *session, krait_token *tokens, float *logprobs, size_t n_out, size_t *n);

/* Feeds `tokens` [n_tokens] and scores them: `out` [n_out] gets, for each, ln p(token | all before
 * it) from the softmax of the raw logits, in nats; NaN for a token that has nothing before it.
 * `n_out` is `n_tokens` at least.
 * Errors: SPACE, before anything moved; else as krait_session_feed, and FORMAT when the weights
 * give NaN. */
KRAIT_API krait_status krait_session_score(krait_session *session, const krait_token *tokens, size_t n_tokens, float *out, size_t n_out);

/* Samples a token into `out` and feeds it; the topic Sampler says how. Ids that the tokenizer does
 * not have are never sampled.
 *
 * - KRAIT_OK: `out` was sampled and fed, and krait_session_piece has its text.
 * - KRAIT_END: a stop token was sampled (`out` is it; not fed, position and logits unchanged), or a
 *   stop text was completed or the limit reached (`out` is -1). Asked again: KRAIT_END again; a
 *   feed restarts the count. After a stop text the session goes back to where the text before it ends: to
 *   before the token that the stop text began in (with KRAIT_REWIND_TOKENS 0 it cannot, and stays).
 *
 * Errors: ARGUMENT when nothing was fed yet; FORMAT when the weights give NaN; MEMORY; CANCELLED. */
KRAIT_API krait_status krait_session_next(krait_session *session, krait_token *out);

/* Many krait_session_next in one call, the same tokens: up to `n_out` of them into `out` [n_out];
 * `n_tokens` says how many. Returns as the last krait_session_next did.
 * Errors: as krait_session_next; `n_tokens` tokens are there all the same. */
KRAIT_API krait_status krait_session_generate(krait_session *session, krait_token *out, size_t n_out, size_t *n_tokens);

/* ln p of the token that the last krait_session_next or krait_session_generate, or a batch, sampled
 * last, from the softmax of the raw logits that it was drawn from: what krait_session_logprob would have
 * said before. krait_session_drawn_chance is the same under the distribution that it was drawn from, after
 * penalties and cuts; 0 for a greedy choice. A stop token that ended the call counts as sampled, though it is not
 * read. NaN when the session was moved since, and after a stop text, which no token is. On a device that draws
 * tokens itself the first call answers NaN, and makes the session keep what it needs from then on. */
KRAIT_API float krait_session_drawn_logprob(const krait_session *session);
KRAIT_API float krait_session_drawn_chance(const krait_session *session);

#define KRAIT_REASON_NONE 0             /* not ended */
#define KRAIT_REASON_STOP 1             /* a stop token */
#define KRAIT_REASON_LIMIT 2            /* KRAIT_MAX_NEW_TOKENS */
#define KRAIT_REASON_STOP_TEXT 3        /* a stop text */

/* Why krait_session_next or krait_session_generate returned KRAIT_END last: a KRAIT_REASON_. */
KRAIT_API int krait_session_end_reason(const krait_session *session);

/* The text that the last krait_session_next or krait_session_generate completed: whole characters
 * only, held back while it might be the beginning of a stop text; after KRAIT_END what was held
 * back. Borrowed until the next call; a zero stands after it. */
KRAIT_API const char *krait_session_piece(const krait_session *session);

/* Bytes of krait_session_piece, which may hold U+0000; the zero after it is not counted. */
KRAIT_API size_t krait_session_piece_size(const krait_session *session);

/* Gives the piece what is held back, an unfinished character as U+FFFD, without ending: for a caller
 * who stops asking. What comes later cannot complete a stop text that began in it.
 * Errors: MEMORY. */
KRAIT_API krait_status krait_session_flush(krait_session *session);

/* Tokens and embeddings read so far. */
KRAIT_API uint64_t krait_session_position(const krait_session *session);

/* Back to position 0. Settings, stops and note stay.
 * Errors: only those of every call. */
KRAIT_API krait_status krait_session_reset(krait_session *session);

/* Back by `n_tokens` tokens, KRAIT_REWIND_TOKENS of what was fed since that was set at least; often it
 * reaches further. A session keeps copies of its state for it: none where KRAIT_REWIND_TOKENS is 0, one by
 * default, up to four for more than 1, up to eight from 4096 on. Bit-exact to any point where a call ended.
 * Settings stay as they are.
 * Errors: ARGUMENT when it does not reach so far (the text says how far); MEMORY; CANCELLED, the
 * session being where it was. */
KRAIT_API krait_status krait_session_rewind(krait_session *session, uint64_t n_tokens);

/* A second session that goes on from here, into `out`: state, settings, seed, stops, note. Free it
 * with krait_session_free.
 * Errors: MEMORY; the text is on `session`, and `out` is NULL. */
KRAIT_API krait_status krait_session_fork(krait_session **out, krait_session *session);

/* `to` becomes as `from` is: state, settings, seed, stops, note. Both are of one model handle, and `from`
 * stays as it was. KRAIT_KEEP_POSITIONS and KRAIT_REWIND_TOKENS of `to` stay.
 * Errors: MISMATCH for a session of another model handle; BUSY; MEMORY; the text is on `to`, and `to` is
 * unchanged. */
KRAIT_API krait_status krait_session_copy(krait_session *to, const krait_session *from);

/* Stops the call that is running, or else the next one, at a token boundary (in a prompt: a chunk's):
 * KRAIT_CANCELLED, and what was done is kept. One that came while krait_session_next or _generate was
 * running, too late for it, or after an answer had ended, stops another of these and is forgotten by any
 * other call: it is never the next prompt that suffers. krait_session_cancel_clear forgets one that waits; a
 * program calls it where a new request begins. Only calls that read, generate or rewind are stopped.
 * Threads: any, and signal handlers, while the session is not being freed.
 * Errors: only ARGUMENT, for NULL. */
KRAIT_API krait_status krait_session_cancel(krait_session *session);
KRAIT_API void krait_session_cancel_clear(krait_session *session);

/* Gives a `setting` a `value`, at any time between calls.
 * Errors: UNSUPPORTED when this library does not know the setting; ARGUMENT when the value is
 * outside its range, or the setting takes the other type. */
KRAIT_API krait_status krait_session_set_int(krait_session *session, int setting, int64_t value);
KRAIT_API krait_status krait_session_set_float(krait_session *session, int setting, double value);

/* The value of a `setting`, into `out`.
 * Errors: UNSUPPORTED and ARGUMENT as krait_session_set_int; without a text. */
KRAIT_API krait_status krait_session_get_int(const krait_session *session, int setting, int64_t *out);
KRAIT_API krait_status krait_session_get_float(const krait_session *session, int setting, double *out);

/* Settings, biases and stops as a new session of this model has them, a drawn seed included; the note
 * stays.
 * Errors: MEMORY. */
KRAIT_API krait_status krait_session_reset_settings(krait_session *session);

/* Adds `bias` to the logit of `token` before it is sampled; 0 takes it back, -infinity forbids the
 * token.
 * Errors: ARGUMENT for an id outside the vocabulary, NaN or +infinity; MEMORY. */
KRAIT_API krait_status krait_session_set_bias(krait_session *session, krait_token token, float bias);

/* Copies all settings of `sampler`, biases and seed included; for seed -1 one is drawn from the system.
 * Errors: MEMORY. */
KRAIT_API krait_status krait_session_set_sampler(krait_session *session, const krait_sampler *sampler);

/* Ends at `token`, beside the stop tokens that the model's own files name.
 * Errors: ARGUMENT for an id outside the vocabulary; MEMORY. */
KRAIT_API krait_status krait_session_add_stop(krait_session *session, krait_token token);

/* Ends before this `text` of `n_text` bytes, 1 to 1 MiB, which are copied: the piece that would
 * complete it is cut there.
 * Errors: ARGUMENT for another size; MEMORY. */
KRAIT_API krait_status krait_session_add_stop_text(krait_session *session, const char *text, size_t n_text);

/* The stop tokens that the model's own files name, in no order, into `out` [n_out]; returns how many
 * there are, whatever `n_out` is. Sessions begin with them. Any thread. */
KRAIT_API size_t krait_model_stops(const krait_model *model, krait_token *out, size_t n_out);

/* Takes all stop tokens and texts away, the model's own too.
 * Errors: only those of every call. */
KRAIT_API krait_status krait_session_clear_stops(krait_session *session);

/* Keeps a copy of `n_data` bytes of `data` with the session, up to 1 MiB, the caller's own; it goes
 * into snapshots and state files. 0 bytes take it away.
 * Errors: ARGUMENT for more; MEMORY. */
KRAIT_API krait_status krait_session_set_note(krait_session *session, const void *data, size_t n_data);

/* ---------------------------------------------------------------------------
 * State: an immutable snapshot of a session, all that decides the next token
 *
 * The state file is described in docs/state-format.md and krait-state(5). It does
 * not depend on machine, device or the type that weights were loaded in, and every
 * later version reads it.
 *
 * Threads: any number; a state is saved and written by one at a time.
 */

/* Bytes of the session's state as it would be saved now, with all that it has read so far. */
KRAIT_API size_t krait_session_state_size(const krait_session *session);

/* A snapshot of where the session is, into `out`; free it with krait_state_free. The session goes
 * on as before.
 * Errors: MEMORY; the text is on `session`, and `out` is NULL. */
KRAIT_API krait_status krait_session_snapshot(krait_state **out, krait_session *session);

/* Puts the session where the `state` was taken: position, settings, seed, stops, note.
 * Errors: MISMATCH for a state of another model, or of one with other arithmetic; MEMORY. The session is
 * then unchanged. */
KRAIT_API krait_status krait_session_restore(krait_session *session, const krait_state *state);

/* Frees a state; sessions that were restored from it stay. */
KRAIT_API void krait_state_free(krait_state *state);

/* Writes the file `path`, atomically: afterwards it is the old file or the new one.
 * Errors: IO, NOT_FOUND when there is no such folder; MEMORY. */
KRAIT_API krait_status krait_state_save(krait_state *state, const char *path);

/* Reads the file `path` into a new state of `model`, into `out`; free it with krait_state_free, also
 * after an error, when krait_state_error has the text.
 * Errors: NOT_FOUND, IO; FORMAT for a damaged file; MISMATCH for one of another model; UNSUPPORTED
 * for one that a later version wrote and this one cannot read; MEMORY. */
KRAIT_API krait_status krait_state_load(krait_state **out, krait_model *model, const char *path);

/* Bytes that krait_state_save and krait_state_write write. */
KRAIT_API size_t krait_state_size(const krait_state *state);

/* Writes the bytes of a state file into `out`, which has `n_out` bytes, krait_state_size at least.
 * Errors: SPACE; MEMORY. */
KRAIT_API krait_status krait_state_write(krait_state *state, void *out, size_t n_out);

/* Reads `n_data` bytes of `data`, as krait_state_write wrote them, into a new state of `model`, into
 * `out`; free it with krait_state_free, also after an error.
 * Errors: FORMAT, MISMATCH, UNSUPPORTED, MEMORY, as krait_state_load. */
KRAIT_API krait_status krait_state_read(krait_state **out, krait_model *model, const void *data, size_t n_data);

/* The note that krait_session_set_note gave the session, into `out`, which has `n_out` bytes.
 * `n_note` gets its full size in bytes, always.
 * Errors: SPACE. */
KRAIT_API krait_status krait_state_note(const krait_state *state, void *out, size_t n_out, size_t *n_note);

/* Tokens and embeddings that the session had read. */
KRAIT_API uint64_t krait_state_position(const krait_state *state);

/* Why the last krait_state_load, _read, _save or _write failed; "" when it did not. Borrowed until
 * the next of them. */
KRAIT_API const char *krait_state_error(const krait_state *state);

/* ---------------------------------------------------------------------------
 * Sampler: how a token is chosen
 *
 * The processors and their order are those of transformers. s are the logits,
 * count[i] says how often token i is in the history, H is the entropy of p:
 *
 *     bias            s[i] += bias[i]
 *     repetition r    s[i] = s[i] < 0 ? s[i] r : s[i] / r    where count[i] > 0
 *     presence a,     s[i] -= a + f count[i]                 where count[i] > 0
 *       frequency f
 *     temperature t   s[i] /= t
 *     top-k           keeps s[i] >= the k-th highest s
 *     top-p           keeps the likeliest, until their p add up to top-p
 *     min-p           keeps p[i] >= min-p times the highest p
 *     typical-p       keeps the least |-ln p[i] - H|, until their p add up to typical-p
 *     p = softmax(s) over what is kept
 *
 * A draw is a pure function of seed and position: u in [0, 1) has the first 53 bits
 * of Philox 4x32-10 with the seed as key and the position as counter, and the first
 * token in the order of ids is taken whose running sum of p is above u.
 *
 * Source: repetition, Keskar et al., "CTRL", arXiv:1909.05858, section 4.1; top-k, Fan
 * et al., "Hierarchical Neural Story Generation", arXiv:1805.04833; top-p, Holtzman et
 * al., "The Curious Case of Neural Text Degeneration", arXiv:1904.09751, equation 2;
 * min-p, Nguyen et al., "Turning Up the Heat", arXiv:2407.01082; typical-p, Meister et
 * al., "Locally Typical Sampling", arXiv:2202.00666; Philox, Salmon et al., "Parallel
 * Random Numbers: As Easy as 1, 2, 3", SC 2011.
 *
 * Threads: one at a time for what sets something; krait_sampler_probs and
 * krait_sampler_pick by any number meanwhile.
 */

/* A sampler with every default, into `out`; free it with krait_sampler_free.
 * Errors: MEMORY; `out` is then NULL. */
KRAIT_API krait_status krait_sampler_new(krait_sampler **out);

/* A sampler with what the generation_config.json of `model` says, and the defaults for the rest, into
 * `out`; free it with krait_sampler_free.
 * Errors: ARGUMENT for a model that failed to open; MEMORY; `out` is then NULL. */
KRAIT_API krait_status krait_sampler_of_model(krait_sampler **out, const krait_model *model);

/* Frees a sampler; sessions have copies. */
KRAIT_API void krait_sampler_free(krait_sampler *sampler);

/* Why the last call that sets something failed; "" when it did not. Borrowed until the next. */
KRAIT_API const char *krait_sampler_error(const krait_sampler *sampler);

/* Gives a `setting` numbered below 300 a `value`.
 * Errors: UNSUPPORTED when this library does not know the setting; ARGUMENT when the value is
 * outside its range, or the setting takes the other type. */
KRAIT_API krait_status krait_sampler_set_int(krait_sampler *sampler, int setting, int64_t value);
KRAIT_API krait_status krait_sampler_set_float(krait_sampler *sampler, int setting, double value);

/* Adds `bias` to the logit of `token`; 0 takes it back, -infinity forbids the token.
 * Errors: ARGUMENT for a negative id, NaN or +infinity; MEMORY. */
KRAIT_API krait_status krait_sampler_set_bias(krait_sampler *sampler, krait_token token, float bias);

/* The probabilities that krait_sampler_pick draws from, into `out` [n_out], one for each of `logits`
 * [n_logits]; `n_out` is `n_logits` at least. `history` [n_history] are the tokens so far, for the
 * penalties; `n_history` may be 0.
 * Errors, without a text: SPACE; ARGUMENT; FORMAT for NaN or when nothing can be chosen; MEMORY. */
KRAIT_API krait_status krait_sampler_probs(const krait_sampler *sampler, const float *logits, size_t n_logits,
	const krait_token *history, size_t n_history, float *out, size_t n_out);

/* Chooses a token from `logits` [n_logits] with `history` [n_history], as krait_session_next does at
 * position `draw`, into `out`.
 * Errors, without a text: ARGUMENT; FORMAT for NaN or when nothing can be chosen; MEMORY; `out` is
 * then -1. */
KRAIT_API krait_status krait_sampler_pick(const krait_sampler *sampler, const float *logits, size_t n_logits,
	const krait_token *history, size_t n_history, uint64_t draw, krait_token *out);

/* ---------------------------------------------------------------------------
 * Batch: several sessions advanced in one pass over the weights
 *
 * Ragged, prefill and decode mixed. In exact precision (KRAIT_OPTION_PRECISION) what a session
 * computes does not depend on its company, to the bit; on a GPU in fast precision the last digits may.
 *
 * Threads: one at a time; the sessions of a batch are in use while it runs.
 */

/* A new, empty batch for sessions of `model`, into `out`; free it with krait_batch_free. It holds a
 * reference to the model.
 * Errors: MEMORY, `out` NULL; UNSUPPORTED on a model opened with KRAIT_OPTION_INSPECT: krait_batch_error
 * says so. */
KRAIT_API krait_status krait_batch_new(krait_batch **out, krait_model *model);

/* Frees a batch; its sessions stay. */
KRAIT_API void krait_batch_free(krait_batch *batch);

/* Why the last call on the batch failed; "" when it did not. Borrowed until the next call. */
KRAIT_API const char *krait_batch_error(const krait_batch *batch);

/* Gives a `setting` of the batch (KRAIT_BATCH_) a `value`.
 * Errors: UNSUPPORTED when this library does not know the setting; ARGUMENT when the value is outside
 * its range. */
KRAIT_API krait_status krait_batch_set_int(krait_batch *batch, int setting, int64_t value);

/* Adds a `session` with `tokens` [n_tokens] to feed, which are copied; `n_tokens` 0: sample one and
 * feed it, as krait_session_next. The first krait_batch_add after a run starts anew, but for entries that
 * krait_batch_left says are unfinished: they come first then. The session is not held: it must live until
 * the run.
 * Errors: ARGUMENT for a session that is in the batch already or of another model handle, or an id
 * outside the vocabulary; MEMORY. Nothing was added then. */
KRAIT_API krait_status krait_batch_add(krait_batch *batch, krait_session *session, const krait_token *tokens, size_t n_tokens);

/* The same for a `session` with `tokens` [n_tokens], `n_tokens` being 1 at least, that are fed and scored, as
 * krait_session_score does: `out` [n_out] is kept, and written by the run.
 * Errors: as krait_batch_add; SPACE. */
KRAIT_API krait_status krait_batch_add_score(krait_batch *batch, krait_session *session, const krait_token *tokens, size_t n_tokens,
	float *out, size_t n_out);

/* Advances all sessions of the batch. KRAIT_OK: see krait_batch_status of each entry. Called again
 * without a krait_batch_add it goes on with the entries that are unfinished.
 * Errors: BUSY when a session is in use; ARGUMENT when a session that samples was fed nothing, or
 * the batch ran already; FORMAT when the weights give NaN; MEMORY. No session moved then, nothing of it was
 * lost, and the entries are kept; but on a GPU, which draws for 1,024 sessions at a time, those before a FORMAT may
 * have moved where more than 1,024 sample. */
KRAIT_API krait_status krait_batch_run(krait_batch *batch);

/* Drops all entries. */
KRAIT_API void krait_batch_clear(krait_batch *batch);

/* The number of entries. */
KRAIT_API size_t krait_batch_size(const krait_batch *batch);

/* What became of the entry at `index` in the last run: KRAIT_OK, KRAIT_END or KRAIT_CANCELLED.
 * Errors: ARGUMENT past the end, or before a run. */
KRAIT_API krait_status krait_batch_status(const krait_batch *batch, size_t index);

/* The token that was sampled for the entry at `index` in the last run; -1: none. */
KRAIT_API krait_token krait_batch_token(const krait_batch *batch, size_t index);

/* Tokens of the entry at `index` that KRAIT_BATCH_PROMPT_TOKENS left to the next run. */
KRAIT_API size_t krait_batch_left(const krait_batch *batch, size_t index);

/* Raw logits of the entry at `index` behind what it read, into `out` [n_out]: computed now, or kept by the run
 * (KRAIT_BATCH_KEEP_LOGITS). The session must still be there, and where the run left it.
 * Errors, without a text: ARGUMENT past the end, before a run, or when the session moved; SPACE; FORMAT
 * when the weights give NaN; MEMORY. */
KRAIT_API krait_status krait_batch_logits(const krait_batch *batch, size_t index, float *out, size_t n_out);

/* What krait_batch_embed makes of a text's hidden vectors: one of the first two, and the last beside it. */
#define KRAIT_POOL_LAST 1               /* that of the last position */
#define KRAIT_POOL_MEAN 2               /* the mean of all positions, summed in float64 from the first to the last */
#define KRAIT_POOL_NORMALISE 256        /* divided by its Euclidean length; zeros stay */

/* Turns texts into one vector each. `tokens` [n_tokens] are those of all texts, one behind the other; `lengths`
 * [n_texts] says how many each has. Their vectors come into `out` [n_out], which is [n_texts, width] with
 * krait_model_width. `pooling`: KRAIT_POOL_. Each text is read from position 0, by a session that the call makes: its
 * vector is that of krait_session_hidden of a session that read the text alone. Entries of the batch stay as they
 * are. The model's progress callback is told of tokens, and may cancel.
 * Errors: ARGUMENT for a text without tokens, an id outside the vocabulary (the text says which and where), lengths
 * that do not add up to `n_tokens`, or another pooling; SPACE; UNSUPPORTED on a model opened with
 * KRAIT_OPTION_INSPECT; FORMAT when the weights give NaN; MEMORY; CANCELLED. Nothing was written then. */
KRAIT_API krait_status krait_batch_embed(krait_batch *batch, const krait_token *tokens, size_t n_tokens,
	const size_t *lengths, size_t n_texts, int pooling, float *out, size_t n_out);

/* ---------------------------------------------------------------------------
 * Tokenizer: text to tokens and back
 *
 * A tokenizer.json of byte-level BPE, immutable once open and counted as a model is.
 * A model has its own: krait_model_tokenizer.
 *
 * Threads: any number.
 */

#define KRAIT_PARSE_SPECIAL 1           /* the text of special tokens becomes their ids */
#define KRAIT_ADD_SPECIAL 2             /* add what the file's post-processor adds */
#define KRAIT_SKIP_SPECIAL 4            /* leave special tokens out of decoded text */

/* Opens `path`, a tokenizer.json or a folder with one, into `out`; free it with
 * krait_tokenizer_free, also after an error, when krait_tokenizer_error has the text.
 * Errors: NOT_FOUND, IO, FORMAT, UNSUPPORTED, MEMORY. */
KRAIT_API krait_status krait_tokenizer_open(krait_tokenizer **out, const char *path);

/* One more owner; returns its argument, to be freed once more with krait_tokenizer_free. */
KRAIT_API krait_tokenizer *krait_tokenizer_ref(krait_tokenizer *tokenizer);

/* One owner less. */
KRAIT_API void krait_tokenizer_free(krait_tokenizer *tokenizer);

/* Why krait_tokenizer_open failed; "" when it did not. Borrowed from the tokenizer. */
KRAIT_API const char *krait_tokenizer_error(const krait_tokenizer *tokenizer);

/* Turns `n_text` bytes of `text` into ids, into `out` [n_out]. `flags`: KRAIT_PARSE_SPECIAL,
 * KRAIT_ADD_SPECIAL. `n_tokens` gets the full number of tokens, always; it may be NULL. Bytes that
 * are not UTF-8 become U+FFFD. Work grows as n log n at most; a text for which the file's own pattern
 * needs more than a fixed number of steps for each byte is refused.
 * Errors, without a text: SPACE; ARGUMENT for another flag, or more than 1 GiB; UNSUPPORTED for a text that needs
 * too many steps: give it in shorter parts; MEMORY. */
KRAIT_API krait_status krait_tokenizer_encode(const krait_tokenizer *tokenizer, const char *text, size_t n_text, int flags,
	krait_token *out, size_t n_out, size_t *n_tokens);

/* Turns `tokens` [n_tokens] into text, into `out`, which has `n_out` bytes; no terminating zero is
 * written. `flags`: KRAIT_SKIP_SPECIAL. `n_text` gets the full size in bytes, always; it may be
 * NULL. Ids without text decode to nothing.
 * Errors, without a text: SPACE; ARGUMENT for another flag; MEMORY. */
KRAIT_API krait_status krait_tokenizer_decode(const krait_tokenizer *tokenizer, const krait_token *tokens, size_t n_tokens, int flags,
	char *out, size_t n_out, size_t *n_text);

/* The number of ids, added tokens included: they run from 0 to this. */
KRAIT_API size_t krait_tokenizer_size(const krait_tokenizer *tokenizer);

/* Whether `token` is a special one: 1 or 0. */
KRAIT_API int krait_tokenizer_is_special(const krait_tokenizer *tokenizer, krait_token token);

/* The id of a token by its `text` of `n_text` bytes; -1: none. */
KRAIT_API krait_token krait_tokenizer_find(const krait_tokenizer *tokenizer, const char *text, size_t n_text);

/* ---------------------------------------------------------------------------
 * Decoder: tokens to whole characters, as they come
 *
 * A token may end inside a character; what is not whole is held back.
 *
 * Threads: one at a time.
 */

/* A new decoder on `tokenizer`, into `out`; free it with krait_decoder_free. It holds a reference to
 * the tokenizer.
 * Errors: MEMORY; `out` is then NULL. */
KRAIT_API krait_status krait_decoder_new(krait_decoder **out, krait_tokenizer *tokenizer);

/* Frees a decoder. */
KRAIT_API void krait_decoder_free(krait_decoder *decoder);

/* Takes one `token`; krait_decoder_piece has what it completed. An id without text completes
 * nothing.
 * Errors, without a text: MEMORY; the last piece stays then. */
KRAIT_API krait_status krait_decoder_push(krait_decoder *decoder, krait_token token);

/* The end: krait_decoder_piece has what was still held back, U+FFFD for an unfinished character.
 * Errors, without a text: MEMORY. */
KRAIT_API krait_status krait_decoder_flush(krait_decoder *decoder);

/* The text that the last krait_decoder_push or krait_decoder_flush completed. Borrowed until the
 * next; a zero stands after it. */
KRAIT_API const char *krait_decoder_piece(const krait_decoder *decoder);

/* Bytes of krait_decoder_piece, which may hold U+0000. */
KRAIT_API size_t krait_decoder_piece_size(const krait_decoder *decoder);

/* ---------------------------------------------------------------------------
 * Chat: messages and the model's template
 *
 * Special tokens come from the template (and the role) alone: what a message's
 * content says never becomes one.
 *
 * Threads: one at a time.
 */

/* A new chat without messages, into `out`; free it with krait_chat_free. `model` may be NULL:
 * templates only; otherwise the chat holds a reference to it.
 * Errors: MEMORY. */
KRAIT_API krait_status krait_chat_new(krait_chat **out, krait_model *model);

/* Frees a chat; what it fed stays in the session. */
KRAIT_API void krait_chat_free(krait_chat *chat);

/* Why the last call on the chat failed; "" when it did not. Borrowed until the next call. */
KRAIT_API const char *krait_chat_error(const krait_chat *chat);

/* Another template than the model's: `jinja` is its source, or "zephyr" or "chatml".
 * Errors: ARGUMENT when it is a text without anything of Jinja in it; FORMAT when it is not Jinja;
 * UNSUPPORTED when it does what krait cannot do; MEMORY. The one from before stays. */
KRAIT_API krait_status krait_chat_set_template(krait_chat *chat, const char *jinja);

/* Gives the variable `name` of the template the value of `n_json` bytes of `json`; NULL takes it
 * away.
 * Errors: ARGUMENT when it is no JSON, or the name is "messages" or "add_generation_prompt"; MEMORY. */
KRAIT_API krait_status krait_chat_set_json(krait_chat *chat, const char *name, const char *json, size_t n_json);

/* Adds a message: its `role` ("system", "user", "assistant") and its `content`, both copied.
 * Errors: ARGUMENT when it is not UTF-8; MEMORY. */
KRAIT_API krait_status krait_chat_add(krait_chat *chat, const char *role, const char *content);

/* Adds a whole message, `n_json` bytes of `json`: an object.
 * Errors: ARGUMENT when it is none; MEMORY. */
KRAIT_API krait_status krait_chat_add_json(krait_chat *chat, const char *json, size_t n_json);

/* Drops the messages. What a session has read of them is found again when they are added anew: this
 * is how messages are edited or taken back. */
KRAIT_API void krait_chat_clear(krait_chat *chat);

/* The conversation as text, into `out`, which has `n_out` bytes; no terminating zero is written.
 * `add_generation_prompt` other than 0 adds what makes the model answer. `n_text` gets the full size
 * in bytes; it may be NULL.
 * Errors: SPACE; UNSUPPORTED when there is no template, when it does what krait cannot do, or when it
 * takes too long, too much memory or more than 16 MiB of text; ARGUMENT when the template refuses the
 * messages; MEMORY. */
KRAIT_API krait_status krait_chat_render(krait_chat *chat, int add_generation_prompt, char *out, size_t n_out, size_t *n_text);

/* The conversation as tokens, into `out` [n_out], with `add_generation_prompt` as for
 * krait_chat_render. `n_tokens` gets the full number of tokens; it may be NULL.
 * Errors: as krait_chat_render; UNSUPPORTED when there is no tokenizer. */
KRAIT_API krait_status krait_chat_encode(krait_chat *chat, int add_generation_prompt, krait_token *out, size_t n_out, size_t *n_tokens);

/* Makes the `session` have read the conversation, with the generation prompt, whatever it has read
 * before: what it has of it stays, and it goes back and reads anew from where that is different.
 * Messages may have been edited, taken back or added, thoughts dropped by the template, answers cut
 * by a stop text or a limit; an answer that is added as it was generated is not read again. A
 * session that was cancelled in the feed goes on in the next one.
 * From then on the session stops where the template closes an answer: at its token for that (as by
 * krait_session_add_stop), or else at its text (as by krait_session_add_stop_text).
 * Errors: MISMATCH, nothing fed, when the session is of another model; BUSY when the session is in
 * use; else as krait_chat_encode and krait_session_feed, the text being on the chat. */
KRAIT_API krait_status krait_chat_feed(krait_chat *chat, krait_session *session);

/* How many tokens the last krait_chat_feed did not have to read, since the session had them. 0 before
 * the first one. */
KRAIT_API size_t krait_chat_reused(const krait_chat *chat);

/* The tokens that krait_chat_feed would now read into `session`, after it went back, into `out`
 * [n_out]; `n_tokens` gets their number; it may be NULL. The session stays as it is.
 * Errors: as krait_chat_encode; MISMATCH and BUSY as krait_chat_feed. */
KRAIT_API krait_status krait_chat_pending(krait_chat *chat, krait_session *session, krait_token *out, size_t n_out, size_t *n_tokens);

/* Says that `session`, which was restored from a file, say, has read the messages so far: nothing is
 * fed. krait_chat_feed finds that out by itself; this call tells whether it will. A session
 * remembers as much as KRAIT_REWIND_TOKENS lets it, at least 1024 tokens by default, and of what lies
 * before whether it is what the messages are as tokens. MISMATCH is an answer and ends nothing:
 * krait_chat_feed then reads anew what cannot be told to be the same.
 * Errors: MISMATCH when it has read something else or does not remember; else as krait_chat_feed. */
KRAIT_API krait_status krait_chat_resume(krait_chat *chat, krait_session *session);

#ifdef __cplusplus
}
#endif
#endif
