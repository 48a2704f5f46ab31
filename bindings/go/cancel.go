// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"context"
	"errors"
	"sync"

	"krait/internal/raw"
)

// cancel knows who set the one flag that a session has in C, which the current call takes, or else the
// next. A context may only end its own call: what it set too late is taken back.
type cancel struct {
	mu    sync.Mutex
	set   bool // by a context
	asked bool // by Cancel
}

// Cancel stops the session's current call, or else the next that reads or generates, at a token boundary.
// What was read or generated is kept; Position says how far. It does not wait.
func (s *Session) Cancel() { s.request(true) }

// ClearCancel forgets a Cancel that came too late: to be called where a new request begins.
func (s *Session) ClearCancel() {
	s.h.look(func(p uintptr) {
		s.cancel.mu.Lock()
		defer s.cancel.mu.Unlock()
		raw.Session_cancel_clear(p)
		s.cancel.set, s.cancel.asked = false, false
	})
}

func (s *Session) request(asked bool) {
	s.cancel.mu.Lock()
	defer s.cancel.mu.Unlock()
	raw.Session_cancel(s.h.p) // under its lock Close does not come between; a closed session is 0
	s.cancel.set = s.cancel.set || !asked
	s.cancel.asked = s.cancel.asked || asked
}

// settle follows the flag after a call. The session is locked.
func (s *Session) settle(status int) {
	s.cancel.mu.Lock()
	defer s.cancel.mu.Unlock()
	if status == int(Cancelled) {
		s.cancel.asked = false
	} else if s.cancel.set && !s.cancel.asked {
		raw.Session_cancel_clear(s.h.p)
	}
	s.cancel.set = false
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
