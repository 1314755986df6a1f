"""Options: the command line's names, the library's values and checks."""

from __future__ import annotations

import pickle
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import photofit

NAMES = {field.name for field in fields(photofit.Options) if field.init}


def test_the_defaults_are_the_library_s() -> None:
    assert photofit.Options()._settings.are_default()
    assert not photofit.Options(quality=82)._settings.are_default()


def test_the_names_are_the_command_line_s(program: Path) -> None:
    help_text = subprocess.run([program, "help", "prep"], stdout=subprocess.PIPE, text=True, check=True).stdout
    for name in NAMES:
        assert f"--{name.replace('_', '-')} <" in help_text
    assert photofit.OptionFields.__annotations__.keys() == NAMES


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limits": "nobody"}, "limits cannot be nobody: one of bigin, "),
        ({"max_pixels": 0}, "max_pixels cannot be 0: a number of pixels from 1 to "),
        ({"max_bytes": -1}, "max_bytes cannot be -1: a number of bytes from 1 to "),
        ({"max_side": 2**32}, "max_side cannot be 4294967296: a number of pixels from 1 to 4294967295"),
        ({"accept": ("jpeg", "avif")}, "accept cannot be avif: one of jpeg, png, gif, bmp, webp, tiff, heic"),
        ({"format": "webp"}, "format cannot be webp: one of auto, jpeg, png"),
        ({"metadata": "all"}, "metadata cannot be all: one of keep, privacy, strip"),
        ({"max_source_pixels": 2**64}, "max_source_pixels cannot be 18446744073709551616: a number of pixels"),
        ({"max_memory": 0}, "max_memory cannot be 0: a number of bytes"),
        ({"quality": 101}, "quality cannot be 101: auto, or a number from 1 to 100"),
        ({"quality": "best"}, "quality cannot be best: auto, or a number from 1 to 100"),
        ({"quality": 82.5}, "quality cannot be 82.5: auto, or a number from 1 to 100"),
        ({"min_quality": 300}, "min_quality cannot be 300: a number of quality from 1 to 100"),
        ({"chroma": "411"}, "chroma cannot be 411: one of auto, 444, 422, 420"),
        ({"filter": "nearest"}, "filter cannot be nearest: one of "),
        ({"light": "dark"}, "light cannot be dark: one of linear, gamma"),
        ({"effort": "none"}, "effort cannot be none: one of fastest, balanced, smallest"),
        ({"background": (1, 2, 256)}, r"background cannot be \(1, 2, 256\): red, green and blue, each from 0 to 255"),
        ({"background": "red"}, "background cannot be "),
        ({"check": "none"}, "check cannot be none: one of full, header"),
        ({"on_damage": "ignore"}, "on_damage cannot be ignore|on-damage cannot be ignore"),
        ({"deny_loss": ["everything"]}, "deny_loss cannot be everything: one of animation, "),
    ],
)
def test_impossible_values_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(photofit.InvalidOptionError, match=f"^{message}") as raised:
        photofit.Options(**options)
    [name] = options
    assert raised.value.option == name
    assert isinstance(raised.value, ValueError)
    assert raised.value.value and raised.value.accepted
    with pytest.raises(photofit.InvalidOptionError):
        photofit.prepare(b"", **options)


@pytest.mark.parametrize("options", [{"max_bytes": 1.5}, {"max_pixels": "4MP"}, {"limits": 3}, {"qualty": 3}])
def test_values_of_another_type_are_type_errors(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        photofit.Options(**options)


def test_options_are_values() -> None:
    size: Any = np.int64(5000)
    options = photofit.Options(limits="mastodon", accept="jpeg,png", deny_loss=["alpha"], max_bytes=size)
    assert options == photofit.Options(limits="mastodon", accept=("jpeg", "png"), deny_loss=("alpha",), max_bytes=5000)
    assert len({options, options.replace()}) == 1
    assert options != options.replace(quality=80)
    assert pickle.loads(pickle.dumps(options)) == options
    with pytest.raises(AttributeError):
        options.limits = "bigin"  # type: ignore[misc]


def test_keyword_arguments_win_over_options(photo: bytes) -> None:
    options = photofit.Options(max_side=20, metadata="strip")
    assert photofit.prepare(photo, options=options).report["result"]["width"] == 20
    report = photofit.prepare(photo, options=options, max_side=10).report
    assert report["result"]["width"] == 10


def test_presets_are_the_library_s() -> None:
    presets = photofit.presets()
    assert list(presets)[0] == "bigin"
    assert presets["microsoft-graph-photo"]["accept"] == ["jpeg"]
    assert presets["x-post"]["max_pixels"] is None
    for name, preset in presets.items():
        resolved = photofit.Options(limits=name).resolved()
        assert resolved == {key: preset[key] for key in resolved}  # type: ignore[literal-required]
