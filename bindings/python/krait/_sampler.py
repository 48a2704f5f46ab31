# SPDX-License-Identifier: Apache-2.0
"""Samplers without a session."""
from . import _krait
from ._handle import Settings, floats


class Sampler(Settings):
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
            out = floats(len(memoryview(logits)))
        _krait.sampler_probs(self._handle, logits, history, out)
        return out

    def pick(self, logits, history=(), draw=0):
        """A token; the same for the same draw."""
        return _krait.sampler_pick(self._handle, logits, history, draw)
