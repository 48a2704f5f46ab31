// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"encoding/json"

	"krait/internal/raw"
)

// Info is the JSON of krait info; Details has it as Go does.
func (m *Model) Info() string { return m.text(raw.Model_info) }

// Details is what krait info says of a model.
type Details struct {
	Family       string `json:"family"`
	Parameters   uint64 `json:"n_parameters"`
	VocabSize    int    `json:"vocab_size"`
	Width        int    `json:"d_model"`
	Layers       int    `json:"n_layers"`
	Weights      string `json:"weights"` // the type that they are kept in
	MemoryBytes  uint64 `json:"memory_bytes"`
	StateBytes   uint64 `json:"state_bytes"`
	TokenBytes   uint64 `json:"state_bytes_per_token"` // that each token adds to a state
	ChatTemplate string `json:"chat_template"`         // "": none
	Fingerprint  string `json:"fingerprint"`

	// All has every key, also those that a later library adds.
	All map[string]any `json:"-"`
}

// Details is what Info says, read.
func (m *Model) Details() (*Details, error) {
	if m.Info() == "" {
		return nil, closed("model")
	}
	d := &Details{}
	for _, into := range []any{d, &d.All} {
		if err := json.Unmarshal([]byte(m.Info()), into); err != nil {
			return nil, &Error{Status: ErrFormat, Text: "the model's info: " + err.Error(), cause: err}
		}
	}
	return d, nil
}
