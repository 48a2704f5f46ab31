// SPDX-License-Identifier: Apache-2.0
use crate::callbacks::Callbacks;
use crate::{raw, Error, Flags, Model, Reason, Result, Sampler, Setting, State, Status, Token};
use krait_sys as sys;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::{null_mut, NonNull};
use std::sync::{Arc, Weak};

// The handle in C. It outlives the Session only while a Canceller is using it.
struct Handle {
    p: NonNull<sys::krait_session>,
    calls: Arc<Callbacks>,
}

// A Session hands out exclusive use; what a Canceller calls is for any thread.
unsafe impl Send for Handle {}
unsafe impl Sync for Handle {}

impl Drop for Handle {
    fn drop(&mut self) {
        unsafe { sys::krait_session_free(self.p.as_ptr()) }
    }
}

/// One sequence. It may move between threads, and is used by one at a time.
///
/// A session can be sent to a thread:
///
/// ```
/// fn send<T: Send>() {}
/// send::<krait::Session>();
/// ```
///
/// but not shared by two:
///
/// ```compile_fail
/// fn sync<T: Sync>() {}
/// sync::<krait::Session>();
/// ```
pub struct Session {
    handle: Arc<Handle>,
    vocab_size: usize,
    width: usize,
    _one_thread: PhantomData<Cell<()>>,
}

/// Stops a session from another thread.
#[derive(Clone)]
pub struct Canceller(Weak<Handle>);

impl Canceller {
    /// Stops the session's current call, or else the next that reads or generates, at a token boundary.
    /// What was read or generated is kept. Nothing happens when the session is gone.
    pub fn cancel(&self) {
        if let Some(handle) = self.0.upgrade() {
            unsafe { sys::krait_session_cancel(handle.p.as_ptr()) };
        }
    }
}

impl Model {
    /// A new session, empty.
    pub fn session(&self) -> Result<Session> {
        let mut p = null_mut();
        let status = unsafe { sys::krait_session_new(&mut p, self.as_ptr()) };
        let p = raw::made(status, p, sys::krait_session_error, sys::krait_session_free)?;
        Ok(Session::own(p, self.calls().clone(), self.vocab_size(), self.width()))
    }
}

impl Session {
    fn own(p: NonNull<sys::krait_session>, calls: Arc<Callbacks>, vocab_size: usize, width: usize) -> Session {
        Session { handle: Arc::new(Handle { p, calls }), vocab_size, width, _one_thread: PhantomData }
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::krait_session {
        self.handle.p.as_ptr()
    }

    pub(crate) fn calls(&self) -> &Callbacks {
        &self.handle.calls
    }

    pub(crate) fn check(&self, status: sys::krait_status) -> Result<()> {
        self.calls().resume();
        raw::check(status, || raw::text(unsafe { sys::krait_session_error(self.as_ptr()) }))
    }

    /// Reads tokens into the state.
    pub fn feed(&mut self, tokens: &[Token]) -> Result<()> {
        self.check(unsafe { sys::krait_session_feed(self.as_ptr(), tokens.as_ptr(), tokens.len()) })
    }

    /// Makes the session have read exactly these tokens: it goes back as far as it must, and reads what is
    /// new. Gives the number of tokens that did not have to be read.
    pub fn feed_to(&mut self, tokens: &[Token]) -> Result<usize> {
        let mut n_reused = 0;
        let (p, n) = (tokens.as_ptr(), tokens.len());
        self.check(unsafe { sys::krait_session_feed_to(self.as_ptr(), p, n, &mut n_reused) })?;
        Ok(n_reused)
    }

    /// Tokenizes and feeds. At position 0 it adds what the tokenizer's post-processor adds; the text of
    /// a special token stays plain text.
    pub fn feed_text(&mut self, text: &str) -> Result<()> {
        let flags = if self.position() == 0 { Flags::ADD_SPECIAL } else { Flags::NONE };
        self.feed_utf8(text, flags)
    }

    /// Tokenizes and feeds, with [`Flags::PARSE_SPECIAL`] and [`Flags::ADD_SPECIAL`] as told. Bytes that are not UTF-8
    /// become U+FFFD.
    pub fn feed_utf8(&mut self, text: impl AsRef<[u8]>, flags: Flags) -> Result<()> {
        let text = text.as_ref();
        self.check(unsafe { sys::krait_session_feed_utf8(self.as_ptr(), text.as_ptr().cast(), text.len(), flags.0) })
    }

    /// Feeds vectors in place of tokens, one after the other, each of the model's width.
    pub fn feed_embeddings(&mut self, embeddings: &[f32], width: usize) -> Result<()> {
        if width == 0 || embeddings.len() % width != 0 {
            return Err(Error::new(Status::ARGUMENT, format!("{} numbers are not whole vectors of {width}", embeddings.len())));
        }
        let n = embeddings.len() / width;
        self.check(unsafe { sys::krait_session_feed_embeddings(self.as_ptr(), embeddings.as_ptr(), n, width) })
    }

    /// The logits of the last position; or, with [`set_keep_positions`](Session::set_keep_positions)
    /// called before the last feed, of up to its last positions, oldest first: rows of `vocab_size`.
    pub fn logits(&mut self) -> Result<Vec<f32>> {
        let size = self.vocab_size;
        self.rows(size, Session::logits_into)
    }

    /// The final norm's output, as `logits` gives logits: rows of `width`.
    pub fn hidden(&mut self) -> Result<Vec<f32>> {
        let size = self.width;
        self.rows(size, Session::hidden_into)
    }

    /// What `logits` gives, into a slice with room for it.
    pub fn logits_into(&mut self, out: &mut [f32]) -> Result<()> {
        self.check(unsafe { sys::krait_session_logits(self.as_ptr(), out.as_mut_ptr(), out.len()) })
    }

    /// What `hidden` gives, into a slice with room for it.
    pub fn hidden_into(&mut self, out: &mut [f32]) -> Result<()> {
        self.check(unsafe { sys::krait_session_hidden(self.as_ptr(), out.as_mut_ptr(), out.len()) })
    }

    /// How many rows `logits` and `hidden` give now: 1, or with
    /// [`set_keep_positions`](Session::set_keep_positions) the positions kept.
    pub fn n_rows(&self) -> usize {
        unsafe { sys::krait_session_rows(self.as_ptr()) }
    }

    // Where nothing was fed the library says so.
    fn rows(&mut self, size: usize, get: fn(&mut Session, &mut [f32]) -> Result<()>) -> Result<Vec<f32>> {
        let mut out = vec![0.0; size * self.n_rows().max(1)];
        get(self, &mut out)?;
        Ok(out)
    }

    pub(crate) fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// Feeds tokens and gives ln p of each after all before it; NaN for one that has nothing before it.
    pub fn score(&mut self, tokens: &[Token]) -> Result<Vec<f32>> {
        let mut out = vec![0.0; tokens.len()];
        self.check(unsafe {
            sys::krait_session_score(self.as_ptr(), tokens.as_ptr(), tokens.len(), out.as_mut_ptr(), out.len())
        })?;
        Ok(out)
    }

    /// Tokens and embeddings read so far.
    pub fn position(&self) -> u64 {
        unsafe { sys::krait_session_position(self.as_ptr()) }
    }

    /// Why the last step or generate ended.
    pub fn end_reason(&self) -> Reason {
        Reason(unsafe { sys::krait_session_end_reason(self.as_ptr()) })
    }

    /// To position 0; settings and stops stay.
    pub fn reset(&mut self) -> Result<()> {
        self.check(unsafe { sys::krait_session_reset(self.as_ptr()) })
    }

    /// Back by n tokens, at most what [`set_rewind_tokens`](Session::set_rewind_tokens) said.
    pub fn rewind(&mut self, n_tokens: u64) -> Result<()> {
        self.check(unsafe { sys::krait_session_rewind(self.as_ptr(), n_tokens) })
    }

    /// A second session that goes on from here.
    pub fn fork(&mut self) -> Result<Session> {
        let mut p = null_mut();
        self.check(unsafe { sys::krait_session_fork(&mut p, self.as_ptr()) })?;
        let p = NonNull::new(p).ok_or_else(|| Error::new(Status::MEMORY, ""))?;
        Ok(Session::own(p, self.handle.calls.clone(), self.vocab_size, self.width))
    }

    /// Becomes as another session of this model is; the positions kept and how far a rewind must reach stay.
    pub fn copy_from(&mut self, other: &Session) -> Result<()> {
        self.check(unsafe { sys::krait_session_copy(self.as_ptr(), other.as_ptr()) })
    }

    /// Bytes of the state as it would be saved now.
    pub fn state_size(&self) -> usize {
        unsafe { sys::krait_session_state_size(self.as_ptr()) }
    }

    /// Forgets a cancel that came too late: to be called where a new request begins.
    pub fn clear_cancel(&mut self) {
        unsafe { sys::krait_session_cancel_clear(self.as_ptr()) }
    }

    /// What stops this session from another thread.
    pub fn canceller(&self) -> Canceller {
        Canceller(Arc::downgrade(&self.handle))
    }

    /// Keeps where the session is; the session goes on as before.
    pub fn snapshot(&mut self) -> Result<State> {
        let mut p = null_mut();
        self.check(unsafe { sys::krait_session_snapshot(&mut p, self.as_ptr()) })?;
        let p = NonNull::new(p).ok_or_else(|| Error::new(Status::MEMORY, ""))?;
        Ok(State::own(p, self.handle.calls.clone()))
    }

    /// Puts the session where the state was taken. `MISMATCH`: a state of another model; the session is
    /// as it was.
    pub fn restore(&mut self, state: &State) -> Result<()> {
        self.check(unsafe { sys::krait_session_restore(self.as_ptr(), state.as_ptr()) })
    }

    /// Sets a setting that takes a number, by its number.
    pub fn set_int(&mut self, setting: Setting, value: i64) -> Result<()> {
        self.check(unsafe { sys::krait_session_set_int(self.as_ptr(), setting.0, value) })
    }

    /// Sets a setting that takes a float, by its number.
    pub fn set_float(&mut self, setting: Setting, value: f64) -> Result<()> {
        self.check(unsafe { sys::krait_session_set_float(self.as_ptr(), setting.0, value) })
    }

    /// A setting that `set_int` sets.
    pub fn int(&self, setting: Setting) -> Result<i64> {
        let mut value = 0;
        self.check(unsafe { sys::krait_session_get_int(self.as_ptr(), setting.0, &mut value) })?;
        Ok(value)
    }

    /// A setting that `set_float` sets.
    pub fn float(&self, setting: Setting) -> Result<f64> {
        let mut value = 0.0;
        self.check(unsafe { sys::krait_session_get_float(self.as_ptr(), setting.0, &mut value) })?;
        Ok(value)
    }

    /// Settings, biases and stops as a new session has them.
    pub fn reset_settings(&mut self) -> Result<()> {
        self.check(unsafe { sys::krait_session_reset_settings(self.as_ptr()) })
    }

    /// Adds to a token's logit when sampling; 0 removes it.
    pub fn set_bias(&mut self, token: Token, bias: f32) -> Result<()> {
        self.check(unsafe { sys::krait_session_set_bias(self.as_ptr(), token, bias) })
    }

    /// Copies all settings of a sampler.
    pub fn set_sampler(&mut self, sampler: &Sampler) -> Result<()> {
        self.check(unsafe { sys::krait_session_set_sampler(self.as_ptr(), sampler.as_ptr()) })
    }

    /// A token that ends the text, beside the model's own.
    pub fn add_stop(&mut self, token: Token) -> Result<()> {
        self.check(unsafe { sys::krait_session_add_stop(self.as_ptr(), token) })
    }

    /// The text ends before this one.
    pub fn add_stop_text(&mut self, text: impl AsRef<[u8]>) -> Result<()> {
        let text = text.as_ref();
        self.check(unsafe { sys::krait_session_add_stop_text(self.as_ptr(), text.as_ptr().cast(), text.len()) })
    }

    /// Removes all stops, the model's own too.
    pub fn clear_stops(&mut self) -> Result<()> {
        self.check(unsafe { sys::krait_session_clear_stops(self.as_ptr()) })
    }

    /// Up to 1 MiB of the caller's own, which snapshots hold too.
    pub fn set_note(&mut self, note: &[u8]) -> Result<()> {
        self.check(unsafe { sys::krait_session_set_note(self.as_ptr(), note.as_ptr().cast(), note.len()) })
    }
}
