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
from . import _krait
from ._batch import Batch
from ._errors import (
    ArgumentError, BusyError, Cancelled, DeviceError, Error, FileError, ForkedError, FormatError,
    LostError, MismatchError, NotFoundError, OutOfMemoryError, SpaceError, UnsupportedError,
)
from ._library import Device, Installed, bounds, constant, devices, installed, status_name, version
from ._model import Model
from ._sampler import Sampler
from ._session import Session
from ._state import State
from ._text import Chat, Decoder, Tokenizer

# Where a class lies is nobody's business: it is krait.Session.
for _thing in list(globals().values()):
    if getattr(_thing, "__module__", "").startswith(__name__ + "."):
        _thing.__module__ = __name__

# Every constant of krait.h, without its prefix: krait.END, krait.SAMPLE_TOP_P.
globals().update({name: value for name, value in vars(_krait).items() if name.isupper()})

__version__ = version()
