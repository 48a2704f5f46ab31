// SPDX-License-Identifier: Apache-2.0
use crate::{raw, Flags, Result, Token};
use krait_sys as sys;
use std::os::raw::c_char;
use std::path::Path;
use std::ptr::{null_mut, NonNull};

/// Text to tokens and back. A clone is the same tokenizer.
pub struct Tokenizer(NonNull<sys::krait_tokenizer>);

// It never changes, and counts its owners atomically.
unsafe impl Send for Tokenizer {}
unsafe impl Sync for Tokenizer {}

impl Clone for Tokenizer {
    fn clone(&self) -> Tokenizer {
        unsafe { sys::krait_tokenizer_ref(self.0.as_ptr()) };
        Tokenizer(self.0)
    }
}

impl Drop for Tokenizer {
    fn drop(&mut self) {
        unsafe { sys::krait_tokenizer_free(self.0.as_ptr()) }
    }
}

impl Tokenizer {
    /// Opens a tokenizer.json, or a folder with one.
    pub fn open(path: impl AsRef<Path>) -> Result<Tokenizer> {
        let path = raw::c_path(path.as_ref())?;
        let mut p = null_mut();
        let status = unsafe { sys::krait_tokenizer_open(&mut p, path.as_ptr()) };
        raw::made(status, p, sys::krait_tokenizer_error, sys::krait_tokenizer_free).map(Tokenizer)
    }

    pub(crate) fn own(p: NonNull<sys::krait_tokenizer>) -> Tokenizer {
        Tokenizer(p)
    }

    /// Text to tokens. Flags: [`Flags::PARSE_SPECIAL`], [`Flags::ADD_SPECIAL`]. Bytes that are not UTF-8 become U+FFFD.
    pub fn encode(&self, text: impl AsRef<[u8]>, flags: Flags) -> Result<Vec<Token>> {
        let text = text.as_ref();
        let (tokens, status) = raw::filled(text.len() / 2 + 8, |out, n, need| unsafe {
            sys::krait_tokenizer_encode(self.0.as_ptr(), text.as_ptr().cast(), text.len(), flags.0, out, n, need)
        });
        raw::check(status, String::new)?;
        Ok(tokens)
    }

    /// Tokens to text. Flags: [`Flags::SKIP_SPECIAL`] leaves out what has no text of its own.
    pub fn decode(&self, tokens: &[Token], flags: Flags) -> Result<String> {
        let (text, status) = raw::filled(8 * tokens.len() + 8, |out: *mut u8, n, need| unsafe {
            sys::krait_tokenizer_decode(self.0.as_ptr(), tokens.as_ptr(), tokens.len(), flags.0, out as *mut c_char, n, need)
        });
        raw::check(status, String::new)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// The number of ids, added tokens included.
    pub fn size(&self) -> usize {
        unsafe { sys::krait_tokenizer_size(self.0.as_ptr()) }
    }

    /// Whether a token is a special one, which text alone never becomes.
    pub fn is_special(&self, token: Token) -> bool {
        unsafe { sys::krait_tokenizer_is_special(self.0.as_ptr(), token) != 0 }
    }

    /// The id of a token by its text.
    pub fn find(&self, text: impl AsRef<[u8]>) -> Option<Token> {
        let text = text.as_ref();
        let token = unsafe { sys::krait_tokenizer_find(self.0.as_ptr(), text.as_ptr().cast(), text.len()) };
        (token >= 0).then_some(token)
    }

    /// Begins a text.
    pub fn decoder(&self) -> Result<Decoder> {
        let mut p = null_mut();
        let status = unsafe { sys::krait_decoder_new(&mut p, self.0.as_ptr()) };
        raw::made(status, p, no_text, sys::krait_decoder_free).map(Decoder)
    }
}

unsafe extern "C" fn no_text(_: *const sys::krait_decoder) -> *const c_char {
    std::ptr::null()
}

/// Tokens to whole characters, as they come.
pub struct Decoder(NonNull<sys::krait_decoder>);

unsafe impl Send for Decoder {}

impl Drop for Decoder {
    fn drop(&mut self) {
        unsafe { sys::krait_decoder_free(self.0.as_ptr()) }
    }
}

impl Decoder {
    /// Takes a token and gives the text that it completed.
    pub fn push(&mut self, token: Token) -> Result<String> {
        let status = unsafe { sys::krait_decoder_push(self.0.as_ptr(), token) };
        self.piece(status)
    }

    /// The end: what is still held back.
    pub fn flush(&mut self) -> Result<String> {
        let status = unsafe { sys::krait_decoder_flush(self.0.as_ptr()) };
        self.piece(status)
    }

    fn piece(&self, status: sys::krait_status) -> Result<String> {
        raw::check(status, String::new)?;
        let p = self.0.as_ptr();
        Ok(unsafe { raw::sized_text(sys::krait_decoder_piece(p), sys::krait_decoder_piece_size(p)) })
    }
}
