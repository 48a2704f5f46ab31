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
/// let model = krait::Options::new().threads(2).weights("f32").open("demo")?;
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

    /// Sets an option that takes a number; those that this crate knows have methods of their own. One
    /// that the library does not know, or cannot take, is an error of [`open`](Options::open).
    pub fn int(mut self, option: ModelOption, value: i64) -> Options {
        self.values.push((option, Value::Int(value)));
        self
    }

    /// Sets an option that takes a text.
    pub fn text(mut self, option: ModelOption, value: impl Into<String>) -> Options {
        self.values.push((option, Value::Text(value.into())));
        self
    }

    /// The device: "auto" (default), "cpu", "cuda", "cuda:1".
    pub fn device(self, name: impl Into<String>) -> Options {
        self.text(ModelOption::DEVICE, name)
    }

    /// The number of threads; 0 (default) is one for each processor.
    pub fn threads(self, n: u32) -> Options {
        self.int(ModelOption::THREADS, n.into())
    }

    /// The type that weights are kept in: "asis" (default), "f32", "bf16", "f16", "int8", "int4".
    pub fn weights(self, kind: impl Into<String>) -> Options {
        self.text(ModelOption::WEIGHTS, kind)
    }

    /// "exact" (default on a CPU) or "fast".
    pub fn precision(self, kind: impl Into<String>) -> Options {
        self.text(ModelOption::PRECISION, kind)
    }

    /// "auto" (default), "generic", "avx2", "avx512".
    pub fn instructions(self, kind: impl Into<String>) -> Options {
        self.text(ModelOption::INSTRUCTIONS, kind)
    }

    /// The path of a tokenizer.json, or of a folder with one.
    pub fn tokenizer(self, path: impl Into<String>) -> Options {
        self.text(ModelOption::TOKENIZER, path)
    }

    /// Whether weights are mapped (default), or read into memory.
    pub fn map(self, map: bool) -> Options {
        self.int(ModelOption::MAP, map.into())
    }

    /// Whether only headers are read: sizes and memory, no weights, no sessions.
    pub fn inspect(self, inspect: bool) -> Options {
        self.int(ModelOption::INSPECT, inspect.into())
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
