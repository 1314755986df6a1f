"""Where photos come from and go to: paths and URIs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Unpack
from urllib.parse import unquote, urlsplit

from . import _photofit
from ._prepare import Preparer

if TYPE_CHECKING:
    from ._options import OptionFields, Options
    from ._photofit import CancelToken
    from ._types import Report

__all__ = ["Written", "check", "prepare_uri", "read", "write"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class Written(NamedTuple):
    """A photo that conforms and was written."""

    output_uri: str
    """Where it is."""
    report: Report
    """What was done."""


def check(uri: str) -> str:
    """The path of the file that ``uri`` names: a path itself, or a ``file://`` URI.

    Raises ``ValueError`` for another one.

    >>> from photofit._uri import check
    >>> check("photos/a.jpg"), check("file:///photos/a%20b.jpg")
    ('photos/a.jpg', '/photos/a b.jpg')
    """
    if not _SCHEME.match(uri):
        return uri
    parts = urlsplit(uri)
    if parts.scheme.lower() != "file" or parts.netloc not in ("", "localhost"):
        raise ValueError(f"uri cannot be {uri}: a path or a file:// URI of this machine is expected")
    if parts.query or parts.fragment:
        raise ValueError(f"uri cannot be {uri}: write ? as %3F and # as %23 in a file:// URI")
    return unquote(parts.path)


def read(uri: str, limit: int) -> bytes:
    """What is there, if it has at most ``limit`` bytes."""
    return _photofit.read_file(check(uri), limit)


def write(uri: str, data: bytes) -> None:
    """Writes ``data`` there, complete or not at all."""
    _photofit.write_file(check(uri), data)


def prepare_uri(
    uri: str,
    output_uri: str,
    *,
    options: Options | None = None,
    timeout: float | None = None,
    cancel: CancelToken | None = None,
    **changes: Unpack[OptionFields],
) -> Written:
    """Makes the photo at ``uri`` conform, and writes it to ``output_uri``: complete or not at all.

    Both are paths or ``file://`` URIs. ``{extension}`` in ``output_uri`` becomes the extension of the format that was
    written.

    Raises an :class:`Error`, an ``OSError`` for what cannot be read or written, or ``ValueError`` for another kind of URI.

    >>> import photofit, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = photofit.prepare_uri("testdata/photos/badge.png", f"file://{folder}/badge.{{extension}}")
    >>> written.output_uri.endswith("/badge.png"), written.report["action"]
    (True, 'transcoded')
    """
    check(output_uri)
    preparer = Preparer(options, **changes)
    data = read(uri, preparer.options.max_memory)
    prepared = preparer.prepare(data, timeout=timeout, cancel=cancel)
    extension = _photofit.EXTENSIONS[prepared.report["result"]["format"]]
    output_uri = output_uri.replace("{extension}", extension)
    write(output_uri, prepared.bytes)
    return Written(output_uri, prepared.report)
