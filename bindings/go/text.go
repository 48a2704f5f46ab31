// SPDX-License-Identifier: Apache-2.0

package krait

import "krait/internal/raw"

// Tokenizer turns text into tokens and back. It never changes.
type Tokenizer struct{ h *handle }

// OpenTokenizer opens a tokenizer.json, or a folder with one.
func OpenTokenizer(path string) (*Tokenizer, error) {
	if err := withoutZero("the path", path); err != nil {
		return nil, err
	}
	var p uintptr
	status := raw.Tokenizer_open(&p, path)
	h, err := made(status, p, "tokenizer", raw.Tokenizer_free, raw.Tokenizer_error, nil)
	if err != nil {
		return nil, err
	}
	return &Tokenizer{h}, nil
}

// Close gives the tokenizer up.
func (t *Tokenizer) Close() error { return t.h.close() }

// Encode turns text into tokens. flags: ParseSpecial, AddSpecial.
func (t *Tokenizer) Encode(text string, flags Flags) (tokens []Token, err error) {
	err = t.h.use(func(p uintptr) error {
		var status int
		tokens, status = sized(len(text)/2+8, func(out []Token, need *uint) int {
			return raw.Tokenizer_encode(p, text, int(flags), out, need)
		})
		return fail(status, nil)
	})
	return tokens, err
}

// Decode turns tokens into text. flags: SkipSpecial.
func (t *Tokenizer) Decode(tokens []Token, flags Flags) (text string, err error) {
	err = t.h.use(func(p uintptr) error {
		out, status := sized(8*len(tokens)+8, func(out []byte, need *uint) int {
			return raw.Tokenizer_decode(p, tokens, int(flags), out, need)
		})
		text = string(out)
		return fail(status, nil)
	})
	return text, err
}

// Size is the number of ids, added tokens included.
func (t *Tokenizer) Size() (n int) {
	t.h.look(func(p uintptr) { n = int(raw.Tokenizer_size(p)) })
	return n
}

// IsSpecial says whether a token is a special one, which text alone never becomes.
func (t *Tokenizer) IsSpecial(token Token) (special bool) {
	t.h.look(func(p uintptr) { special = raw.Tokenizer_is_special(p, token) != 0 })
	return special
}

// Find gives the id of a token by its text, or NoToken.
func (t *Tokenizer) Find(text string) (token Token) {
	t.h.look(func(p uintptr) { token = raw.Tokenizer_find(p, text) })
	return token
}

// Decoder turns tokens into whole characters, as they come.
type Decoder struct{ h *handle }

// NewDecoder begins a text.
func (t *Tokenizer) NewDecoder() (d *Decoder, err error) {
	err = t.h.use(func(tokenizer uintptr) error {
		var p uintptr
		none := func(uintptr) string { return "" }
		h, err := made(raw.Decoder_new(&p, tokenizer), p, "decoder", raw.Decoder_free, none, nil)
		d = &Decoder{h}
		return err
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Close frees the decoder.
func (d *Decoder) Close() error { return d.h.close() }

// Push takes a token and gives the text that it completed.
func (d *Decoder) Push(token Token) (string, error) {
	return d.piece(func(p uintptr) int { return raw.Decoder_push(p, token) })
}

// Flush is the end: it gives what is still held back.
func (d *Decoder) Flush() (string, error) { return d.piece(raw.Decoder_flush) }

func (d *Decoder) piece(f func(uintptr) int) (piece string, err error) {
	err = d.h.call(func(p uintptr) int {
		status := f(p)
		if status == int(OK) {
			piece = raw.Decoder_piece(p)
		}
		return status
	})
	return piece, err
}
