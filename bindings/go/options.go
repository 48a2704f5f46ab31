// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"context"
	"sync/atomic"

	"krait/internal/raw"
)

// Option says how to open a model. WithInt takes no option that is a text, nor WithText one that is a
// number: the compiler sees to it.
type Option func(*options) error

type options struct {
	p        uintptr
	progress func(done, total uint64) bool
	log      func(level Level, text string)
	calls    *raw.Callbacks
	open     atomic.Bool
}

func (o *options) check(status int) error {
	return fail(status, func() string { return raw.Options_error(o.p) })
}

// WithText sets an option that takes a text, as in WithText(krait.OptionDevice, "cpu"). An option that
// the library does not know is ErrUnsupported when the model is opened.
func WithText(option TextOption, value string) Option {
	return func(o *options) error {
		if err := withoutZero("the option", value); err != nil {
			return err
		}
		return o.check(raw.Options_set_text(o.p, int(option), value))
	}
}

// WithInt sets an option that takes a number, as in WithInt(krait.OptionThreads, 2).
func WithInt(option IntOption, value int64) Option {
	return func(o *options) error { return o.check(raw.Options_set_int(o.p, int(option), value)) }
}

// WithProgress has f called while the model opens and while it reads a long prompt, with what is done
// of the whole in bytes or tokens. False stops the call. Several goroutines may call f at once.
func WithProgress(f func(done, total uint64) bool) Option {
	return func(o *options) error { o.progress = f; return nil }
}

// WithLog has f called with each line of the log. Several goroutines may call f at once.
func WithLog(f func(level Level, text string)) Option {
	return func(o *options) error { o.log = f; return nil }
}

// collect makes the options of C. The caller frees o.p.
func collect(ctx context.Context, list []Option) (*options, error) {
	o := &options{}
	if status := raw.Options_new(&o.p); status != int(OK) {
		return nil, fail(status, nil)
	}
	for _, set := range list {
		if err := set(o); err != nil {
			raw.Options_free(o.p)
			return nil, err
		}
	}
	if ctx.Done() != nil {
		o.watch(ctx)
	}
	if o.progress != nil || o.log != nil {
		o.calls = raw.NewCallbacks(o.p, o.progress, o.line())
	}
	return o, nil
}

// line is what C calls with a line of the log, if anything.
func (o *options) line() func(level int, text string) {
	if o.log == nil {
		return nil
	}
	return func(level int, text string) { o.log(Level(level), text) }
}

// watch stops the opening, and nothing after it, when the context is done.
func (o *options) watch(ctx context.Context) {
	f := o.progress
	o.progress = func(done, total uint64) bool {
		return (o.open.Load() || ctx.Err() == nil) && (f == nil || f(done, total))
	}
}

func (o *options) opened() { o.open.Store(true) }

// Device is one that models can be opened on.
type Device struct {
	Name       string // for OptionDevice: "cpu", "cuda:0"
	About      string // what it is, or why it cannot be used
	Memory     uint64 // bytes; 0 when unknown
	MemoryFree uint64
}

// Devices lists the devices, as it is now. The CPU is the first.
func Devices() ([]Device, error) {
	var p uintptr
	if status := raw.Devices_open(&p); status != int(OK) {
		return nil, fail(status, nil)
	}
	defer raw.Devices_free(p)
	list := make([]Device, raw.Devices_count(p))
	for i := range list {
		n := uint(i)
		list[i] = Device{raw.Devices_name(p, n), raw.Devices_about(p, n), raw.Devices_memory(p, n), raw.Devices_memory_free(p, n)}
	}
	return list, nil
}

// InstalledModel is one that has a name.
type InstalledModel struct {
	Name  string // as Open takes it: "demo", "org/name"
	Path  string
	About string // where it is from, and what it lacks
	Size  uint64 // bytes
	Whole bool   // all weights are there
}

// Installed lists the installed models, as they are now, by name.
func Installed() ([]InstalledModel, error) {
	var p uintptr
	if status := raw.Installed_open(&p); status != int(OK) {
		return nil, fail(status, nil)
	}
	defer raw.Installed_free(p)
	list := make([]InstalledModel, raw.Installed_count(p))
	for i := range list {
		n := uint(i)
		list[i] = InstalledModel{raw.Installed_name(p, n), raw.Installed_path(p, n), raw.Installed_about(p, n),
			raw.Installed_size(p, n), raw.Installed_whole(p, n) != 0}
	}
	return list, nil
}
