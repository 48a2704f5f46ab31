// SPDX-License-Identifier: Apache-2.0

package krait

import "krait/internal/raw"

// State is an immutable snapshot of a session: all that decides the next token.
type State struct{ h *handle }

// LoadState reads a state that Save wrote.
func (m *Model) LoadState(path string) (*State, error) {
	if err := withoutZero("the path", path); err != nil {
		return nil, err
	}
	return m.state(func(out *uintptr, p uintptr) int { return raw.State_load(out, p, path) })
}

// ReadState reads a state that Bytes wrote.
func (m *Model) ReadState(data []byte) (*State, error) {
	return m.state(func(out *uintptr, p uintptr) int { return raw.State_read(out, p, data) })
}

func (m *Model) state(f func(out *uintptr, p uintptr) int) (*State, error) {
	h, err := m.make("state", f, raw.State_free, raw.State_error)
	if err != nil {
		return nil, err
	}
	return &State{h}, nil
}

// Close frees the state.
func (s *State) Close() error { return s.h.close() }

// Save writes a file: afterwards path holds the old file or the new one, whole.
func (s *State) Save(path string) error {
	if err := withoutZero("the path", path); err != nil {
		return err
	}
	return s.h.call(func(p uintptr) int { return raw.State_save(p, path) })
}

// Bytes is what Save would write.
func (s *State) Bytes() (data []byte, err error) {
	err = s.h.call(func(p uintptr) int {
		data = make([]byte, raw.State_size(p))
		return raw.State_write(p, data)
	})
	return data, err
}

// Size is the number of bytes that Save writes.
func (s *State) Size() (n int) {
	s.h.look(func(p uintptr) { n = int(raw.State_size(p)) })
	return n
}

// Note is the caller's own, as SetNote set it.
func (s *State) Note() (data []byte, err error) {
	err = s.h.call(func(p uintptr) (status int) {
		data, status = sized(0, func(out []byte, need *uint) int { return raw.State_note(p, out, need) })
		return status
	})
	return data, err
}

// Position is where the session was.
func (s *State) Position() (n uint64) {
	s.h.look(func(p uintptr) { n = raw.State_position(p) })
	return n
}
