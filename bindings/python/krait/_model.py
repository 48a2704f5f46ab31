# SPDX-License-Identifier: Apache-2.0
"""Models, which make the rest."""
import json
import os
from array import array

from . import _krait
from ._batch import Batch
from ._errors import UnsupportedError
from ._handle import Shared, as_kind, floats, path_bytes, read
from ._sampler import Sampler
from ._session import Session
from ._state import State
from ._text import Chat, Tokenizer


_texts = "device", "weights", "precision", "instructions", "tokenizer"


def _set_option(handle, name, value):
    number = getattr(_krait, "OPTION_" + name.upper(), None)
    if number is None:
        raise TypeError("Model has no option %r" % name)
    if name not in _texts:
        _krait.options_set_int(handle, number, as_kind(name, int, value))
    elif isinstance(value, (str, bytes, os.PathLike)):
        _krait.options_set_text(handle, number, path_bytes(value))
    else:
        raise TypeError("%s takes a text, not %r" % (name, value))


class Model(Shared):
    """Weights, configuration and tokenizer on one device; any number of threads may share it.

    `path` is a folder, a weight file or the name of an installed model. Options are those of krait.h in
    small letters: device, threads, weights, precision, instructions, tokenizer, map, inspect. `progress`
    is called with (done, total) while the model opens and while a long prompt is read, and cancels by
    returning true or by raising; `log` with (level, text).
    """
    __slots__ = ("_callbacks", "_path")

    def __init__(self, path="demo", *, progress=None, log=None, **options):
        handle = _krait.options_new()
        for name, value in options.items():
            _set_option(handle, name, value)
        _krait.options_set_progress(handle, progress)
        _krait.options_set_log(handle, log)
        self._callbacks, self._path = (progress, log), os.fsdecode(path)
        self._handle = _krait.model_open(path_bytes(path), handle)

    def _about(self):
        return "%r: %s, %d parameters, on %s" % (self._path, self.family, self.n_parameters, self.device)

    family = read(_krait.model_family, "The family: \"mamba\" or \"mamba2\".")
    device = read(_krait.model_device, "The device that it is on: \"cpu\", \"cuda:0\".")
    note = read(_krait.model_note, "What is not as asked, and why; \"\" when all is.")
    fingerprint = read(_krait.model_fingerprint, "The same for the same weights in any file format: 32 hex digits.")
    vocab_size = read(_krait.model_vocab_size, "The number of logits; token ids run from 0 to this.")
    width = read(_krait.model_width, "Elements of a hidden vector and of an embedding.")
    n_layers = read(_krait.model_n_layers, "The number of layers.")
    n_parameters = read(_krait.model_n_parameters, "The number of parameters; a tied head counts once.")
    state_size = read(_krait.model_state_size, "Bytes of one saved state of a new session.")
    state_growth = read(_krait.model_state_growth, "Bytes that each token adds to a state; 0: its size is constant.")
    info = property(lambda self: json.loads(_krait.model_info(self._handle)), doc="What `krait info --json` says, as a dict.")

    def state_size_at(self, n_positions):
        """Bytes of one saved state of a session that has read this many positions."""
        return _krait.model_state_size_at(self._handle, n_positions)

    @property
    def tokenizer(self):
        """The model's tokenizer, or None."""
        handle = _krait.model_tokenizer(self._handle)
        return Tokenizer._of(handle) if handle else None

    @property
    def stops(self):
        """The tokens that end an answer, as the model's own files say."""
        return _krait.model_stops(self._handle, _krait.model_stops(self._handle, 0)[0])[1]

    def sampler(self):
        """A Sampler with the model's own generation settings."""
        return Sampler._of_model(self)

    def memory(self, n_sessions=1):
        """The bytes that the model and so many sessions need."""
        return _krait.model_memory(self._handle, n_sessions)

    def session(self, **settings):
        """A new session; settings as in Session.set()."""
        return Session(self, **settings)

    def chat(self):
        """A new chat, without messages."""
        return Chat(self)

    def batch(self, **settings):
        """A new batch for sessions of this model; settings as in Batch.set()."""
        return Batch(self, **settings)

    def embed(self, texts, pooling="last", *, normalise=False, out=None):
        """A vector for each text, [len(texts), width], written into `out` or into a new array: the hidden vector of its
        last token, or of pooling "mean" the mean of those of all. A text is a str, with what the tokenizer puts around
        one, or tokens. `normalise` divides each vector by its length."""
        if isinstance(texts, (str, bytes)):
            raise TypeError("embed takes a list of texts")
        if pooling not in ("last", "mean"):
            raise ValueError("pooling is \"last\" or \"mean\", not %r" % (pooling,))
        tokens, lengths = array("i"), []
        for text in texts:
            before = len(tokens)
            tokens.extend(self._tokens_of(text))
            lengths.append(len(tokens) - before)
        if not lengths:
            return []
        if out is None:
            out = floats(self.width, len(lengths))
        how = _krait.POOL_LAST if pooling == "last" else _krait.POOL_MEAN
        batch = _krait.batch_new(self._handle)
        _krait.batch_embed(batch, tokens, lengths, how | (_krait.POOL_NORMALISE if normalise else 0), out)
        return out

    def _tokens_of(self, text):
        if not isinstance(text, (str, bytes)):
            return text
        if self.tokenizer is None:
            raise UnsupportedError("this model came without a tokenizer: give tokens")
        return self.tokenizer.encode(text, add_special=True)

    def load(self, path):
        """The state in a file."""
        return State._of(_krait.state_load(self._handle, path_bytes(path)))

    def read(self, data):
        """The state in bytes that State.write() or bytes(state) made."""
        return State._of(_krait.state_read(self._handle, data))
