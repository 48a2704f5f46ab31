# SPDX-License-Identifier: Apache-2.0
"""Models, which make the rest."""
import json

from . import _krait
from ._batch import Batch
from ._handle import Handle, path_bytes
from ._session import Session
from ._state import State
from ._text import Chat, Tokenizer


class Model(Handle):
    """Weights, configuration and tokenizer on one device; any number of threads may share it.

    `path` is a folder, a weight file or the name of an installed model. Options are those of krait.h in
    small letters: device, threads, weights, precision, instructions, tokenizer, map, inspect. `progress`
    is called with (done, total) while the model opens and while a long prompt is read, and cancels by
    returning true or by raising; `log` with (level, text).
    """

    def __init__(self, path="demo", *, progress=None, log=None, **options):
        handle = _krait.options_new()
        for name, value in options.items():
            number = getattr(_krait, "OPTION_" + name.upper(), None)
            if number is None:
                raise TypeError("Model has no option %r" % name)
            if isinstance(value, int):
                _krait.options_set_int(handle, number, value)
            else:
                _krait.options_set_text(handle, number, path_bytes(value))
        _krait.options_set_progress(handle, progress)
        _krait.options_set_log(handle, log)
        self._callbacks = progress, log
        self._handle = _krait.model_open(path_bytes(path), handle)

    family = property(lambda self: _krait.model_family(self._handle))
    device = property(lambda self: _krait.model_device(self._handle))
    note = property(lambda self: _krait.model_note(self._handle))
    fingerprint = property(lambda self: _krait.model_fingerprint(self._handle))
    vocab_size = property(lambda self: _krait.model_vocab_size(self._handle))
    width = property(lambda self: _krait.model_width(self._handle))
    n_layers = property(lambda self: _krait.model_n_layers(self._handle))
    n_parameters = property(lambda self: _krait.model_n_parameters(self._handle))
    state_size = property(lambda self: _krait.model_state_size(self._handle))
    info = property(lambda self: json.loads(_krait.model_info(self._handle)))

    @property
    def tokenizer(self):
        """The model's tokenizer, or None."""
        handle = _krait.model_tokenizer(self._handle)
        return Tokenizer._of(handle) if handle else None

    def memory(self, n_sessions=1):
        """The bytes that the model and so many sessions need."""
        return _krait.model_memory(self._handle, n_sessions)

    def session(self, **settings):
        """A new session; settings as in Session.set()."""
        return Session(self, **settings)

    def chat(self):
        return Chat(self)

    def batch(self):
        return Batch(self)

    def load(self, path):
        """The state in a file."""
        return State._of(_krait.state_load(self._handle, path_bytes(path)))

    def read(self, data):
        """The state in bytes that State.write() or bytes(state) made."""
        return State._of(_krait.state_read(self._handle, data))
