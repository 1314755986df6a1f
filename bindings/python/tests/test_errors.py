"""Each kind of error is an exception of its own, with the fields of the library's error."""

from __future__ import annotations

import pickle
import re
from typing import Any

import pytest

import photofit
from photofit import _errors, _photofit

from .conftest import ROOT, TESTDATA


def test_there_is_one_for_each_kind() -> None:
    source = (ROOT / "src" / "error.rs").read_text()
    kinds = set(re.findall(r'Self::\w+(?: \{ \.\. \})? => "([a-z-]+)"', source))
    assert len(kinds) >= 16
    source = (ROOT / "src" / "store" / "error.rs").read_text()
    of_stores = set(re.findall(r'Self::\w+ \{ \.\. \} => "([a-z-]+)"', source))
    assert len(of_stores) >= 8
    assert set(_errors.BY_KIND) == kinds | of_stores | {"invalid-option", "store"}
    for kind, exception in _errors.BY_KIND.items():
        assert exception.__name__.removesuffix("Error") == kind.title().replace("-", "")
        assert getattr(photofit, exception.__name__) is exception


SOLID = {"jpeg", "png", "gif", "bmp", "webp", "tiff", "heif"}


@pytest.mark.parametrize(
    ("path", "options", "exception", "fields"),
    [
        ("broken/empty.jpg", {}, photofit.EmptyError, set()),
        ("broken/text.jpg", {}, photofit.UnknownFormatError, {"start", "accepted"}),
        ("broken/signature.avif", {}, photofit.UnsupportedError, {"what", "accepted"}),
        ("broken/no-sof.jpg", {}, photofit.MalformedError, {"format", "what"}),
        ("broken/truncated-baseline.jpg", {}, photofit.DamagedError, {"format", "readable"}),
        ("broken/no-dht.jpg", {}, photofit.Error, {"format"}),
        ("photos/dunes.jpg", {"max_source_pixels": 1}, photofit.TooManyPixelsError, {"width", "height", "limit"}),
        ("photos/dunes.jpg", {"max_memory": 1, "max_side": 9}, photofit.TooMuchMemoryError, {"needed", "limit"}),
        ("photos/dunes.jpg", {"max_bytes": 10}, photofit.DoesNotFitError, {"limit", "smallest", "encodes"}),
        ("photos/dunes.jpg", {"accept": "gif"}, photofit.NoOutputFormatError, {"accepted"}),
        ("png/rgba-8.png", {"format": "jpeg", "deny_loss": "alpha"}, photofit.LossDeniedError, {"loss"}),
    ],
)
def test_a_kind_has_its_fields(
    path: str, options: dict[str, Any], exception: type[photofit.Error], fields: set[str]
) -> None:
    with pytest.raises(exception) as raised:
        photofit.prepare((TESTDATA / path).read_bytes(), **options)
    error = raised.value
    assert set(vars(error)) - {"kind"} == fields
    assert str(error) and not str(error).endswith(".")
    for name in fields & {"width", "height", "limit", "needed", "smallest", "encodes"}:
        assert isinstance(getattr(error, name), int)
    if "format" in fields:
        assert error.format in SOLID  # type: ignore[attr-defined]
    if "accepted" in fields:
        assert set(error.accepted) <= SOLID  # type: ignore[attr-defined]
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


def test_memory_and_time_are_also_python_s_own() -> None:
    assert issubclass(photofit.OutOfMemoryError, MemoryError)
    assert issubclass(photofit.TimedOutError, TimeoutError)


def test_time_runs_out(large_photo: bytes) -> None:
    with pytest.raises(photofit.TimedOutError) as raised:
        photofit.prepare(large_photo, timeout=1e-9)
    assert raised.value.kind == "timed-out"
    for impossible in (0.0, -1.0, float("nan")):
        with pytest.raises(photofit.InvalidOptionError, match="timeout cannot be .*: a number of seconds above 0"):
            photofit.prepare(large_photo, timeout=impossible)


def test_a_token_cancels_all_that_has_it(photo: bytes) -> None:
    token = photofit.CancelToken()
    preparer = photofit.Preparer()
    assert preparer.prepare(photo, cancel=token).bytes
    assert not token.cancelled
    token.cancel()
    assert token.cancelled
    with pytest.raises(photofit.CancelledError):
        preparer.prepare(photo, cancel=token)
    assert preparer.prepare(photo).bytes, "the token is not kept"


def test_a_panic_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    panic = getattr(_photofit, "panic", None)
    if panic is None:
        pytest.skip("built without the feature panic-test: bindings/python/test builds with it")
    with pytest.raises(photofit.PanickedError, match="^internal error while the photo was prepared: on purpose$"):
        panic()
    assert "on purpose" in capfd.readouterr().err


def test_a_kind_of_the_future_is_an_error_of_that_kind() -> None:
    error = _errors.make("too-beautiful", "the photo is too beautiful", '{"beauty": 11}')
    assert type(error) is photofit.Error
    assert (error.kind, str(error), error.beauty) == (  # type: ignore[attr-defined]
        "too-beautiful",
        "the photo is too beautiful",
        11,
    )
