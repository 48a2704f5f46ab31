// SPDX-License-Identifier: Apache-2.0
use crate::callbacks::Callbacks;
use crate::{raw, Error, Options, Result, Status, Token, Tokenizer};
use krait_sys as sys;
use std::os::raw::c_char;
use std::path::Path;
use std::ptr::{null_mut, NonNull};
use std::sync::Arc;

/// Weights, configuration and tokenizer on one device. A clone is the same model.
pub struct Model {
    p: NonNull<sys::krait_model>,
    calls: Arc<Callbacks>,
}

// A model is immutable once open, and counts its owners atomically.
unsafe impl Send for Model {}
unsafe impl Sync for Model {}

impl Clone for Model {
    fn clone(&self) -> Model {
        unsafe { sys::krait_model_ref(self.p.as_ptr()) };
        Model { p: self.p, calls: self.calls.clone() }
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        unsafe { sys::krait_model_free(self.p.as_ptr()) }
    }
}

impl Model {
    /// Opens a folder with a checkpoint, a weight file, or the name of an installed model.
    pub fn open(path: impl AsRef<Path>) -> Result<Model> {
        Options::new().open(path)
    }

    pub(crate) fn own(p: NonNull<sys::krait_model>, calls: Arc<Callbacks>) -> Model {
        Model { p, calls }
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::krait_model {
        self.p.as_ptr()
    }

    pub(crate) fn calls(&self) -> &Arc<Callbacks> {
        &self.calls
    }

    fn text(&self, f: unsafe extern "C" fn(*const sys::krait_model) -> *const c_char) -> String {
        raw::text(unsafe { f(self.as_ptr()) })
    }

    /// "mamba", "mamba2", ...
    pub fn family(&self) -> String {
        self.text(sys::krait_model_family)
    }

    /// "cpu", "cuda:0", ...
    pub fn device(&self) -> String {
        self.text(sys::krait_model_device)
    }

    /// What is not as asked, and why.
    pub fn note(&self) -> String {
        self.text(sys::krait_model_note)
    }

    /// The JSON of `krait info`.
    pub fn info(&self) -> String {
        self.text(sys::krait_model_info)
    }

    /// The same for the same weights in any file format.
    pub fn fingerprint(&self) -> String {
        self.text(sys::krait_model_fingerprint)
    }

    /// The number of logits, padding included.
    pub fn vocab_size(&self) -> usize {
        unsafe { sys::krait_model_vocab_size(self.as_ptr()) }
    }

    /// The number of elements of a hidden vector.
    pub fn width(&self) -> usize {
        unsafe { sys::krait_model_width(self.as_ptr()) }
    }

    /// The number of layers.
    pub fn n_layers(&self) -> usize {
        unsafe { sys::krait_model_n_layers(self.as_ptr()) }
    }

    /// The number of parameters; a tied head counts once.
    pub fn n_parameters(&self) -> u64 {
        unsafe { sys::krait_model_n_parameters(self.as_ptr()) }
    }

    /// Bytes of one saved state.
    pub fn state_size(&self) -> usize {
        unsafe { sys::krait_model_state_size(self.as_ptr()) }
    }

    /// Bytes that each token adds to a state; 0: its size is constant.
    pub fn state_growth(&self) -> usize {
        unsafe { sys::krait_model_state_growth(self.as_ptr()) }
    }

    /// Bytes of one saved state of a session that has read this many positions.
    pub fn state_size_at(&self, n_positions: u64) -> u64 {
        unsafe { sys::krait_model_state_size_at(self.as_ptr(), n_positions) }
    }

    /// The tokens that end an answer, as the model's own files say.
    pub fn stops(&self) -> Vec<Token> {
        let mut stops = vec![0; unsafe { sys::krait_model_stops(self.as_ptr(), null_mut(), 0) }];
        unsafe { sys::krait_model_stops(self.as_ptr(), stops.as_mut_ptr(), stops.len()) };
        stops
    }

    /// Bytes needed for this many sessions.
    pub fn memory(&self, n_sessions: usize) -> u64 {
        unsafe { sys::krait_model_memory(self.as_ptr(), n_sessions) }
    }

    /// The model's own tokenizer, if it has one.
    pub fn tokenizer(&self) -> Option<Tokenizer> {
        NonNull::new(unsafe { sys::krait_model_tokenizer_ref(self.as_ptr()) }).map(Tokenizer::own)
    }
}

/// A device that models can be opened on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// For `ModelOption::DEVICE`: "cpu", "cuda:0".
    pub name: String,
    /// What it is, or why it cannot be used.
    pub about: String,
    /// Bytes; 0 when unknown.
    pub memory: u64,
    /// Bytes free now; 0 when unknown.
    pub memory_free: u64,
}

/// The devices, as it is now. The CPU is the first.
pub fn devices() -> Result<Vec<Device>> {
    let mut p = null_mut();
    raw::check(unsafe { sys::krait_devices_open(&mut p) }, String::new)?;
    let list = (0..unsafe { sys::krait_devices_count(p) })
        .map(|i| unsafe {
            Device {
                name: raw::text(sys::krait_devices_name(p, i)),
                about: raw::text(sys::krait_devices_about(p, i)),
                memory: sys::krait_devices_memory(p, i),
                memory_free: sys::krait_devices_memory_free(p, i),
            }
        })
        .collect();
    unsafe { sys::krait_devices_free(p) };
    Ok(list)
}

/// A model that has a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Installed {
    /// As `Model::open` takes it: "demo", "org/name".
    pub name: String,
    /// Its folder.
    pub path: String,
    /// Where it is from, and what it lacks.
    pub about: String,
    /// Bytes of its files.
    pub size: u64,
    /// All weights are there.
    pub whole: bool,
}

/// The installed models, as they are now, by name.
pub fn installed() -> Result<Vec<Installed>> {
    let mut p = null_mut();
    raw::check(unsafe { sys::krait_installed_open(&mut p) }, String::new)?;
    let list = (0..unsafe { sys::krait_installed_count(p) })
        .map(|i| unsafe {
            Installed {
                name: raw::text(sys::krait_installed_name(p, i)),
                path: raw::text(sys::krait_installed_path(p, i)),
                about: raw::text(sys::krait_installed_about(p, i)),
                size: sys::krait_installed_size(p, i),
                whole: sys::krait_installed_whole(p, i) != 0,
            }
        })
        .collect();
    unsafe { sys::krait_installed_free(p) };
    Ok(list)
}

/// The version of the library that is running, "0.1.0".
pub fn version() -> String {
    raw::text(unsafe { sys::krait_version() })
}

/// The value of a constant by its name in C.
pub fn constant(name: &str) -> Result<i64> {
    let mut value = 0;
    let status = unsafe { sys::krait_constant(raw::c_text(name)?.as_ptr(), &mut value) };
    match Status(status.0) {
        Status::OK => Ok(value),
        status => Err(Error::new(status, format!("no constant is called {name}"))),
    }
}

/// The lowest and the highest value of a setting or option that takes a number, by its name in C:
/// `bounds("KRAIT_SAMPLE_TOP_P")`.
pub fn bounds(name: &str) -> Result<(f64, f64)> {
    let (number, mut low, mut high) = (constant(name)?, 0.0, 0.0);
    let status = unsafe { sys::krait_setting_bounds(number as i32, &mut low, &mut high) };
    raw::check(status, || format!("{name} takes no number"))?;
    Ok((low, high))
}
