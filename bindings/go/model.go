// SPDX-License-Identifier: Apache-2.0

// Package krait runs Mamba language models. A Model is loaded as it was published; a Session is one
// conversation, whose whole memory is a small state that can be saved, forked, rewound and moved.
//
// Everything here may be used by any number of goroutines: calls on one Session (or Batch, Chat,
// Decoder, Sampler) wait for each other, calls on different ones run at the same time. Close what you
// open; what is forgotten is freed by a finalizer. Every error wraps a Status.
package krait

import (
	"context"

	"krait/internal/raw"
)

// Token is an id of the model's vocabulary; NoToken means none.
type Token = int32

// NoToken stands where there is no token.
const NoToken Token = -1

// Version is the version of the library that is running, "0.1.0".
func Version() string { return raw.Version() }

// Constant is the value of a constant by its name in C, "KRAIT_MAX_NEW_TOKENS".
func Constant(name string) (int64, error) {
	var value int64
	status := raw.Constant(name, &value)
	return value, fail(status, func() string { return "no constant is called " + name })
}

// Bounds are the lowest and the highest value of a setting or option that takes a number, by its name in
// C, "KRAIT_SAMPLE_TOP_P".
func Bounds(name string) (low, high float64, err error) {
	number, err := Constant(name)
	if err == nil {
		status := raw.Setting_bounds(int(number), &low, &high)
		err = fail(status, func() string { return name + " takes no number" })
	}
	return low, high, err
}

// Model is weights, configuration and tokenizer on one device.
type Model struct{ h *handle }

// Open opens a folder with a checkpoint, a weight file, or the name of an installed model.
func Open(path string, options ...Option) (*Model, error) {
	return OpenContext(context.Background(), path, options...)
}

// OpenContext is Open, and stops when the context is done.
func OpenContext(ctx context.Context, path string, options ...Option) (*Model, error) {
	if err := withoutZero("the path", path); err != nil {
		return nil, err
	}
	o, err := collect(ctx, options)
	if err != nil {
		return nil, err
	}
	defer raw.Options_free(o.p)
	var p uintptr
	status := raw.Model_open(&p, path, o.p)
	o.opened()
	h, err := made(status, p, "model", raw.Model_free, raw.Model_error, o.calls)
	if err != nil {
		return nil, because(ctx, err)
	}
	return &Model{h}, nil
}

// Close gives the model up. Sessions on it stay good: they hold the model too.
func (m *Model) Close() error { return m.h.close() }

func (m *Model) text(f func(uintptr) string) (s string) {
	m.h.look(func(p uintptr) { s = f(p) })
	return s
}

func (m *Model) size(f func(uintptr) uint) (n int) {
	m.h.look(func(p uintptr) { n = int(f(p)) })
	return n
}

// Family is "mamba", "mamba2", ...
func (m *Model) Family() string { return m.text(raw.Model_family) }

// Device is "cpu", "cuda:0", ...
func (m *Model) Device() string { return m.text(raw.Model_device) }

// Note says what is not as asked, and why.
func (m *Model) Note() string { return m.text(raw.Model_note) }

// Fingerprint is the same for the same weights in any file format.
func (m *Model) Fingerprint() string { return m.text(raw.Model_fingerprint) }

// VocabSize is the number of logits, padding included.
func (m *Model) VocabSize() int { return m.size(raw.Model_vocab_size) }

// Width is the number of elements of a hidden vector.
func (m *Model) Width() int { return m.size(raw.Model_width) }

// Layers is the number of layers.
func (m *Model) Layers() int { return m.size(raw.Model_n_layers) }

// StateSize is the number of bytes of one saved state.
func (m *Model) StateSize() int { return m.size(raw.Model_state_size) }

// StateGrowth is how many bytes each token adds to a state; 0: its size is constant.
func (m *Model) StateGrowth() int { return m.size(raw.Model_state_growth) }

// StateSizeAt is the number of bytes of one saved state of a session that has read so many positions.
func (m *Model) StateSizeAt(positions uint64) (n uint64) {
	m.h.look(func(p uintptr) { n = raw.Model_state_size_at(p, positions) })
	return n
}

// Stops are the tokens that end an answer, as the model's own files say.
func (m *Model) Stops() (stops []Token) {
	m.h.look(func(p uintptr) {
		stops = make([]Token, raw.Model_stops(p, nil))
		raw.Model_stops(p, stops)
	})
	return stops
}

// Parameters is their number; a tied head counts once.
func (m *Model) Parameters() (n uint64) {
	m.h.look(func(p uintptr) { n = raw.Model_n_parameters(p) })
	return n
}

// Memory is the number of bytes needed for this many sessions.
func (m *Model) Memory(sessions int) (n uint64) {
	m.h.look(func(p uintptr) { n = raw.Model_memory(p, uint(sessions)) })
	return n
}

// Tokenizer is the model's own, or nil when it has none. It stays good without the model.
func (m *Model) Tokenizer() *Tokenizer {
	var p uintptr
	m.h.look(func(model uintptr) { p = raw.Model_tokenizer_ref(model) })
	if p == 0 {
		return nil
	}
	return &Tokenizer{newHandle(p, "tokenizer", raw.Tokenizer_free, raw.Tokenizer_error, nil)}
}

// make makes a thing that belongs to the model.
func (m *Model) make(what string, f func(out *uintptr, model uintptr) int, free func(uintptr), text func(uintptr) string) (h *handle, err error) {
	err = m.h.use(func(model uintptr) (err error) {
		var p uintptr
		status := f(&p, model)
		h, err = made(status, p, what, free, text, m.h.calls)
		return err
	})
	return h, err
}
