// SPDX-License-Identifier: Apache-2.0

//! Runs Mamba language models with libkrait.
//!
//! A [`Model`] is loaded as it was published; a [`Session`] is one conversation, whose whole memory is
//! a small state that can be saved, forked, rewound and moved to another machine.
//!
//! ```no_run
//! let model = krait::Model::open("demo")?;
//! let mut session = model.session()?;
//! session.set_max_new_tokens(200)?;
//! session.feed_text("Once upon a time")?;
//! for piece in session.tokens() {
//!     print!("{}", piece?);
//! }
//! # Ok::<(), krait::Error>(())
//! ```
//!
//! Models, tokenizers and states may be used by any number of threads; everything else by one at a
//! time, and may move between them. What a thing is made from may be dropped before it.
#![warn(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]

mod batch;
mod callbacks;
mod chat;
mod constants;
mod error;
mod generate;
mod likely;
mod model;
mod options;
mod raw;
mod sampler;
mod session;
mod settings;
mod state;
mod text;

pub use batch::{Batch, Entry, Outcome};
pub use chat::Chat;
pub use constants::{BatchSetting, Flags, Level, ModelOption, Pooling, Reason, Setting, VERSION};
pub use error::{Error, Result, Status};
pub use likely::Likely;
pub use generate::{Generated, Piece, Step, Tokens};
pub use model::{bounds, constant, devices, installed, version, Device, Installed, Model};
pub use options::Options;
pub use sampler::Sampler;
pub use session::{Canceller, Session};
pub use state::State;
pub use text::{Decoder, Tokenizer};

/// An id of a model's vocabulary.
pub type Token = i32;
