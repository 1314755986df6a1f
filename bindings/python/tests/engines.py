"""Many photos for the tests of engines, and what `photofit prep` makes of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from .conftest import TESTDATA


def count(default: int) -> int:
    """How many photos: PHOTOFIT_PHOTOS says, as the full number takes minutes."""
    return int(os.environ.get("PHOTOFIT_PHOTOS", default))


def good_photos() -> list[Path]:
    """The photos of the test data that can be prepared, the large ones first."""
    lines = (TESTDATA / "MANIFEST.tsv").read_text().splitlines()[1:]
    good = [line.split("\t")[0] for line in lines if line.split("\t")[-1] == "ok"]
    return sorted(((TESTDATA / path) for path in good), key=lambda path: "photos" not in path.parts)


def make_photos(folder: Path, number: int) -> list[dict[str, str]]:
    """A folder with so many photos, the same ones over and over, and a row for each."""
    folder.mkdir()
    good = good_photos()
    rows = []
    for place in range(number):
        source = good[place % len(good)]
        path = folder / f"{place:05}{source.suffix}"
        shutil.copyfile(source, path)
        rows.append({"id": f"{place:05}", "uri": path.as_uri(), "source": source.name})
    return rows


def prepare_alone(program: Path, photos: Path, output: Path) -> dict[str, bytes]:
    """What the command line makes of the photos, by name."""
    command: list[str | Path] = [program, "prep", photos, "-o", output, "--quiet"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return read(output)


def read(folder: Path) -> dict[str, bytes]:
    """The files of a folder without what stands behind the point: `.jpeg` and `.jpg` are the same."""
    return {path.stem: path.read_bytes() for path in folder.iterdir()}
