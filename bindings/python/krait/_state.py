# SPDX-License-Identifier: Apache-2.0
"""States of sessions."""
from . import _krait
from ._handle import Shared, path_bytes, read


class State(Shared):
    """A snapshot: all that decides what a session does next. bytes(state) is its written form."""
    __slots__ = ()

    @classmethod
    def _of(cls, handle):
        state = object.__new__(cls)
        state._handle = handle
        return state

    def _about(self):
        return "at position %d, %d bytes" % (self.position, self.size)

    position = read(_krait.state_position, "Tokens and embeddings that the session had read.")
    size = read(_krait.state_size, "Bytes of its written form.")
    note = property(lambda self: _krait.state_note(self._handle, 4096), doc="What Session.set_note() gave it.")

    def save(self, path):
        """Writes a file: afterwards it is the old one or the new one."""
        _krait.state_save(self._handle, path_bytes(path))

    def write(self, out):
        """Writes `size` bytes into a writable buffer."""
        _krait.state_write(self._handle, out)

    def __bytes__(self):
        out = bytearray(self.size)
        self.write(out)
        return bytes(out)
