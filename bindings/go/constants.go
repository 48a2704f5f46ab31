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

// Levels of a line of the log.
const (
	LogError   = 1
	LogWarning = 2
	LogInfo    = 3
)

// How to open a model: for WithText and WithInt.
const (
	OptionDevice       = 100 // text: "auto" (default), "cpu", "cuda", "cuda:1"
	OptionThreads      = 101 // int: 0 (default) = one for each processor
	OptionWeights      = 102 // text: "asis" (default), "f32", "bf16", "f16", "int8", "int4"
	OptionPrecision    = 103 // text: "exact" (default on a CPU) or "fast"
	OptionInstructions = 104 // text: "auto" (default), "generic", "avx2", "avx512"
	OptionTokenizer    = 110 // text: path of a tokenizer.json or of a folder with one
	OptionMap          = 120 // int: 1 (default) maps weights, 0 reads them into memory
	OptionInspect      = 130 // int: 1 reads headers only; default 0
)

// Settings of a session, with their defaults. Those below 300 are a sampler's too.
const (
	SampleTemperature       = 200 // float: 1; 0 is greedy
	SampleTopK              = 201 // int: 0, off
	SampleTopP              = 202 // float: 1, off
	SampleMinP              = 203 // float: 0, off
	SampleTypicalP          = 204 // float: 1, off
	SampleRepetitionPenalty = 210 // float: 1, off
	SamplePresencePenalty   = 211 // float: 0, off
	SampleFrequencyPenalty  = 212 // float: 0, off
	SampleSeed              = 220 // int: 0, a seed like any other
	MaxNewTokens            = 300 // int: 0, no limit; counted since the last feed
	KeepPositions           = 310 // int: 0; of how many last positions logits and hidden vectors are kept
	RewindTokens            = 320 // int: 1024; how far back Rewind must reach
)

// Why a session ended.
const (
	ReasonNone     = 0 // not ended
	ReasonStop     = 1 // a stop token
	ReasonLimit    = 2 // MaxNewTokens
	ReasonStopText = 3 // a stop text
)

// Flags for Encode, Decode and FeedFlags.
const (
	ParseSpecial = 1 // the text of special tokens becomes their ids
	AddSpecial   = 2 // add what the tokenizer's post-processor adds
	SkipSpecial  = 4 // leave special tokens out of decoded text
)
