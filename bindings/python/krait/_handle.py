# SPDX-License-Identifier: Apache-2.0
"""What the classes share: handles, settings, and what arguments become."""
import operator
import os

from . import _krait


def path_bytes(path):
    return os.fsencode(path)


def read(call, about):
    """A property that asks the library for one thing."""
    return property(lambda self: call(self._handle), doc=about)


def read_float(call, about):
    """The same for a number that there may not be: None, where C has NaN."""
    def ask(self):
        value = call(self._handle)
        return None if value != value else value
    return property(ask, doc=about)


def floats(n, rows=None):
    """New numbers, [n] or [rows, n]: an array of numpy where it is installed, else a memoryview."""
    shape = (n,) if rows is None else (rows, n)
    try:
        import numpy
    except ImportError:
        return memoryview(bytearray(4 * n * (rows or 1))).cast("f", shape)
    return numpy.zeros(shape, numpy.float32)


class Handle:
    """What has a handle: closed by close(), at the end of a `with`, or with its last reference."""
    __slots__ = ("_handle", "__weakref__")

    def close(self):
        """Lets go of the handle. A call in another thread that is using it ends first."""
        self._handle = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def __repr__(self):
        name = "krait." + type(self).__name__
        if getattr(self, "_handle", None) is None:
            return "<%s, closed>" % name
        try:
            about = self._about()
        except Exception as error:
            about = str(error)
        return "<%s%s>" % (name, about and " " + about)

    def _about(self):
        return ""

    def __copy__(self):
        raise TypeError("a %s cannot be copied" % type(self).__name__)

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __reduce_ex__(self, protocol):
        raise TypeError("a %s cannot be pickled" % type(self).__name__)


class Shared(Handle):
    """What does not change: a copy is the thing itself."""
    __slots__ = ()

    def __copy__(self):
        return self


def in_64_bits(name, value):
    if not -1 << 63 <= value < 1 << 63:
        raise OverflowError("%s: %d needs more than 64 bits" % (name, value))
    return value


def as_kind(name, kind, value):
    """A value as an int or a float, whatever number it is; `name` is what it is for."""
    try:
        if kind is int:
            return in_64_bits(name, operator.index(value))
        if not isinstance(value, (str, bytes)):
            return float(value)
    except (TypeError, ValueError):
        pass
    raise TypeError("%s takes %s, not %r" % (name, "an integer" if kind is int else "a number", value))


class Setting:
    """An attribute that is a setting: of a sampler to be set alone, of a session readable too."""

    def __init__(self, name, kind, about):
        self.number, self.kind, self.__doc__ = getattr(_krait, name), kind, about

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, owner, cls=None):
        return self if owner is None else owner._get(self)

    def __set__(self, owner, value):
        owner._set(self, as_kind(self.name, self.kind, value))


class Settings(Handle):
    __slots__ = ()
    temperature = Setting("SAMPLE_TEMPERATURE", float, "What logits are divided by; 0 takes the likeliest token.")
    top_k = Setting("SAMPLE_TOP_K", int, "Keeps the k likeliest tokens; 0: off.")
    top_p = Setting("SAMPLE_TOP_P", float, "Keeps the likeliest tokens until their probabilities add up to this; 1: off.")
    min_p = Setting("SAMPLE_MIN_P", float, "Keeps tokens at least this times as likely as the likeliest; 0: off.")
    typical_p = Setting("SAMPLE_TYPICAL_P", float, "Keeps the most typical tokens until they add up to this; 1: off.")
    repetition_penalty = Setting("SAMPLE_REPETITION_PENALTY", float, "Makes what was read or said less likely; 1: off.")
    presence_penalty = Setting("SAMPLE_PRESENCE_PENALTY", float, "Taken from the logit of what occurred; 0: off.")
    frequency_penalty = Setting("SAMPLE_FREQUENCY_PENALTY", float, "The same, once for each time it occurred; 0: off.")
    seed = Setting("SAMPLE_SEED", int, "What the draws come from: the same seed, the same text.")

    def set(self, **settings):
        """Several settings at once: set(temperature=0, seed=7)."""
        for name in settings:
            if not isinstance(getattr(type(self), name, None), Setting):
                raise TypeError("%s has no setting %r" % (type(self).__name__, name))
        for name, value in settings.items():
            setattr(self, name, value)


def flags(parse_special, add_special):
    return (parse_special and _krait.PARSE_SPECIAL) | (add_special and _krait.ADD_SPECIAL)
