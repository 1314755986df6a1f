"""What the tests share: the test data of the repository, and the program that results are compared with."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TESTDATA = ROOT / "testdata"


@pytest.fixture
def photo() -> bytes:
    """A small photo that lies on its side."""
    return (TESTDATA / "orientation" / "orientation-6.jpg").read_bytes()


@pytest.fixture
def large_photo() -> bytes:
    """A photo that takes a while."""
    return (TESTDATA / "photos" / "aurora.jpg").read_bytes()


@pytest.fixture(scope="session")
def program() -> Path:
    """The command line program."""
    path = os.environ.get("PHOTOFIT_PROGRAM")
    if path is None:
        pytest.skip("PHOTOFIT_PROGRAM does not name the program photofit: bindings/python/test builds it")
    return Path(path)


@pytest.fixture
def no_forced_switches() -> Iterator[None]:
    """A thread that has the interpreter lock keeps it until it gives it away."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    yield
    sys.setswitchinterval(interval)


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples name photos from the root of the repository."""
    monkeypatch.chdir(ROOT)
