# SPDX-License-Identifier: Apache-2.0
"""Batches of sessions."""
from . import _krait
from ._errors import BusyError
from ._handle import Handle, as_kind, floats

_A_FEW = 64     # tokens that are read soon enough for Ctrl-C to wait


class Batch(Handle):
    """Several sessions of a model, advanced in one pass over the weights."""
    __slots__ = ("_entries", "_ran", "_vocab_size")

    def __init__(self, model, **settings):
        self._handle, self._vocab_size = _krait.batch_new(model._handle), model.vocab_size
        self._entries, self._ran = [], False
        self.set(**settings)

    def _about(self):
        return "of %d session%s" % (len(self), "" if len(self) == 1 else "s")

    def set(self, **settings):
        """prompt_tokens: the most that are read in one run, 0 for no bound; what is left goes on in the next.
        keep_logits: a run keeps the logits of all entries."""
        for name in settings:
            if not hasattr(_krait, "BATCH_" + name.upper()):
                raise TypeError("Batch has no setting %r" % name)
        for name, value in settings.items():
            _krait.batch_set_int(self._handle, getattr(_krait, "BATCH_" + name.upper()), as_kind(name, int, value))

    def add(self, session, tokens=()):
        """Adds a session: it reads `tokens`, or without any samples one."""
        tokens = tokens if hasattr(tokens, "__len__") else list(tokens)
        self._add(session, len(tokens), None, lambda: _krait.batch_add(self._handle, session._handle, tokens))

    def add_score(self, session, tokens, out=None):
        """Adds a session that reads tokens. Returns an array, `out` or a new one, into which the run writes ln p of
        each, as Session.score() does."""
        tokens = tokens if hasattr(tokens, "__len__") else list(tokens)
        out = floats(len(tokens)) if out is None else out
        # The view keeps the array, and its place in memory, until the run.
        self._add(session, len(tokens), memoryview(out),
                  lambda: _krait.batch_add_score(self._handle, session._handle, tokens, out))
        return out

    def _add(self, session, n_tokens, out, add):
        left = [entry for i, entry in enumerate(self._entries) if self.left(i)] if self._ran else []
        add()
        if self._ran:
            self._entries, self._ran = left, False
        self._entries.append((session._handle, n_tokens, out))

    def run(self):
        """Advances all of them; for each, (status, token): token is -1 where none was sampled."""
        held = []
        try:
            for handle, _, _ in self._entries:
                if not _krait.hold(handle, True):
                    raise BusyError("session %d of the batch is in use by another thread" % len(held))
                held.append(handle)
            if sum(n_tokens for _, n_tokens, _ in self._entries) > _A_FEW:
                _krait.batch_run_long(self._handle, held)
            else:
                _krait.batch_run(self._handle)
        finally:
            for handle in held:
                _krait.hold(handle, False)
        self._ran = True
        return [self[i] for i in range(len(self))]

    def left(self, index):
        """How many tokens of an entry the last run left to the next."""
        return _krait.batch_left(self._handle, index)

    def logits(self, index, out=None):
        """The logits of an entry behind what it read [vocab_size], written into `out` or into a new array."""
        if out is None:
            out = floats(self._vocab_size)
        _krait.batch_logits(self._handle, index, out)
        return out

    def clear(self):
        """Drops all entries."""
        _krait.batch_clear(self._handle)
        self._entries, self._ran = [], False

    def __len__(self):
        return _krait.batch_size(self._handle)

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError("entry %d of a batch of %d" % (index, len(self)))
        return _krait.batch_status(self._handle, index), _krait.batch_token(self._handle, index)
