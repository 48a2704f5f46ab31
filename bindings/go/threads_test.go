// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Many goroutines on one model, each with its own session, tokenizer calls and a shared state: the
// same words as alone. Some closing, cancelling and collecting goes on beside.
func TestThreads(t *testing.T) {
	model := demo(t)
	first := greedy(t, model, opening)
	state, err := first.Snapshot()
	must(t, err)
	_, want, err := first.Generate(ctx, 15)
	must(t, err)
	var group sync.WaitGroup
	for i := 0; i < 16; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := 0; n < 4; n++ {
				s, err := model.NewSession()
				if err == nil {
					err = s.Restore(state)
				}
				if err != nil {
					t.Error(err)
					return
				}
				if _, text, err := s.Generate(ctx, 15); err != nil || text != want {
					t.Errorf("%v: %q, not %q", err, text, want)
				}
				if ids, err := model.Tokenizer().Encode(want, 0); err != nil || len(ids) == 0 {
					t.Error(err)
				}
				if n%2 == 0 {
					s.Close()
				}
			}
			runtime.GC()
		}()
	}
	group.Wait()
}

// One session in the hands of many: its calls wait for each other, and none is lost.
func TestSharedSession(t *testing.T) {
	model := demo(t)
	s, other := greedy(t, model, opening), greedy(t, model, opening)
	batch, err := model.NewBatch()
	must(t, err)
	before := s.Position()
	var group sync.WaitGroup
	for i := 0; i < 8; i++ {
		group.Add(1)
		entries := []Entry{{Session: s, Tokens: []Token{5}}, {Session: other, Tokens: []Token{6}}}
		if i%2 == 0 {
			entries[0], entries[1] = entries[1], entries[0]
		}
		go func() {
			defer group.Done()
			for n := 0; n < 10; n++ {
				if err := s.Feed(ctx, []Token{Token(n)}); err != nil {
					t.Error(err)
				}
				if _, err := batch.Run(ctx, entries); err != nil {
					t.Error(err)
				}
				if _, err := s.Logits(); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	group.Wait()
	if s.Position() != before+160 {
		t.Fatal(s.Position(), before)
	}
}

// Cancel and Close from elsewhere, at any moment.
func TestCloseWhileBusy(t *testing.T) {
	model := demo(t)
	for i := 0; i < 30; i++ {
		s := greedy(t, model, opening)
		must(t, s.ClearStops())
		var group sync.WaitGroup
		group.Add(3)
		go func() {
			defer group.Done()
			s.Generate(ctx, 1_000_000)
		}()
		go func() {
			defer group.Done()
			s.Cancel()
		}()
		go func() {
			defer group.Done()
			s.Cancel()
			s.Close()
		}()
		stop := make(chan struct{})
		go func() {
			group.Wait()
			close(stop)
		}()
		for done := false; !done; {
			select {
			case <-stop:
				done = true
			default:
				s.Cancel()
				runtime.Gosched()
			}
		}
	}
}

// resident is the memory of this process in KiB.
func resident(t *testing.T) (kib int) {
	status, err := os.ReadFile("/proc/self/status")
	must(t, err)
	for _, line := range strings.Split(string(status), "\n") {
		fmt.Sscanf(line, "VmRSS: %d kB", &kib)
	}
	return kib
}

// 10,000 models opened and closed, and 10,000 sessions, each with a fork, a state and a refusal.
func TestLeak(t *testing.T) {
	if os.Getenv("MALLOC_ARENA_MAX") != "1" {
		t.Skip("MALLOC_ARENA_MAX=1 is not set: with an arena for each thread, malloc's own waste hides a leak")
	}
	path := data(t, "golden/mamba1-bin-f16")
	flat(t, "models", func() {
		model, err := Open(path, WithInt(OptionThreads, 1), WithLog(func(Level, string) {}))
		must(t, err)
		must(t, model.Close())
	})
	model := open(t, path)
	flat(t, "sessions", func() {
		s, err := model.NewSession()
		must(t, err)
		must(t, s.Feed(ctx, []Token{1, 2, 3}))
		state, err := s.Snapshot()
		must(t, err)
		fork, err := s.Fork()
		must(t, err)
		must(t, fork.Restore(state))
		is(t, s.Feed(ctx, []Token{-5}), ErrArgument)
		must(t, s.Close())
		must(t, fork.Close())
		must(t, state.Close())
	})
}

func flat(t *testing.T, what string, f func()) {
	var before int
	for i := 0; i < 10_000; i++ {
		if i == 2_000 {
			runtime.GC()
			before = resident(t)
		}
		f()
	}
	runtime.GC()
	after := resident(t)
	t.Logf("%s: %d KiB after 2,000, %d KiB after 10,000", what, before, after)
	if after > before+4096 {
		t.Fatalf("%s: %d KiB after 2,000, %d KiB after 10,000", what, before, after)
	}
}

// What is forgotten is freed, in whatever order the collector finds it.
func TestFinalizers(t *testing.T) {
	var freed atomic.Int64
	count := func(h *handle) {
		free := h.free
		h.free = func(p uintptr) {
			free(p)
			freed.Add(1)
		}
	}
	const n = 100
	for i := 0; i < n; i++ {
		model, err := Open(data(t, "golden/mamba1-bin-f16"), WithInt(OptionThreads, 1), WithLog(func(Level, string) {}))
		must(t, err)
		s, err := model.NewSession()
		must(t, err)
		must(t, s.Feed(ctx, []Token{1, 2, 3}))
		state, err := s.Snapshot()
		must(t, err)
		for _, h := range []*handle{model.h, s.h, state.h} {
			count(h)
		}
	}
	for i := 0; freed.Load() < 3*n; i++ {
		if i == 1000 {
			t.Fatalf("%d of %d freed", freed.Load(), 3*n)
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}
