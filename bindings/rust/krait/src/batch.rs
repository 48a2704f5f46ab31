// SPDX-License-Identifier: Apache-2.0
use crate::callbacks::Callbacks;
use crate::{raw, Error, Model, Piece, Result, Session, Status, Token};
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
}

/// What became of an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// `OK`, `END` or `CANCELLED`.
    pub status: Status,
    /// What was made, if anything.
    pub piece: Piece,
}

impl Drop for Batch {
    fn drop(&mut self) {
        unsafe { sys::krait_batch_free(self.p.as_ptr()) }
    }
}

impl Model {
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

    /// Runs the entries. An error: no session moved.
    pub fn run(&mut self, entries: &mut [Entry<'_>]) -> Result<Vec<Outcome>> {
        let p = self.p.as_ptr();
        let _forget = Forget(p);
        for e in entries.iter() {
            self.check(unsafe { sys::krait_batch_add(p, e.session.as_ptr(), e.tokens.as_ptr(), e.tokens.len()) })?;
        }
        let status = unsafe { sys::krait_batch_run(p) };
        self.calls.resume();
        self.check(status)?;
        if unsafe { sys::krait_batch_size(p) } != entries.len() {
            return Err(Error::new(Status::ARGUMENT, "the batch lost an entry"));
        }
        Ok(entries.iter().enumerate().map(|(i, e)| outcome(p, i, e)).collect())
    }
}

fn outcome(p: *mut sys::krait_batch, i: usize, entry: &Entry<'_>) -> Outcome {
    let status = Status(unsafe { sys::krait_batch_status(p, i) }.0);
    let token = unsafe { sys::krait_batch_token(p, i) };
    let made = entry.tokens.is_empty() && status != Status::CANCELLED;
    let text = if made { entry.session.piece() } else { String::new() };
    Outcome { status, piece: Piece { token: (token >= 0).then_some(token), text } }
}
