# SPDX-License-Identifier: Apache-2.0
"""Run Mamba language models.

    import krait

    with krait.Model("demo") as model, model.session(temperature=0.7, seed=5) as session:
        session.feed("Once upon a time")
        for piece in session.generate(200):
            print(piece, end="", flush=True)

A call that fails raises krait.Error, or the class of it that is named after the status; one that
was stopped raises krait.Cancelled. Arrays are anything with the buffer protocol (numpy, array,
memoryview): int32 for tokens, float32 for the rest; they are read and written in place. Calls
release the GIL. A session belongs to one thread at a time: another one that uses it meanwhile gets
BusyError, except for cancel().
"""
import array as _array
import json as _json
import os as _os
from typing import NamedTuple as _NamedTuple

from . import _krait

# Every constant of krait.h, without its prefix: krait.END, krait.SAMPLE_TOP_P.
globals().update({name: value for name, value in vars(_krait).items() if name.isupper()})

__version__ = _krait.version()


# ---- errors --------------------------------------------------------------------------

class Error(Exception):
    """What a call of the library failed with. `status` is the number, `str()` the text."""
    status: int

    def __init__(self, text, status=None):
        super().__init__(text)
        if status is not None:
            self.status = status

    @property
    def status_name(self):
        return _krait.status_name(self.status)


class Cancelled(Exception):
    """The call was stopped by cancel() or a callback; what was done is kept."""
    status = _krait.CANCELLED


class ArgumentError(Error, ValueError):
    status = _krait.ERROR_ARGUMENT


class OutOfMemoryError(Error, MemoryError):
    status = _krait.ERROR_MEMORY


class FileError(Error, OSError):
    status = _krait.ERROR_IO


class FormatError(Error, ValueError):
    status = _krait.ERROR_FORMAT


class UnsupportedError(Error, NotImplementedError):
    status = _krait.ERROR_UNSUPPORTED


class MismatchError(Error, ValueError):
    status = _krait.ERROR_MISMATCH


class DeviceError(Error):
    status = _krait.ERROR_DEVICE


class BusyError(Error):
    status = _krait.ERROR_BUSY


class SpaceError(Error, ValueError):
    status = _krait.ERROR_SPACE


class LostError(Error):
    status = _krait.ERROR_LOST


class ForkedError(Error):
    status = _krait.ERROR_FORKED


class NotFoundError(Error, FileNotFoundError):
    status = _krait.ERROR_NOT_FOUND


_errors = {kind.status: kind for kind in Error.__subclasses__()}


def _error(status, text):
    if status == _krait.CANCELLED:
        return Cancelled(text)
    return _errors[status](text) if status in _errors else Error(text, status)


_krait.set_error(_error)


# ---- the library ---------------------------------------------------------------------

def version():
    """The version of the library that is running."""
    return _krait.version()


def constant(name):
    """The value of a constant of krait.h by its full name, "KRAIT_END"."""
    return _krait.constant(name)


def status_name(status):
    """The name of a status, "KRAIT_ERROR_IO"."""
    return _krait.status_name(status)


class Device(_NamedTuple):
    """A device. Sizes are in bytes, 0 when unknown."""
    name: str
    about: str
    memory: int
    memory_free: int


def devices():
    """The devices, as they are now; the CPU is the first."""
    handle = _krait.devices_open()
    return [Device(*(ask(handle, i) for ask in (_krait.devices_name, _krait.devices_about,
        _krait.devices_memory, _krait.devices_memory_free))) for i in range(_krait.devices_count(handle))]


def _path(path):
    return _os.fsencode(path)


def _floats(n, rows=None):
    """New numbers, [n] or [rows, n], that numpy.asarray takes as they are."""
    view = memoryview(bytearray(4 * n * (rows or 1)))
    return view.cast("f") if rows is None else view.cast("f", (rows, n))


class _Handle:
    """What has a handle: closed by close(), at the end of a `with`, or with its last reference."""
    _handle = None

    def close(self):
        """Lets go of the handle. A call in another thread that is using it ends first."""
        self._handle = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class _Setting:
    """An attribute that is a setting: of a sampler by number alone, of a session readable too."""

    def __init__(self, name, kind):
        self.number, self.kind = getattr(_krait, name), kind

    def __get__(self, owner, cls=None):
        return self if owner is None else owner._get(self.number, self.kind)

    def __set__(self, owner, value):
        owner._set(self.number, self.kind, value)


class _Settings(_Handle):
    temperature = _Setting("SAMPLE_TEMPERATURE", float)
    top_k = _Setting("SAMPLE_TOP_K", int)
    top_p = _Setting("SAMPLE_TOP_P", float)
    min_p = _Setting("SAMPLE_MIN_P", float)
    typical_p = _Setting("SAMPLE_TYPICAL_P", float)
    repetition_penalty = _Setting("SAMPLE_REPETITION_PENALTY", float)
    presence_penalty = _Setting("SAMPLE_PRESENCE_PENALTY", float)
    frequency_penalty = _Setting("SAMPLE_FREQUENCY_PENALTY", float)
    seed = _Setting("SAMPLE_SEED", int)

    def set(self, **settings):
        """Several settings at once: set(temperature=0, seed=7)."""
        for name, value in settings.items():
            if not isinstance(getattr(type(self), name, None), _Setting):
                raise TypeError("%s has no setting %r" % (type(self).__name__, name))
            setattr(self, name, value)


# ---- models --------------------------------------------------------------------------

class Model(_Handle):
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
                _krait.options_set_text(handle, number, _path(value))
        _krait.options_set_progress(handle, progress)
        _krait.options_set_log(handle, log)
        self._callbacks = progress, log
        self._handle = _krait.model_open(_path(path), handle)

    family = property(lambda self: _krait.model_family(self._handle))
    device = property(lambda self: _krait.model_device(self._handle))
    note = property(lambda self: _krait.model_note(self._handle))
    fingerprint = property(lambda self: _krait.model_fingerprint(self._handle))
    vocab_size = property(lambda self: _krait.model_vocab_size(self._handle))
    width = property(lambda self: _krait.model_width(self._handle))
    n_layers = property(lambda self: _krait.model_n_layers(self._handle))
    n_parameters = property(lambda self: _krait.model_n_parameters(self._handle))
    state_size = property(lambda self: _krait.model_state_size(self._handle))
    info = property(lambda self: _json.loads(_krait.model_info(self._handle)))

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
        return State._of(_krait.state_load(self._handle, _path(path)))

    def read(self, data):
        """The state in bytes that State.write() or bytes(state) made."""
        return State._of(_krait.state_read(self._handle, data))


# ---- sessions ------------------------------------------------------------------------

class Session(_Settings):
    """One conversation. Iterating over it gives tokens; generate() gives text."""
    max_new_tokens = _Setting("MAX_NEW_TOKENS", int)
    keep_positions = _Setting("KEEP_POSITIONS", int)
    rewind_tokens = _Setting("REWIND_TOKENS", int)

    def __init__(self, model, **settings):
        self._begin(model, _krait.session_new(model._handle))
        self.set(**settings)

    def _begin(self, model, handle):
        self._handle, self._callbacks = handle, model._callbacks
        self._vocab_size, self._width = _krait.model_vocab_size(model._handle), _krait.model_width(model._handle)

    def _get(self, number, kind):
        return (_krait.session_get_float if kind is float else _krait.session_get_int)(self._handle, number)

    def _set(self, number, kind, value):
        (_krait.session_set_float if kind is float else _krait.session_set_int)(self._handle, number, value)

    def feed(self, what, *, parse_special=False, add_special=None):
        """Reads text (str, or bytes of UTF-8) or tokens. add_special None: at position 0 only."""
        if not isinstance(what, (str, bytes)):
            return _krait.session_feed(self._handle, what)
        if add_special is None:
            add_special = self.position == 0
        _krait.session_feed_utf8(self._handle, what, _flags(parse_special, add_special))

    def feed_embeddings(self, embeddings):
        """Reads float32 vectors [n, width] in place of tokens."""
        _krait.session_feed_embeddings(self._handle, embeddings)

    def logits(self, out=None):
        """Logits of the last position [vocab_size], or with keep_positions set, of those that were kept
        [kept, vocab_size]: written into `out`, a float32 array, or into a new memoryview. Returns it."""
        return self._rows(_krait.session_logits, self._vocab_size, out)

    def hidden(self, out=None):
        """The final norm's output, likewise: [width] or [kept, width]."""
        return self._rows(_krait.session_hidden, self._width, out)

    def _rows(self, ask, n, out):
        if out is None:
            out = _floats(n, self._kept() if self.keep_positions else None)
        ask(self._handle, out)
        return out

    def _kept(self):
        """Of how many positions there are vectors: the least room that the library finds enough."""
        least, most = 1, max(1, min(self.keep_positions, self.position))
        room = _floats(self._width * most)
        while least < most:
            middle = (least + most) // 2
            try:
                _krait.session_hidden(self._handle, room[:middle * self._width])
                most = middle
            except SpaceError:
                least = middle + 1
        return least

    def score(self, tokens, out=None):
        """Feeds tokens; ln p of each, after all before it (NaN for the first of all)."""
        if isinstance(tokens, (str, bytes)):
            raise TypeError("score takes tokens: encode the text first")
        if out is None:
            tokens = memoryview(tokens) if isinstance(tokens, _array.array) else list(tokens)
            out = _floats(len(tokens))
        _krait.session_score(self._handle, tokens, out)
        return out

    def next(self):
        """Samples and feeds one token; None at an end, whose kind end_reason says. `piece` has the text."""
        status, token = _krait.session_next(self._handle)
        if status == _krait.CANCELLED:
            raise Cancelled("cancelled")
        return token if status == _krait.OK else None

    def __iter__(self):
        while (token := self.next()) is not None:
            yield token

    def generate(self, max_tokens=None):
        """The text that follows, in pieces of whole characters."""
        while max_tokens is None or max_tokens > 0:
            token = self.next()
            if piece := self.piece:
                yield piece
            if token is None:
                break
            max_tokens = None if max_tokens is None else max_tokens - 1

    def tokens(self, n):
        """Up to n tokens in one call; `piece` has all of their text."""
        status, tokens = _krait.session_generate(self._handle, n)
        if status == _krait.CANCELLED:
            raise Cancelled("cancelled after %d tokens" % len(tokens))
        return tokens

    @property
    def piece(self):
        """The text that the last token, or tokens(), completed."""
        return self.piece_bytes.decode("utf-8", "replace")

    piece_bytes = property(lambda self: _krait.session_piece(self._handle))
    position = property(lambda self: _krait.session_position(self._handle))
    end_reason = property(lambda self: _krait.session_end_reason(self._handle))

    def cancel(self):
        """Stops the current call, or else the next. From any thread."""
        _krait.session_cancel(self._handle)

    def reset(self):
        _krait.session_reset(self._handle)

    def rewind(self, n_tokens):
        """Back by n_tokens, to the very bits that were there."""
        _krait.session_rewind(self._handle, n_tokens)

    def fork(self):
        """A second session that goes on from here."""
        fork = object.__new__(Session)
        fork._handle, fork._callbacks = _krait.session_fork(self._handle), self._callbacks
        fork._vocab_size, fork._width = self._vocab_size, self._width
        return fork

    def snapshot(self):
        """The State of now."""
        return State._of(_krait.session_snapshot(self._handle))

    def restore(self, state):
        _krait.session_restore(self._handle, state._handle)

    def set_bias(self, token, bias):
        _krait.session_set_bias(self._handle, token, bias)

    def set_sampler(self, sampler):
        """Copies all settings of a Sampler."""
        _krait.session_set_sampler(self._handle, sampler._handle)

    def add_stop(self, stop):
        """Generation ends at this token, or before this text."""
        if isinstance(stop, (str, bytes)):
            _krait.session_add_stop_text(self._handle, stop)
        else:
            _krait.session_add_stop(self._handle, stop)

    def clear_stops(self):
        """Forgets all stops, the model's own too."""
        _krait.session_clear_stops(self._handle)

    def set_note(self, data):
        """Bytes of your own that go into snapshots."""
        _krait.session_set_note(self._handle, data)


class State(_Handle):
    """A snapshot: all that decides what a session does next. bytes(state) is its written form."""

    @classmethod
    def _of(cls, handle):
        state = object.__new__(cls)
        state._handle = handle
        return state

    position = property(lambda self: _krait.state_position(self._handle))
    size = property(lambda self: _krait.state_size(self._handle))
    note = property(lambda self: _krait.state_note(self._handle, 4096))

    def save(self, path):
        """Writes a file: afterwards it is the old one or the new one."""
        _krait.state_save(self._handle, _path(path))

    def write(self, out):
        """Writes `size` bytes into a writable buffer."""
        _krait.state_write(self._handle, out)

    def __bytes__(self):
        out = bytearray(self.size)
        self.write(out)
        return bytes(out)


class Sampler(_Settings):
    """How a token is chosen, by itself: Sampler(temperature=0.8, top_p=0.9)."""

    def __init__(self, **settings):
        self._handle = _krait.sampler_new()
        self.set(**settings)

    def _get(self, number, kind):
        raise AttributeError("a sampler's settings can be set, not read")

    def _set(self, number, kind, value):
        (_krait.sampler_set_float if kind is float else _krait.sampler_set_int)(self._handle, number, value)

    def set_bias(self, token, bias):
        _krait.sampler_set_bias(self._handle, token, bias)

    def probs(self, logits, history=(), out=None):
        """The probabilities that pick() draws from, for a float32 array of logits."""
        if out is None:
            out = _floats(len(memoryview(logits)))
        _krait.sampler_probs(self._handle, logits, history, out)
        return out

    def pick(self, logits, history=(), draw=0):
        """A token; the same for the same draw."""
        return _krait.sampler_pick(self._handle, logits, history, draw)


class Batch(_Handle):
    """Several sessions of a model, advanced in one pass over the weights."""

    def __init__(self, model):
        self._handle = _krait.batch_new(model._handle)
        self._sessions, self._ran = [], False

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
        _krait.batch_clear(self._handle)
        self._sessions = []

    def __len__(self):
        return _krait.batch_size(self._handle)

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError("entry %d of a batch of %d" % (index, len(self)))
        return _krait.batch_status(self._handle, index), _krait.batch_token(self._handle, index)


# ---- text ----------------------------------------------------------------------------

def _flags(parse_special, add_special):
    return (parse_special and _krait.PARSE_SPECIAL) | (add_special and _krait.ADD_SPECIAL)


class Tokenizer(_Handle):
    """A tokenizer.json, or a folder with one; any number of threads may share it."""

    def __init__(self, path):
        self._handle = _krait.tokenizer_open(_path(path))

    @classmethod
    def _of(cls, handle):
        tokenizer = object.__new__(cls)
        tokenizer._handle = handle
        return tokenizer

    def encode(self, text, *, parse_special=False, add_special=False):
        """The tokens of a text."""
        return _krait.tokenizer_encode(self._handle, text, _flags(parse_special, add_special), len(text) // 2 + 16)

    def decode_bytes(self, tokens, *, skip_special=False):
        return _krait.tokenizer_decode(self._handle, tokens, skip_special and _krait.SKIP_SPECIAL, 4096)

    def decode(self, tokens, *, skip_special=False):
        """The text of tokens."""
        return self.decode_bytes(tokens, skip_special=skip_special).decode("utf-8", "replace")

    def find(self, text):
        """The token whose text this is, or None."""
        token = _krait.tokenizer_find(self._handle, text)
        return None if token < 0 else token

    def __len__(self):
        return _krait.tokenizer_size(self._handle)

    def decoder(self):
        return Decoder(self)


class Decoder(_Handle):
    """Tokens to whole characters, as they come."""

    def __init__(self, tokenizer):
        self._handle = _krait.decoder_new(tokenizer._handle)

    def push(self, token):
        """The text that a token completes."""
        _krait.decoder_push(self._handle, token)
        return _krait.decoder_piece(self._handle).decode("utf-8", "replace")

    def flush(self):
        """The text that is still held back."""
        _krait.decoder_flush(self._handle)
        return _krait.decoder_piece(self._handle).decode("utf-8", "replace")


class Chat(_Handle):
    """Messages, and the model's template that makes them text. Without a model: templates only."""

    def __init__(self, model=None):
        self._handle = _krait.chat_new(model._handle if model else None)

    def set_template(self, jinja):
        """Another template; "zephyr" and "chatml" are built in."""
        _krait.chat_set_template(self._handle, jinja)

    def set(self, name, value):
        """A variable of the template: anything that JSON can say."""
        _krait.chat_set_json(self._handle, name, _json.dumps(value))

    def add(self, role, content):
        """A message; content may be whatever the template takes."""
        if isinstance(content, str):
            _krait.chat_add(self._handle, role, content)
        else:
            self.add_message({"role": role, "content": content})

    def add_message(self, message):
        """One whole message, a dict."""
        _krait.chat_add_json(self._handle, _json.dumps(message))

    def clear(self):
        """Drops the messages."""
        _krait.chat_clear(self._handle)

    def render(self, add_generation_prompt=True):
        """The conversation as text."""
        return _krait.chat_render(self._handle, add_generation_prompt, 4096).decode("utf-8", "replace")

    def encode(self, add_generation_prompt=True):
        """The conversation as tokens."""
        return _krait.chat_encode(self._handle, add_generation_prompt, 1024)

    def feed(self, session):
        """Feeds a session what is new since this chat's last feed, with the generation prompt."""
        _krait.chat_feed(self._handle, session._handle)
