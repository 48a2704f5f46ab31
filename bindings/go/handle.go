// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"runtime"
	"strings"
	"sync"

	"krait/internal/raw"
)

// handle owns one handle of the library. Calls hold its lock, so that none meets a Close; what the
// library lets many threads do at once is done under a read lock. The handle in C holds its own
// reference to the model, so finalizers may run in any order.
type handle struct {
	mu    sync.RWMutex
	p     uintptr // 0: closed
	what  string
	free  func(uintptr)
	error func(uintptr) string
	calls *raw.Callbacks // of the model, which may call them as long as this handle lives
}

func newHandle(p uintptr, what string, free func(uintptr), text func(uintptr) string, calls *raw.Callbacks) *handle {
	h := &handle{p: p, what: what, free: free, error: text, calls: calls}
	runtime.SetFinalizer(h, (*handle).close)
	return h
}

// made takes what a _new or an _open left: a handle, or one that is good for its text only.
func made(status int, p uintptr, what string, free func(uintptr), text func(uintptr) string, calls *raw.Callbacks) (*handle, error) {
	calls.Repanic()
	if status == int(OK) {
		return newHandle(p, what, free, text, calls), nil
	}
	err := fail(status, func() string { return text(p) })
	free(p)
	return nil, err
}

func (h *handle) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop()
	return nil
}

func (h *handle) drop() {
	if h.p != 0 {
		h.free(h.p)
		h.p = 0
		runtime.SetFinalizer(h, nil)
	}
}

// call runs f alone; what it returns is a status.
func (h *handle) call(f func(p uintptr) int) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.locked(f)
}

func (h *handle) locked(f func(p uintptr) int) error {
	if h.p == 0 {
		return closed(h.what)
	}
	err := fail(f(h.p), func() string { return h.error(h.p) })
	h.calls.Repanic()
	return err
}

// look runs f beside others of its kind. A closed handle is 0, which the library takes for none.
func (h *handle) look(f func(p uintptr)) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	f(h.p)
}

// use is look for what needs the handle.
func (h *handle) use(f func(p uintptr) error) error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.p == 0 {
		return closed(h.what)
	}
	return f(h.p)
}

// sized calls f until what it fills is large enough; f says what is needed.
func sized[T any](guess int, f func(out []T, need *uint) int) ([]T, int) {
	out := make([]T, guess)
	for {
		var need uint
		status := f(out, &need)
		if status != int(ErrSpace) && (status != int(OK) || need <= uint(len(out))) {
			return out[:min(need, uint(len(out)))], status
		}
		out = make([]T, need)
	}
}

func min(a, b uint) uint {
	if a < b {
		return a
	}
	return b
}

// withoutZero refuses a text that C would cut short.
func withoutZero(what, text string) error {
	if strings.IndexByte(text, 0) >= 0 {
		return &Error{Status: ErrArgument, Text: what + " holds U+0000"}
	}
	return nil
}
