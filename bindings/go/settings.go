// SPDX-License-Identifier: Apache-2.0

package krait

import "krait/internal/raw"

// SetInt sets a setting that takes a number, as in SetInt(krait.MaxNewTokens, 200).
func (s *Session) SetInt(setting IntSetting, value int64) error {
	return s.h.call(func(p uintptr) int { return raw.Session_set_int(p, int(setting), value) })
}

// SetFloat sets a setting that takes a float, as in SetFloat(krait.SampleTemperature, 0.7).
func (s *Session) SetFloat(setting FloatSetting, value float64) error {
	return s.h.call(func(p uintptr) int { return raw.Session_set_float(p, int(setting), value) })
}

// Int gives a setting that SetInt sets.
func (s *Session) Int(setting IntSetting) (value int64, err error) {
	err = s.h.call(func(p uintptr) int { return raw.Session_get_int(p, int(setting), &value) })
	return value, err
}

// Float gives a setting that SetFloat sets.
func (s *Session) Float(setting FloatSetting) (value float64, err error) {
	err = s.h.call(func(p uintptr) int { return raw.Session_get_float(p, int(setting), &value) })
	return value, err
}

// ResetSettings gives settings, biases and stops back as a new session has them.
func (s *Session) ResetSettings() error { return s.h.call(raw.Session_reset_settings) }

// SetBias adds to a token's logit when sampling; 0 removes it.
func (s *Session) SetBias(token Token, bias float32) error {
	return s.h.call(func(p uintptr) int { return raw.Session_set_bias(p, token, bias) })
}

// SetSampler copies all settings of a sampler.
func (s *Session) SetSampler(sampler *Sampler) error {
	return sampler.h.use(func(from uintptr) error {
		return s.h.call(func(p uintptr) int { return raw.Session_set_sampler(p, from) })
	})
}

// AddStop makes a token end the text, beside the model's own.
func (s *Session) AddStop(token Token) error {
	return s.h.call(func(p uintptr) int { return raw.Session_add_stop(p, token) })
}

// AddStopText ends the text before this one.
func (s *Session) AddStopText(text string) error {
	return s.h.call(func(p uintptr) int { return raw.Session_add_stop_text(p, text) })
}

// ClearStops removes all stops, the model's own too.
func (s *Session) ClearStops() error { return s.h.call(raw.Session_clear_stops) }

// SetNote keeps up to 1 MiB of the caller's own, which snapshots hold too.
func (s *Session) SetNote(data []byte) error {
	return s.h.call(func(p uintptr) int { return raw.Session_set_note(p, data) })
}

// Sampler chooses tokens; it is plain settings, those of a session below 300.
type Sampler struct{ h *handle }

// NewSampler makes one with every default.
func NewSampler() (*Sampler, error) {
	var p uintptr
	h, err := made(raw.Sampler_new(&p), p, "sampler", raw.Sampler_free, raw.Sampler_error, nil)
	if err != nil {
		return nil, err
	}
	return &Sampler{h}, nil
}

// NewSampler makes one with the model's own generation settings.
func (m *Model) NewSampler() (*Sampler, error) {
	h, err := m.make("sampler", raw.Sampler_of_model, raw.Sampler_free, raw.Sampler_error)
	if err != nil {
		return nil, err
	}
	return &Sampler{h}, nil
}

// Close frees the sampler.
func (s *Sampler) Close() error { return s.h.close() }

// SetInt sets a setting that takes a number.
func (s *Sampler) SetInt(setting IntSetting, value int64) error {
	return s.h.call(func(p uintptr) int { return raw.Sampler_set_int(p, int(setting), value) })
}

// SetFloat sets a setting that takes a float.
func (s *Sampler) SetFloat(setting FloatSetting, value float64) error {
	return s.h.call(func(p uintptr) int { return raw.Sampler_set_float(p, int(setting), value) })
}

// SetBias adds to a token's logit; 0 removes it.
func (s *Sampler) SetBias(token Token, bias float32) error {
	return s.h.call(func(p uintptr) int { return raw.Sampler_set_bias(p, token, bias) })
}

// Probs gives the probabilities that Pick draws from. history is what penalties look at.
func (s *Sampler) Probs(logits []float32, history []Token) ([]float32, error) {
	out := make([]float32, len(logits))
	err := s.h.call(func(p uintptr) int { return raw.Sampler_probs(p, logits, history, out) })
	return out, err
}

// Pick chooses a token. The same settings, logits, history and draw choose the same.
func (s *Sampler) Pick(logits []float32, history []Token, draw uint64) (token Token, err error) {
	token = NoToken
	err = s.h.call(func(p uintptr) int { return raw.Sampler_pick(p, logits, history, draw, &token) })
	return token, err
}
