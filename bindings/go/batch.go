// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"context"
	"sort"
	"unsafe"

	"krait/internal/raw"
)

// Batch advances several sessions of one model in one pass over the weights. What a session computes
// does not depend on its company.
type Batch struct{ h *handle }

// Entry is what one session of a batch does: it reads Tokens, or, when there are none, makes one as
// Next does.
type Entry struct {
	Session *Session
	Tokens  []Token
	Score   bool // gives Scores of the tokens
	Logits  bool // gives Logits behind what was read
}

// Result is what became of an entry: OK, End or Cancelled; the token that was made, or NoToken; and the
// text that it completed.
type Result struct {
	Status Status
	Token  Token
	Piece  string
	Left   int       // so many of the last Tokens were not read, as BatchPromptTokens wants it: for the next Run
	Scores []float32 // as Session.Score gives them; of what is left they are 0
	Logits []float32
}

// NewBatch makes an empty batch for sessions of the model.
func (m *Model) NewBatch() (*Batch, error) {
	h, err := m.make("batch", raw.Batch_new, raw.Batch_free, raw.Batch_error)
	if err != nil {
		return nil, err
	}
	return &Batch{h}, nil
}

// SetInt sets a setting of the batch.
func (b *Batch) SetInt(setting BatchSetting, value int64) error {
	return b.h.call(func(p uintptr) int { return raw.Batch_set_int(p, int(setting), value) })
}

// Close frees the batch, not its sessions.
func (b *Batch) Close() error { return b.h.close() }

// Run runs the entries. An error: no session moved. When the context is done each session stops at a
// token boundary, and its result is Cancelled.
func (b *Batch) Run(ctx context.Context, entries []Entry) (results []Result, err error) {
	if err := ctx.Err(); err != nil {
		return nil, stopped(err)
	}
	sessions, unlock := lock(entries)
	defer unlock()
	err = b.h.call(func(p uintptr) int {
		defer raw.Batch_clear(p) // the sessions are only lent
		scores := make([]*raw.Scores, len(entries))
		for i, e := range entries {
			if status := e.add(p, &scores[i]); status != int(OK) {
				return status
			}
		}
		status := watch(ctx, sessions, func() int { return raw.Batch_run(p) })
		if status == int(OK) {
			results, status = collectResults(p, entries, scores)
		} else {
			for _, s := range sessions {
				s.settle(status)
			}
		}
		return status
	})
	return results, err
}

func (e Entry) session() uintptr {
	if e.Session == nil {
		return 0
	}
	return e.Session.h.p
}

func (e Entry) add(p uintptr, scores **raw.Scores) int {
	if !e.Score || len(e.Tokens) == 0 {
		return raw.Batch_add(p, e.session(), e.Tokens)
	}
	if *scores = raw.NewScores(len(e.Tokens)); *scores == nil {
		return int(ErrMemory)
	}
	return raw.Batch_add_score(p, e.session(), e.Tokens, *scores)
}

func collectResults(p uintptr, entries []Entry, scores []*raw.Scores) ([]Result, int) {
	results, worst := make([]Result, len(entries)), int(OK)
	for i, e := range entries {
		n := uint(i)
		status := raw.Batch_status(p, n)
		r := Result{Status: Status(status), Token: raw.Batch_token(p, n), Left: int(raw.Batch_left(p, n))}
		if len(e.Tokens) == 0 && status != int(Cancelled) {
			r.Piece = raw.Session_piece(e.session())
		}
		if scores[i] != nil {
			r.Scores = scores[i].Numbers()
		}
		if e.Logits {
			r.Logits = make([]float32, e.Session.vocab)
			if failed := raw.Batch_logits(p, n, r.Logits); failed != int(OK) {
				worst = failed
			}
		}
		results[i] = r
		e.Session.settle(status)
	}
	return results, worst
}

// lock locks each session once, in the one order that all batches use.
func lock(entries []Entry) (sessions []*Session, unlock func()) {
	seen := map[*Session]bool{}
	for _, e := range entries {
		if e.Session != nil && !seen[e.Session] {
			seen[e.Session] = true
			sessions = append(sessions, e.Session)
		}
	}
	sort.Slice(sessions, func(i, j int) bool {
		return uintptr(unsafe.Pointer(sessions[i])) < uintptr(unsafe.Pointer(sessions[j]))
	})
	for _, s := range sessions {
		s.h.mu.Lock()
	}
	return sessions, func() {
		for _, s := range sessions {
			s.h.mu.Unlock()
		}
	}
}
