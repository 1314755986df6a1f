"""Results and errors are those of the command line, byte for byte and word for word."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import photofit

from .conftest import ROOT

CHOICES: list[tuple[list[str], photofit.OptionFields]] = [
    ([], {}),
    (
        ["--max-pixels", "500", "--quality", "70", "--metadata", "strip", "--filter", "box", "--on-damage", "keep"],
        {"max_pixels": 500, "quality": 70, "metadata": "strip", "filter": "box", "on_damage": "keep"},
    ),
    (
        ["--limits", "microsoft-graph-photo", "--max-bytes", "3kB", "--effort", "smallest", "--background", "#0a141e"],
        {"limits": "microsoft-graph-photo", "max_bytes": 3000, "effort": "smallest", "background": (10, 20, 30)},
    ),
]


def lines_of(program: Path, folder: Path, arguments: list[str]) -> list[dict[str, Any]]:
    report = folder / "report.jsonl"
    ran = subprocess.run(
        [program, "prep", "testdata", "-o", folder / "out", "--on-collision", "rename", "--report", report, *arguments],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stderr
    return [json.loads(line) for line in report.read_text().splitlines()]


@pytest.mark.parametrize(("arguments", "options"), CHOICES)
def test_results_are_those_of_the_command_line(
    program: Path, tmp_path: Path, arguments: list[str], options: photofit.OptionFields
) -> None:
    lines = lines_of(program, tmp_path, arguments)
    statuses = {line["status"] for line in lines}
    assert statuses == {"ok", "failed", "skipped"} and len(lines) > 200
    preparer = photofit.Preparer(**options)
    for line in lines:
        data = (ROOT / line["input"]).read_bytes()
        if line["status"] == "ok":
            prepared = preparer.prepare(data)
            assert prepared.bytes == (ROOT / line["output"]).read_bytes(), line["input"]
            report: dict[str, Any] = dict(prepared.report)
            for field in set(report) - {"elapsed_ms"}:
                assert report[field] == line[field], line["input"]
            assert set(report) == set(line) - {"input", "output", "status"}
        else:
            with pytest.raises(photofit.Error) as raised:
                preparer.prepare(data)
            note = line.get("error") or line["reason"]
            assert str(raised.value) == note["message"]
            assert note["kind"] in (raised.value.kind, "not-a-photo"), line["input"]


def test_headers_are_those_of_the_command_line(program: Path) -> None:
    ran = subprocess.run([program, "probe", "--json", "testdata"], cwd=ROOT, stdout=subprocess.PIPE, check=False)
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    known = [line for line in lines if "info" in line]
    assert len(known) > 200
    for line in known:
        assert photofit.probe((ROOT / line["input"]).read_bytes()) == line["info"]


def test_the_version_is_the_crate_s(program: Path) -> None:
    version = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert version.split()[1] == photofit.__version__
