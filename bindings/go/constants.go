// SPDX-License-Identifier: Apache-2.0

package krait

// The version of the interface that this package was written for.
const (
	VersionMajor = 0
	VersionMinor = 1
	VersionPatch = 0
)

// Status is how a call of the library ended. Every error of this package wraps one, so that
// errors.Is(err, krait.ErrMismatch) tells what kind it is.
type Status int

const (
	OK             Status = 0   // done
	End            Status = 1   // a normal end: a stop token, a stop text or a limit
	Cancelled      Status = 2   // stopped by Cancel, a context or a callback; what was done is kept
	ErrArgument    Status = -1  // a value that the call cannot take
	ErrMemory      Status = -2  // out of memory
	ErrIO          Status = -3  // the operating system refused
	ErrFormat      Status = -4  // a damaged or hostile file, or weights that give NaN
	ErrUnsupported Status = -5  // well-formed, but not something that this build can do
	ErrMismatch    Status = -6  // does not belong together: a state of another model, a prompt that is no continuation
	ErrDevice      Status = -7  // the device asked for cannot be used
	ErrBusy        Status = -8  // in use by another thread; the locks of this package prevent it
	ErrSpace       Status = -9  // the slice given is too small
	ErrLost        Status = -10 // the device is gone; saved states stay good
	ErrForked      Status = -11 // called in a child after fork
	ErrNotFound    Status = -12 // no such file, model or name
)

// Level is that of a line of the log.
type Level int

// Levels of a line of the log.
const (
	LogError   Level = 1
	LogWarning Level = 2
	LogInfo    Level = 3
)

// TextOption is how to open a model, for WithText; IntOption, for WithInt.
type (
	TextOption int
	IntOption  int
)

// How to open a model.
const (
	OptionDevice       TextOption = 100 // text: "auto" (default), "cpu", "cuda", "cuda:1"
	OptionThreads      IntOption  = 101 // int: 0 (default) = one for each processor
	OptionWeights      TextOption = 102 // text: "asis" (default), "f32", "bf16", "f16", "int8", "int4"
	OptionPrecision    TextOption = 103 // text: "exact" (default on a CPU) or "fast"
	OptionInstructions TextOption = 104 // text: "auto" (default), "generic", "avx2", "avx512"
	OptionTokenizer    TextOption = 110 // text: path of a tokenizer.json or of a folder with one
	OptionMap          IntOption  = 120 // int: 1 (default) maps weights, 0 reads them into memory
	OptionInspect      IntOption  = 130 // int: 1 reads headers only; default 0
)

// IntSetting is a setting that SetInt sets; FloatSetting, one that SetFloat sets.
type (
	IntSetting   int
	FloatSetting int
)

// Settings of a session, with their defaults. Those below 300 are a sampler's too.
const (
	SampleTemperature       FloatSetting = 200 // float: 1; 0 is greedy
	SampleTopK              IntSetting   = 201 // int: 0, off
	SampleTopP              FloatSetting = 202 // float: 1, off
	SampleMinP              FloatSetting = 203 // float: 0, off
	SampleTypicalP          FloatSetting = 204 // float: 1, off
	SampleRepetitionPenalty FloatSetting = 210 // float: 1, off
	SamplePresencePenalty   FloatSetting = 211 // float: 0, off
	SampleFrequencyPenalty  FloatSetting = 212 // float: 0, off
	SampleSeed              IntSetting   = 220 // int: -1, drawn from the system when the session is made
	MaxNewTokens            IntSetting   = 300 // int: 0, no limit; counted since the last feed
	KeepPositions           IntSetting   = 310 // int: 0; of how many last positions logits and hidden vectors are kept
	RewindTokens            IntSetting   = 320 // int: 1; how far back Rewind must reach at least
)

// Reason is why a session ended.
type Reason int

// BatchSetting is a setting of a batch.
type BatchSetting int

// Settings of a batch, with their defaults.
const (
	BatchPromptTokens BatchSetting = 400 // 0, no bound; at most so many tokens are read in one run
	BatchKeepLogits   BatchSetting = 401 // 0; 1 keeps the logits of all entries of a run
)

// Pooling is how Embed makes one vector of a text's hidden vectors.
type Pooling int

// What counts: one of the first two, and PoolNormalise beside it, joined with |.
const (
	PoolLast      Pooling = 1   // the vector of the last token
	PoolMean      Pooling = 2   // the mean of those of all
	PoolNormalise Pooling = 256 // divided by its length
)

// Why a session ended.
const (
	ReasonNone     Reason = 0 // not ended
	ReasonStop     Reason = 1 // a stop token
	ReasonLimit    Reason = 2 // MaxNewTokens
	ReasonStopText Reason = 3 // a stop text
)

// Flags are for Encode, Decode and FeedFlags; joined with |.
type Flags int

// Flags for Encode, Decode and FeedFlags.
const (
	ParseSpecial Flags = 1 // the text of special tokens becomes their ids
	AddSpecial   Flags = 2 // add what the tokenizer's post-processor adds
	SkipSpecial  Flags = 4 // leave special tokens out of decoded text
)
