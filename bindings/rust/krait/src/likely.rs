// SPDX-License-Identifier: Apache-2.0
// What the model thinks: ln p of tokens.
use crate::{Result, Session, Token};
use krait_sys as sys;

/// A token and ln p of it, from the raw logits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Likely {
    /// The token.
    pub token: Token,
    /// ln p.
    pub logprob: f32,
}

impl Session {
    /// The n likeliest tokens at the last position, best first.
    pub fn top(&mut self, n: usize) -> Result<Vec<Likely>> {
        let (mut tokens, mut logprobs, mut got) = (vec![0; n], vec![0.0; n], 0);
        let (t, l) = (tokens.as_mut_ptr(), logprobs.as_mut_ptr());
        self.check(unsafe { sys::krait_session_top(self.as_ptr(), t, l, n, &mut got) })?;
        Ok(tokens.into_iter().zip(logprobs).take(got).map(|(token, logprob)| Likely { token, logprob }).collect())
    }

    /// ln p of a token at the last position, from the raw logits.
    pub fn logprob(&mut self, token: Token) -> Result<f32> {
        let mut out = 0.0;
        self.check(unsafe { sys::krait_session_logprob(self.as_ptr(), token, &mut out) })?;
        Ok(out)
    }

    /// ln p of the token that was sampled last, from the raw logits; none when the session has moved since.
    pub fn drawn_logprob(&self) -> Option<f32> {
        number(unsafe { sys::krait_session_drawn_logprob(self.as_ptr()) })
    }

    /// The same from the distribution that the token was drawn from.
    pub fn drawn_chance(&self) -> Option<f32> {
        number(unsafe { sys::krait_session_drawn_chance(self.as_ptr()) })
    }
}

fn number(value: f32) -> Option<f32> {
    (!value.is_nan()).then_some(value)
}
