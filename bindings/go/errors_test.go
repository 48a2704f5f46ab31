// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"krait/internal/raw"
)

// Every error that can be had, from what brings it about.
func TestErrors(t *testing.T) {
	model := demo(t)
	other := open(t, data(t, "golden/mamba1-bin-f16"))
	s := greedy(t, model, opening)
	state, err := session(t, other).Snapshot()
	must(t, err)
	folder := t.TempDir()
	failed := func(_ any, err error) error { return err }
	for _, c := range []struct {
		name string
		err  error
		want Status
		text string
	}{
		{"a token outside the vocabulary", s.Feed(ctx, []Token{1, 4096}), ErrArgument, "4096"},
		{"a value out of range", s.SetFloat(SampleTopP, 2), ErrArgument, "TOP_P"},
		{"logits of nothing", failed(session(t, model).Logits()), ErrArgument, "nothing was fed"},
		{"a path with U+0000", failed(Open("a\x00b")), ErrArgument, "U+0000"},
		{"a folder in the place of a file", state.Save(folder), ErrIO, folder},
		{"a damaged file", failed(open(t, "demo").ReadState([]byte("no state"))), ErrFormat, ""},
		{"a setting of another library", s.SetInt(999, 1), ErrUnsupported, "999"},
		{"an option of another library", failed(Open("demo", WithInt(999, 1))), ErrUnsupported, "999"},
		{"a state of another model", s.Restore(state), ErrMismatch, "fingerprint"},
		{"a device that is not there", failed(Open("demo", WithText(OptionDevice, "cuda:99"))), ErrDevice, "cuda"},
		{"a slice that is too small", s.LogitsInto(make([]float32, 10)), ErrSpace, "4096"},
		{"no such model", failed(Open("/nonexistent/model")), ErrNotFound, "/nonexistent/model"},
		{"no such constant", failed(Constant("KRAIT_NOTHING")), ErrNotFound, "KRAIT_NOTHING"},
		{"a template that cannot be read", failed(nil, chatTemplate("{% nonsense %}")), ErrUnsupported, ""},
		{"no tokenizer", failed(nil, session(t, other).FeedText(ctx, "x")), ErrUnsupported, "tokenizer"},
		{"no such tokenizer", failed(OpenTokenizer("/nonexistent")), ErrNotFound, "/nonexistent"},
	} {
		var e *Error
		if !errors.Is(c.err, c.want) || !errors.As(c.err, &e) || e.Status != c.want || !strings.Contains(c.err.Error(), c.text) {
			t.Errorf("%s: %v, not %v", c.name, c.err, c.want)
		}
	}
}

func chatTemplate(jinja string) error {
	chat, err := NewChat(nil)
	if err != nil {
		return err
	}
	defer chat.Close()
	return chat.SetTemplate(jinja)
}

// The locks keep ErrBusy away; below them it is there.
func TestBusy(t *testing.T) {
	var s *Session
	busy := OK
	model := open(t, "demo", WithProgress(func(done, total uint64) bool {
		if s != nil && busy == OK {
			busy = Status(raw.Session_feed(s.h.p, []Token{1}))
		}
		return true
	}))
	s = session(t, model)
	must(t, s.Feed(ctx, make([]Token, 2000)))
	if busy != ErrBusy {
		t.Fatal(busy)
	}
}

// A child of fork is told to open its model anew, and not what an earlier call failed with. Go has no
// fork: the child here has this thread alone, and does one call.
func TestForked(t *testing.T) {
	s := greedy(t, demo(t), opening)
	is(t, s.Feed(ctx, []Token{4096}), ErrArgument)
	found := inChild(t, func() bool {
		err := s.Feed(ctx, []Token{1})
		return errors.Is(err, ErrForked) && strings.Contains(err.Error(), "anew")
	})
	if found != 0 {
		t.Fatal(found)
	}
	must(t, s.Feed(ctx, []Token{1}))
}

// 128 MiB of hidden vectors do not fit into 64 MiB more than now. What Go itself needs does.
func TestOutOfMemory(t *testing.T) {
	if os.Getenv("MALLOC_ARENA_MAX") != "1" {
		t.Skip("MALLOC_ARENA_MAX=1 is not set: malloc may have put memory by")
	}
	s, tokens := session(t, demo(t)), make([]Token, 1<<17)
	must(t, s.SetInt(KeepPositions, 1<<17))
	var before syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_AS, &before))
	pages, statm := uint64(0), read(t, "/proc/self/statm")
	fmt.Sscan(statm, &pages)
	limit := syscall.Rlimit{Cur: pages*uint64(os.Getpagesize()) + 64<<20, Max: before.Max}
	must(t, syscall.Setrlimit(syscall.RLIMIT_AS, &limit))
	err := s.Feed(ctx, tokens)
	must(t, syscall.Setrlimit(syscall.RLIMIT_AS, &before))
	is(t, err, ErrMemory)
	if s.Position() != 0 || !strings.Contains(err.Error(), "out of memory") {
		t.Fatal(s.Position(), err)
	}
	must(t, s.Feed(ctx, tokens[:1]))
}

func read(t *testing.T, path string) string {
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}

// inChild is what a child process ends with: 0 when f is true there. The child has no scheduler to go
// back to, so one whose goroutine was told to make room just before waits for ever. That is Go's, and
// seen by the clock alone: such a child is ended, and another made.
func inChild(t *testing.T, f func() bool) (status syscall.WaitStatus) {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // the collector's threads are not in the child
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for try := 0; try < 5; try++ {
		runtime.Gosched() // a new slice of time: nothing asks for room soon
		pid, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
		if errno != 0 {
			t.Fatal(errno)
		}
		if pid == 0 {
			status := uintptr(1)
			if f() {
				status = 0
			}
			syscall.RawSyscall(syscall.SYS_EXIT_GROUP, status, 0, 0)
		}
		if status = ended(t, int(pid), 10*time.Second); status.Signal() != syscall.SIGKILL {
			return status
		}
	}
	return status
}

// ended is how a process ended, which is killed when it has not by then.
func ended(t *testing.T, pid int, limit time.Duration) (status syscall.WaitStatus) {
	t.Helper()
	for end := time.Now().Add(limit); ; time.Sleep(time.Millisecond) {
		if done, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil); err != nil || done == pid {
			must(t, err)
			return status
		}
		if time.Now().After(end) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// What is closed answers, whatever is asked.
func TestClosed(t *testing.T) {
	model := demo(t)
	s := greedy(t, model, opening)
	state, err := s.Snapshot()
	must(t, err)
	must(t, model.Close())
	must(t, model.Close())
	if model.VocabSize() != 0 || model.Family() != "" || model.Tokenizer() != nil {
		t.Fatal("a closed model answers")
	}
	_, err = model.NewSession()
	is(t, err, ErrArgument)
	if _, _, err := s.Next(ctx); err != nil {
		t.Fatal("the session does not hold the model: ", err)
	}
	must(t, s.Close())
	s.Cancel()
	is(t, s.Feed(ctx, []Token{1}), ErrArgument)
	must(t, state.Close())
	is(t, state.Save(filepath.Join(t.TempDir(), "s")), ErrArgument)
}

// Whatever is opened is an io.Closer, and may be closed twice.
func TestClosers(t *testing.T) {
	model := demo(t)
	session, err := model.NewSession()
	must(t, err)
	state, err := session.Snapshot()
	must(t, err)
	batch, err := model.NewBatch()
	must(t, err)
	chat, err := NewChat(model)
	must(t, err)
	sampler, err := NewSampler()
	must(t, err)
	tokenizer := model.Tokenizer()
	decoder, err := tokenizer.NewDecoder()
	must(t, err)
	for _, closer := range []io.Closer{model, decoder, tokenizer, sampler, chat, batch, state, session} {
		must(t, closer.Close())
		must(t, closer.Close())
	}
}

// Every constant of krait.h is here, under its name in Go, with the library's value.
func TestConstants(t *testing.T) {
	header, err := os.ReadFile(os.Getenv("KRAIT_HEADER"))
	must(t, err)
	ours := constantsOf(t, "constants.go")
	names := regexp.MustCompile(`(?m)^#define (KRAIT_[A-Z0-9_]+)[ \t]+[-(0-9]`).FindAllStringSubmatch(string(header), -1)
	if len(names) < 40 {
		t.Fatalf("%d constants in krait.h", len(names))
	}
	for _, m := range names {
		want, err := Constant(m[1])
		must(t, err)
		got, ok := ours[goName(m[1])]
		if !ok || got != want {
			t.Errorf("%s is %d, %s is %d (%v)", m[1], want, goName(m[1]), got, ok)
		}
		delete(ours, goName(m[1]))
	}
	if len(ours) > 0 {
		t.Errorf("not in krait.h: %v", ours)
	}
	for status := ErrNotFound; status <= Cancelled; status++ {
		if err := fail(int(status), func() string { return "" }); status != OK && !errors.Is(err, status) || !strings.HasPrefix(status.Error(), "KRAIT_") {
			t.Errorf("%d: %v, %v", int(status), err, status.Error())
		}
	}
}

// goName: KRAIT_ERROR_NOT_FOUND is ErrNotFound.
func goName(name string) string {
	name = strings.TrimPrefix(name, "KRAIT_")
	if name == "OK" || name == "ERROR_IO" {
		return map[string]string{"OK": "OK", "ERROR_IO": "ErrIO"}[name]
	}
	words := strings.Split(strings.Replace(name, "ERROR_", "ERR_", 1), "_")
	if strings.HasPrefix(name, "LOG_") {
		words = strings.Split(name, "_")
	}
	for i, word := range words {
		words[i] = word[:1] + strings.ToLower(word[1:])
	}
	return strings.Join(words, "")
}

func constantsOf(t *testing.T, file string) map[string]int64 {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, nil, 0)
	must(t, err)
	config := types.Config{Importer: importer.Default()}
	pkg, err := config.Check("krait", set, []*ast.File{parsed}, nil)
	must(t, err)
	values := map[string]int64{}
	for _, name := range pkg.Scope().Names() {
		if c, ok := pkg.Scope().Lookup(name).(*types.Const); ok {
			values[name], _ = constant.Int64Val(c.Val())
		}
	}
	return values
}

// A program asks which library it runs with.
func TestVersion(t *testing.T) {
	if parts := strings.Split(Version(), "."); len(parts) != 3 {
		t.Fatal(Version())
	}
}
