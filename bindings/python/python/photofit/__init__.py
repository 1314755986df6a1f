"""Makes any photo fit the limits of an upload service.

One call takes the bytes of a photo and gives back bytes that conform: of an accepted format, within the service's pixels
and bytes, and upright. What conforms already comes back byte for byte; what cannot be made to conform is an exception that
says why, never a best effort.

>>> from pathlib import Path
>>> import photofit
>>> photo = Path("testdata/photos/dunes.jpg").read_bytes()
>>> prepared = photofit.prepare(photo, limits="bigin")
>>> len(prepared.bytes) <= 10_000_000
True
"""

from ._errors import (
    BadAddressError,
    BrokenPromiseError,
    CancelledError,
    DamagedError,
    DecodeError,
    DeniedError,
    DoesNotFitError,
    EmptyError,
    EncodeError,
    Error,
    ExistsError,
    InvalidOptionError,
    LossDeniedError,
    MalformedError,
    NoOutputFormatError,
    NotFoundError,
    OutOfMemoryError,
    PanickedError,
    ReadOnlyError,
    SetupError,
    StoreError,
    TimedOutError,
    TooLargeError,
    TooManyPixelsError,
    TooMuchMemoryError,
    UnavailableError,
    UnknownFormatError,
    UnsupportedError,
)
from ._options import OptionFields, Options, presets
from ._photofit import __version__
from ._prepare import CancelToken, Preparer, estimate_memory, prepare, prepare_file, probe
from ._types import Data, ImageInfo, JpegInfo, Limits, Loss, Outcome, Prepared, Preset, Report, Source
from ._uri import Written, prepare_uri

__all__ = [
    "BadAddressError",
    "BrokenPromiseError",
    "CancelToken",
    "CancelledError",
    "DamagedError",
    "Data",
    "DecodeError",
    "DeniedError",
    "DoesNotFitError",
    "EmptyError",
    "EncodeError",
    "Error",
    "ExistsError",
    "ImageInfo",
    "InvalidOptionError",
    "JpegInfo",
    "Limits",
    "Loss",
    "LossDeniedError",
    "MalformedError",
    "NoOutputFormatError",
    "NotFoundError",
    "OptionFields",
    "Options",
    "OutOfMemoryError",
    "Outcome",
    "PanickedError",
    "Prepared",
    "Preparer",
    "Preset",
    "ReadOnlyError",
    "Report",
    "SetupError",
    "Source",
    "StoreError",
    "TimedOutError",
    "TooLargeError",
    "TooManyPixelsError",
    "TooMuchMemoryError",
    "UnavailableError",
    "UnknownFormatError",
    "UnsupportedError",
    "Written",
    "__version__",
    "estimate_memory",
    "prepare",
    "prepare_file",
    "prepare_uri",
    "presets",
    "probe",
]

# They are this package's, wherever they are written down: so tracebacks and pickles name them.
for _name in __all__:
    if isinstance(globals()[_name], type) and globals()[_name].__module__.startswith("photofit._"):
        globals()[_name].__module__ = __name__
del _name
