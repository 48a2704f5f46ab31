// SPDX-License-Identifier: Apache-2.0
use crate::{raw, Model, Result, Setting, Token};
use krait_sys as sys;
use std::ptr::{null_mut, NonNull};

/// How a token is chosen: plain settings, those of a session below 300.
pub struct Sampler(NonNull<sys::krait_sampler>);

unsafe impl Send for Sampler {}

impl Drop for Sampler {
    fn drop(&mut self) {
        unsafe { sys::krait_sampler_free(self.0.as_ptr()) }
    }
}

impl Model {
    /// A sampler with the model's own generation settings.
    pub fn sampler(&self) -> Result<Sampler> {
        let mut p = null_mut();
        let status = unsafe { sys::krait_sampler_of_model(&mut p, self.as_ptr()) };
        raw::made(status, p, sys::krait_sampler_error, sys::krait_sampler_free).map(Sampler)
    }
}

impl Sampler {
    /// One with every default.
    pub fn new() -> Result<Sampler> {
        let mut p = null_mut();
        let status = unsafe { sys::krait_sampler_new(&mut p) };
        raw::made(status, p, sys::krait_sampler_error, sys::krait_sampler_free).map(Sampler)
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::krait_sampler {
        self.0.as_ptr()
    }

    fn check(&self, status: sys::krait_status) -> Result<()> {
        raw::check(status, || raw::text(unsafe { sys::krait_sampler_error(self.as_ptr()) }))
    }

    /// Sets a setting that takes a number, by its number.
    pub fn set_int(&mut self, setting: Setting, value: i64) -> Result<()> {
        self.check(unsafe { sys::krait_sampler_set_int(self.as_ptr(), setting.0, value) })
    }

    /// Sets a setting that takes a float, by its number.
    pub fn set_float(&mut self, setting: Setting, value: f64) -> Result<()> {
        self.check(unsafe { sys::krait_sampler_set_float(self.as_ptr(), setting.0, value) })
    }

    /// Adds to a token's logit; 0 removes it.
    pub fn set_bias(&mut self, token: Token, bias: f32) -> Result<()> {
        self.check(unsafe { sys::krait_sampler_set_bias(self.as_ptr(), token, bias) })
    }

    /// The probabilities that `pick` draws from. `history` is what penalties look at.
    pub fn probs(&self, logits: &[f32], history: &[Token]) -> Result<Vec<f32>> {
        let mut out = vec![0.0; logits.len()];
        self.check(unsafe {
            sys::krait_sampler_probs(self.as_ptr(), logits.as_ptr(), logits.len(), history.as_ptr(), history.len(),
                out.as_mut_ptr(), out.len())
        })?;
        Ok(out)
    }

    /// Chooses a token. The same settings, logits, history and draw choose the same.
    pub fn pick(&self, logits: &[f32], history: &[Token], draw: u64) -> Result<Token> {
        let mut token = -1;
        self.check(unsafe {
            sys::krait_sampler_pick(self.as_ptr(), logits.as_ptr(), logits.len(), history.as_ptr(), history.len(), draw, &mut token)
        })?;
        Ok(token)
    }
}
