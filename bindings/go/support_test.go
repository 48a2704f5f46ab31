// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var ctx = context.Background()

func data(t testing.TB, name string) string {
	t.Helper()
	folder := os.Getenv("KRAIT_TEST_DATA")
	if folder == "" {
		t.Fatal("KRAIT_TEST_DATA is not set: it is the folder tests/data of krait's sources")
	}
	return filepath.Join(folder, name)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, path string, options ...Option) *Model {
	t.Helper()
	model, err := Open(path, options...)
	must(t, err)
	t.Cleanup(func() { model.Close() })
	return model
}

func demo(t testing.TB) *Model { return open(t, "demo") }

func session(t testing.TB, model *Model) *Session {
	t.Helper()
	s, err := model.NewSession()
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// greedy is a session that reads text and has no chance in it.
func greedy(t testing.TB, model *Model, text string) *Session {
	t.Helper()
	s := session(t, model)
	must(t, s.SetFloat(SampleTemperature, 0))
	if text != "" {
		must(t, s.FeedText(ctx, text))
	}
	return s
}

func is(t testing.TB, err error, status Status) {
	t.Helper()
	if !errors.Is(err, status) {
		t.Fatalf("the error is %v, not %v", err, status)
	}
}

// rest is what a session still says.
func rest(t testing.TB, s *Session) string {
	t.Helper()
	var text strings.Builder
	tokens := s.Tokens(ctx)
	for tokens.Next() {
		text.WriteString(tokens.Piece())
	}
	must(t, tokens.Err())
	return text.String()
}

// golden is a golden.safetensors: float64 answers and int32 tokens.
type golden struct {
	Doubles map[string][]float64
	Tokens  map[string][]Token
}

func readGolden(t testing.TB, name string) golden {
	t.Helper()
	file, err := os.Open(data(t, filepath.Join(name, "golden.safetensors")))
	must(t, err)
	defer file.Close()
	var n uint64
	must(t, binary.Read(file, binary.LittleEndian, &n))
	header := make([]byte, n)
	_, err = io.ReadFull(file, header)
	must(t, err)
	var tensors map[string]struct {
		Dtype   string
		Offsets [2]int64 `json:"data_offsets"`
	}
	must(t, json.Unmarshal(header, &tensors))
	body, err := io.ReadAll(file)
	must(t, err)
	g := golden{map[string][]float64{}, map[string][]Token{}}
	for name, tensor := range tensors {
		bytes := body[tensor.Offsets[0]:tensor.Offsets[1]]
		switch tensor.Dtype {
		case "F64":
			for i := 0; i < len(bytes); i += 8 {
				g.Doubles[name] = append(g.Doubles[name], math.Float64frombits(binary.LittleEndian.Uint64(bytes[i:])))
			}
		case "I32":
			for i := 0; i < len(bytes); i += 4 {
				g.Tokens[name] = append(g.Tokens[name], Token(binary.LittleEndian.Uint32(bytes[i:])))
			}
		}
	}
	return g
}

// near fails when a is further than 1e-5 from b, by the relative L2 distance.
func near(t testing.TB, what string, a []float32, b []float64) {
	t.Helper()
	if len(a) != len(b) || len(b) == 0 {
		t.Fatalf("%s: %d numbers, not %d", what, len(a), len(b))
	}
	var distance, size float64
	for i := range b {
		d := float64(a[i]) - b[i]
		distance += d * d
		size += b[i] * b[i]
	}
	if d := math.Sqrt(distance / size); !(d <= 1e-5) {
		t.Fatalf("%s: %g from the golden answer", what, d)
	}
}
