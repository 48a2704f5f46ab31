// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"context"

	"krait/internal/raw"
)

// Session is one sequence. Its calls wait for each other; Cancel does not wait.
type Session struct {
	h            *handle
	cancel       cancel
	vocab, width int
}

// NewSession makes an empty session on the model.
func (m *Model) NewSession() (*Session, error) {
	h, err := m.make("session", raw.Session_new, raw.Session_free, raw.Session_error)
	if err != nil {
		return nil, err
	}
	return &Session{h: h, vocab: m.VocabSize(), width: m.Width()}, nil
}

// Close frees the session once its current call has ended.
func (s *Session) Close() error {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	s.cancel.mu.Lock() // a Cancel that is under way ends first
	defer s.cancel.mu.Unlock()
	s.h.drop()
	return nil
}

// Feed reads tokens into the state.
func (s *Session) Feed(ctx context.Context, tokens []Token) error {
	return s.run(ctx, func(p uintptr) int { return raw.Session_feed(p, tokens) })
}

// FeedTo makes the session have read exactly these tokens: it goes back as far as it must, and reads what
// is new. It gives the number of tokens that did not have to be read.
func (s *Session) FeedTo(ctx context.Context, tokens []Token) (reused int, err error) {
	err = s.run(ctx, func(p uintptr) int {
		var n uint
		status := raw.Session_feed_to(p, tokens, &n)
		reused = int(n)
		return status
	})
	return reused, err
}

// FeedText tokenizes and feeds. At position 0 it adds what the tokenizer's post-processor adds; the
// text of a special token stays plain text.
func (s *Session) FeedText(ctx context.Context, text string) error {
	return s.run(ctx, func(p uintptr) int {
		var flags Flags
		if raw.Session_position(p) == 0 {
			flags = AddSpecial
		}
		return raw.Session_feed_utf8(p, text, int(flags))
	})
}

// FeedFlags is FeedText with ParseSpecial and AddSpecial as told.
func (s *Session) FeedFlags(ctx context.Context, text string, flags Flags) error {
	return s.run(ctx, func(p uintptr) int { return raw.Session_feed_utf8(p, text, int(flags)) })
}

// FeedEmbeddings feeds vectors in place of tokens, one after the other, each of the model's width.
func (s *Session) FeedEmbeddings(ctx context.Context, embeddings []float32, width int) error {
	if width <= 0 || len(embeddings)%width != 0 {
		return &Error{Status: ErrArgument, Text: "the embeddings are not whole vectors of the width given"}
	}
	return s.run(ctx, func(p uintptr) int {
		return raw.Session_feed_embeddings(p, embeddings, uint(len(embeddings)/width), uint(width))
	})
}

// Logits gives the logits of the last position, or, with KeepPositions set before the last feed, of up
// to its last positions, oldest first: rows of VocabSize.
func (s *Session) Logits() ([]float32, error) { return s.rows(s.vocab, raw.Session_logits) }

// Hidden gives the final norm's output as Logits gives logits: rows of Width.
func (s *Session) Hidden() ([]float32, error) { return s.rows(s.width, raw.Session_hidden) }

// LogitsInto writes what Logits gives into out, which must have room for it.
func (s *Session) LogitsInto(out []float32) error {
	return s.h.call(func(p uintptr) int { return raw.Session_logits(p, out) })
}

// HiddenInto writes what Hidden gives into out, which must have room for it.
func (s *Session) HiddenInto(out []float32) error {
	return s.h.call(func(p uintptr) int { return raw.Session_hidden(p, out) })
}

// Rows is how many rows Logits and Hidden give now: 1, or with KeepPositions set the positions kept.
func (s *Session) Rows() (n int) {
	s.h.look(func(p uintptr) { n = int(raw.Session_rows(p)) })
	return n
}

func (s *Session) rows(width int, get func(uintptr, []float32) int) (out []float32, err error) {
	err = s.h.call(func(p uintptr) int {
		n := int(raw.Session_rows(p))
		if n == 0 {
			n = 1 // the library says what is missing
		}
		out = make([]float32, n*width)
		return get(p, out)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Score feeds tokens and gives ln p of each after all before it; NaN for one that has nothing before it.
func (s *Session) Score(ctx context.Context, tokens []Token) ([]float32, error) {
	out := make([]float32, len(tokens))
	err := s.run(ctx, func(p uintptr) int { return raw.Session_score(p, tokens, out) })
	return out, err
}

// Position is the number of tokens and embeddings read so far.
func (s *Session) Position() (n uint64) {
	s.h.look(func(p uintptr) { n = raw.Session_position(p) })
	return n
}

// Reset goes back to position 0; settings and stops stay.
func (s *Session) Reset() error { return s.h.call(raw.Session_reset) }

// Rewind goes back by n tokens, at most RewindTokens.
func (s *Session) Rewind(n uint64) error {
	return s.run(context.Background(), func(p uintptr) int { return raw.Session_rewind(p, n) })
}

// Fork makes a second session that goes on from here.
func (s *Session) Fork() (*Session, error) {
	h, err := s.child("session", raw.Session_fork, raw.Session_free, raw.Session_error)
	if err != nil {
		return nil, err
	}
	return &Session{h: h, vocab: s.vocab, width: s.width}, nil
}

// CopyFrom makes the session what another one of this model is; KeepPositions and RewindTokens stay.
func (s *Session) CopyFrom(other *Session) error {
	if s == other {
		return nil
	}
	sessions, unlock := lock([]Entry{{Session: s}, {Session: other}})
	defer unlock()
	for _, one := range sessions {
		if one.h.p == 0 {
			return closed("session")
		}
	}
	return s.h.locked(func(p uintptr) int { return raw.Session_copy(p, other.h.p) })
}

// StateSize is the number of bytes of the session's state as it would be saved now.
func (s *Session) StateSize() (n int) {
	s.h.look(func(p uintptr) { n = int(raw.Session_state_size(p)) })
	return n
}

// Snapshot keeps where the session is; the session goes on as before.
func (s *Session) Snapshot() (*State, error) {
	h, err := s.child("state", raw.Session_snapshot, raw.State_free, raw.State_error)
	if err != nil {
		return nil, err
	}
	return &State{h}, nil
}

// Restore puts the session where the state was taken. ErrMismatch: it is a state of another model.
func (s *Session) Restore(state *State) error {
	return state.h.use(func(st uintptr) error {
		return s.h.call(func(p uintptr) int { return raw.Session_restore(p, st) })
	})
}

func (s *Session) child(what string, f func(out *uintptr, p uintptr) int, free func(uintptr), text func(uintptr) string) (h *handle, err error) {
	err = s.h.call(func(p uintptr) int {
		var out uintptr
		status := f(&out, p)
		if status == int(OK) {
			h = newHandle(out, what, free, text, s.h.calls)
		}
		return status
	})
	return h, err
}
