// SPDX-License-Identifier: Apache-2.0
use crate::callbacks::Callbacks;
use crate::{raw, Model, Result};
use krait_sys as sys;
use std::path::Path;
use std::ptr::{null_mut, NonNull};
use std::sync::Arc;

/// An immutable snapshot of a session: all that decides the next token.
pub struct State {
    p: NonNull<sys::krait_state>,
    _calls: Arc<Callbacks>, // of the model that the state holds
}

// A state may be used by any number of threads; it is saved and written by one, hence &mut self there.
unsafe impl Send for State {}
unsafe impl Sync for State {}

impl Drop for State {
    fn drop(&mut self) {
        unsafe { sys::krait_state_free(self.p.as_ptr()) }
    }
}

impl Model {
    /// Reads a state that `State::save` wrote.
    pub fn load_state(&self, path: impl AsRef<Path>) -> Result<State> {
        let path = raw::c_path(path.as_ref())?;
        let mut p = null_mut();
        let status = unsafe { sys::krait_state_load(&mut p, self.as_ptr(), path.as_ptr()) };
        self.state(status, p)
    }

    /// Reads a state that `State::to_bytes` wrote.
    pub fn read_state(&self, data: &[u8]) -> Result<State> {
        let mut p = null_mut();
        let status = unsafe { sys::krait_state_read(&mut p, self.as_ptr(), data.as_ptr().cast(), data.len()) };
        self.state(status, p)
    }

    fn state(&self, status: sys::krait_status, p: *mut sys::krait_state) -> Result<State> {
        let p = raw::made(status, p, sys::krait_state_error, sys::krait_state_free)?;
        Ok(State::own(p, self.calls().clone()))
    }
}

impl State {
    pub(crate) fn own(p: NonNull<sys::krait_state>, calls: Arc<Callbacks>) -> State {
        State { p, _calls: calls }
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::krait_state {
        self.p.as_ptr()
    }

    fn check(&self, status: sys::krait_status) -> Result<()> {
        raw::check(status, || raw::text(unsafe { sys::krait_state_error(self.as_ptr()) }))
    }

    /// Writes a file: afterwards `path` holds the old file or the new one, whole.
    pub fn save(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = raw::c_path(path.as_ref())?;
        self.check(unsafe { sys::krait_state_save(self.as_ptr(), path.as_ptr()) })
    }

    /// What `save` would write.
    pub fn to_bytes(&mut self) -> Result<Vec<u8>> {
        let mut data = vec![0; self.size()];
        self.check(unsafe { sys::krait_state_write(self.as_ptr(), data.as_mut_ptr().cast(), data.len()) })?;
        Ok(data)
    }

    /// Bytes that `save` writes.
    pub fn size(&self) -> usize {
        unsafe { sys::krait_state_size(self.as_ptr()) }
    }

    /// The caller's own, as `Session::set_note` set it.
    pub fn note(&self) -> Result<Vec<u8>> {
        let (note, status) =
            raw::filled(0, |out: *mut u8, n, need| unsafe { sys::krait_state_note(self.as_ptr(), out.cast(), n, need) });
        raw::check(status, String::new)?;
        Ok(note)
    }

    /// Where the session was.
    pub fn position(&self) -> u64 {
        unsafe { sys::krait_state_position(self.as_ptr()) }
    }
}
