// SPDX-License-Identifier: Apache-2.0
// What all handles have in common.
use crate::{Error, Result, Status};
use krait_sys as sys;
use std::ffi::{CStr, CString};
use std::os::raw::c_char;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::NonNull;

/// The text that the library points to; NULL is none.
pub fn text(p: *const c_char) -> String {
    if p.is_null() {
        return String::new();
    }
    unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned()
}

/// A text of n bytes, which may hold U+0000.
pub fn sized_text(p: *const c_char, n: usize) -> String {
    if p.is_null() {
        return String::new();
    }
    String::from_utf8_lossy(unsafe { std::slice::from_raw_parts(p.cast(), n) }).into_owned()
}

/// A text for a function that looks for its end.
pub fn c_text(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::new(Status::ARGUMENT, format!("{text:?} holds U+0000")))
}

pub fn c_path(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| Error::new(Status::ARGUMENT, format!("the path {path:?} holds U+0000")))
}

pub fn check(status: sys::krait_status, text_of: impl FnOnce() -> String) -> Result<()> {
    if status == sys::KRAIT_OK {
        return Ok(());
    }
    // Only an error has a text, and these two have none: on the handle stands what an earlier call said.
    let text = match status {
        sys::KRAIT_ERROR_BUSY => "in use by another thread: try again when that call has ended".to_owned(),
        sys::KRAIT_ERROR_FORKED => "opened before fork(): open the model anew in this process".to_owned(),
        status if status < sys::KRAIT_OK => text_of(),
        _ => String::new(),
    };
    Err(Error::new(Status(status.0), text))
}

/// What a _new or an _open left: a handle, or one that is good for its text only, or NULL.
pub fn made<T>(
    status: sys::krait_status,
    p: *mut T,
    error: unsafe extern "C" fn(*const T) -> *const c_char,
    free: unsafe extern "C" fn(*mut T),
) -> Result<NonNull<T>> {
    match (check(status, || text(unsafe { error(p) })), NonNull::new(p)) {
        (Ok(()), Some(p)) => Ok(p),
        (Err(e), _) => {
            unsafe { free(p) };
            Err(e)
        }
        (Ok(()), None) => Err(Error::new(Status::MEMORY, "")),
    }
}

/// Calls f until what it fills is large enough; f says what is needed.
pub fn filled<T: Clone + Default>(
    guess: usize,
    mut f: impl FnMut(*mut T, usize, *mut usize) -> sys::krait_status,
) -> (Vec<T>, sys::krait_status) {
    let mut out = vec![T::default(); guess];
    loop {
        let mut need = 0;
        let status = f(out.as_mut_ptr(), out.len(), &mut need);
        if status != sys::KRAIT_ERROR_SPACE && (status != sys::KRAIT_OK || need <= out.len()) {
            out.truncate(need);
            return (out, status);
        }
        out.resize(need, T::default());
    }
}
