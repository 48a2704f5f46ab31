// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"math"
	"reflect"
	"testing"
)

func hidden(t *testing.T, s *Session) []float32 {
	t.Helper()
	out, err := s.Hidden()
	must(t, err)
	return out
}

func TestFeedTo(t *testing.T) {
	model := demo(t)
	tokens, err := model.Tokenizer().Encode("Once upon a time there was a wolf.", 0)
	must(t, err)
	s, there := session(t, model), session(t, model)
	changed := append(append([]Token{}, tokens[:len(tokens)-2]...), 7)
	for _, list := range [][]Token{tokens, changed, tokens[:3], tokens} {
		reused, err := s.FeedTo(ctx, list)
		must(t, err)
		must(t, there.Reset())
		must(t, there.Feed(ctx, list))
		if reused > len(list) || !reflect.DeepEqual(hidden(t, s), hidden(t, there)) {
			t.Fatal(reused, list)
		}
		if reused, err = s.FeedTo(ctx, list); err != nil || reused != len(list) {
			t.Fatal(reused, err)
		}
	}
	_, err = s.FeedTo(ctx, []Token{9999})
	is(t, err, ErrArgument)
}

func TestCopyFlushCancel(t *testing.T) {
	model := demo(t)
	from, to := greedy(t, model, opening), session(t, model)
	must(t, to.CopyFrom(from))
	must(t, to.CopyFrom(to))
	if a, b := rest(t, limitedFrom(t, from)), rest(t, limitedFrom(t, to)); a != b || a == "" {
		t.Fatalf("%q, not %q", b, a)
	}
	is(t, to.CopyFrom(session(t, open(t, data(t, "golden/mamba1-bin-f16")))), ErrMismatch)
	half, err := model.Tokenizer().Encode("\u4f60", 0)
	must(t, err)
	must(t, from.SetInt(MaxNewTokens, 0))
	must(t, from.SetBias(half[0], 1e6))
	if token, piece, err := from.Next(ctx); token != half[0] || piece != "" || err != nil {
		t.Fatal(token, piece, err)
	}
	if text, err := from.Flush(); text != "\ufffd" || err != nil {
		t.Fatal(text, err)
	}
	from.Cancel()
	from.ClearCancel()
	if _, _, err := from.Next(ctx); err != nil {
		t.Fatal(err)
	}
	state, err := from.Snapshot()
	must(t, err)
	defer state.Close()
	if from.StateSize() != state.Size() || model.StateGrowth() != 0 || model.StateSizeAt(0) != uint64(model.StateSize()) {
		t.Fatal(from.StateSize(), state.Size())
	}
}

func limitedFrom(t *testing.T, s *Session) *Session {
	must(t, s.SetInt(MaxNewTokens, 10))
	return s
}

func TestLikely(t *testing.T) {
	s := session(t, demo(t))
	must(t, s.FeedText(ctx, opening))
	logits, err := s.Logits()
	must(t, err)
	sum := 0.0
	for _, x := range logits {
		sum += math.Exp(float64(x))
	}
	near := func(logprob float32, token Token) {
		t.Helper()
		if math.Abs(float64(logprob)-float64(logits[token])+math.Log(sum)) > 1e-4 {
			t.Fatal(token, logprob)
		}
	}
	top, err := s.Top(5)
	must(t, err)
	for i, one := range top {
		near(one.LogProb, one.Token)
		logprob, err := s.LogProb(one.Token)
		must(t, err)
		near(logprob, one.Token)
		if i > 0 && one.LogProb > top[i-1].LogProb {
			t.Fatal(top)
		}
	}
	token, _, err := s.Next(ctx)
	must(t, err)
	near(s.DrawnLogProb(), token)
	if s.Rows() != 1 || len(top) != 5 || s.DrawnChance() > 0 {
		t.Fatal(s.Rows(), top, s.DrawnChance())
	}
	must(t, s.Feed(ctx, []Token{1}))
	if !math.IsNaN(float64(s.DrawnLogProb())) || !math.IsNaN(float64(s.DrawnChance())) {
		t.Fatal(s.DrawnLogProb(), s.DrawnChance())
	}
	_, err = s.LogProb(5000)
	is(t, err, ErrArgument)
}

// The demo model's own stop is token 0; what else a new session begins with it says itself.
func TestModelSettings(t *testing.T) {
	model := demo(t)
	s, other := session(t, model), session(t, model)
	fresh, _ := s.Float(SampleTemperature)
	a, _ := s.Int(SampleSeed)
	b, _ := other.Int(SampleSeed)
	if a == b {
		t.Fatal("two sessions have the seed ", a)
	}
	must(t, s.SetFloat(SampleTemperature, 0))
	must(t, s.ResetSettings())
	sampler, err := model.NewSampler()
	must(t, err)
	defer sampler.Close()
	must(t, other.SetFloat(SampleTemperature, 0))
	must(t, other.SetSampler(sampler))
	for _, one := range []*Session{s, other} {
		if temperature, err := one.Float(SampleTemperature); err != nil || temperature != fresh {
			t.Fatal(temperature, err)
		}
	}
	tokenizer := model.Tokenizer()
	if !reflect.DeepEqual(model.Stops(), []Token{0}) || !tokenizer.IsSpecial(0) || tokenizer.IsSpecial(100) {
		t.Fatal(model.Stops())
	}
	if low, high, err := Bounds("KRAIT_SAMPLE_TOP_P"); low < 0 || high != 1 || err != nil {
		t.Fatal(low, high, err)
	}
	_, _, err = Bounds("KRAIT_OPTION_WEIGHTS")
	is(t, err, ErrUnsupported)
}
