// SPDX-License-Identifier: Apache-2.0
use crate::callbacks::Callbacks;
use crate::{raw, Level, Model, ModelOption, Result};
use krait_sys as sys;
use std::path::Path;
use std::ptr::null_mut;
use std::sync::Arc;

/// How to open a model.
///
/// ```no_run
/// let model = krait::Options::new().int(krait::ModelOption::THREADS, 2).open("demo")?;
/// # Ok::<(), krait::Error>(())
/// ```
#[derive(Default)]
pub struct Options {
    values: Vec<(ModelOption, Value)>,
    calls: Callbacks,
}

enum Value {
    Int(i64),
    Text(String),
}

// The handle in C, for as long as a model opens.
struct Handle(*mut sys::krait_options);

impl Drop for Handle {
    fn drop(&mut self) {
        unsafe { sys::krait_options_free(self.0) }
    }
}

impl Handle {
    fn set(&self, (option, value): &(ModelOption, Value)) -> Result<()> {
        let status = match value {
            Value::Int(number) => unsafe { sys::krait_options_set_int(self.0, option.0, *number) },
            Value::Text(text) => {
                let text = raw::c_text(text)?;
                unsafe { sys::krait_options_set_text(self.0, option.0, text.as_ptr()) }
            }
        };
        raw::check(status, || raw::text(unsafe { sys::krait_options_error(self.0) }))
    }
}

impl Options {
    /// All defaults.
    pub fn new() -> Options {
        Options::default()
    }

    /// Sets an option that takes a number. One that the library does not know, or cannot take, is an
    /// error of [`open`](Options::open).
    pub fn int(mut self, option: ModelOption, value: i64) -> Options {
        self.values.push((option, Value::Int(value)));
        self
    }

    /// Sets an option that takes a text.
    pub fn text(mut self, option: ModelOption, value: impl Into<String>) -> Options {
        self.values.push((option, Value::Text(value.into())));
        self
    }

    /// Has f called while the model opens and while it reads a long prompt, with what is done of the
    /// whole in bytes or tokens. False stops the call. A panic in it stops the call and goes on after.
    pub fn progress(mut self, f: impl Fn(u64, u64) -> bool + Send + Sync + 'static) -> Options {
        self.calls.progress = Some(Box::new(f));
        self
    }

    /// Has f called with each line of the log.
    pub fn log(mut self, f: impl Fn(Level, &str) + Send + Sync + 'static) -> Options {
        self.calls.log = Some(Box::new(f));
        self
    }

    /// Opens a folder with a checkpoint, a weight file, or the name of an installed model.
    pub fn open(self, path: impl AsRef<Path>) -> Result<Model> {
        let path = raw::c_path(path.as_ref())?;
        let mut handle = Handle(null_mut());
        raw::check(unsafe { sys::krait_options_new(&mut handle.0) }, String::new)?;
        for value in &self.values {
            handle.set(value)?;
        }
        let calls = Arc::new(self.calls);
        calls.attach(handle.0);
        let mut p = null_mut();
        let status = unsafe { sys::krait_model_open(&mut p, path.as_ptr(), handle.0) };
        let opened = raw::made(status, p, sys::krait_model_error, sys::krait_model_free);
        let model = opened.map(|p| Model::own(p, calls.clone()));
        calls.resume();
        model
    }
}
