# SPDX-License-Identifier: Apache-2.0
"""Samplers without a session."""
from . import _krait
from ._handle import Settings, floats


class Sampler(Settings):
    """How a token is chosen, by itself: Sampler(temperature=0.8, top_p=0.9)."""

    __slots__ = ("_given",)

    def __init__(self, **settings):
        self._handle, self._given = _krait.sampler_new(), {}
        self.set(**settings)

    @classmethod
    def _of_model(cls, model):
        sampler = object.__new__(cls)
        sampler._handle, sampler._given = _krait.sampler_of_model(model._handle), {}
        return sampler

    def _about(self):
        return ", ".join("%s %g" % given for given in self._given.items())

    def _get(self, setting):
        if setting.name not in self._given:
            raise AttributeError("%s was not set on this sampler" % setting.name)
        return self._given[setting.name]

    def _set(self, setting, value):
        call = _krait.sampler_set_float if setting.kind is float else _krait.sampler_set_int
        call(self._handle, setting.number, value)
        self._given[setting.name] = value

    def set_bias(self, token, bias):
        """Adds to a token's logit; 0 takes it back, -infinity forbids the token."""
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
