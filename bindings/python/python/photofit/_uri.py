"""Where photos come from and go to: paths and URIs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Unpack

from . import _photofit
from ._photofit import CancelToken
from ._prepare import Preparer

if TYPE_CHECKING:
    from ._options import OptionFields, Options
    from ._types import Report

__all__ = ["Written", "prepare_uri"]

class Written(NamedTuple):
    """A photo that conforms and was written."""

    output_uri: str
    """Where it is."""
    report: Report
    """What was done."""


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

    Both are paths, or URIs: ``s3://bucket/key``, ``gs://bucket/key``, ``az://container/key`` and ``file:///path``, and to
    read from ``http://`` and ``https://`` as well. Credentials and regions come from the usual variables of the environment
    (``AWS_*``, ``GOOGLE_*``, ``AZURE_*``), as they are when the first object is read or written. What may pass is tried
    again. ``timeout`` and ``cancel`` end reading and preparing; what is being written is written.

    ``{extension}`` in ``output_uri`` becomes the extension of the format that was written.

    Raises an :class:`Error`, which for what cannot be read or written is a :class:`StoreError`, or for files an
    ``OSError``.

    >>> import photofit, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = photofit.prepare_uri("testdata/photos/badge.png", f"file://{folder}/badge.{{extension}}")
    >>> written.output_uri.endswith("/badge.png"), written.report["action"]
    (True, 'transcoded')
    """
    _photofit.check_output(output_uri)
    preparer = Preparer(options, **changes)
    ends = (cancel or CancelToken()).within(timeout)
    data = _photofit.read_uri(uri, preparer.options.max_memory, cancel=ends)
    prepared = preparer.prepare(data, cancel=ends)
    extension = _photofit.EXTENSIONS[prepared.report["result"]["format"]]
    output_uri = output_uri.replace("{extension}", extension)
    _photofit.write_uri(output_uri, prepared.bytes)
    return Written(output_uri, prepared.report)
