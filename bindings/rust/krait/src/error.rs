// SPDX-License-Identifier: Apache-2.0
use crate::raw;
use krait_sys as sys;
use std::fmt;

/// How a call of the library ended. A number with names, and not an enum: a later library may answer
/// with others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(pub i32);

macro_rules! statuses {
    ($($(#[$what:meta])* $key:ident = $value:ident,)*) => {
        impl Status {
            $($(#[$what])* pub const $key: Status = Status(sys::$value.0);)*
        }
    };
}

statuses! {
    /// Done.
    OK = KRAIT_OK,
    /// A normal end: a stop token, a stop text or a limit.
    END = KRAIT_END,
    /// Stopped by a canceller or a callback; what was done is kept.
    CANCELLED = KRAIT_CANCELLED,
    /// A value that the call cannot take.
    ARGUMENT = KRAIT_ERROR_ARGUMENT,
    /// Out of memory.
    MEMORY = KRAIT_ERROR_MEMORY,
    /// The operating system refused.
    IO = KRAIT_ERROR_IO,
    /// A damaged or hostile file, or weights that give NaN.
    FORMAT = KRAIT_ERROR_FORMAT,
    /// Well-formed, but not something that this build can do.
    UNSUPPORTED = KRAIT_ERROR_UNSUPPORTED,
    /// Does not belong together: a state of another model, a prompt that is no continuation.
    MISMATCH = KRAIT_ERROR_MISMATCH,
    /// The device asked for cannot be used.
    DEVICE = KRAIT_ERROR_DEVICE,
    /// In use by another thread; the borrow checker prevents it.
    BUSY = KRAIT_ERROR_BUSY,
    /// The slice given is too small.
    SPACE = KRAIT_ERROR_SPACE,
    /// The device is gone; saved states stay good.
    LOST = KRAIT_ERROR_LOST,
    /// Called in a child after fork.
    FORKED = KRAIT_ERROR_FORKED,
    /// No such file, model or name.
    NOT_FOUND = KRAIT_ERROR_NOT_FOUND,
}

impl Status {
    /// Its name in C, "KRAIT_ERROR_IO".
    pub fn name(self) -> String {
        raw::text(unsafe { sys::krait_status_name(sys::krait_status(self.0)) })
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

/// A call that did not do what it was asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    status: Status,
    text: String,
}

/// What the calls of this crate return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(status: Status, text: impl Into<String>) -> Error {
        Error { status, text: text.into() }
    }

    /// What kind of error it is.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The text, which names the thing, the place and the remedy.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.is_empty() {
            f.write_str(&self.status.name())
        } else {
            f.write_str(&self.text)
        }
    }
}

impl std::error::Error for Error {}
