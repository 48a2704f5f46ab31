// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"context"
	"encoding/json"

	"krait/internal/raw"
)

// Chat is messages and the model's template.
type Chat struct{ h *handle }

// NewChat makes a chat without messages. A nil model: templates only.
func NewChat(model *Model) (*Chat, error) {
	var h *handle
	var err error
	if model != nil {
		h, err = model.make("chat", raw.Chat_new, raw.Chat_free, raw.Chat_error)
	} else {
		var p uintptr
		h, err = made(raw.Chat_new(&p, 0), p, "chat", raw.Chat_free, raw.Chat_error, nil)
	}
	if err != nil {
		return nil, err
	}
	return &Chat{h}, nil
}

// Close frees the chat.
func (c *Chat) Close() error { return c.h.close() }

// SetTemplate takes another template than the model's: Jinja, or "zephyr" or "chatml".
func (c *Chat) SetTemplate(jinja string) error {
	if err := withoutZero("the template", jinja); err != nil {
		return err
	}
	return c.h.call(func(p uintptr) int { return raw.Chat_set_template(p, jinja) })
}

// Set gives a variable of the template its value, as JSON has it.
func (c *Chat) Set(name string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return &Error{Status: ErrArgument, Text: err.Error(), cause: err}
	}
	if err := withoutZero("the name", name); err != nil {
		return err
	}
	return c.h.call(func(p uintptr) int { return raw.Chat_set_json(p, name, string(data)) })
}

// Add adds a message.
func (c *Chat) Add(role, content string) error {
	if err := withoutZero("the message", role+content); err != nil {
		return err
	}
	return c.h.call(func(p uintptr) int { return raw.Chat_add(p, role, content) })
}

// AddMessage adds one whole message, as JSON has it: a map, a struct, a json.RawMessage.
func (c *Chat) AddMessage(message any) error {
	data, err := json.Marshal(message)
	if err != nil {
		return &Error{Status: ErrArgument, Text: err.Error(), cause: err}
	}
	return c.h.call(func(p uintptr) int { return raw.Chat_add_json(p, string(data)) })
}

// Clear drops the messages.
func (c *Chat) Clear() error {
	return c.h.call(func(p uintptr) int { raw.Chat_clear(p); return int(OK) })
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Render gives the conversation as text, with or without the generation prompt.
func (c *Chat) Render(addGenerationPrompt bool) (text string, err error) {
	err = c.h.call(func(p uintptr) int {
		out, status := sized(4096, func(out []byte, need *uint) int {
			return raw.Chat_render(p, flag(addGenerationPrompt), out, need)
		})
		text = string(out)
		return status
	})
	return text, err
}

// Encode gives the conversation as tokens. What a message says never becomes a special token.
func (c *Chat) Encode(addGenerationPrompt bool) (tokens []Token, err error) {
	err = c.h.call(func(p uintptr) (status int) {
		tokens, status = sized(1024, func(out []Token, need *uint) int {
			return raw.Chat_encode(p, flag(addGenerationPrompt), out, need)
		})
		return status
	})
	return tokens, err
}

// Feed makes a session have read the conversation, with the generation prompt: it goes back and reads
// what is new. ErrMismatch: the session is of another model.
func (c *Chat) Feed(ctx context.Context, session *Session) error {
	if err := ctx.Err(); err != nil {
		return stopped(err)
	}
	session.h.mu.Lock()
	defer session.h.mu.Unlock()
	if session.h.p == 0 {
		return closed("session")
	}
	err := c.h.call(func(p uintptr) int {
		status := watch(ctx, []*Session{session}, func() int { return raw.Chat_feed(p, session.h.p) })
		session.settle(status)
		return status
	})
	return because(ctx, err)
}

// with calls f with the chat and an open session.
func (c *Chat) with(session *Session, f func(p uintptr) int) error {
	session.h.mu.Lock()
	defer session.h.mu.Unlock()
	if session.h.p == 0 {
		return closed("session")
	}
	return c.h.call(f)
}

// Pending gives the tokens that Feed would read now.
func (c *Chat) Pending(session *Session) (tokens []Token, err error) {
	err = c.with(session, func(p uintptr) (status int) {
		tokens, status = sized(1024, func(out []Token, need *uint) int {
			return raw.Chat_pending(p, session.h.p, out, need)
		})
		return status
	})
	return tokens, err
}

// Resume says that a restored session has read the messages so far. ErrMismatch: it has not.
func (c *Chat) Resume(session *Session) error {
	return c.with(session, func(p uintptr) int { return raw.Chat_resume(p, session.h.p) })
}

// Reused is how many tokens the last Feed did not have to read.
func (c *Chat) Reused() (n int) {
	c.h.call(func(p uintptr) int { n = int(raw.Chat_reused(p)); return int(OK) })
	return n
}
