// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// Every golden model: logits and hidden vectors of all positions, the greedy continuation, scores.
func TestGolden(t *testing.T) {
	folders, _ := filepath.Glob(data(t, "golden/*/golden.safetensors"))
	if len(folders) < 9 {
		t.Fatalf("%d golden models", len(folders))
	}
	for _, file := range folders {
		name := filepath.Base(filepath.Dir(file))
		t.Run(name, func(t *testing.T) { checkGolden(t, filepath.Join("golden", name)) })
	}
}

func checkGolden(t *testing.T, name string) {
	g, model := readGolden(t, name), open(t, data(t, name))
	tokens := g.Tokens["tokens"]
	s := greedy(t, model, "")
	must(t, s.ClearStops())
	must(t, s.SetInt(KeepPositions, int64(len(tokens))))
	must(t, s.Feed(ctx, tokens))
	logits, err := s.Logits()
	must(t, err)
	near(t, "logits", logits, g.Doubles["logits"])
	hidden, err := s.Hidden()
	must(t, err)
	near(t, "hidden", hidden, g.Doubles["hidden"])
	got, _, err := s.Generate(ctx, len(g.Tokens["greedy"]))
	must(t, err)
	if !reflect.DeepEqual(got, g.Tokens["greedy"]) {
		t.Fatalf("greedy tokens %v, not %v", got, g.Tokens["greedy"])
	}
	must(t, s.Reset())
	scores, err := s.Score(ctx, tokens)
	must(t, err)
	checkScores(t, scores, g.Doubles["logits"], tokens)
}

func checkScores(t *testing.T, scores []float32, logits []float64, tokens []Token) {
	vocab := len(logits) / len(tokens)
	if !math.IsNaN(float64(scores[0])) {
		t.Fatal("the first token has a score")
	}
	var want []float64
	for i := 1; i < len(tokens); i++ {
		row, sum := logits[(i-1)*vocab:i*vocab], 0.0
		for _, x := range row {
			sum += math.Exp(x)
		}
		want = append(want, row[tokens[i]]-math.Log(sum))
	}
	near(t, "scores", scores[1:], want)
}

// The demo model's own golden answers, and its last position alone.
func TestDemoGolden(t *testing.T) {
	g, model := readGolden(t, "demo"), demo(t)
	tokens, vocab := g.Tokens["tokens"], model.VocabSize()
	s := greedy(t, model, "")
	must(t, s.ClearStops())
	must(t, s.Feed(ctx, tokens))
	logits := make([]float32, vocab)
	must(t, s.LogitsInto(logits))
	near(t, "logits", logits, g.Doubles["logits"][(len(tokens)-1)*vocab:])
	for i, want := range g.Tokens["greedy"] {
		token, _, err := s.Next(ctx)
		must(t, err)
		if token != want {
			t.Fatalf("token %d is %d, not %d", i, token, want)
		}
	}
	if n := len(tokens) + len(g.Tokens["greedy"]); s.Position() != uint64(n) {
		t.Fatalf("position %d, not %d", s.Position(), n)
	}
}

func TestTokenizerGolden(t *testing.T) {
	tokenizer := demo(t).Tokenizer()
	file, err := os.Open(data(t, "tokenizer/demo.jsonl"))
	must(t, err)
	defer file.Close()
	decoder, n := json.NewDecoder(file), 0
	for decoder.More() {
		var c struct {
			Text, Decoded string
			Ids           []Token
		}
		must(t, decoder.Decode(&c))
		ids, err := tokenizer.Encode(c.Text, ParseSpecial)
		must(t, err)
		if len(ids)+len(c.Ids) > 0 && !reflect.DeepEqual(ids, c.Ids) {
			t.Fatalf("%q: %v, not %v", c.Text, ids, c.Ids)
		}
		text, err := tokenizer.Decode(ids, 0)
		must(t, err)
		if text != c.Decoded {
			t.Fatalf("%v: %q, not %q", ids, text, c.Decoded)
		}
		n++
	}
	if n < 100 {
		t.Fatalf("%d cases", n)
	}
}

// The sampler's probabilities against those of transformers.
func TestSamplerGolden(t *testing.T) {
	for _, name := range []string{"normal-0", "ties", "negative"} {
		bytes, err := os.ReadFile(data(t, "samplers/"+name+".json"))
		must(t, err)
		var file struct {
			Logits []float32
			Cases  []struct {
				Settings  map[string]any
				History   []Token
				Support   []int
				Probs     []float64
				CloseCall any `json:"close_call"`
				CutsATie  any `json:"cuts_a_tie"`
			}
		}
		must(t, json.Unmarshal(bytes, &file))
		for _, c := range file.Cases {
			if c.CloseCall != nil || c.CutsATie != nil {
				continue // float32, or a sort, may decide otherwise
			}
			want := make([]float64, len(file.Logits))
			for i, at := range c.Support {
				want[at] = c.Probs[i]
			}
			probs, err := sampler(t, c.Settings).Probs(file.Logits, c.History)
			must(t, err)
			near(t, name, probs, want)
		}
	}
}

func sampler(t *testing.T, settings map[string]any) *Sampler {
	s, err := NewSampler()
	must(t, err)
	t.Cleanup(func() { s.Close() })
	for name, value := range settings {
		if biases, ok := value.(map[string]any); ok {
			for id, bias := range biases {
				n, err := strconv.Atoi(id)
				must(t, err)
				must(t, s.SetBias(Token(n), float32(bias.(float64))))
			}
			continue
		}
		number, err := Constant("KRAIT_SAMPLE_" + strings.ToUpper(name))
		must(t, err)
		if IntSetting(number) == SampleTopK {
			err = s.SetInt(IntSetting(number), int64(value.(float64)))
		} else {
			err = s.SetFloat(FloatSetting(number), value.(float64))
		}
		must(t, err)
	}
	return s
}

func TestChatGolden(t *testing.T) {
	model := demo(t)
	bytes, err := os.ReadFile(data(t, "demo/chat_vectors.json"))
	must(t, err)
	var cases []struct {
		Messages []json.RawMessage
		Prompt   bool `json:"add_generation_prompt"`
		Text     string
		Ids      []Token
	}
	must(t, json.Unmarshal(bytes, &cases))
	for _, c := range cases {
		chat, err := NewChat(model)
		must(t, err)
		for _, m := range c.Messages {
			must(t, chat.AddMessage(m))
		}
		text, err := chat.Render(c.Prompt)
		must(t, err)
		ids, err := chat.Encode(c.Prompt)
		must(t, err)
		if text != c.Text || (c.Ids != nil && !reflect.DeepEqual(ids, c.Ids)) {
			t.Fatalf("%q %v, not %q %v", text, ids, c.Text, c.Ids)
		}
		decoded, err := model.Tokenizer().Decode(ids, 0)
		must(t, err)
		if decoded != c.Text {
			t.Fatalf("%v is %q, not %q", ids, decoded, c.Text)
		}
		must(t, chat.Close())
	}
}
