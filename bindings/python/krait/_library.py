# SPDX-License-Identifier: Apache-2.0
"""What is asked of the library itself."""
from typing import NamedTuple

from . import _krait


def version():
    """The version of the library that is running."""
    return _krait.version()


def constant(name):
    """The value of a constant of krait.h by its full name, "KRAIT_END"."""
    return _krait.constant(name)


def bounds(name):
    """The lowest and the highest value of a setting or option that takes a number: bounds("top_p")."""
    for prefix in ("SAMPLE_", "OPTION_", "BATCH_", ""):
        number = getattr(_krait, prefix + name.upper(), None)
        if number is not None and number >= _krait.OPTION_DEVICE:
            return tuple(_krait.setting_bounds(number))
    raise TypeError("there is no setting or option %r" % name)


def status_name(status):
    """The name of a status, "KRAIT_ERROR_IO"."""
    return _krait.status_name(status)


class Device(NamedTuple):
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


class Installed(NamedTuple):
    """A model that has a name. Its size is in bytes."""
    name: str
    path: str
    about: str
    size: int
    whole: bool


def installed():
    """The installed models, as they are now, by name."""
    handle = _krait.installed_open()
    return [Installed(*(ask(handle, i) for ask in (_krait.installed_name, _krait.installed_path, _krait.installed_about,
        _krait.installed_size)), bool(_krait.installed_whole(handle, i))) for i in range(_krait.installed_count(handle))]
