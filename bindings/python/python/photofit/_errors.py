"""Why a photo could not be prepared: one exception for each kind of error.

All are an :class:`Error`, and ``kind`` is the same stable name that the reports of the command line use. What an error
is about is in its attributes.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = [
    "BadAddressError",
    "BrokenPromiseError",
    "CancelledError",
    "DamagedError",
    "DecodeError",
    "DeniedError",
    "DoesNotFitError",
    "EmptyError",
    "EncodeError",
    "Error",
    "ExistsError",
    "InvalidOptionError",
    "LossDeniedError",
    "MalformedError",
    "NoOutputFormatError",
    "NotFoundError",
    "OutOfMemoryError",
    "PanickedError",
    "ReadOnlyError",
    "SetupError",
    "StoreError",
    "TimedOutError",
    "TooLargeError",
    "TooManyPixelsError",
    "TooMuchMemoryError",
    "UnavailableError",
    "UnknownFormatError",
    "UnsupportedError",
]


class Error(Exception):
    """Why a photo could not be prepared.

    >>> import photofit
    >>> try:
    ...     photofit.prepare(b"<html>404</html>")
    ... except photofit.Error as error:
    ...     print(error.kind)
    unknown-format
    """

    kind: str = "error"
    """A stable name for programs, in kebab case."""


class InvalidOptionError(Error, ValueError):
    """An option has a value that is not possible. The message says what is."""

    kind = "invalid-option"
    option: str
    """The name of the option."""
    value: str
    """What was given."""
    accepted: str
    """What would have been accepted."""


class EmptyError(Error):
    """The file has no bytes: copy or download it again."""

    kind = "empty"


class UnknownFormatError(Error):
    """The file starts like no known format: an error page of a website and a text file are frequent."""

    kind = "unknown-format"
    start: str
    """The first bytes, as text where they are text, otherwise in hexadecimal."""
    accepted: list[str]
    """The formats that can be read."""


class UnsupportedError(Error):
    """The file is of a kind that photofit recognises and does not read: convert it with the program that made it."""

    kind = "unsupported"
    what: str
    """The format, or the variant of a format."""
    accepted: list[str]
    """The formats that can be read."""


class MalformedError(Error):
    """The header contradicts itself or the format: copy or download the file again."""

    kind = "malformed"
    format: str
    """The format that the file claims to be."""
    what: str
    """What is wrong."""


class DamagedError(Error):
    """The pixels could be read only in part. Copy or download the file again, or take what there is with
    ``on_damage="keep"``."""

    kind = "damaged"
    format: str
    """The format of the file."""
    readable: float
    """The readable fraction, 0 to 1."""


class DecodeError(Error):
    """The decoder gave up: copy or download the file again; if other programs open it, please report it."""

    kind = "decode"
    format: str
    """The format of the file."""


class EncodeError(Error):
    """The encoder gave up: nothing is wrong with the photo, please report it with the options."""

    kind = "encode"
    format: str
    """The format that was to be written."""


class TooManyPixelsError(Error):
    """The source claims more pixels than ``max_source_pixels``. If it is known to be that large, raise the limit."""

    kind = "too-many-pixels"
    width: int
    """Claimed width in pixels."""
    height: int
    """Claimed height in pixels."""
    limit: int
    """The limit, in pixels."""


class TooMuchMemoryError(Error):
    """The source would take more memory than ``max_memory``, or its file alone has more bytes than that."""

    kind = "too-much-memory"
    needed: int
    """The estimate, in bytes."""
    limit: int
    """The limit, in bytes."""


class OutOfMemoryError(Error, MemoryError):
    """The machine has no memory left: try again later, with fewer photos at a time."""

    kind = "out-of-memory"
    bytes: int
    """What was asked for, in bytes."""


class DoesNotFitError(Error):
    """No attempt came within the byte limit: raise it above ``smallest``, or have less to carry with
    ``format="jpeg"`` and ``metadata="strip"``."""

    kind = "does-not-fit"
    limit: int
    """The byte limit."""
    smallest: int
    """The smallest attempt, in bytes."""
    encodes: int
    """How many attempts were made."""


class NoOutputFormatError(Error):
    """The service accepts neither JPEG nor PNG, or not the one that was asked for."""

    kind = "no-output-format"
    accepted: list[str]
    """What the service accepts."""


class LossDeniedError(Error):
    """The result would lack what ``deny_loss`` names."""

    kind = "loss-denied"
    loss: dict[str, Any]
    """The loss, as reports have it."""


class CancelledError(Error):
    """The work was cancelled by its :class:`~photofit.CancelToken`."""

    kind = "cancelled"


class TimedOutError(Error, TimeoutError):
    """The photo took longer than ``timeout``."""

    kind = "timed-out"


class PanickedError(Error):
    """A decoder or encoder panicked, which is a defect: please report it with the photo. All goes on with the next one."""

    kind = "panicked"


class BrokenPromiseError(Error):
    """The result did not keep the promise, which is a defect: please report it with the photo."""

    kind = "broken-promise"
    what: str
    """What the check of the result found."""


class StoreError(Error):
    """An object was not read or written. What may pass was tried again before."""

    kind = "store"


class BadAddressError(StoreError, ValueError):
    """The address is none: its message says what would be."""

    kind = "bad-address"


class NotFoundError(StoreError):
    """There is no such object, or no such bucket: look at the address."""

    kind = "not-found"


class DeniedError(StoreError):
    """The service refuses the caller: check the credentials, and what they allow."""

    kind = "denied"


class ReadOnlyError(StoreError):
    """Web addresses cannot be written: give the address in the storage."""

    kind = "read-only"


class ExistsError(StoreError):
    """There is an object already, and it was not to be written over."""

    kind = "exists"


class TooLargeError(StoreError):
    """The object has more bytes than ``max_memory``: raise it if it is a photo."""

    kind = "too-large"


class UnavailableError(StoreError):
    """The service could not be reached, or failed, after all retries: try again later, and check region and endpoint."""

    kind = "unavailable"


class SetupError(StoreError):
    """A setting of the environment is missing or wrong."""

    kind = "setup"


BY_KIND: dict[str, type[Error]] = {cls.kind: cls for cls in (*Error.__subclasses__(), *StoreError.__subclasses__())}


def make(kind: str, message: str, details: str) -> Error:
    """The exception of this kind. Its attributes are the fields of ``details``, a JSON object.

    A kind that is not known here is an :class:`Error` of that kind.
    """
    error = BY_KIND.get(kind, Error)(message)
    error.kind = kind
    error.__dict__.update(json.loads(details))
    return error
