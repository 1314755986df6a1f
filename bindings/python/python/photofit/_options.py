"""What a caller may choose."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from . import _photofit

if TYPE_CHECKING:
    from ._types import Limits, Preset

__all__ = ["OptionFields", "Options", "presets"]


class OptionFields(TypedDict, total=False):
    """The options as keyword arguments: see :class:`Options`."""

    limits: str
    max_pixels: int | None
    max_bytes: int | None
    max_side: int | None
    accept: Sequence[str] | None
    format: Literal["auto", "jpeg", "png"]
    metadata: Literal["keep", "privacy", "strip"]
    max_source_pixels: int
    max_memory: int
    quality: int | Literal["auto"]
    min_quality: int
    chroma: Literal["auto", "444", "422", "420"]
    filter: Literal["lanczos3", "catmull-rom", "bilinear", "box"]
    light: Literal["linear", "gamma"]
    colour: Literal["keep", "srgb"]
    effort: Literal["fastest", "balanced", "smallest"]
    background: tuple[int, int, int]
    check: Literal["full", "header"]
    on_damage: Literal["refuse", "keep"]
    deny_loss: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How photos are prepared: the options of ``photofit prep``, under the same names and with the same values.

    They are checked when they are made; what is not possible is an :class:`InvalidOptionError`.

    >>> import photofit
    >>> options = photofit.Options(limits="mastodon", max_bytes=2_000_000)
    >>> options.resolved()["max_pixels"]
    33177600
    >>> photofit.Options(quality=101)
    Traceback (most recent call last):
        ...
    photofit.InvalidOptionError: quality cannot be 101: auto, or a number from 1 to 100
    """

    limits: str = "bigin"
    """The service whose limits hold; :func:`presets` lists them."""
    max_pixels: int | None = None
    """The most pixels (width × height) of a result; ``None`` is the preset's."""
    max_bytes: int | None = None
    """The most bytes of a result; ``None`` is the preset's."""
    max_side: int | None = None
    """The longest side of a result, in pixels; ``None`` is the preset's."""
    accept: Sequence[str] | None = None
    """The formats that the service accepts, such as ``("jpeg", "png")``; ``None`` is the preset's."""
    format: Literal["auto", "jpeg", "png"] = "auto"
    """The format of a photo that has to be encoded; ``"auto"`` keeps the source's where possible, else PNG with
    transparency and JPEG without."""
    metadata: Literal["keep", "privacy", "strip"] = "privacy"
    """Which metadata stays: ``"keep"`` all that is true, ``"privacy"`` drops place, serial numbers, owner, thumbnails and
    comments, ``"strip"`` drops all. Colour profiles stay."""
    max_source_pixels: int = 300_000_000
    """The most pixels that a source may claim; more is refused before anything is allocated."""
    max_memory: int = 2_000_000_000
    """The most bytes of memory that the pixels of one photo may take; also the most bytes read of a file."""
    quality: int | Literal["auto"] = "auto"
    """JPEG quality, 1 to 100, lowered only if the bytes do not fit; ``"auto"`` is 90, or the source's if that is lower."""
    min_quality: int = 60
    """The JPEG quality, 1 to 100, below which a photo with too many bytes is made smaller instead of coarser."""
    chroma: Literal["auto", "444", "422", "420"] = "auto"
    """Chroma subsampling of a JPEG; ``"auto"`` is the source's, or ``"420"``."""
    filter: Literal["lanczos3", "catmull-rom", "bilinear", "box"] = "lanczos3"
    """The filter that makes photos smaller."""
    light: Literal["linear", "gamma"] = "linear"
    """The light in which pixels are averaged: ``"linear"`` keeps the brightness of fine detail."""
    colour: Literal["keep", "srgb"] = "keep"
    """Colours that are not sRGB's: ``"keep"`` leaves them, with their profile; ``"srgb"`` converts them, for services that
    ignore profiles."""
    effort: Literal["fastest", "balanced", "smallest"] = "balanced"
    """How hard JPEGs are compressed."""
    background: tuple[int, int, int] = (255, 255, 255)
    """The colour (sRGB, each 0 to 255) behind transparent pixels where the result has none."""
    check: Literal["full", "header"] = "full"
    """How a photo that conforms already is checked: ``"full"`` decodes it, ``"header"`` reads its structure only."""
    on_damage: Literal["refuse", "keep"] = "refuse"
    """A photo of which only a part can be read: refuse it, or keep the part."""
    deny_loss: Sequence[str] = ()
    """Refuse photos that would lose any of these, such as ``("animation", "alpha")``."""
    _settings: _photofit.Settings = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Checks the values."""
        for name in ("accept", "deny_loss", "background"):
            value = getattr(self, name)
            if value is not None:
                # As on the command line, a text names several with commas between them.
                value = value.split(",") if isinstance(value, str) else value
                object.__setattr__(self, name, tuple(value))
        object.__setattr__(self, "_settings", _photofit.Settings(**self._values()))

    def _values(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self) if field.init}

    def replace(self, **changes: Unpack[OptionFields]) -> Options:
        """The same options with some of them changed.

        >>> import photofit
        >>> photofit.Options(quality=82).replace(effort="smallest").quality
        82
        """
        return replace(self, **changes) if changes else self

    def resolved(self) -> Limits:
        """The limits that hold: those of the preset with what was changed in them."""
        limits: Limits = json.loads(self._settings.limits())
        return limits

    def __reduce__(self) -> tuple[Any, ...]:
        """Options go to other processes as their values, and are checked there again."""
        return _make, (self._values(),)


def _make(values: dict[str, Any]) -> Options:
    return Options(**values)


def presets() -> dict[str, Preset]:
    """The services whose limits are known, by name, the default first.

    >>> import photofit
    >>> photofit.presets()["bigin"]["max_pixels"]
    10000000
    """
    found: list[Preset] = json.loads(_photofit.presets())
    return {preset["name"]: preset for preset in found}
