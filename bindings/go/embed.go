// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"context"

	"krait/internal/raw"
)

// Texts that are read between two looks at the context: those that the library reads together.
const embedTexts = 32

// Embed gives a vector for each text, a list of tokens, of as many numbers as Width says. Each is what a session that
// read the text alone would give. When the context is done it ends between texts.
func (m *Model) Embed(ctx context.Context, texts [][]Token, pooling Pooling) (vectors [][]float32, err error) {
	batch, err := m.NewBatch()
	if err != nil {
		return nil, err
	}
	defer batch.Close()
	for len(texts) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, stopped(err)
		}
		n := fewer(len(texts), embedTexts)
		some, err := batch.embed(texts[:n], pooling, m.Width())
		if err != nil {
			return nil, err
		}
		vectors, texts = append(vectors, some...), texts[n:]
	}
	return vectors, nil
}

// EmbedTexts is Embed of texts as the model's tokenizer reads them.
func (m *Model) EmbedTexts(ctx context.Context, texts []string, pooling Pooling) ([][]float32, error) {
	tokenizer := m.Tokenizer()
	if tokenizer == nil {
		return nil, &Error{Status: ErrUnsupported, Text: "this model came without a tokenizer: give tokens"}
	}
	defer tokenizer.Close()
	lists := make([][]Token, len(texts))
	for i, text := range texts {
		tokens, err := tokenizer.Encode(text, AddSpecial)
		if err != nil {
			return nil, err
		}
		lists[i] = tokens
	}
	return m.Embed(ctx, lists, pooling)
}

func fewer(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func (b *Batch) embed(texts [][]Token, pooling Pooling, width int) ([][]float32, error) {
	var tokens []Token
	lengths, vectors := make([]uint, len(texts)), make([][]float32, len(texts))
	for i, text := range texts {
		lengths[i] = uint(len(text))
		tokens = append(tokens, text...)
	}
	out := make([]float32, len(texts)*width)
	err := b.h.call(func(p uintptr) int { return raw.Batch_embed(p, tokens, lengths, int(pooling), out) })
	if err != nil {
		return nil, err
	}
	for i := range vectors {
		vectors[i] = out[i*width : (i+1)*width : (i+1)*width]
	}
	return vectors, nil
}
