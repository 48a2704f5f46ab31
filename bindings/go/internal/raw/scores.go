// SPDX-License-Identifier: Apache-2.0

package raw

// #include <krait.h>
// #include <stdlib.h>
// static int add_score(uintptr_t batch, uintptr_t session, const int32_t *tokens, size_t n, float *out)
// {
// 	return krait_batch_add_score((krait_batch *)batch, (krait_session *)session, tokens, n, out, n);
// }
import "C"

import (
	"runtime"
	"unsafe"
)

// Scores are numbers that a run of a batch writes, in memory of C: it keeps the pointer until then.
type Scores struct {
	p *C.float
	n int
}

// NewScores has room for n; nil when there is no memory.
func NewScores(n int) *Scores {
	s := &Scores{(*C.float)(C.calloc(C.size_t(n+1), C.sizeof_float)), n}
	if s.p == nil {
		return nil
	}
	runtime.SetFinalizer(s, func(s *Scores) { C.free(unsafe.Pointer(s.p)) })
	return s
}

// Numbers are a copy of what is there.
func (s *Scores) Numbers() []float32 {
	out := make([]float32, s.n)
	if s.n > 0 {
		copy(out, unsafe.Slice((*float32)(unsafe.Pointer(s.p)), s.n))
	}
	runtime.KeepAlive(s)
	return out
}

// Batch_add_score adds an entry whose scores come into s, which must live until the run.
func Batch_add_score(batch, session uintptr, tokens []int32, s *Scores) int {
	var first *C.int32_t
	if len(tokens) > 0 {
		first = (*C.int32_t)(unsafe.Pointer(&tokens[0]))
	}
	return int(C.add_score(C.uintptr_t(batch), C.uintptr_t(session), first, C.size_t(len(tokens)), s.p))
}
