// SPDX-License-Identifier: Apache-2.0
// The closures of one open. The library calls them as long as the model lives, from whatever thread
// works; so whatever holds the model holds these too.
use crate::{raw, Level};
use krait_sys as sys;
use std::any::Any;
use std::os::raw::{c_char, c_int, c_void};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex};

pub type Progress = Box<dyn Fn(u64, u64) -> bool + Send + Sync>;
pub type Log = Box<dyn Fn(Level, &str) + Send + Sync>;

#[derive(Default)]
pub struct Callbacks {
    pub progress: Option<Progress>,
    pub log: Option<Log>,
    panicked: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Callbacks {
    /// Has the options call these. The Arc must live as long as a model opened with them.
    pub fn attach(self: &Arc<Self>, options: *mut sys::krait_options) {
        let user = Arc::as_ptr(self) as *mut c_void;
        unsafe {
            if self.progress.is_some() {
                sys::krait_options_set_progress(options, Some(progress), user);
            }
            if self.log.is_some() {
                sys::krait_options_set_log(options, Some(log), user);
            }
        }
    }

    /// Goes on with the panic of a closure, now that no C function is on the stack.
    pub fn resume(&self) {
        let panicked = self.slot().take();
        if let Some(panicked) = panicked {
            resume_unwind(panicked);
        }
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Box<dyn Any + Send>>> {
        self.panicked.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// A panic must not unwind into C.
    fn hold<T>(&self, otherwise: T, f: impl FnOnce() -> T) -> T {
        catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panicked| {
            *self.slot() = Some(panicked);
            otherwise
        })
    }
}

unsafe extern "C" fn progress(user: *mut c_void, done: u64, total: u64) -> c_int {
    let calls = unsafe { &*(user as *const Callbacks) };
    calls.hold(1, || match &calls.progress {
        Some(f) => c_int::from(!f(done, total)),
        None => 0,
    })
}

unsafe extern "C" fn log(user: *mut c_void, level: c_int, text: *const c_char) {
    let calls = unsafe { &*(user as *const Callbacks) };
    calls.hold((), || {
        if let Some(f) = &calls.log {
            f(Level(level), &raw::text(text));
        }
    })
}
