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
