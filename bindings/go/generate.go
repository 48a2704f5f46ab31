// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"context"
	"io"

	"krait/internal/raw"
)

// Next samples a token and feeds it; piece is the text that it completed. At the end the error is
// io.EOF: token is then the stop token, or NoToken, and piece what was held back; EndReason says why.
func (s *Session) Next(ctx context.Context) (token Token, piece string, err error) {
	token = NoToken
	if err := ctx.Err(); err != nil {
		return token, "", stopped(err)
	}
	// A context can stop it at no other place than a token's boundary: that was above.
	end := false
	err = s.run(context.Background(), func(p uintptr) int {
		status := raw.Session_next(p, &token)
		if end = status == int(End); end {
			status = int(OK)
		}
		if status == int(OK) {
			piece = raw.Session_piece(p)
		}
		return status
	})
	if end {
		err = io.EOF
	}
	return token, piece, err
}

// Generate is up to n times Next in one call: the tokens and their text. Fewer than n and no error:
// it came to an end, and EndReason says which. Cancelled, it gives what there is with the error.
func (s *Session) Generate(ctx context.Context, n int) (tokens []Token, text string, err error) {
	out, made := make([]Token, n), uint(0)
	err = s.run(ctx, func(p uintptr) int {
		status := raw.Session_generate(p, out, &made)
		if status == int(End) {
			status = int(OK)
		}
		if status >= 0 {
			text = raw.Session_piece(p)
		}
		return status
	})
	return out[:made], text, err
}

// Flush gives the text that is held back, for who stops asking before an end.
func (s *Session) Flush() (text string, err error) {
	err = s.h.call(func(p uintptr) int {
		status := raw.Session_flush(p)
		if status == int(OK) {
			text = raw.Session_piece(p)
		}
		return status
	})
	return text, err
}

// EndReason says why the last Next or Generate ended: one of the Reason constants.
func (s *Session) EndReason() (reason Reason) {
	s.h.look(func(p uintptr) { reason = Reason(raw.Session_end_reason(p)) })
	return reason
}

// Tokens goes over what a session generates:
//
//	t := session.Tokens(ctx)
//	for t.Next() {
//		fmt.Print(t.Piece())
//	}
//	err := t.Err()
type Tokens struct {
	session *Session
	ctx     context.Context
	token   Token
	piece   string
	err     error
	ended   bool
}

// Tokens begins to go over what the session generates from here.
func (s *Session) Tokens(ctx context.Context) *Tokens {
	return &Tokens{session: s, ctx: ctx, token: NoToken}
}

// Next makes the next token; false: there is none. Text that was held back until the end comes last,
// with NoToken.
func (t *Tokens) Next() bool {
	if t.ended {
		return false
	}
	t.token, t.piece, t.err = t.session.Next(t.ctx)
	if t.err == nil {
		return true
	}
	t.ended, t.token = true, NoToken
	if t.err == io.EOF {
		t.err = nil
		return t.piece != ""
	}
	return false
}

// Token is the token that Next made.
func (t *Tokens) Token() Token { return t.token }

// Piece is the text that the token completed: whole characters only.
func (t *Tokens) Piece() string { return t.piece }

// Err says what stopped Next before the end, if anything did.
func (t *Tokens) Err() error { return t.err }
