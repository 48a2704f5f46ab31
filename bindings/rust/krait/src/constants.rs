// SPDX-License-Identifier: Apache-2.0
use krait_sys as sys;

/// The version of the interface that this crate was written for.
pub const VERSION: (i32, i32, i32) = (sys::KRAIT_VERSION_MAJOR, sys::KRAIT_VERSION_MINOR, sys::KRAIT_VERSION_PATCH);

// Numbers with names. None is an enum: a later library may know more of them.
macro_rules! numbers {
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $key:ident = $value:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub struct $name(pub i32);
        impl $name {
            $($(#[$what])* pub const $key: $name = $name(sys::$value);)*
        }
    };
}

numbers! {
    /// How to open a model, for [`Options`](crate::Options).
    ModelOption {
        /// Text: "auto" (default), "cpu", "cuda", "cuda:1".
        DEVICE = KRAIT_OPTION_DEVICE,
        /// Int: 0 (default) is one for each processor.
        THREADS = KRAIT_OPTION_THREADS,
        /// Text: "asis" (default), "f32", "bf16", "f16", "int8", "int4".
        WEIGHTS = KRAIT_OPTION_WEIGHTS,
        /// Text: "exact" (default on a CPU) or "fast".
        PRECISION = KRAIT_OPTION_PRECISION,
        /// Text: "auto" (default), "generic", "avx2", "avx512".
        INSTRUCTIONS = KRAIT_OPTION_INSTRUCTIONS,
        /// Text: path of a tokenizer.json or of a folder with one.
        TOKENIZER = KRAIT_OPTION_TOKENIZER,
        /// Int: 1 (default) maps weights, 0 reads them into memory.
        MAP = KRAIT_OPTION_MAP,
        /// Int: 1 reads headers only; default 0.
        INSPECT = KRAIT_OPTION_INSPECT,
    }
}

numbers! {
    /// A setting of a session; those below 300 are a sampler's too.
    Setting {
        /// Float: 1; 0 is greedy.
        TEMPERATURE = KRAIT_SAMPLE_TEMPERATURE,
        /// Int: 0, off.
        TOP_K = KRAIT_SAMPLE_TOP_K,
        /// Float: 1, off.
        TOP_P = KRAIT_SAMPLE_TOP_P,
        /// Float: 0, off.
        MIN_P = KRAIT_SAMPLE_MIN_P,
        /// Float: 1, off.
        TYPICAL_P = KRAIT_SAMPLE_TYPICAL_P,
        /// Float: 1, off.
        REPETITION_PENALTY = KRAIT_SAMPLE_REPETITION_PENALTY,
        /// Float: 0, off.
        PRESENCE_PENALTY = KRAIT_SAMPLE_PRESENCE_PENALTY,
        /// Float: 0, off.
        FREQUENCY_PENALTY = KRAIT_SAMPLE_FREQUENCY_PENALTY,
        /// Int: -1, drawn from the system when the session is made.
        SEED = KRAIT_SAMPLE_SEED,
        /// Int: 0, no limit; counted since the last feed.
        MAX_NEW_TOKENS = KRAIT_MAX_NEW_TOKENS,
        /// Int: 0; of how many last positions of a feed logits and hidden vectors are kept.
        KEEP_POSITIONS = KRAIT_KEEP_POSITIONS,
        /// Int: 1; how far back a rewind must reach at least.
        REWIND_TOKENS = KRAIT_REWIND_TOKENS,
    }
}

numbers! {
    /// A setting of a batch.
    BatchSetting {
        /// 0, no bound; at most so many tokens are read in one run.
        PROMPT_TOKENS = KRAIT_BATCH_PROMPT_TOKENS,
        /// 0; 1 keeps the logits of all entries of a run.
        KEEP_LOGITS = KRAIT_BATCH_KEEP_LOGITS,
    }
}

numbers! {
    /// How [`Model::embed`](crate::Model::embed) makes one vector of a text's hidden vectors: `LAST` or `MEAN`,
    /// with `NORMALISE` or without, joined with `|`.
    Pooling {
        /// The vector of the last token.
        LAST = KRAIT_POOL_LAST,
        /// The mean of those of all.
        MEAN = KRAIT_POOL_MEAN,
        /// Divided by its length.
        NORMALISE = KRAIT_POOL_NORMALISE,
    }
}

impl std::ops::BitOr for Pooling {
    type Output = Pooling;
    fn bitor(self, other: Pooling) -> Pooling {
        Pooling(self.0 | other.0)
    }
}

numbers! {
    /// Why a session ended.
    Reason {
        /// It did not.
        NONE = KRAIT_REASON_NONE,
        /// A stop token.
        STOP = KRAIT_REASON_STOP,
        /// The limit of new tokens.
        LIMIT = KRAIT_REASON_LIMIT,
        /// A stop text.
        STOP_TEXT = KRAIT_REASON_STOP_TEXT,
    }
}

numbers! {
    /// The level of a line of the log.
    Level {
        /// An error.
        ERROR = KRAIT_LOG_ERROR,
        /// Something is not as asked.
        WARNING = KRAIT_LOG_WARNING,
        /// Good to know.
        INFO = KRAIT_LOG_INFO,
    }
}

numbers! {
    /// How to turn text into tokens and back; joined with `|`.
    Flags {
        /// The text of special tokens becomes their ids.
        PARSE_SPECIAL = KRAIT_PARSE_SPECIAL,
        /// Adds what the tokenizer's post-processor adds.
        ADD_SPECIAL = KRAIT_ADD_SPECIAL,
        /// Leaves special tokens out of decoded text.
        SKIP_SPECIAL = KRAIT_SKIP_SPECIAL,
    }
}

impl Flags {
    /// None of them.
    pub const NONE: Flags = Flags(0);
}

impl std::ops::BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}
