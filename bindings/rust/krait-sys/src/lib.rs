// SPDX-License-Identifier: Apache-2.0
// Made from bindings/krait.i by bindings/rust/generate.py, by way of `swig -xml`. Do not edit.

//! The C interface of libkrait, as it is; krait.h says what each function does. The crate `krait` is
//! the safe interface.
#![allow(non_camel_case_types)]
use std::marker::{PhantomData, PhantomPinned};
use std::os::raw::{c_char, c_int, c_void};

/// How a call ended. Not an enum: a later library may answer with numbers that are not known yet.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct krait_status(pub c_int);

/// A callback, or none.
pub type krait_progress_fn = Option<unsafe extern "C" fn(user: *mut c_void, done: u64, total: u64) -> c_int>;
/// A callback, or none.
pub type krait_log_fn = Option<unsafe extern "C" fn(user: *mut c_void, level: c_int, text: *const c_char)>;
pub type krait_token = i32;

#[repr(C)]
pub struct krait_options {
    _opaque: [u8; 0],
    _neither: PhantomData<(*mut u8, PhantomPinned)>,
}
#[repr(C)]
pub struct krait_devices {
    _opaque: [u8; 0],
    _neither: PhantomData<(*mut u8, PhantomPinned)>,
}
#[repr(C)]
pub struct krait_installed {
    _opaque: [u8; 0],
    _neither: PhantomData<(*mut u8, PhantomPinned)>,
}
#[repr(C)]
pub struct krait_model {
    _opaque: [u8; 0],
    _neither: PhantomData<(*mut u8, PhantomPinned)>,
}
#[repr(C)]
pub struct krait_tokenizer {
    _opaque: [u8; 0],
    _neither: PhantomData<(*mut u8, PhantomPinned)>,
}
#[repr(C)]
pub struct krait_session {
    _opaque: [u8; 0],
    _neither: PhantomData<(*mut u8, PhantomPinned)>,
}
#[repr(C)]
pub struct krait_state {
    _opaque: [u8; 0],
    _neither: PhantomData<(*mut u8, PhantomPinned)>,
}
#[repr(C)]
pub struct krait_sampler {
    _opaque: [u8; 0],
    _neither: PhantomData<(*mut u8, PhantomPinned)>,
}
#[repr(C)]
pub struct krait_batch {
    _opaque: [u8; 0],
    _neither: PhantomData<(*mut u8, PhantomPinned)>,
}
#[repr(C)]
pub struct krait_decoder {
    _opaque: [u8; 0],
    _neither: PhantomData<(*mut u8, PhantomPinned)>,
}
#[repr(C)]
pub struct krait_chat {
    _opaque: [u8; 0],
    _neither: PhantomData<(*mut u8, PhantomPinned)>,
}

pub const KRAIT_OK: krait_status = krait_status(0);
pub const KRAIT_END: krait_status = krait_status(1);
pub const KRAIT_CANCELLED: krait_status = krait_status(2);
pub const KRAIT_ERROR_ARGUMENT: krait_status = krait_status(-1);
pub const KRAIT_ERROR_MEMORY: krait_status = krait_status(-2);
pub const KRAIT_ERROR_IO: krait_status = krait_status(-3);
pub const KRAIT_ERROR_FORMAT: krait_status = krait_status(-4);
pub const KRAIT_ERROR_UNSUPPORTED: krait_status = krait_status(-5);
pub const KRAIT_ERROR_MISMATCH: krait_status = krait_status(-6);
pub const KRAIT_ERROR_DEVICE: krait_status = krait_status(-7);
pub const KRAIT_ERROR_BUSY: krait_status = krait_status(-8);
pub const KRAIT_ERROR_SPACE: krait_status = krait_status(-9);
pub const KRAIT_ERROR_LOST: krait_status = krait_status(-10);
pub const KRAIT_ERROR_FORKED: krait_status = krait_status(-11);
pub const KRAIT_ERROR_NOT_FOUND: krait_status = krait_status(-12);
pub const KRAIT_VERSION_MAJOR: c_int = 0;
pub const KRAIT_VERSION_MINOR: c_int = 1;
pub const KRAIT_VERSION_PATCH: c_int = 0;
pub const KRAIT_LOG_ERROR: c_int = 1;
pub const KRAIT_LOG_WARNING: c_int = 2;
pub const KRAIT_LOG_INFO: c_int = 3;
pub const KRAIT_OPTION_DEVICE: c_int = 100;
pub const KRAIT_OPTION_THREADS: c_int = 101;
pub const KRAIT_OPTION_WEIGHTS: c_int = 102;
pub const KRAIT_OPTION_PRECISION: c_int = 103;
pub const KRAIT_OPTION_INSTRUCTIONS: c_int = 104;
pub const KRAIT_OPTION_TOKENIZER: c_int = 110;
pub const KRAIT_OPTION_MAP: c_int = 120;
pub const KRAIT_OPTION_INSPECT: c_int = 130;
pub const KRAIT_SAMPLE_TEMPERATURE: c_int = 200;
pub const KRAIT_SAMPLE_TOP_K: c_int = 201;
pub const KRAIT_SAMPLE_TOP_P: c_int = 202;
pub const KRAIT_SAMPLE_MIN_P: c_int = 203;
pub const KRAIT_SAMPLE_TYPICAL_P: c_int = 204;
pub const KRAIT_SAMPLE_REPETITION_PENALTY: c_int = 210;
pub const KRAIT_SAMPLE_PRESENCE_PENALTY: c_int = 211;
pub const KRAIT_SAMPLE_FREQUENCY_PENALTY: c_int = 212;
pub const KRAIT_SAMPLE_SEED: c_int = 220;
pub const KRAIT_MAX_NEW_TOKENS: c_int = 300;
pub const KRAIT_KEEP_POSITIONS: c_int = 310;
pub const KRAIT_REWIND_TOKENS: c_int = 320;
pub const KRAIT_BATCH_PROMPT_TOKENS: c_int = 400;
pub const KRAIT_BATCH_KEEP_LOGITS: c_int = 401;
pub const KRAIT_REASON_NONE: c_int = 0;
pub const KRAIT_REASON_STOP: c_int = 1;
pub const KRAIT_REASON_LIMIT: c_int = 2;
pub const KRAIT_REASON_STOP_TEXT: c_int = 3;
pub const KRAIT_POOL_LAST: c_int = 1;
pub const KRAIT_POOL_MEAN: c_int = 2;
pub const KRAIT_POOL_NORMALISE: c_int = 256;
pub const KRAIT_PARSE_SPECIAL: c_int = 1;
pub const KRAIT_ADD_SPECIAL: c_int = 2;
pub const KRAIT_SKIP_SPECIAL: c_int = 4;

/// Every constant, by its name.
pub const CONSTANTS: &[(&str, c_int)] = &[
    ("KRAIT_OK", KRAIT_OK.0),
    ("KRAIT_END", KRAIT_END.0),
    ("KRAIT_CANCELLED", KRAIT_CANCELLED.0),
    ("KRAIT_ERROR_ARGUMENT", KRAIT_ERROR_ARGUMENT.0),
    ("KRAIT_ERROR_MEMORY", KRAIT_ERROR_MEMORY.0),
    ("KRAIT_ERROR_IO", KRAIT_ERROR_IO.0),
    ("KRAIT_ERROR_FORMAT", KRAIT_ERROR_FORMAT.0),
    ("KRAIT_ERROR_UNSUPPORTED", KRAIT_ERROR_UNSUPPORTED.0),
    ("KRAIT_ERROR_MISMATCH", KRAIT_ERROR_MISMATCH.0),
    ("KRAIT_ERROR_DEVICE", KRAIT_ERROR_DEVICE.0),
    ("KRAIT_ERROR_BUSY", KRAIT_ERROR_BUSY.0),
    ("KRAIT_ERROR_SPACE", KRAIT_ERROR_SPACE.0),
    ("KRAIT_ERROR_LOST", KRAIT_ERROR_LOST.0),
    ("KRAIT_ERROR_FORKED", KRAIT_ERROR_FORKED.0),
    ("KRAIT_ERROR_NOT_FOUND", KRAIT_ERROR_NOT_FOUND.0),
    ("KRAIT_VERSION_MAJOR", KRAIT_VERSION_MAJOR),
    ("KRAIT_VERSION_MINOR", KRAIT_VERSION_MINOR),
    ("KRAIT_VERSION_PATCH", KRAIT_VERSION_PATCH),
    ("KRAIT_LOG_ERROR", KRAIT_LOG_ERROR),
    ("KRAIT_LOG_WARNING", KRAIT_LOG_WARNING),
    ("KRAIT_LOG_INFO", KRAIT_LOG_INFO),
    ("KRAIT_OPTION_DEVICE", KRAIT_OPTION_DEVICE),
    ("KRAIT_OPTION_THREADS", KRAIT_OPTION_THREADS),
    ("KRAIT_OPTION_WEIGHTS", KRAIT_OPTION_WEIGHTS),
    ("KRAIT_OPTION_PRECISION", KRAIT_OPTION_PRECISION),
    ("KRAIT_OPTION_INSTRUCTIONS", KRAIT_OPTION_INSTRUCTIONS),
    ("KRAIT_OPTION_TOKENIZER", KRAIT_OPTION_TOKENIZER),
    ("KRAIT_OPTION_MAP", KRAIT_OPTION_MAP),
    ("KRAIT_OPTION_INSPECT", KRAIT_OPTION_INSPECT),
    ("KRAIT_SAMPLE_TEMPERATURE", KRAIT_SAMPLE_TEMPERATURE),
    ("KRAIT_SAMPLE_TOP_K", KRAIT_SAMPLE_TOP_K),
    ("KRAIT_SAMPLE_TOP_P", KRAIT_SAMPLE_TOP_P),
    ("KRAIT_SAMPLE_MIN_P", KRAIT_SAMPLE_MIN_P),
    ("KRAIT_SAMPLE_TYPICAL_P", KRAIT_SAMPLE_TYPICAL_P),
    ("KRAIT_SAMPLE_REPETITION_PENALTY", KRAIT_SAMPLE_REPETITION_PENALTY),
    ("KRAIT_SAMPLE_PRESENCE_PENALTY", KRAIT_SAMPLE_PRESENCE_PENALTY),
    ("KRAIT_SAMPLE_FREQUENCY_PENALTY", KRAIT_SAMPLE_FREQUENCY_PENALTY),
    ("KRAIT_SAMPLE_SEED", KRAIT_SAMPLE_SEED),
    ("KRAIT_MAX_NEW_TOKENS", KRAIT_MAX_NEW_TOKENS),
    ("KRAIT_KEEP_POSITIONS", KRAIT_KEEP_POSITIONS),
    ("KRAIT_REWIND_TOKENS", KRAIT_REWIND_TOKENS),
    ("KRAIT_BATCH_PROMPT_TOKENS", KRAIT_BATCH_PROMPT_TOKENS),
    ("KRAIT_BATCH_KEEP_LOGITS", KRAIT_BATCH_KEEP_LOGITS),
    ("KRAIT_REASON_NONE", KRAIT_REASON_NONE),
    ("KRAIT_REASON_STOP", KRAIT_REASON_STOP),
    ("KRAIT_REASON_LIMIT", KRAIT_REASON_LIMIT),
    ("KRAIT_REASON_STOP_TEXT", KRAIT_REASON_STOP_TEXT),
    ("KRAIT_POOL_LAST", KRAIT_POOL_LAST),
    ("KRAIT_POOL_MEAN", KRAIT_POOL_MEAN),
    ("KRAIT_POOL_NORMALISE", KRAIT_POOL_NORMALISE),
    ("KRAIT_PARSE_SPECIAL", KRAIT_PARSE_SPECIAL),
    ("KRAIT_ADD_SPECIAL", KRAIT_ADD_SPECIAL),
    ("KRAIT_SKIP_SPECIAL", KRAIT_SKIP_SPECIAL),
];

#[link(name = "krait")]
extern "C" {
    pub fn krait_status_name(status: krait_status) -> *const c_char;
    pub fn krait_version() -> *const c_char;
    pub fn krait_constant(name: *const c_char, out: *mut i64) -> krait_status;
    pub fn krait_options_new(out: *mut *mut krait_options) -> krait_status;
    pub fn krait_options_free(options: *mut krait_options);
    pub fn krait_options_error(options: *const krait_options) -> *const c_char;
    pub fn krait_options_set_int(options: *mut krait_options, option: c_int, value: i64) -> krait_status;
    pub fn krait_options_set_text(options: *mut krait_options, option: c_int, value: *const c_char) -> krait_status;
    pub fn krait_options_set_progress(options: *mut krait_options, r#fn: krait_progress_fn, user: *mut c_void);
    pub fn krait_options_set_log(options: *mut krait_options, r#fn: krait_log_fn, user: *mut c_void);
    pub fn krait_devices_open(out: *mut *mut krait_devices) -> krait_status;
    pub fn krait_devices_free(devices: *mut krait_devices);
    pub fn krait_devices_count(devices: *const krait_devices) -> usize;
    pub fn krait_devices_name(devices: *const krait_devices, index: usize) -> *const c_char;
    pub fn krait_devices_about(devices: *const krait_devices, index: usize) -> *const c_char;
    pub fn krait_devices_memory(devices: *const krait_devices, index: usize) -> u64;
    pub fn krait_devices_memory_free(devices: *const krait_devices, index: usize) -> u64;
    pub fn krait_installed_open(out: *mut *mut krait_installed) -> krait_status;
    pub fn krait_installed_free(installed: *mut krait_installed);
    pub fn krait_installed_count(installed: *const krait_installed) -> usize;
    pub fn krait_installed_name(installed: *const krait_installed, index: usize) -> *const c_char;
    pub fn krait_installed_path(installed: *const krait_installed, index: usize) -> *const c_char;
    pub fn krait_installed_about(installed: *const krait_installed, index: usize) -> *const c_char;
    pub fn krait_installed_size(installed: *const krait_installed, index: usize) -> u64;
    pub fn krait_installed_whole(installed: *const krait_installed, index: usize) -> c_int;
    pub fn krait_installed_cache(installed: *const krait_installed) -> *const c_char;
    pub fn krait_installed_tokenizer(installed: *const krait_installed, name: *const c_char) -> *const c_char;
    pub fn krait_model_open(out: *mut *mut krait_model, path: *const c_char, options: *const krait_options) -> krait_status;
    pub fn krait_model_ref(model: *mut krait_model) -> *mut krait_model;
    pub fn krait_model_free(model: *mut krait_model);
    pub fn krait_model_error(model: *const krait_model) -> *const c_char;
    pub fn krait_model_family(model: *const krait_model) -> *const c_char;
    pub fn krait_model_device(model: *const krait_model) -> *const c_char;
    pub fn krait_model_note(model: *const krait_model) -> *const c_char;
    pub fn krait_model_info(model: *const krait_model) -> *const c_char;
    pub fn krait_model_fingerprint(model: *const krait_model) -> *const c_char;
    pub fn krait_model_vocab_size(model: *const krait_model) -> usize;
    pub fn krait_model_width(model: *const krait_model) -> usize;
    pub fn krait_model_n_layers(model: *const krait_model) -> usize;
    pub fn krait_model_n_parameters(model: *const krait_model) -> u64;
    pub fn krait_model_state_size(model: *const krait_model) -> usize;
    pub fn krait_model_state_size_at(model: *const krait_model, n_positions: u64) -> u64;
    pub fn krait_model_state_growth(model: *const krait_model) -> usize;
    pub fn krait_model_memory(model: *const krait_model, n_sessions: usize) -> u64;
    pub fn krait_model_tokenizer(model: *const krait_model) -> *const krait_tokenizer;
    pub fn krait_model_tokenizer_ref(model: *mut krait_model) -> *mut krait_tokenizer;
    pub fn krait_setting_bounds(setting: c_int, low: *mut f64, high: *mut f64) -> krait_status;
    pub fn krait_session_new(out: *mut *mut krait_session, model: *mut krait_model) -> krait_status;
    pub fn krait_session_free(session: *mut krait_session);
    pub fn krait_session_error(session: *const krait_session) -> *const c_char;
    pub fn krait_session_feed(session: *mut krait_session, tokens: *const krait_token, n_tokens: usize) -> krait_status;
    pub fn krait_session_feed_text(session: *mut krait_session, text: *const c_char) -> krait_status;
    pub fn krait_session_feed_utf8(session: *mut krait_session, text: *const c_char, n_text: usize, flags: c_int) -> krait_status;
    pub fn krait_session_feed_embeddings(session: *mut krait_session, embeddings: *const f32, n_positions: usize, width: usize) -> krait_status;
    pub fn krait_session_feed_to(session: *mut krait_session, tokens: *const krait_token, n_tokens: usize, n_reused: *mut usize) -> krait_status;
    pub fn krait_session_logits(session: *mut krait_session, out: *mut f32, n_out: usize) -> krait_status;
    pub fn krait_session_hidden(session: *mut krait_session, out: *mut f32, n_out: usize) -> krait_status;
    pub fn krait_session_rows(session: *const krait_session) -> usize;
    pub fn krait_session_logprob(session: *mut krait_session, token: krait_token, out: *mut f32) -> krait_status;
    pub fn krait_session_top(session: *mut krait_session, tokens: *mut krait_token, logprobs: *mut f32, n_out: usize, n: *mut usize) -> krait_status;
    pub fn krait_session_score(session: *mut krait_session, tokens: *const krait_token, n_tokens: usize, out: *mut f32, n_out: usize) -> krait_status;
    pub fn krait_session_next(session: *mut krait_session, out: *mut krait_token) -> krait_status;
    pub fn krait_session_generate(session: *mut krait_session, out: *mut krait_token, n_out: usize, n_tokens: *mut usize) -> krait_status;
    pub fn krait_session_drawn_logprob(session: *const krait_session) -> f32;
    pub fn krait_session_drawn_chance(session: *const krait_session) -> f32;
    pub fn krait_session_end_reason(session: *const krait_session) -> c_int;
    pub fn krait_session_piece(session: *const krait_session) -> *const c_char;
    pub fn krait_session_piece_size(session: *const krait_session) -> usize;
    pub fn krait_session_flush(session: *mut krait_session) -> krait_status;
    pub fn krait_session_position(session: *const krait_session) -> u64;
    pub fn krait_session_reset(session: *mut krait_session) -> krait_status;
    pub fn krait_session_rewind(session: *mut krait_session, n_tokens: u64) -> krait_status;
    pub fn krait_session_fork(out: *mut *mut krait_session, session: *mut krait_session) -> krait_status;
    pub fn krait_session_copy(to: *mut krait_session, from: *const krait_session) -> krait_status;
    pub fn krait_session_cancel(session: *mut krait_session) -> krait_status;
    pub fn krait_session_cancel_clear(session: *mut krait_session);
    pub fn krait_session_set_int(session: *mut krait_session, setting: c_int, value: i64) -> krait_status;
    pub fn krait_session_set_float(session: *mut krait_session, setting: c_int, value: f64) -> krait_status;
    pub fn krait_session_get_int(session: *const krait_session, setting: c_int, out: *mut i64) -> krait_status;
    pub fn krait_session_get_float(session: *const krait_session, setting: c_int, out: *mut f64) -> krait_status;
    pub fn krait_session_reset_settings(session: *mut krait_session) -> krait_status;
    pub fn krait_session_set_bias(session: *mut krait_session, token: krait_token, bias: f32) -> krait_status;
    pub fn krait_session_set_sampler(session: *mut krait_session, sampler: *const krait_sampler) -> krait_status;
    pub fn krait_session_add_stop(session: *mut krait_session, token: krait_token) -> krait_status;
    pub fn krait_session_add_stop_text(session: *mut krait_session, text: *const c_char, n_text: usize) -> krait_status;
    pub fn krait_model_stops(model: *const krait_model, out: *mut krait_token, n_out: usize) -> usize;
    pub fn krait_session_clear_stops(session: *mut krait_session) -> krait_status;
    pub fn krait_session_set_note(session: *mut krait_session, data: *const c_void, n_data: usize) -> krait_status;
    pub fn krait_session_state_size(session: *const krait_session) -> usize;
    pub fn krait_session_snapshot(out: *mut *mut krait_state, session: *mut krait_session) -> krait_status;
    pub fn krait_session_restore(session: *mut krait_session, state: *const krait_state) -> krait_status;
    pub fn krait_state_free(state: *mut krait_state);
    pub fn krait_state_save(state: *mut krait_state, path: *const c_char) -> krait_status;
    pub fn krait_state_load(out: *mut *mut krait_state, model: *mut krait_model, path: *const c_char) -> krait_status;
    pub fn krait_state_size(state: *const krait_state) -> usize;
    pub fn krait_state_write(state: *mut krait_state, out: *mut c_void, n_out: usize) -> krait_status;
    pub fn krait_state_read(out: *mut *mut krait_state, model: *mut krait_model, data: *const c_void, n_data: usize) -> krait_status;
    pub fn krait_state_note(state: *const krait_state, out: *mut c_void, n_out: usize, n_note: *mut usize) -> krait_status;
    pub fn krait_state_position(state: *const krait_state) -> u64;
    pub fn krait_state_error(state: *const krait_state) -> *const c_char;
    pub fn krait_sampler_new(out: *mut *mut krait_sampler) -> krait_status;
    pub fn krait_sampler_of_model(out: *mut *mut krait_sampler, model: *const krait_model) -> krait_status;
    pub fn krait_sampler_free(sampler: *mut krait_sampler);
    pub fn krait_sampler_error(sampler: *const krait_sampler) -> *const c_char;
    pub fn krait_sampler_set_int(sampler: *mut krait_sampler, setting: c_int, value: i64) -> krait_status;
    pub fn krait_sampler_set_float(sampler: *mut krait_sampler, setting: c_int, value: f64) -> krait_status;
    pub fn krait_sampler_set_bias(sampler: *mut krait_sampler, token: krait_token, bias: f32) -> krait_status;
    pub fn krait_sampler_probs(sampler: *const krait_sampler, logits: *const f32, n_logits: usize, history: *const krait_token, n_history: usize, out: *mut f32, n_out: usize) -> krait_status;
    pub fn krait_sampler_pick(sampler: *const krait_sampler, logits: *const f32, n_logits: usize, history: *const krait_token, n_history: usize, draw: u64, out: *mut krait_token) -> krait_status;
    pub fn krait_batch_new(out: *mut *mut krait_batch, model: *mut krait_model) -> krait_status;
    pub fn krait_batch_free(batch: *mut krait_batch);
    pub fn krait_batch_error(batch: *const krait_batch) -> *const c_char;
    pub fn krait_batch_set_int(batch: *mut krait_batch, setting: c_int, value: i64) -> krait_status;
    pub fn krait_batch_add(batch: *mut krait_batch, session: *mut krait_session, tokens: *const krait_token, n_tokens: usize) -> krait_status;
    pub fn krait_batch_add_score(batch: *mut krait_batch, session: *mut krait_session, tokens: *const krait_token, n_tokens: usize, out: *mut f32, n_out: usize) -> krait_status;
    pub fn krait_batch_run(batch: *mut krait_batch) -> krait_status;
    pub fn krait_batch_clear(batch: *mut krait_batch);
    pub fn krait_batch_size(batch: *const krait_batch) -> usize;
    pub fn krait_batch_status(batch: *const krait_batch, index: usize) -> krait_status;
    pub fn krait_batch_token(batch: *const krait_batch, index: usize) -> krait_token;
    pub fn krait_batch_left(batch: *const krait_batch, index: usize) -> usize;
    pub fn krait_batch_logits(batch: *const krait_batch, index: usize, out: *mut f32, n_out: usize) -> krait_status;
    pub fn krait_batch_embed(batch: *mut krait_batch, tokens: *const krait_token, n_tokens: usize, lengths: *const usize, n_texts: usize, pooling: c_int, out: *mut f32, n_out: usize) -> krait_status;
    pub fn krait_tokenizer_open(out: *mut *mut krait_tokenizer, path: *const c_char) -> krait_status;
    pub fn krait_tokenizer_ref(tokenizer: *mut krait_tokenizer) -> *mut krait_tokenizer;
    pub fn krait_tokenizer_free(tokenizer: *mut krait_tokenizer);
    pub fn krait_tokenizer_error(tokenizer: *const krait_tokenizer) -> *const c_char;
    pub fn krait_tokenizer_encode(tokenizer: *const krait_tokenizer, text: *const c_char, n_text: usize, flags: c_int, out: *mut krait_token, n_out: usize, n_tokens: *mut usize) -> krait_status;
    pub fn krait_tokenizer_decode(tokenizer: *const krait_tokenizer, tokens: *const krait_token, n_tokens: usize, flags: c_int, out: *mut c_char, n_out: usize, n_text: *mut usize) -> krait_status;
    pub fn krait_tokenizer_size(tokenizer: *const krait_tokenizer) -> usize;
    pub fn krait_tokenizer_is_special(tokenizer: *const krait_tokenizer, token: krait_token) -> c_int;
    pub fn krait_tokenizer_find(tokenizer: *const krait_tokenizer, text: *const c_char, n_text: usize) -> krait_token;
    pub fn krait_decoder_new(out: *mut *mut krait_decoder, tokenizer: *mut krait_tokenizer) -> krait_status;
    pub fn krait_decoder_free(decoder: *mut krait_decoder);
    pub fn krait_decoder_push(decoder: *mut krait_decoder, token: krait_token) -> krait_status;
    pub fn krait_decoder_flush(decoder: *mut krait_decoder) -> krait_status;
    pub fn krait_decoder_piece(decoder: *const krait_decoder) -> *const c_char;
    pub fn krait_decoder_piece_size(decoder: *const krait_decoder) -> usize;
    pub fn krait_chat_new(out: *mut *mut krait_chat, model: *mut krait_model) -> krait_status;
    pub fn krait_chat_free(chat: *mut krait_chat);
    pub fn krait_chat_error(chat: *const krait_chat) -> *const c_char;
    pub fn krait_chat_set_template(chat: *mut krait_chat, jinja: *const c_char) -> krait_status;
    pub fn krait_chat_set_json(chat: *mut krait_chat, name: *const c_char, json: *const c_char, n_json: usize) -> krait_status;
    pub fn krait_chat_add(chat: *mut krait_chat, role: *const c_char, content: *const c_char) -> krait_status;
    pub fn krait_chat_add_json(chat: *mut krait_chat, json: *const c_char, n_json: usize) -> krait_status;
    pub fn krait_chat_clear(chat: *mut krait_chat);
    pub fn krait_chat_render(chat: *mut krait_chat, add_generation_prompt: c_int, out: *mut c_char, n_out: usize, n_text: *mut usize) -> krait_status;
    pub fn krait_chat_encode(chat: *mut krait_chat, add_generation_prompt: c_int, out: *mut krait_token, n_out: usize, n_tokens: *mut usize) -> krait_status;
    pub fn krait_chat_feed(chat: *mut krait_chat, session: *mut krait_session) -> krait_status;
    pub fn krait_chat_reused(chat: *const krait_chat) -> usize;
    pub fn krait_chat_pending(chat: *mut krait_chat, session: *mut krait_session, out: *mut krait_token, n_out: usize, n_tokens: *mut usize) -> krait_status;
    pub fn krait_chat_resume(chat: *mut krait_chat, session: *mut krait_session) -> krait_status;
}
