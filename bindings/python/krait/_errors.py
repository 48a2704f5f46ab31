# SPDX-License-Identifier: Apache-2.0
"""The exceptions, one for each status that a call can fail with."""
import re
import threading

from . import _krait


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


# The library names options and settings as C has them; here they are arguments and attributes.
_names = re.compile(r"KRAIT_(?:OPTION_|SAMPLE_|BATCH_)?(%s)\b" % "|".join(sorted(
    {re.sub("^(OPTION|SAMPLE|BATCH)_", "", name) for name in dir(_krait)
     if re.match("OPTION_|SAMPLE_|BATCH_|MAX_NEW_TOKENS|KEEP_POSITIONS|REWIND_TOKENS", name)}, key=len, reverse=True)))


def error_of(status, text):
    text = _names.sub(lambda found: found[1].lower(), text)
    if status == _krait.CANCELLED:
        return Cancelled(text)
    return _errors[status](text) if status in _errors else Error(text, status)


_krait.set_error(error_of)
_krait.set_main(threading.main_thread().ident)
