"""What Ray and Spark have in common: rows in, rows out."""

from __future__ import annotations

import doctest
import gc
import pickle
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

import photofit

from .conftest import TESTDATA

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed: PHOTOFIT_ENGINES=1 bindings/python/test does")

from photofit import _rows  # noqa: E402


def task(folder: Path, memory: int = 512_000_000, **changes: Any) -> _rows.Task:
    return _rows.Task(f"file://{folder}/", photofit.Options(**changes), None, memory)


def test_rows_come_out_with_what_became_of_them(tmp_path: Path) -> None:
    photos = {
        1: TESTDATA / "photos" / "dunes.jpg",
        2: TESTDATA / "photos" / "badge.png",
        3: TESTDATA / "broken" / "text.jpg",
        4: tmp_path / "missing.jpg",
    }
    ids = pa.array(list(photos))
    uris = pa.array([str(photos[1]), photos[2].as_uri(), str(photos[3]), str(photos[4])])
    more = pa.array([["a"], [], None, ["b", "c"]])
    table = pa.table({"more": more, "id": ids, "uri": uris, "status": pa.array([0, 0, 0, 0])})
    made = _rows.prepare_batch(table, task(tmp_path / "out", max_pixels=500_000))
    assert made.column_names == ["more", "id", "uri", *_rows.COLUMNS]
    for name in ("more", "id", "uri"):
        assert made[name].combine_chunks() == table[name].combine_chunks()
    dunes, badge, text, missing = made.to_pylist()
    for row, extension in ((dunes, "jpg"), (badge, "png")):
        path = tmp_path / "out" / f"{row['id']}.{extension}"
        assert (row["status"], row["output_uri"]) == ("ok", f"file://{path}")
        prepared = photofit.prepare(photos[row["id"]].read_bytes(), max_pixels=500_000)
        assert path.read_bytes() == prepared.bytes
        report: dict[str, Any] = dict(prepared.report)
        for side in ("source", "result"):
            for name, value in report[side].items():
                assert row[f"{side}_{name}"] == value
        assert row["losses"] == [loss["kind"] for loss in report["losses"]]
        assert (row["action"], row["encodes"]) == (report["action"], report["encodes"])
        assert row["error_kind"] is row["error_message"] is None
    assert (text["status"], text["error_kind"], text["output_uri"]) == ("failed", "unknown-format", None)
    assert text["error_message"].startswith("not a photo")
    assert (missing["status"], missing["error_kind"], missing["action"]) == ("failed", "io", None)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"1.jpg", "2.png"}


def test_rows_that_make_no_sense_are_rows(tmp_path: Path) -> None:
    for id, uri in [(None, "a.jpg"), ("a", None), (1.5, "a.jpg"), ("a", b"a.jpg")]:
        row = _rows.prepare_row(id, uri, Future(), task(tmp_path))
        assert (row["status"], row["error_kind"]) == ("failed", "invalid-row"), (id, uri)
        assert row["error_message"]
    assert not list(tmp_path.iterdir())


def test_a_table_without_addresses_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the rows have no column uri: id, url is all that there is"):
        _rows.prepare_batch(pa.table({"id": [1], "url": ["a.jpg"]}), task(tmp_path))


def test_an_output_that_nobody_can_write_is_refused_at_once() -> None:
    with pytest.raises(photofit.BadAddressError, match='^"ftp://host/out" is not an object address: '):
        _rows.Task("ftp://host/out", photofit.Options(), None, 1)
    with pytest.raises(photofit.ReadOnlyError):
        _rows.Task("https://host/out", photofit.Options(), None, 1)


def test_no_rows_are_no_rows(tmp_path: Path) -> None:
    empty = pa.table({"id": pa.array([], pa.string()), "uri": pa.array([], pa.string())})
    made = _rows.prepare_batch(empty, task(tmp_path))
    assert made.num_rows == 0
    assert made.schema.field("losses").type == pa.list_(pa.string())


def test_a_defect_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> bytes:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("photofit._photofit.read_uri", broken)
    [row] = _rows.prepare_batch(pa.table({"id": [1], "uri": ["a.jpg"]}), task(tmp_path)).to_pylist()
    assert (row["error_kind"], row["error_message"]) == ("internal", "ZeroDivisionError: by zero")


def test_readers_end_with_the_batch_whatever_failed(tmp_path: Path) -> None:
    rows = pa.table({"id": [1, 2], "uri": ["none.jpg", str(TESTDATA / "photos" / "dunes.jpg")]})
    # What an exception keeps alive must not be what ends them: the collector may run anywhere, also where it would wait
    # for itself.
    gc.disable()
    try:
        _rows.prepare_batch(rows, task(tmp_path))
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("photofit-read")]
    finally:
        gc.enable()


def test_names_are_names_and_no_two_are_the_same() -> None:
    assert doctest.testmod(_rows).failed == 0
    ids = ["a", "A b", "A_b", "../../etc/passwd", "..", ".", ".hidden", "", "a/b", "a" * 149, "a" * 200, "a" * 201, "é", "e\0"]
    names = [_rows.key(id) for id in ids]
    assert len(set(names)) == len(ids)
    for name in names:
        assert "/" not in name and not name.startswith(".") and 0 < len(name) <= 150 and name.isascii()


def test_photos_larger_than_declared_take_turns(tmp_path: Path) -> None:
    inside = 0
    most = 0
    counting = threading.Lock()

    def large(needed: int) -> None:
        nonlocal inside, most
        with _rows._admitted(needed, 1000):
            with counting:
                inside += 1
                most = max(most, inside)
            pause.wait(0.05)
            with counting:
                inside -= 1

    pause = threading.Event()
    for needed, expected in ((1001, 1), (1000, 4)):
        most = 0
        start = threading.Barrier(4)

        def work(needed: int = needed, start: threading.Barrier = start) -> None:
            start.wait()
            large(needed)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if needed > 1000:
            assert most == expected
        else:
            assert most > 1


def test_the_estimate_is_that_of_the_largest(tmp_path: Path) -> None:
    photos = [TESTDATA / "photos" / name for name in ("dunes.jpg", "autumn.heic")] + [tmp_path / "missing.jpg"]
    rows = [{"id": place, "uri": str(path)} for place, path in enumerate(photos)]
    heic = photos[1].read_bytes()
    assert _rows.estimate(rows, photofit.Options()) == photofit.estimate_memory(heic) + len(heic)
    assert _rows.estimate(rows[:1], photofit.Options()) == _rows.LEAST_MEMORY
    assert _rows.estimate([], photofit.Options()) == _rows.LEAST_MEMORY


def test_tasks_go_to_other_processes(tmp_path: Path) -> None:
    there = task(tmp_path, quality=80)
    assert pickle.loads(pickle.dumps(there)) == there
