// SPDX-License-Identifier: Apache-2.0

package krait

import (
	"errors"

	"krait/internal/raw"
)

// Error is a call that did not do what it was asked. It wraps its Status; one that a context ended
// also wraps the context's error.
type Error struct {
	Status Status
	Text   string // names the thing, the place and the remedy
	cause  error
}

func (e *Error) Error() string {
	if e.Text == "" {
		return "krait: " + e.Status.Error()
	}
	return "krait: " + e.Text
}

// Unwrap gives the Status, so that errors.Is finds it.
func (e *Error) Unwrap() error { return e.Status }

// Is finds what the context said.
func (e *Error) Is(target error) bool { return e.cause != nil && errors.Is(e.cause, target) }

// Error is the status's name in C, "KRAIT_ERROR_IO".
func (s Status) Error() string { return raw.Status_name(int(s)) }

func closed(what string) error {
	return &Error{Status: ErrArgument, Text: "the " + what + " is closed"}
}

// unwritten are the texts of what leaves the text of an earlier call on the handle.
var unwritten = map[Status]string{
	ErrBusy:   "in use by another thread: try again when that call has ended",
	ErrForked: "opened before fork(): open the model anew in this process",
}

// fail makes an error of a status; text is asked for only when there is one.
func fail(status int, text func() string) error {
	if status == int(OK) {
		return nil
	}
	e := &Error{Status: Status(status)}
	if own, ok := unwritten[e.Status]; ok {
		e.Text = own
	} else if text != nil && status < 0 {
		e.Text = text()
	}
	return e
}
