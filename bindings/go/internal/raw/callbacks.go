// SPDX-License-Identifier: Apache-2.0

package raw

// #include <krait.h>
// extern int kraitGoProgress(uintptr_t user, uint64_t done, uint64_t total);
// extern void kraitGoLog(uintptr_t user, int level, char *text);
// static int progress(void *user, uint64_t done, uint64_t total)
// {
// 	return kraitGoProgress((uintptr_t)user, done, total);
// }
// static void log_line(void *user, int level, const char *text)
// {
// 	kraitGoLog((uintptr_t)user, level, (char *)text);
// }
// static void set_progress(uintptr_t options, uintptr_t user)
// {
// 	krait_options_set_progress((krait_options *)options, progress, (void *)user);
// }
// static void set_log(uintptr_t options, uintptr_t user)
// {
// 	krait_options_set_log((krait_options *)options, log_line, (void *)user);
// }
import "C"

import (
	"runtime"
	"runtime/cgo"
	"sync"
)

// Callbacks are the functions given to one Open. The model may call them for as long as it lives, so
// whatever holds the model holds these too.
type Callbacks struct {
	self cgo.Handle
	in   *calls
}

// What C reaches through the handle. It does not point back to its Callbacks, or those would never go.
type calls struct {
	progress func(done, total uint64) bool
	log      func(level int, text string)
	mu       sync.Mutex
	panicked any
}

// NewCallbacks has the options call these functions; either may be nil.
func NewCallbacks(options uintptr, progress func(done, total uint64) bool, log func(level int, text string)) *Callbacks {
	c := &Callbacks{in: &calls{progress: progress, log: log}}
	c.self = cgo.NewHandle(c.in)
	runtime.SetFinalizer(c, func(c *Callbacks) { c.self.Delete() })
	if progress != nil {
		C.set_progress(C.uintptr_t(options), C.uintptr_t(c.self))
	}
	if log != nil {
		C.set_log(C.uintptr_t(options), C.uintptr_t(c.self))
	}
	return c
}

// Repanic goes on with the panic that a callback ended with, now that no C function is on the stack.
func (c *Callbacks) Repanic() {
	if c == nil {
		return
	}
	c.in.mu.Lock()
	p := c.in.panicked
	c.in.panicked = nil
	c.in.mu.Unlock()
	if p != nil {
		panic(p)
	}
}

// A panic must not unwind through C.
func (c *calls) hold() {
	if p := recover(); p != nil {
		c.mu.Lock()
		c.panicked = p
		c.mu.Unlock()
	}
}

//export kraitGoProgress
func kraitGoProgress(user C.uintptr_t, done, total C.uint64_t) (stop C.int) {
	c := cgo.Handle(user).Value().(*calls)
	stop = 1
	defer c.hold()
	if c.progress(uint64(done), uint64(total)) {
		stop = 0
	}
	return stop
}

//export kraitGoLog
func kraitGoLog(user C.uintptr_t, level C.int, text *C.char) {
	c := cgo.Handle(user).Value().(*calls)
	defer c.hold()
	c.log(int(level), C.GoString(text))
}
