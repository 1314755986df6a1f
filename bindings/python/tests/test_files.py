"""Files: read, and written complete or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

import photofit


def test_a_file_is_written_where_it_is_wanted(photo: bytes, tmp_path: Path) -> None:
    source = tmp_path / "photo.jpg"
    source.write_bytes(photo)
    output = tmp_path / "new" / "folder" / "photo.jpg"
    prepared = photofit.prepare_file(source, output, max_side=20)
    assert output.read_bytes() == prepared.bytes == photofit.prepare(photo, max_side=20).bytes
    assert os.listdir(output.parent) == ["photo.jpg"]
    # Again, as text, and over what is there.
    photofit.prepare_file(str(source), str(output), max_side=10)
    assert photofit.probe(output.read_bytes())["width"] == 10
    # Also over itself.
    photofit.prepare_file(source, source, max_side=20)
    assert source.read_bytes() == prepared.bytes


def test_without_an_output_nothing_is_written(photo: bytes, tmp_path: Path) -> None:
    source = tmp_path / "photo.jpg"
    source.write_bytes(photo)
    assert photofit.prepare_file(source).bytes == photofit.prepare(photo).bytes
    assert os.listdir(tmp_path) == ["photo.jpg"]


def test_the_rights_are_those_of_any_new_file(photo: bytes, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(photo)
    photofit.prepare_file(tmp_path / "photo.jpg", tmp_path / "made.jpg")
    assert (tmp_path / "made.jpg").stat().st_mode == (tmp_path / "photo.jpg").stat().st_mode


def test_what_the_system_refuses_is_an_os_error(photo: bytes, tmp_path: Path) -> None:
    missing = tmp_path / "missing.jpg"
    with pytest.raises(FileNotFoundError) as raised:
        photofit.prepare_file(missing)
    assert (raised.value.errno, raised.value.filename) == (errno.ENOENT, str(missing))
    assert raised.value.strerror == os.strerror(errno.ENOENT)
    with pytest.raises(IsADirectoryError):
        photofit.prepare_file(tmp_path)
    source = tmp_path / "photo.jpg"
    source.write_bytes(photo)
    with pytest.raises(OSError) as unwritten:
        photofit.prepare_file(source, source / "below-a-file.jpg")
    assert unwritten.value.filename == str(source / "below-a-file.jpg")
    folder = tmp_path / "folder.jpg"
    folder.mkdir()
    with pytest.raises(OSError):
        photofit.prepare_file(source, folder)
    assert sorted(os.listdir(tmp_path)) == ["folder.jpg", "photo.jpg"]


def test_no_more_is_read_than_memory_allows(photo: bytes, tmp_path: Path) -> None:
    source = tmp_path / "photo.jpg"
    source.write_bytes(photo)
    with pytest.raises(photofit.TooMuchMemoryError) as raised:
        photofit.prepare_file(source, max_memory=100)
    assert (raised.value.needed, raised.value.limit) == (len(photo), 100)


def test_a_photo_that_fails_leaves_the_output_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("hello")
    output = tmp_path / "out.jpg"
    output.write_bytes(b"before")
    with pytest.raises(photofit.UnknownFormatError):
        photofit.prepare_file(tmp_path / "text.jpg", output)
    assert output.read_bytes() == b"before"
    assert sorted(os.listdir(tmp_path)) == ["out.jpg", "text.jpg"]
