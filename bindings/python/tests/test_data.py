"""Buffers: which are taken, and that memory that cannot change is read in place."""

from __future__ import annotations

import array
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import photofit


@pytest.mark.parametrize(
    "view",
    [
        bytes,
        bytearray,
        memoryview,
        lambda photo: memoryview(bytearray(photo)),
        lambda photo: memoryview(b"xx" + photo + b"yy")[2:-2],
        lambda photo: memoryview(memoryview(b"xx" + photo)[1:])[1:],
        lambda photo: np.frombuffer(photo, np.uint8),
        lambda photo: np.frombuffer(b"xxx" + photo, np.uint8)[3:],
        lambda photo: np.frombuffer(memoryview(b"xxx" + photo)[1:], np.uint8)[2:].reshape(-1),
        lambda photo: np.array(list(photo), np.uint8),
        lambda photo: array.array("B", photo),
    ],
)
def test_every_contiguous_buffer_of_bytes_is_taken(photo: bytes, view: Any) -> None:
    expected = photofit.prepare(photo, quality=50, max_side=16)
    prepared = photofit.prepare(view(photo), quality=50, max_side=16)
    assert prepared.bytes == expected.bytes
    assert photofit.probe(view(photo)) == photofit.probe(photo)
    assert photofit.estimate_memory(view(photo)) == photofit.estimate_memory(photo)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ("text", TypeError, "data cannot be str: bytes, or a buffer of unsigned bytes, .* are expected"),
        (None, TypeError, "data cannot be NoneType"),
        (np.zeros(8, np.int16), TypeError, "data cannot be ndarray"),
        (np.zeros((4, 4, 3), np.uint8), ValueError, r"data cannot be an array of shape \[4, 4, 3\]: .* not pixels"),
        (np.zeros(8, np.uint8)[::2], ValueError, "data cannot be a buffer with gaps: contiguous bytes are expected"),
    ],
)
def test_other_data_is_refused_by_name(data: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{message}"):
        photofit.prepare(data)


def test_a_photo_that_is_kept_is_the_object_that_came(photo: bytes) -> None:
    conforming = photofit.prepare(photo).bytes
    prepared = photofit.prepare(conforming)
    assert prepared.report["action"] == "kept"
    assert prepared.bytes is conforming
    part = photofit.prepare(memoryview(b"x" + conforming)[1:])
    assert part.bytes == conforming


GROWTH = """
import resource, sys
import numpy as np
import photofit

photo = open("testdata/photos/dunes.jpg", "rb").read()
data = photo + bytes(200_000_000)
view = {view}
photofit.probe(photo)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert photofit.probe(view)["format"] == "jpeg"
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * (1 if sys.platform == "darwin" else 1024))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no getrusage on Windows")
@pytest.mark.parametrize(
    ("view", "copied"),
    [
        ("data", False),
        ("memoryview(data)", False),
        ("memoryview(data)[:-1]", False),
        ("np.frombuffer(data, np.uint8)", False),
        ("np.frombuffer(data, np.uint8)[:-5]", False),
        # What may change is copied: this also shows that copies are seen here.
        ("bytearray(data)", True),
    ],
)
def test_memory_that_cannot_change_is_read_in_place(view: str, copied: bool) -> None:
    # In a process of its own, as the most memory that a process had never falls.
    ran = subprocess.run(
        [sys.executable, "-c", GROWTH.format(view=view)], stdout=subprocess.PIPE, text=True, check=True
    )
    growth = int(ran.stdout)
    assert (growth > 150_000_000) == copied, growth
    assert copied or growth < 20_000_000, growth


def test_what_another_thread_changes_meanwhile_changes_nothing(large_photo: bytes, no_forced_switches: None) -> None:
    expected = photofit.prepare(large_photo, max_side=500).bytes
    data = bytearray(large_photo)
    started = threading.Event()
    made: list[bytes] = []

    def work() -> None:
        started.set()
        # The lock is not given away before the bytes are copied.
        made.append(photofit.prepare(data, max_side=500).bytes)

    thread = threading.Thread(target=work)
    thread.start()
    started.wait()
    data[:] = bytes(len(data))
    thread.join()
    assert made == [expected]
