"""Spark: two executors on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import TESTDATA
from .engines import count, make_photos, prepare_alone, read

pytest.importorskip("pyspark", reason="PySpark is not installed: PHOTOFIT_ENGINES=1 bindings/python/test does")

import pyspark.sql  # noqa: E402

import photofit.spark  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")


def java() -> int:
    """The version of Java, 0 without one."""
    program = shutil.which("java")
    if program is None:
        return 0
    text = subprocess.run([program, "-version"], stderr=subprocess.PIPE, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', text)
    return int(found[1]) if found else 0


@pytest.fixture
def spark(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A session with two executors of one core each."""
    if java() < 17:
        pytest.skip("there is no Java 17 or later, which Spark needs")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    builder = pyspark.sql.SparkSession.builder.master("local-cluster[2,1,1024]").config("spark.ui.enabled", "false")
    session = builder.config("spark.log.level", "ERROR").getOrCreate()
    yield session
    session.stop()


def test_rows_come_out_with_what_became_of_them(
    spark: Any, program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = count(60)
    rows = make_photos(tmp_path / "photos", number)
    expected = prepare_alone(program, tmp_path / "photos", tmp_path / "alone")
    broken = {"id": "broken", "uri": (TESTDATA / "broken" / "text.jpg").as_uri(), "source": "text.jpg"}
    output = tmp_path / "spark"

    start = time.monotonic()
    dataframe = spark.createDataFrame([*rows, broken]).repartition(8)
    answers = photofit.spark.prepare(dataframe, str(output)).collect()
    seconds = time.monotonic() - start

    by_id = {row["id"]: row for row in answers}
    assert len(answers) == number + 1 == len(by_id)
    assert by_id["broken"]["error_kind"] == "unknown-format"
    assert not [row for row in answers if row["status"] != "ok" and row["id"] != "broken"]
    for row in rows:
        assert by_id[row["id"]]["source"] == row["source"], "what else a row has is carried along"
    assert read(output) == expected
    assert os.listdir(output)
    with capsys.disabled():
        print(f"\n{number} photos on 2 executors: all prepared in {seconds:.0f} s, byte for byte as by `photofit prep`")
