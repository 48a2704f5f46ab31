// SPDX-License-Identifier: Apache-2.0
use crate::callbacks::Callbacks;
use crate::{raw, Model, Result, Session, Token};
use krait_sys as sys;
use std::os::raw::{c_char, c_int};
use std::ptr::{null_mut, NonNull};
use std::sync::Arc;

/// Messages and the model's template.
pub struct Chat {
    p: NonNull<sys::krait_chat>,
    _calls: Option<Arc<Callbacks>>, // of the model that the chat holds
}

unsafe impl Send for Chat {}

impl Drop for Chat {
    fn drop(&mut self) {
        unsafe { sys::krait_chat_free(self.p.as_ptr()) }
    }
}

impl Model {
    /// A chat without messages.
    pub fn chat(&self) -> Result<Chat> {
        Chat::make(self.as_ptr(), Some(self.calls().clone()))
    }
}

impl Chat {
    /// A chat without a model, for templates only.
    pub fn without_model() -> Result<Chat> {
        Chat::make(null_mut(), None)
    }

    fn make(model: *mut sys::krait_model, calls: Option<Arc<Callbacks>>) -> Result<Chat> {
        let mut p = null_mut();
        let status = unsafe { sys::krait_chat_new(&mut p, model) };
        let p = raw::made(status, p, sys::krait_chat_error, sys::krait_chat_free)?;
        Ok(Chat { p, _calls: calls })
    }

    fn check(&self, status: sys::krait_status) -> Result<()> {
        raw::check(status, || raw::text(unsafe { sys::krait_chat_error(self.p.as_ptr()) }))
    }

    /// Another template than the model's: Jinja, or "zephyr" or "chatml".
    pub fn set_template(&mut self, jinja: &str) -> Result<()> {
        let jinja = raw::c_text(jinja)?;
        self.check(unsafe { sys::krait_chat_set_template(self.p.as_ptr(), jinja.as_ptr()) })
    }

    /// A variable of the template, as JSON.
    pub fn set_json(&mut self, name: &str, json: &str) -> Result<()> {
        let name = raw::c_text(name)?;
        self.check(unsafe { sys::krait_chat_set_json(self.p.as_ptr(), name.as_ptr(), json.as_ptr().cast(), json.len()) })
    }

    /// Adds a message.
    pub fn add(&mut self, role: &str, content: &str) -> Result<()> {
        let (role, content) = (raw::c_text(role)?, raw::c_text(content)?);
        self.check(unsafe { sys::krait_chat_add(self.p.as_ptr(), role.as_ptr(), content.as_ptr()) })
    }

    /// Adds one whole message, as JSON.
    pub fn add_json(&mut self, message: &str) -> Result<()> {
        self.check(unsafe { sys::krait_chat_add_json(self.p.as_ptr(), message.as_ptr().cast(), message.len()) })
    }

    /// Drops the messages.
    pub fn clear(&mut self) {
        unsafe { sys::krait_chat_clear(self.p.as_ptr()) }
    }

    /// The conversation as text, with or without the generation prompt.
    pub fn render(&mut self, add_generation_prompt: bool) -> Result<String> {
        let (text, status) = raw::filled(4096, |out: *mut u8, n, need| unsafe {
            sys::krait_chat_render(self.p.as_ptr(), c_int::from(add_generation_prompt), out as *mut c_char, n, need)
        });
        self.check(status)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// The conversation as tokens. What a message says never becomes a special token.
    pub fn encode(&mut self, add_generation_prompt: bool) -> Result<Vec<Token>> {
        let (tokens, status) = raw::filled(1024, |out, n, need| unsafe {
            sys::krait_chat_encode(self.p.as_ptr(), c_int::from(add_generation_prompt), out, n, need)
        });
        self.check(status)?;
        Ok(tokens)
    }

    /// Makes a session have read the conversation, with the generation prompt: it goes back and reads what
    /// is new. `MISMATCH`: the session is of another model.
    pub fn feed(&mut self, session: &mut Session) -> Result<()> {
        let status = unsafe { sys::krait_chat_feed(self.p.as_ptr(), session.as_ptr()) };
        session.calls().resume();
        self.check(status)
    }

    /// Tokens that the last feed did not have to read.
    pub fn reused(&self) -> usize {
        unsafe { sys::krait_chat_reused(self.p.as_ptr()) }
    }

    /// The tokens that a feed would read now.
    pub fn pending(&mut self, session: &mut Session) -> Result<Vec<Token>> {
        let (tokens, status) = raw::filled(1024, |out, n, need| unsafe {
            sys::krait_chat_pending(self.p.as_ptr(), session.as_ptr(), out, n, need)
        });
        self.check(status)?;
        Ok(tokens)
    }

    /// Says that a restored session has read the messages so far. `MISMATCH`: it has not.
    pub fn resume(&mut self, session: &mut Session) -> Result<()> {
        self.check(unsafe { sys::krait_chat_resume(self.p.as_ptr(), session.as_ptr()) })
    }
}
