# SPDX-License-Identifier: Apache-2.0
"""Text to tokens, tokens to text, conversations to either."""
import json

from . import _krait
from ._handle import Handle, Shared, flags, path_bytes


class Tokenizer(Shared):
    """A tokenizer.json, or a folder with one; any number of threads may share it."""
    __slots__ = ()

    def __init__(self, path):
        self._handle = _krait.tokenizer_open(path_bytes(path))

    @classmethod
    def _of(cls, handle):
        tokenizer = object.__new__(cls)
        tokenizer._handle = handle
        return tokenizer

    def _about(self):
        return "of %d tokens" % len(self)

    def encode(self, text, *, parse_special=False, add_special=False):
        """The tokens of a text."""
        return _krait.tokenizer_encode(self._handle, text, flags(parse_special, add_special), len(text) // 2 + 16)

    def decode_bytes(self, tokens, *, skip_special=False):
        """The same as bytes: what is no whole character stays as it is."""
        return _krait.tokenizer_decode(self._handle, tokens, skip_special and _krait.SKIP_SPECIAL, 4096)

    def decode(self, tokens, *, skip_special=False):
        """The text of tokens."""
        return self.decode_bytes(tokens, skip_special=skip_special).decode("utf-8", "replace")

    def find(self, text):
        """The token whose text this is, or None."""
        token = _krait.tokenizer_find(self._handle, text)
        return None if token < 0 else token

    def is_special(self, token):
        """Whether a token is a special one, which text alone never becomes."""
        return bool(_krait.tokenizer_is_special(self._handle, token))

    def __len__(self):
        return _krait.tokenizer_size(self._handle)

    def decoder(self):
        """A new Decoder on this tokenizer."""
        return Decoder(self)


class Decoder(Handle):
    """Tokens to whole characters, as they come."""
    __slots__ = ()

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


class Chat(Handle):
    """Messages, and the model's template that makes them text. Without a model: templates only."""
    __slots__ = ("_n_messages",)

    def __init__(self, model=None):
        self._handle, self._n_messages = _krait.chat_new(None if model is None else model._handle), 0

    def _about(self):
        return "of %d message%s" % (self._n_messages, "" if self._n_messages == 1 else "s")

    def set_template(self, jinja):
        """Another template; "zephyr" and "chatml" are built in."""
        _krait.chat_set_template(self._handle, jinja)

    def set(self, name, value):
        """A variable of the template: anything that JSON can say."""
        _krait.chat_set_json(self._handle, name, json.dumps(value))

    def add(self, role, content):
        """A message; content may be whatever the template takes."""
        if isinstance(content, str):
            _krait.chat_add(self._handle, role, content)
            self._n_messages += 1
        else:
            self.add_message({"role": role, "content": content})

    def add_message(self, message):
        """One whole message, a dict."""
        _krait.chat_add_json(self._handle, json.dumps(message))
        self._n_messages += 1

    def clear(self):
        """Drops the messages."""
        _krait.chat_clear(self._handle)
        self._n_messages = 0

    def render(self, add_generation_prompt=True):
        """The conversation as text."""
        return _krait.chat_render(self._handle, add_generation_prompt, 4096).decode("utf-8", "replace")

    def encode(self, add_generation_prompt=True):
        """The conversation as tokens."""
        return _krait.chat_encode(self._handle, add_generation_prompt, 1024)

    def feed(self, session):
        """Makes a session have read the conversation, with the generation prompt: it goes back and reads what is new."""
        _krait.chat_feed(self._handle, session._handle)

    @property
    def reused(self):
        """Tokens that the last feed did not have to read."""
        return _krait.chat_reused(self._handle)

    def pending(self, session):
        """The tokens that a feed would read now."""
        return _krait.chat_pending(self._handle, session._handle, 1024)

    def resume(self, session):
        """Says that a restored session has read the messages so far; MismatchError when it has not."""
        _krait.chat_resume(self._handle, session._handle)
