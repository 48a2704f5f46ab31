// SPDX-License-Identifier: Apache-2.0
// Each setting by its name and its type; `set_int` and `set_float` are for those that a later library adds.
use crate::{Result, Sampler, Session, Setting};

macro_rules! settings {
    ($($(#[$about:meta])* $key:ident: $kind:ty, $set:ident, $get:ident by $by_set:ident, $by_get:ident;)*) => {
        impl Session {
            $($(#[$about])*
            pub fn $set(&mut self, value: $kind) -> Result<()> {
                self.$by_set(Setting::$key, value)
            }

            /// What its setter set.
            pub fn $get(&self) -> Result<$kind> {
                self.$by_get(Setting::$key)
            })*
        }
    };
}

macro_rules! sampler_settings {
    ($($(#[$about:meta])* $key:ident: $kind:ty, $set:ident, $get:ident by $by_set:ident, $by_get:ident;)*) => {
        settings! { $($(#[$about])* $key: $kind, $set, $get by $by_set, $by_get;)* }
        impl Sampler {
            $($(#[$about])*
            pub fn $set(&mut self, value: $kind) -> Result<()> {
                self.$by_set(Setting::$key, value)
            })*
        }
    };
}

sampler_settings! {
    /// What logits are divided by; 0 takes the likeliest token.
    TEMPERATURE: f64, set_temperature, temperature by set_float, float;
    /// Keeps the k likeliest tokens; 0: off.
    TOP_K: i64, set_top_k, top_k by set_int, int;
    /// Keeps the likeliest tokens until their probabilities add up to this; 1: off.
    TOP_P: f64, set_top_p, top_p by set_float, float;
    /// Keeps tokens at least this times as likely as the likeliest; 0: off.
    MIN_P: f64, set_min_p, min_p by set_float, float;
    /// Keeps the most typical tokens until they add up to this; 1: off.
    TYPICAL_P: f64, set_typical_p, typical_p by set_float, float;
    /// Makes what was read or said less likely; 1: off.
    REPETITION_PENALTY: f64, set_repetition_penalty, repetition_penalty by set_float, float;
    /// Taken from the logit of what occurred; 0: off.
    PRESENCE_PENALTY: f64, set_presence_penalty, presence_penalty by set_float, float;
    /// The same, once for each time it occurred; 0: off.
    FREQUENCY_PENALTY: f64, set_frequency_penalty, frequency_penalty by set_float, float;
    /// What the draws come from: the same seed, the same text.
    SEED: i64, set_seed, seed by set_int, int;
}

settings! {
    /// The most tokens that are made after a feed; 0: no limit.
    MAX_NEW_TOKENS: i64, set_max_new_tokens, max_new_tokens by set_int, int;
    /// Of how many last positions of a feed logits and hidden vectors are kept; 0: the last.
    KEEP_POSITIONS: i64, set_keep_positions, keep_positions by set_int, int;
    /// How far back a rewind must reach.
    REWIND_TOKENS: i64, set_rewind_tokens, rewind_tokens by set_int, int;
}
