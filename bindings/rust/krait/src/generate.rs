// SPDX-License-Identifier: Apache-2.0
use crate::{raw, Result, Session, Status, Token};
use krait_sys as sys;
use std::fmt;

/// A token that was generated and the text that it completed: whole characters only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// None where there is no token: at the end.
    pub token: Option<Token>,
    /// May be empty: half a character is held back, and what may be the beginning of a stop text.
    pub text: String,
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What one step did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// A token was sampled and fed.
    Token(Piece),
    /// An end; `Session::end_reason` says which. The token is a stop token, which is not fed; the text
    /// is what was held back.
    End(Piece),
}

/// What `Session::generate` made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Generated {
    /// The tokens.
    pub tokens: Vec<Token>,
    /// Their text.
    pub text: String,
    /// `OK`: as many as asked; `END`: `Session::end_reason` says why; or `CANCELLED`.
    pub status: Status,
}

/// Goes over what a session generates. Text that was held back until the end comes last, without a
/// token. After an error there is no more.
pub struct Tokens<'s> {
    session: &'s mut Session,
    ended: bool,
}

impl Iterator for Tokens<'_> {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Result<Piece>> {
        if self.ended {
            return None;
        }
        match self.session.step() {
            Ok(Step::Token(piece)) => Some(Ok(piece)),
            Ok(Step::End(piece)) => {
                self.ended = true;
                (!piece.text.is_empty()).then_some(Ok(Piece { token: None, ..piece }))
            }
            Err(e) => {
                self.ended = true;
                Some(Err(e))
            }
        }
    }
}

impl std::iter::FusedIterator for Tokens<'_> {}

impl Session {
    pub(crate) fn piece(&self) -> String {
        unsafe { raw::sized_text(sys::krait_session_piece(self.as_ptr()), sys::krait_session_piece_size(self.as_ptr())) }
    }

    /// The text that is held back, for who stops asking before an end.
    pub fn flush(&mut self) -> Result<String> {
        self.check(unsafe { sys::krait_session_flush(self.as_ptr()) })?;
        Ok(self.piece())
    }

    /// Samples a token and feeds it.
    pub fn step(&mut self) -> Result<Step> {
        let mut token = -1;
        let status = unsafe { sys::krait_session_next(self.as_ptr(), &mut token) };
        if status != sys::KRAIT_END {
            self.check(status)?;
        }
        let piece = Piece { token: (token >= 0).then_some(token), text: self.piece() };
        Ok(if status == sys::KRAIT_END { Step::End(piece) } else { Step::Token(piece) })
    }

    /// Goes over what the session generates from here.
    pub fn tokens(&mut self) -> Tokens<'_> {
        Tokens { session: self, ended: false }
    }

    /// Up to n steps in one call.
    pub fn generate(&mut self, n: usize) -> Result<Generated> {
        let mut tokens = vec![0; n];
        let mut made = 0;
        let status = unsafe { sys::krait_session_generate(self.as_ptr(), tokens.as_mut_ptr(), n, &mut made) };
        if status < sys::KRAIT_OK {
            self.check(status)?;
        }
        tokens.truncate(made);
        Ok(Generated { tokens, text: self.piece(), status: Status(status.0) })
    }
}
