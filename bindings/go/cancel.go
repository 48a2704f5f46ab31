// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"context"
	"errors"
	"sync"

	"krait/internal/raw"
)

// cancel mirrors the one flag that a session has in C, which the current call takes, or else the next.
// A context may only end its own call: what it set too late is taken back.
type cancel struct {
	mu    sync.Mutex
	set   bool // the flag in C
	asked bool // by Cancel, and not by a context alone
}

// Cancel stops the session's current call, or else its next, at a token boundary. What was read or
// generated is kept; Position says how far. It does not wait.
func (s *Session) Cancel() { s.request(true) }

func (s *Session) request(asked bool) {
	s.cancel.mu.Lock()
	defer s.cancel.mu.Unlock()
	if !s.cancel.set {
		raw.Session_cancel(s.h.p) // under its lock Close does not come between; a closed session is 0
	}
	s.cancel.set = true
	s.cancel.asked = s.cancel.asked || asked
}

// settle follows the flag after a call. The session is locked.
func (s *Session) settle(status int) {
	s.cancel.mu.Lock()
	defer s.cancel.mu.Unlock()
	if status == int(Cancelled) {
		s.cancel.set, s.cancel.asked = false, false
	} else if s.cancel.set && !s.cancel.asked {
		raw.Session_feed(s.h.p, []Token{0}) // takes the flag, and with it set feeds nothing
		s.cancel.set = false
	}
}

// run runs one call that a cancel may stop, and cancels it when the context is done.
func (s *Session) run(ctx context.Context, f func(p uintptr) int) error {
	if err := ctx.Err(); err != nil {
		return stopped(err)
	}
	err := s.h.call(func(p uintptr) int {
		status := watch(ctx, []*Session{s}, func() int { return f(p) })
		s.settle(status)
		return status
	})
	return because(ctx, err)
}

// watch cancels the sessions when the context is done before f is. On return no one watches any more.
func watch(ctx context.Context, sessions []*Session, f func() int) int {
	if ctx.Done() == nil {
		return f()
	}
	end, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		select {
		case <-end:
		case <-ctx.Done():
			for _, s := range sessions {
				s.request(false)
			}
		}
	}()
	status := f()
	close(end)
	<-gone
	return status
}

func stopped(cause error) error {
	return &Error{Status: Cancelled, Text: cause.Error(), cause: cause}
}

// because lays a cancelled call to the context that is done.
func because(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil && errors.Is(err, Cancelled) {
		return stopped(cause)
	}
	return err
}
