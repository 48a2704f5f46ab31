// SPDX-License-Identifier: Apache-2.0
#![deny(unsafe_op_in_unsafe_fn)]

mod errors;
mod golden;
mod json;
mod moves;
mod sessions;
mod support;
mod threads;
