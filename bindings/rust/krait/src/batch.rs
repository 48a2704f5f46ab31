// SPDX-License-Identifier: Apache-2.0
use crate::callbacks::Callbacks;
use crate::{raw, BatchSetting, Error, Model, Piece, Pooling, Result, Session, Status, Token};
use krait_sys as sys;
use std::ptr::{null_mut, NonNull};
use std::sync::Arc;

/// Several sessions of one model, advanced in one pass over the weights. What a session computes does
/// not depend on its company.
pub struct Batch {
    p: NonNull<sys::krait_batch>,
    calls: Arc<Callbacks>,
}

unsafe impl Send for Batch {}

/// What one session of a batch does: it reads tokens, or, when there are none, makes one step.
pub struct Entry<'a> {
    /// The session.
    pub session: &'a mut Session,
    /// What it reads.
    pub tokens: &'a [Token],
    /// Whether the outcome has scores of the tokens.
    pub score: bool,
    /// Whether the outcome has the logits behind what was read.
    pub logits: bool,
}

impl<'a> Entry<'a> {
    /// Makes one step.
    pub fn step(session: &'a mut Session) -> Entry<'a> {
        Entry::feed(session, &[])
    }

    /// Reads tokens.
    pub fn feed(session: &'a mut Session, tokens: &'a [Token]) -> Entry<'a> {
        Entry { session, tokens, score: false, logits: false }
    }

    /// Reads tokens and scores them, as [`Session::score`] does.
    pub fn score(session: &'a mut Session, tokens: &'a [Token]) -> Entry<'a> {
        Entry { session, tokens, score: true, logits: false }
    }

    /// The same entry, with the logits behind what it reads.
    pub fn with_logits(self) -> Entry<'a> {
        Entry { logits: true, ..self }
    }
}

/// What became of an entry.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// `OK`, `END` or `CANCELLED`.
    pub status: Status,
    /// What was made, if anything.
    pub piece: Piece,
    /// So many of the last tokens were not read, as [`Batch::set_prompt_tokens`] wants it: for the next run.
    pub left: usize,
    /// ln p of each token, where they were asked for; of what is left they are 0.
    pub scores: Vec<f32>,
    /// The logits, where they were asked for.
    pub logits: Vec<f32>,
}

impl Drop for Batch {
    fn drop(&mut self) {
        unsafe { sys::krait_batch_free(self.p.as_ptr()) }
    }
}

impl Model {
    /// A vector for each text, of as many numbers as the model is wide: what a session that read the text alone
    /// would give. An error names the text.
    pub fn embed<T: AsRef<[Token]>>(&self, texts: &[T], pooling: Pooling) -> Result<Vec<Vec<f32>>> {
        let tokens: Vec<Token> = texts.iter().flat_map(|text| text.as_ref()).copied().collect();
        let lengths: Vec<usize> = texts.iter().map(|text| text.as_ref().len()).collect();
        let mut out = vec![0.0; lengths.len() * self.width()];
        let batch = self.batch()?;
        let p = batch.p.as_ptr();
        let (n_tokens, n_texts) = (tokens.len(), lengths.len());
        let status = unsafe {
            sys::krait_batch_embed(p, tokens.as_ptr(), n_tokens, lengths.as_ptr(), n_texts, pooling.0, out.as_mut_ptr(), out.len())
        };
        self.calls().resume();
        batch.check(status)?;
        Ok(out.chunks(self.width().max(1)).map(<[f32]>::to_vec).collect())
    }

    /// A batch for sessions of this model.
    pub fn batch(&self) -> Result<Batch> {
        let mut p = null_mut();
        let status = unsafe { sys::krait_batch_new(&mut p, self.as_ptr()) };
        let p = raw::made(status, p, sys::krait_batch_error, sys::krait_batch_free)?;
        Ok(Batch { p, calls: self.calls().clone() })
    }
}

// Whatever happens, the batch forgets its sessions: they are only lent.
struct Forget(*mut sys::krait_batch);

impl Drop for Forget {
    fn drop(&mut self) {
        unsafe { sys::krait_batch_clear(self.0) }
    }
}

impl Batch {
    fn check(&self, status: sys::krait_status) -> Result<()> {
        raw::check(status, || raw::text(unsafe { sys::krait_batch_error(self.p.as_ptr()) }))
    }

    /// The most tokens that are read in one run, so that a long prompt does not hold up those who make
    /// tokens; 0: no bound.
    pub fn set_prompt_tokens(&mut self, n: u32) -> Result<()> {
        self.set_int(BatchSetting::PROMPT_TOKENS, n.into())
    }

    /// Sets a setting by its number.
    pub fn set_int(&mut self, setting: BatchSetting, value: i64) -> Result<()> {
        self.check(unsafe { sys::krait_batch_set_int(self.p.as_ptr(), setting.0, value) })
    }

    /// Runs the entries. An error: no session moved.
    pub fn run(&mut self, entries: &mut [Entry<'_>]) -> Result<Vec<Outcome>> {
        let p = self.p.as_ptr();
        // What the run writes into lives longer than the batch knows of it.
        let mut scores: Vec<Vec<f32>> = entries.iter().map(|e| vec![0.0; if e.score { e.tokens.len() } else { 0 }]).collect();
        let _forget = Forget(p);
        for (e, out) in entries.iter().zip(&mut scores) {
            let (session, tokens) = (e.session.as_ptr(), e.tokens);
            self.check(if out.is_empty() {
                unsafe { sys::krait_batch_add(p, session, tokens.as_ptr(), tokens.len()) }
            } else {
                unsafe { sys::krait_batch_add_score(p, session, tokens.as_ptr(), tokens.len(), out.as_mut_ptr(), out.len()) }
            })?;
        }
        let status = unsafe { sys::krait_batch_run(p) };
        self.calls.resume();
        self.check(status)?;
        if unsafe { sys::krait_batch_size(p) } != entries.len() {
            return Err(Error::new(Status::ARGUMENT, "the batch lost an entry"));
        }
        entries.iter().zip(scores).enumerate().map(|(i, (e, scores))| outcome(p, i, e, scores)).collect()
    }
}

fn outcome(p: *mut sys::krait_batch, i: usize, entry: &Entry<'_>, scores: Vec<f32>) -> Result<Outcome> {
    let status = Status(unsafe { sys::krait_batch_status(p, i) }.0);
    let token = unsafe { sys::krait_batch_token(p, i) };
    let made = entry.tokens.is_empty() && status != Status::CANCELLED;
    let text = if made { entry.session.piece() } else { String::new() };
    let mut logits = vec![0.0; if entry.logits { entry.session.vocab_size() } else { 0 }];
    if entry.logits {
        raw::check(unsafe { sys::krait_batch_logits(p, i, logits.as_mut_ptr(), logits.len()) }, String::new)?;
    }
    let left = unsafe { sys::krait_batch_left(p, i) };
    Ok(Outcome { status, piece: Piece { token: (token >= 0).then_some(token), text }, left, scores, logits })
}
