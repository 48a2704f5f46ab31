// SPDX-License-Identifier: Apache-2.0

package krait

import "krait/internal/raw"

// Likely is a token and ln p of it, from the raw logits.
type Likely struct {
	Token   Token
	LogProb float32
}

// Top gives the n likeliest tokens at the last position, best first.
func (s *Session) Top(n int) (top []Likely, err error) {
	tokens, logprobs := make([]Token, n), make([]float32, n)
	err = s.h.call(func(p uintptr) int {
		var got uint
		status := raw.Session_top(p, tokens, logprobs, uint(n), &got)
		for i := 0; i < int(got); i++ {
			top = append(top, Likely{tokens[i], logprobs[i]})
		}
		return status
	})
	return top, err
}

// LogProb is ln p of a token at the last position, from the raw logits.
func (s *Session) LogProb(token Token) (logprob float32, err error) {
	err = s.h.call(func(p uintptr) int { return raw.Session_logprob(p, token, &logprob) })
	return logprob, err
}

// DrawnLogProb is ln p of the token that was sampled last, from the raw logits; NaN when the session has
// moved since.
func (s *Session) DrawnLogProb() (logprob float32) {
	s.h.look(func(p uintptr) { logprob = raw.Session_drawn_logprob(p) })
	return logprob
}

// DrawnChance is the same from the distribution that the token was drawn from.
func (s *Session) DrawnChance() (logprob float32) {
	s.h.look(func(p uintptr) { logprob = raw.Session_drawn_chance(p) })
	return logprob
}
