"""What goes in and what comes out, for type checkers."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Literal, NamedTuple, NotRequired, Protocol, TypeAlias, TypedDict, runtime_checkable

__all__ = ["Data", "ImageInfo", "JpegInfo", "Loss", "Outcome", "Preset", "Prepared", "Report", "Source"]


@runtime_checkable
class SupportsBuffer(Protocol):
    """What has a buffer, such as a NumPy array: in Python 3.12 and later ``collections.abc.Buffer``."""

    def __buffer__(self, flags: int, /) -> memoryview: ...


Data: TypeAlias = bytes | bytearray | memoryview | SupportsBuffer
"""The contents of an image file: bytes, or any contiguous buffer of unsigned bytes."""

FormatName: TypeAlias = Literal["jpeg", "png", "gif", "bmp", "webp", "tiff", "heif"]


class Source(TypedDict):
    """A photo as it came."""

    format: FormatName
    width: int
    """In pixels, as stored (before orientation)."""
    height: int
    bytes: int
    orientation: int
    """The EXIF orientation, 1 to 8; 1 where the file has none."""


class Outcome(TypedDict):
    """A photo as it is returned: always upright."""

    format: FormatName
    width: int
    height: int
    bytes: int
    quality: float | None
    """The JPEG quality it was encoded at; ``None`` unless a JPEG was encoded."""


class Loss(TypedDict):
    """Something that the source had and the result lacks."""

    kind: Literal[
        "animation",
        "extra-images",
        "alpha",
        "bit-depth",
        "cmyk",
        "profile",
        "gain-map",
        "motion-photo",
        "hdr",
        "damage",
        "metadata",
    ]
    frames: NotRequired[int]
    """The frames of an animation."""
    images: NotRequired[int]
    """The pictures of the source."""
    bits: NotRequired[int]
    """Bits a channel in the source."""
    readable: NotRequired[float]
    """Of a damaged photo the readable fraction, 0 to 1."""
    what: NotRequired[Literal["exif", "maker-note", "xmp", "iptc", "text", "other"]]
    """The metadata that could not be kept."""


class Report(TypedDict):
    """What was done to a photo: the fields of the command line's report."""

    action: Literal["kept", "rewritten", "transcoded"]
    """Whether it came back as it was, with other metadata or turned without loss, or encoded anew."""
    source: Source
    result: Outcome
    losses: list[Loss]
    encodes: int
    """How many times the pixels were encoded to meet the limits; 0 unless transcoded."""
    elapsed_ms: float


class Prepared(NamedTuple):
    """A photo that conforms.

    >>> from pathlib import Path
    >>> import photofit
    >>> photo = Path("testdata/orientation/orientation-6.jpg").read_bytes()
    >>> data, report = photofit.prepare(photo)
    >>> report["action"], len(data) == report["result"]["bytes"]
    ('transcoded', True)
    """

    bytes: builtins.bytes
    """The file. A photo that conforms already is the very object that was given, if that was ``bytes``."""
    report: Report
    """What was done."""


class JpegInfo(TypedDict):
    """What the header of a JPEG says beside its size."""

    process: str
    sampling: list[list[int]]
    """The sampling factors, horizontal and vertical, of each component."""
    quality: int | None
    restart_interval: int
    interleaved: bool


class ImageInfo(TypedDict):
    """What a photo's header says."""

    format: FormatName
    width: int
    height: int
    orientation: int
    bytes: int
    bit_depth: int
    color: str
    alpha: bool
    frames: int
    images: int
    profile: str | None
    """The description of the embedded ICC profile, or an empty text where it has none; ``None`` without a profile."""
    hdr: bool
    """Whether the values are of a transfer function for high dynamic range: PQ or HLG."""
    gain_map: bool
    motion_photo: bool
    metadata: bool
    jpeg: JpegInfo | None


class Limits(TypedDict):
    """What a service accepts; ``None`` where it does not limit."""

    max_pixels: int | None
    max_bytes: int | None
    max_side: int | None
    accept: Sequence[FormatName]


class Preset(Limits):
    """A service whose limits are known."""

    name: str
    service: str
