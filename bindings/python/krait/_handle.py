# SPDX-License-Identifier: Apache-2.0
"""What the classes share: handles, settings, and what arguments become."""
import os

from . import _krait


def path_bytes(path):
    return os.fsencode(path)


def floats(n, rows=None):
    """New numbers, [n] or [rows, n], that numpy.asarray takes as they are."""
    view = memoryview(bytearray(4 * n * (rows or 1)))
    return view.cast("f") if rows is None else view.cast("f", (rows, n))


class Handle:
    """What has a handle: closed by close(), at the end of a `with`, or with its last reference."""
    _handle = None

    def close(self):
        """Lets go of the handle. A call in another thread that is using it ends first."""
        self._handle = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class Setting:
    """An attribute that is a setting: of a sampler by number alone, of a session readable too."""

    def __init__(self, name, kind):
        self.number, self.kind = getattr(_krait, name), kind

    def __get__(self, owner, cls=None):
        return self if owner is None else owner._get(self.number, self.kind)

    def __set__(self, owner, value):
        owner._set(self.number, self.kind, value)


class Settings(Handle):
    temperature = Setting("SAMPLE_TEMPERATURE", float)
    top_k = Setting("SAMPLE_TOP_K", int)
    top_p = Setting("SAMPLE_TOP_P", float)
    min_p = Setting("SAMPLE_MIN_P", float)
    typical_p = Setting("SAMPLE_TYPICAL_P", float)
    repetition_penalty = Setting("SAMPLE_REPETITION_PENALTY", float)
    presence_penalty = Setting("SAMPLE_PRESENCE_PENALTY", float)
    frequency_penalty = Setting("SAMPLE_FREQUENCY_PENALTY", float)
    seed = Setting("SAMPLE_SEED", int)

    def set(self, **settings):
        """Several settings at once: set(temperature=0, seed=7)."""
        for name, value in settings.items():
            if not isinstance(getattr(type(self), name, None), Setting):
                raise TypeError("%s has no setting %r" % (type(self).__name__, name))
            setattr(self, name, value)


def flags(parse_special, add_special):
    return (parse_special and _krait.PARSE_SPECIAL) | (add_special and _krait.ADD_SPECIAL)
