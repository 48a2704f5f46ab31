// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

const opening = "Once upon a time there was a king"

func TestModel(t *testing.T) {
	model := demo(t)
	if model.Family() != "mamba" || model.Device() != "cpu" || model.Layers() != 6 || model.VocabSize() != 4096 || model.Width() != 256 {
		t.Fatal(model.Family(), model.Device(), model.Layers(), model.VocabSize(), model.Width())
	}
	if model.Parameters() < 3_000_000 || model.Memory(2) <= model.Memory(1) || model.StateSize() == 0 || len(model.Fingerprint()) != 32 {
		t.Fatal(model.Parameters(), model.Memory(1), model.Memory(2), model.StateSize(), model.Fingerprint())
	}
	if !strings.Contains(model.Info(), model.Fingerprint()) || model.Note() != "" {
		t.Fatal(model.Info(), model.Note())
	}
	details, err := model.Details()
	must(t, err)
	if details.Fingerprint != model.Fingerprint() || details.Width != 256 || details.Layers != 6 || details.Parameters != model.Parameters() ||
		details.StateBytes != uint64(model.StateSize()) || details.MemoryBytes != model.Memory(1) || details.ChatTemplate == "" ||
		details.All["tokenizer"].(map[string]any)["size"] != 4096.0 {
		t.Fatalf("%+v", details)
	}
	devices, err := Devices()
	must(t, err)
	if len(devices) == 0 || devices[0].Name != "cpu" || devices[0].About == "" || devices[0].Memory == 0 {
		t.Fatal(devices)
	}
	models, err := Installed()
	must(t, err)
	found := false
	for _, model := range models {
		found = found || (model.Name == "demo" && model.Whole && model.Size > 1000000 && model.About == "installed")
	}
	if !found {
		t.Fatal(models)
	}
}

func TestOptions(t *testing.T) {
	lines, calls := 0, 0
	model := open(t, data(t, "golden/mamba1-bin-f16"), WithInt(OptionThreads, 1), WithText(OptionDevice, "cpu"),
		WithText(OptionWeights, "f32"), WithText(OptionPrecision, "exact"), WithText(OptionInstructions, "generic"), WithInt(OptionMap, 0),
		WithText(OptionTokenizer, data(t, "tokenizer/neox/tokenizer.json")),
		WithLog(func(level Level, text string) {
			if level < LogError || level > LogInfo || text == "" {
				t.Errorf("level %d: %q", level, text)
			}
			lines++
		}),
		WithProgress(func(done, total uint64) bool { calls++; return done <= total }))
	if lines == 0 || calls == 0 || model.Tokenizer() == nil {
		t.Fatal(lines, calls, model.Tokenizer())
	}
	before := calls
	must(t, session(t, model).Feed(ctx, make([]Token, 2000)))
	if calls == before {
		t.Fatal("a long prompt made no progress")
	}
	headers := open(t, "demo", WithInt(OptionInspect, 1))
	_, err := headers.NewSession()
	is(t, err, ErrUnsupported)
}

// Next, Tokens and Generate say the same.
func TestGenerate(t *testing.T) {
	model := demo(t)
	s := greedy(t, model, opening)
	must(t, s.SetInt(MaxNewTokens, 40))
	fork, err := s.Fork()
	must(t, err)
	state, err := s.Snapshot()
	must(t, err)
	text := rest(t, s)
	if s.EndReason() != ReasonLimit || len(text) < 60 {
		t.Fatalf("%d: %q", s.EndReason(), text)
	}
	if _, _, err := s.Next(ctx); err != io.EOF {
		t.Fatal(err)
	}
	tokens, again, err := fork.Generate(ctx, 100)
	must(t, err)
	if again != text || len(tokens) != 40 {
		t.Fatalf("%d tokens, %q, not %q", len(tokens), again, text)
	}
	must(t, s.Restore(state))
	if again := rest(t, s); again != text {
		t.Fatalf("restored: %q, not %q", again, text)
	}
	if end := s.Position(); end != state.Position()+40 {
		t.Fatal(end, state.Position())
	}
	must(t, s.Rewind(40))
	if again := rest(t, s); again != text {
		t.Fatalf("rewound: %q, not %q", again, text)
	}
}

func TestStops(t *testing.T) {
	model := demo(t)
	text := rest(t, limited(t, model, 40))
	word := strings.Fields(text)[5]
	s := limited(t, model, 40)
	must(t, s.AddStopText(word))
	if cut := rest(t, s); cut != text[:strings.Index(text, word)] || s.EndReason() != ReasonStopText {
		t.Fatalf("%q of %q, %d", cut, text, s.EndReason())
	}
	s = limited(t, model, 40)
	tokens, _, err := s.Generate(ctx, 5)
	must(t, err)
	must(t, s.Rewind(5))
	must(t, s.AddStop(tokens[3]))
	if cut, _, err := s.Generate(ctx, 40); err != nil || len(cut) > 3 || s.EndReason() != ReasonStop {
		t.Fatal(cut, err, s.EndReason())
	}
	must(t, s.ClearStops())
	must(t, s.SetBias(tokens[0], -1000))
	must(t, s.Reset())
	must(t, s.FeedText(ctx, opening))
	if token, _, err := s.Next(ctx); err != nil || token == tokens[0] {
		t.Fatal(token, err)
	}
}

func limited(t *testing.T, model *Model, n int64) *Session {
	s := greedy(t, model, opening)
	must(t, s.SetInt(MaxNewTokens, n))
	return s
}

func TestSettings(t *testing.T) {
	s := session(t, demo(t))
	for _, setting := range []IntSetting{SampleTopK, SampleSeed, MaxNewTokens, KeepPositions, RewindTokens} {
		must(t, s.SetInt(setting, 7))
		if value, err := s.Int(setting); err != nil || value != 7 {
			t.Fatal(setting, value, err)
		}
	}
	for _, setting := range []FloatSetting{SampleTemperature, SampleTopP, SampleMinP, SampleTypicalP, SampleRepetitionPenalty, SamplePresencePenalty, SampleFrequencyPenalty} {
		must(t, s.SetFloat(setting, 0.5))
		if value, err := s.Float(setting); err != nil || value != 0.5 {
			t.Fatal(setting, value, err)
		}
	}
	from := sampler(t, map[string]any{"temperature": 0.25})
	must(t, from.SetBias(3, 1))
	must(t, s.SetSampler(from))
	if value, _ := s.Float(SampleTemperature); value != 0.25 {
		t.Fatal(value)
	}
	if token, err := sampler(t, map[string]any{"temperature": 0.0}).Pick([]float32{1, 3, 2}, nil, 0); err != nil || token != 1 {
		t.Fatal(token, err)
	}
}

// Two ways to feed the same: the same logits. Embeddings move the state too.
func TestFeed(t *testing.T) {
	model := demo(t)
	tokenizer := model.Tokenizer()
	tokens, err := tokenizer.Encode(opening, AddSpecial)
	must(t, err)
	a, b := session(t, model), session(t, model)
	must(t, a.FeedText(ctx, opening))
	must(t, b.Feed(ctx, tokens[:3]))
	must(t, b.FeedFlags(ctx, "", ParseSpecial))
	must(t, b.Feed(ctx, tokens[3:]))
	if same, err := sameLogits(a, b); !same {
		t.Fatal("logits differ", err)
	}
	must(t, b.Reset())
	must(t, b.FeedEmbeddings(ctx, make([]float32, 2*model.Width()), model.Width()))
	if b.Position() != 2 {
		t.Fatal(b.Position())
	}
	is(t, b.FeedEmbeddings(ctx, make([]float32, 7), model.Width()), ErrArgument)
	// A slice of something that also holds pointers.
	mixed := &struct {
		text   *string
		tokens [3]Token
	}{new(string), [3]Token{1, 2, 3}}
	must(t, b.Feed(ctx, mixed.tokens[:]))
}

func sameLogits(a, b *Session) (bool, error) {
	x, err := a.Logits()
	if err != nil {
		return false, err
	}
	y, err := b.Logits()
	return reflect.DeepEqual(x, y), err
}

func TestState(t *testing.T) {
	model, folder := demo(t), t.TempDir()
	s := greedy(t, model, opening)
	must(t, s.SetNote([]byte("a note\x00of mine")))
	state, err := s.Snapshot()
	must(t, err)
	path := filepath.Join(folder, "state")
	must(t, state.Save(path))
	written, err := state.Bytes()
	must(t, err)
	file, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(file, written) || len(file) != state.Size() {
		t.Fatal(len(file), len(written), state.Size())
	}
	loaded, err := model.LoadState(path)
	must(t, err)
	read, err := model.ReadState(file)
	must(t, err)
	for _, from := range []*State{loaded, read} {
		other := session(t, model)
		must(t, other.Restore(from))
		if same, err := sameLogits(s, other); !same {
			t.Fatal("logits differ", err)
		}
		if note, err := from.Note(); err != nil || string(note) != "a note\x00of mine" {
			t.Fatal(note, err)
		}
		must(t, from.Close())
	}
	file[len(file)/2] ^= 1
	_, err = model.ReadState(file)
	is(t, err, ErrFormat)
}

// What a batch computes is what each session computes alone.
func TestBatch(t *testing.T) {
	model := demo(t)
	batch, err := model.NewBatch()
	must(t, err)
	defer batch.Close()
	prompts := []string{"Once upon a time", "The wolf said", "There was"}
	var entries []Entry
	var want []string
	for _, prompt := range prompts {
		tokens, err := model.Tokenizer().Encode(prompt, AddSpecial)
		must(t, err)
		alone := greedy(t, model, prompt)
		_, text, err := alone.Generate(ctx, 10)
		must(t, err)
		want = append(want, text)
		entries = append(entries, Entry{Session: greedy(t, model, ""), Tokens: tokens})
	}
	_, err = batch.Run(ctx, entries)
	must(t, err)
	got := make([]string, len(entries))
	for i := range entries {
		entries[i].Tokens = nil
	}
	for n := 0; n < 10; n++ {
		results, err := batch.Run(ctx, entries)
		must(t, err)
		for i, r := range results {
			if r.Status != OK || r.Token < 0 {
				t.Fatal(r)
			}
			got[i] += r.Piece
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%q, not %q", got, want)
	}
	_, err = batch.Run(ctx, []Entry{entries[0], entries[0]})
	is(t, err, ErrArgument)
	_, err = batch.Run(ctx, []Entry{{Session: nil}})
	is(t, err, ErrArgument)
}

// Each vector is that of a session which read the text alone; an error names the text.
func TestEmbed(t *testing.T) {
	model := demo(t)
	texts := []string{"Once upon a time", "The king"}
	vectors, err := model.EmbedTexts(ctx, texts, PoolLast)
	must(t, err)
	for i, text := range texts {
		s := session(t, model)
		must(t, s.FeedText(ctx, text))
		hidden, err := s.Hidden()
		must(t, err)
		if !reflect.DeepEqual(vectors[i], hidden) {
			t.Fatal(text)
		}
	}
	many := make([][]Token, 70)
	for i := range many {
		many[i] = []Token{Token(1 + i), 2}
	}
	vectors, err = model.Embed(ctx, many, PoolMean|PoolNormalise)
	must(t, err)
	last, err := model.Embed(ctx, many[69:], PoolMean|PoolNormalise)
	must(t, err)
	if len(vectors) != 70 || !reflect.DeepEqual(vectors[69], last[0]) {
		t.Fatal(len(vectors))
	}
	_, err = model.Embed(ctx, [][]Token{{1}, {}}, PoolLast)
	is(t, err, ErrArgument)
	done, cancel := context.WithCancel(ctx)
	cancel()
	if _, err = model.Embed(done, many, PoolLast); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// A batch scores, gives logits, and reads a long prompt in parts.
func TestBatchParts(t *testing.T) {
	model := demo(t)
	batch, err := model.NewBatch()
	must(t, err)
	defer batch.Close()
	tokens, err := model.Tokenizer().Encode("Once upon a time there was a wolf who lived in a wood, and a fox.", 0)
	must(t, err)
	alone, it, writer := session(t, model), session(t, model), greedy(t, model, opening)
	expected, err := alone.Score(ctx, tokens)
	must(t, err)
	results, err := batch.Run(ctx, []Entry{{Session: it, Tokens: tokens, Score: true, Logits: true}, {Session: writer, Logits: true}})
	must(t, err)
	if !reflect.DeepEqual(results[0].Scores[1:], expected[1:]) || results[1].Scores != nil || results[1].Token < 0 {
		t.Fatal(results[0].Scores, expected)
	}
	for i, s := range []*Session{alone, writer} {
		logits, err := s.Logits()
		must(t, err)
		if !reflect.DeepEqual(results[i].Logits, logits) {
			t.Fatal("the logits of entry ", i)
		}
	}
	must(t, batch.SetInt(BatchPromptTokens, 8))
	is(t, batch.SetInt(BatchPromptTokens, -1), ErrArgument)
	must(t, it.Reset())
	runs, rest := 0, tokens
	for len(rest) > 0 {
		results, err = batch.Run(ctx, []Entry{{Session: it, Tokens: rest}, {Session: writer}})
		must(t, err)
		if results[0].Left >= len(rest) || results[1].Token < 0 {
			t.Fatal(results)
		}
		rest = rest[len(rest)-results[0].Left:]
		runs++
	}
	a, _ := it.Hidden()
	b, _ := alone.Hidden()
	if runs < len(tokens)/8 || !reflect.DeepEqual(a, b) {
		t.Fatal(runs, "runs")
	}
}

func TestDecoder(t *testing.T) {
	tokenizer := demo(t).Tokenizer()
	text := "Grüße, 🦊 and 狼!"
	tokens, err := tokenizer.Encode(text, 0)
	must(t, err)
	decoder, err := tokenizer.NewDecoder()
	must(t, err)
	defer decoder.Close()
	var joined string
	for _, token := range tokens {
		piece, err := decoder.Push(token)
		must(t, err)
		joined += piece
	}
	piece, err := decoder.Flush()
	must(t, err)
	if joined+piece != text {
		t.Fatalf("%q", joined+piece)
	}
	if token := tokenizer.Find("<|user|>"); token != 1 || tokenizer.Find("no such token") != NoToken || tokenizer.Size() != 4096 {
		t.Fatal(token, tokenizer.Size())
	}
	shown, _ := tokenizer.Decode([]Token{1, 43}, 0)
	hidden, _ := tokenizer.Decode([]Token{1, 43}, SkipSpecial)
	if shown != "<|user|>"+hidden {
		t.Fatal(shown, hidden)
	}
	other, err := OpenTokenizer(data(t, "tokenizer/neox"))
	must(t, err)
	must(t, other.Close())
}

// A conversation of two turns, and one of them changed.
func TestChat(t *testing.T) {
	model := demo(t)
	chat, err := NewChat(model)
	must(t, err)
	defer chat.Close()
	s := limited(t, model, 20)
	must(t, s.Reset())
	must(t, chat.Add("user", "Tell me a story about the wolf."))
	must(t, chat.Feed(ctx, s))
	answer := rest(t, s)
	must(t, chat.Add("assistant", answer))
	must(t, chat.Add("user", "Go on."))
	before := int(s.Position())
	pending, err := chat.Pending(s)
	must(t, err)
	must(t, chat.Feed(ctx, s))
	must(t, chat.Resume(s))
	if chat.Reused() != before || int(s.Position()) != before+len(pending) {
		t.Fatal(before, chat.Reused(), s.Position(), len(pending))
	}
	if rest(t, s) == "" {
		t.Fatal("no answer")
	}
	must(t, chat.Add("assistant", "This is not what it said."))
	must(t, chat.Feed(ctx, s))
	if whole, err := chat.Encode(true); err != nil || int(s.Position()) != len(whole) {
		t.Fatal(s.Position(), len(whole), err)
	}
	plain, err := NewChat(nil)
	must(t, err)
	must(t, plain.SetTemplate("{{ name }}: {{ messages[0].content }}"))
	must(t, plain.Set("name", "krait"))
	must(t, plain.AddMessage(map[string]any{"role": "user", "content": "hello"}))
	if text, err := plain.Render(false); err != nil || text != "krait: hello" {
		t.Fatal(text, err)
	}
}

func TestCancel(t *testing.T) {
	s := greedy(t, demo(t), opening)
	s.Cancel() // the next call
	before := s.Position()
	is(t, s.Feed(ctx, []Token{5}), Cancelled)
	if s.Position() != before {
		t.Fatal("it was fed")
	}
	must(t, s.ClearStops())
	soon, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
	defer cancel()
	tokens, _, err := s.Generate(soon, 1_000_000)
	if !errors.Is(err, Cancelled) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(len(tokens), err)
	}
	if s.Position() != before+uint64(len(tokens)) {
		t.Fatal(s.Position(), len(tokens))
	}
	if _, _, err := s.Next(soon); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if _, _, err := s.Next(ctx); err != nil {
		t.Fatal("a context ended a call that was not its own: ", err)
	}
	done, stop := context.WithCancel(ctx)
	stop()
	is(t, s.FeedText(done, "x"), Cancelled)
	_, err = OpenContext(done, "demo")
	is(t, err, Cancelled)
}

// A context that is done when the call has just ended leaves nothing behind for the next.
func TestLateCancel(t *testing.T) {
	s := greedy(t, demo(t), opening)
	for i := 0; i < 300; i++ {
		soon, cancel := context.WithCancel(ctx)
		go func(turns int) {
			for n := 0; n < turns; n++ {
				runtime.Gosched()
			}
			cancel()
		}(i % 30)
		err := s.Feed(soon, []Token{5})
		if err != nil {
			is(t, err, Cancelled)
		}
		before := s.Position()
		if err := s.Feed(ctx, []Token{6}); err != nil || s.Position() != before+1 {
			t.Fatal(i, err, s.Position(), before)
		}
		cancel()
	}
}

// A panic in a callback does not cross C, and is not lost.
func TestCallbackPanic(t *testing.T) {
	defer func() {
		if p := recover(); p != "mine" {
			t.Fatal(p)
		}
	}()
	Open("demo", WithProgress(func(done, total uint64) bool { panic("mine") }))
	t.Fatal("no panic")
}
