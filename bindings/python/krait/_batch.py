# SPDX-License-Identifier: Apache-2.0
"""Batches of sessions."""
from . import _krait
from ._errors import BusyError
from ._handle import Handle


class Batch(Handle):
    """Several sessions of a model, advanced in one pass over the weights."""
    __slots__ = ("_sessions", "_ran")

    def __init__(self, model):
        self._handle = _krait.batch_new(model._handle)
        self._sessions, self._ran = [], False

    def _about(self):
        return "of %d sessions" % len(self)

    def add(self, session, tokens=()):
        """Adds a session: it reads `tokens`, or without any samples one."""
        _krait.batch_add(self._handle, session._handle, tokens)
        if self._ran:
            self._sessions, self._ran = [], False
        self._sessions.append(session._handle)

    def run(self):
        """Advances all of them; for each, (status, token): token is -1 where none was sampled."""
        held = []
        try:
            for handle in self._sessions:
                if not _krait.hold(handle, True):
                    raise BusyError("session %d of the batch is in use by another thread" % len(held))
                held.append(handle)
            _krait.batch_run(self._handle)
        finally:
            for handle in held:
                _krait.hold(handle, False)
        self._ran = True
        return [self[i] for i in range(len(self))]

    def clear(self):
        """Drops all entries."""
        _krait.batch_clear(self._handle)
        self._sessions = []

    def __len__(self):
        return _krait.batch_size(self._handle)

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError("entry %d of a batch of %d" % (index, len(self)))
        return _krait.batch_status(self._handle, index), _krait.batch_token(self._handle, index)
