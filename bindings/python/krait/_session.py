# SPDX-License-Identifier: Apache-2.0
"""Sessions."""
from . import _krait
from ._errors import Cancelled
from ._handle import Setting, Settings, flags, floats, read, read_float
from ._state import State


class Session(Settings):
    """One conversation. Iterating over it gives tokens; generate() gives text."""
    __slots__ = ("_callbacks", "_vocab_size", "_width")
    max_new_tokens = Setting("MAX_NEW_TOKENS", int, "The most tokens that are made after a feed; 0: no limit.")
    keep_positions = Setting("KEEP_POSITIONS", int, "Of how many last positions of a feed vectors are kept; 0: the last.")
    rewind_tokens = Setting("REWIND_TOKENS", int, "How far back rewind() must reach.")

    def __init__(self, model, **settings):
        self._begin(model, _krait.session_new(model._handle))
        self.set(**settings)

    def _begin(self, model, handle):
        self._handle, self._callbacks = handle, model._callbacks
        self._vocab_size, self._width = _krait.model_vocab_size(model._handle), _krait.model_width(model._handle)

    def _about(self):
        return "at position %d, temperature %g, seed %d" % (self.position, self.temperature, self.seed)

    def __copy__(self):
        return self.fork()

    def _get(self, setting):
        return (_krait.session_get_float if setting.kind is float else _krait.session_get_int)(self._handle, setting.number)

    def _set(self, setting, value):
        (_krait.session_set_float if setting.kind is float else _krait.session_set_int)(self._handle, setting.number, value)

    def feed(self, what, *, parse_special=False, add_special=None):
        """Reads text (str, or bytes of UTF-8) or tokens. add_special None: at position 0 only."""
        if not isinstance(what, (str, bytes)):
            return _krait.session_feed(self._handle, what)
        if add_special is None:
            add_special = self.position == 0
        _krait.session_feed_utf8(self._handle, what, flags(parse_special, add_special))

    def feed_embeddings(self, embeddings):
        """Reads float32 vectors [n, width] in place of tokens."""
        _krait.session_feed_embeddings(self._handle, embeddings)

    def feed_to(self, tokens):
        """Makes the session have read exactly these tokens: goes back as far as it must, reads what is new,
        and returns how many it did not have to read."""
        return _krait.session_feed_to(self._handle, tokens)

    def logits(self, out=None):
        """Logits of the last position [vocab_size], or with keep_positions set, of those that were kept
        [kept, vocab_size]: written into `out`, a float32 array, or into a new one. Returns it."""
        return self._rows(_krait.session_logits, self._vocab_size, out)

    def hidden(self, out=None):
        """The final norm's output, likewise: [width] or [kept, width]."""
        return self._rows(_krait.session_hidden, self._width, out)

    def _rows(self, ask, n, out):
        if out is None:
            out = floats(n, max(1, self.rows) if self.keep_positions else None)
        ask(self._handle, out)
        return out

    rows = read(_krait.session_rows, "How many rows logits() and hidden() have now; 0 while nothing was read.")

    def logprob(self, token):
        """ln p of a token at the last position, from the raw logits."""
        return _krait.session_logprob(self._handle, token)

    def top(self, n=10):
        """The likeliest tokens at the last position, best first: (token, ln p from the raw logits)."""
        return _krait.session_top(self._handle, n)

    def score(self, tokens, out=None):
        """Feeds tokens; ln p of each, after all before it (NaN for the first of all)."""
        if isinstance(tokens, (str, bytes)):
            raise TypeError("score takes tokens: encode the text first")
        if out is None:
            tokens = tokens if hasattr(tokens, "__len__") else list(tokens)
            out = floats(len(tokens))
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

    piece_bytes = read(_krait.session_piece, "The same as bytes of UTF-8.")
    position = read(_krait.session_position, "Tokens and embeddings read so far.")
    end_reason = read(_krait.session_end_reason, "Why the last next(), tokens() or generate() ended: one of the REASON_ numbers.")

    drawn_logprob = read_float(_krait.session_drawn_logprob, "ln p of the token that was sampled last, from the raw logits; "
                               "None when the session has moved since.")
    drawn_chance = read_float(_krait.session_drawn_chance, "The same from the distribution that it was drawn from.")
    state_size = read(_krait.session_state_size, "Bytes of the state as it would be saved now.")

    def flush(self):
        """The text that is held back, for who stops asking before an end."""
        _krait.session_flush(self._handle)
        return self.piece

    def cancel(self):
        """Stops the current call, or else the next that reads or generates. From any thread."""
        _krait.session_cancel(self._handle)

    def cancel_clear(self):
        """Forgets a cancel() that came too late: to be called where a new request begins."""
        _krait.session_cancel_clear(self._handle)

    def reset(self):
        """Back to position 0; settings, stops and note stay."""
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

    def copy_from(self, other):
        """Becomes as another session of this model is; keep_positions and rewind_tokens stay."""
        if other is not self:
            _krait.session_copy(self._handle, other._handle)

    def snapshot(self):
        """The State of now."""
        return State._of(_krait.session_snapshot(self._handle))

    def restore(self, state):
        """Goes where the state was taken: position, settings, seed, stops and note."""
        _krait.session_restore(self._handle, state._handle)

    def reset_settings(self):
        """Settings, biases and stops as a new session has them."""
        _krait.session_reset_settings(self._handle)

    def set_bias(self, token, bias):
        """Adds to a token's logit when sampling; 0 takes it back, -infinity forbids the token."""
        _krait.session_set_bias(self._handle, token, bias)

    def set_sampler(self, sampler):
        """Copies all settings of a Sampler, biases and seed included."""
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
