"""The interpreter lock is released during the work.

A thread that has the lock keeps it here until it gives it away (`no_forced_switches`), so that the order of events tells
whether the work gives it away, on a machine that is as busy as it likes.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

import photofit

PHOTOS = 20


def test_two_threads_are_inside_at_the_same_time(large_photo: bytes, no_forced_switches: None) -> None:
    events: list[tuple[str, str]] = []
    start = threading.Barrier(2)

    def work(name: str) -> None:
        preparer = photofit.Preparer(max_side=300)
        start.wait()
        for _ in range(PHOTOS):
            events.append((name, "in"))
            preparer.prepare(large_photo)
            events.append((name, "out"))

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(events) == 4 * PHOTOS
    # With the lock held, nothing of the other thread would ever lie between the two events of a photo.
    overlapped = 0
    for name in "ab":
        mine = [place for place, event in enumerate(events) if event[0] == name]
        overlapped += sum(end - begin > 1 for begin, end in zip(mine[::2], mine[1::2]))
    assert overlapped > PHOTOS, events


def test_others_run_and_cancel_it(large_photo: bytes, no_forced_switches: None) -> None:
    token = photofit.CancelToken()
    started = threading.Event()
    ended: list[str] = []

    def work() -> None:
        started.set()
        try:
            for _ in range(1000):
                photofit.prepare(large_photo, max_side=300, cancel=token)
            ended.append("nobody cancelled it")
        except photofit.CancelledError:
            ended.append("cancelled")

    thread = threading.Thread(target=work)
    thread.start()
    started.wait()
    token.cancel()
    thread.join()
    assert ended == ["cancelled"]


def test_threads_that_share_a_preparer_take_turns(large_photo: bytes) -> None:
    preparer = photofit.Preparer(max_side=300)
    expected = photofit.prepare(large_photo, max_side=300).bytes
    made: list[bytes] = []
    threads = [threading.Thread(target=lambda: made.append(preparer.prepare(large_photo).bytes)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [expected] * 4


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes on this system")
def test_reading_waits_without_the_lock(photo: bytes, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    made: list[bytes] = []
    thread = threading.Thread(target=lambda: made.append(photofit.prepare_file(pipe).bytes))
    thread.start()
    # Were the lock held while it waits for a writer, nobody could become one.
    pipe.write_bytes(photo)
    thread.join()
    assert made == [photofit.prepare(photo).bytes]


def test_a_preparer_starts_afresh_after_it_was_cleared(photo: bytes) -> None:
    preparer = photofit.Preparer(max_side=20)
    first = preparer.prepare(photo).bytes
    preparer.clear()
    assert preparer.prepare(photo).bytes == first
    assert preparer.options == photofit.Options(max_side=20)
    assert "max_side=20" in repr(preparer)
