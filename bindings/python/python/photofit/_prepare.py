"""The work: the same calls as in the Rust library."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Unpack

from . import _photofit
from ._options import Options
from ._photofit import CancelToken
from ._types import Prepared

if TYPE_CHECKING:
    from os import PathLike

    from ._options import OptionFields
    from ._types import Data, ImageInfo

__all__ = ["CancelToken", "Preparer", "estimate_memory", "prepare", "prepare_file", "probe"]


class Preparer:
    """Prepares photos with the same options, one after another, and keeps its scratch memory between them.

    Have one for each thread: the interpreter lock is released while it works. Threads that share one take turns.

    >>> from pathlib import Path
    >>> import photofit
    >>> photo = Path("testdata/orientation/orientation-6.jpg").read_bytes()
    >>> preparer = photofit.Preparer(max_side=20)
    >>> preparer.prepare(photo).report["result"]["width"]
    20
    """

    def __init__(self, options: Options | None = None, **changes: Unpack[OptionFields]) -> None:
        """Works as ``options`` say, with ``changes`` in them."""
        self._options = (options or _DEFAULT).replace(**changes)
        self._native = _photofit.Preparer(self._options._settings)

    @property
    def options(self) -> Options:
        """The options it works with."""
        return self._options

    def prepare(self, data: Data, *, timeout: float | None = None, cancel: CancelToken | None = None) -> Prepared:
        """Makes the photo conform: see :func:`prepare`."""
        made, report = self._native.prepare(data, timeout, cancel)
        return Prepared(made, json.loads(report))

    def prepare_file(
        self,
        path: str | PathLike[str],
        output: str | PathLike[str] | None = None,
        *,
        timeout: float | None = None,
        cancel: CancelToken | None = None,
    ) -> Prepared:
        """Makes the photo in a file conform: see :func:`prepare_file`."""
        made, report = self._native.prepare_file(path, output, timeout, cancel)
        return Prepared(made, json.loads(report))

    def estimate_memory(self, data: Data) -> int:
        """The bytes of memory that preparing the photo takes: see :func:`estimate_memory`."""
        return self._native.estimate_memory(data)

    def clear(self) -> None:
        """Gives the scratch memory back."""
        self._native.clear()

    def __repr__(self) -> str:
        return f"photofit.Preparer({self._options!r})"


_DEFAULT = Options()


def prepare(
    data: Data,
    *,
    options: Options | None = None,
    timeout: float | None = None,
    cancel: CancelToken | None = None,
    **changes: Unpack[OptionFields],
) -> Prepared:
    """Makes the photo conform: what is returned is of an accepted format, within the limits' pixels, sides and bytes, and
    upright. A photo that conforms already comes back byte for byte.

    ``data`` is the contents of an image file: ``bytes``, or any contiguous buffer of unsigned bytes. The memory of a
    ``bytes`` object is read in place, also through a ``memoryview`` or ``numpy.frombuffer``; a buffer whose bytes may
    change, as those of a ``bytearray``, is copied once.

    The options are those of :class:`Options`, given as such, as keyword arguments, or both, where the keyword arguments
    win. ``timeout`` is the longest that it may take, in seconds, and ``cancel`` stops it from another thread.

    Raises an :class:`Error` that says why it cannot be done.

    >>> from pathlib import Path
    >>> import photofit
    >>> photo = Path("testdata/orientation/orientation-6.jpg").read_bytes()
    >>> prepared = photofit.prepare(photo, limits="bigin", metadata="strip")
    >>> len(prepared.bytes) <= 10_000_000
    True
    >>> prepared.report["source"]["orientation"]
    6
    """
    return Preparer(options, **changes).prepare(data, timeout=timeout, cancel=cancel)


def prepare_file(
    path: str | PathLike[str],
    output: str | PathLike[str] | None = None,
    *,
    options: Options | None = None,
    timeout: float | None = None,
    cancel: CancelToken | None = None,
    **changes: Unpack[OptionFields],
) -> Prepared:
    """The same as :func:`prepare` for the photo in the file ``path``. With ``output``, it is written there too: beside its
    place and then renamed, so that nobody ever sees half a photo. What stands there is replaced, and folders are made.

    The format decides about no name: if ``output`` shall end with the right extension, choose ``format`` or look at
    ``report["result"]["format"]``.

    Raises an :class:`Error`, or an ``OSError`` for a file that cannot be read or written.

    >>> import photofit
    >>> photofit.prepare_file("testdata/photos/badge.png").report["result"]["format"]
    'png'
    """
    return Preparer(options, **changes).prepare_file(path, output, timeout=timeout, cancel=cancel)


def probe(data: Data) -> ImageInfo:
    """What the header of a photo says, without a pixel decoded. It takes microseconds.

    >>> from pathlib import Path
    >>> import photofit
    >>> info = photofit.probe(Path("testdata/orientation/orientation-6.jpg").read_bytes())
    >>> info["format"], info["width"], info["height"], info["orientation"]
    ('jpeg', 43, 61, 6)
    """
    info: ImageInfo = json.loads(_photofit.probe(data))
    return info


def estimate_memory(data: Data, *, options: Options | None = None, **changes: Unpack[OptionFields]) -> int:
    """The bytes of memory that preparing this photo takes beside the source's own, its result included, as told from its
    header. It is meant to be what the photo may take, so most take less.

    >>> from pathlib import Path
    >>> import photofit
    >>> photofit.estimate_memory(Path("testdata/photos/dunes.jpg").read_bytes()) < 50_000_000
    True
    """
    return Preparer(options, **changes).estimate_memory(data)
