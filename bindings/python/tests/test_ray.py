"""Ray: a cluster of three nodes on this machine, one of which is killed while it works."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import TESTDATA
from .engines import count, make_photos, prepare_alone, read

pytest.importorskip("ray", reason="Ray is not installed: PHOTOFIT_ENGINES=1 bindings/python/test does")
pytest.importorskip("ray.data", reason='Ray is installed without its data part: pip install "ray[data]>=2.55"')

import ray.cluster_utils  # noqa: E402

import photofit.ray  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Three nodes of one processor each. One of them will not live long."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    memory = {"memory": 2_000_000_000, "object_store_memory": 100_000_000}
    cluster = ray.cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, **memory})
    try:
        cluster.add_node(num_cpus=1, **memory)
        cluster.doomed = cluster.add_node(num_cpus=1, **memory)
        cluster.wait_for_nodes()
        ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray").setLevel(logging.ERROR)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def alive() -> int:
    return sum(node["Alive"] for node in ray.nodes())


def test_a_killed_node_loses_nothing(
    cluster: Any, program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = count(60)
    rows = make_photos(tmp_path / "photos", number)
    broken = {"id": "broken", "uri": (TESTDATA / "broken" / "text.jpg").as_uri(), "source": "text.jpg"}
    expected = prepare_alone(program, tmp_path / "photos", tmp_path / "alone")
    output = tmp_path / "ray"

    start = time.monotonic()
    dataset = ray.data.from_items([*rows, broken])
    prepared = photofit.ray.prepare(dataset, output.as_uri(), photos_per_task=max(2, number // 60))
    answers = []
    killed_after = None
    for row in prepared.iter_rows():
        answers.append(row)
        if killed_after is None:
            assert alive() == 3
            cluster.remove_node(cluster.doomed, allow_graceful=False)
            killed_after = len(read(output))
    seconds = time.monotonic() - start

    assert killed_after is not None and killed_after < number, "it was killed in mid-run"
    # The cluster asks its nodes now and then, and finds out after the work is done if that was quick.
    deadline = time.monotonic() + 60
    while alive() != 2 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert alive() == 2
    by_id = {row["id"]: row for row in answers}
    assert len(answers) == number + 1 == len(by_id)
    assert by_id["broken"]["status"] == "failed"
    assert by_id["broken"]["error_kind"] == "unknown-format"
    failed = [row for row in answers if row["status"] != "ok" and row["id"] != "broken"]
    assert not failed
    for row in rows:
        assert by_id[row["id"]]["source"] == row["source"], "what else a row has is carried along"
    assert read(output) == expected
    with capsys.disabled():
        print(
            f"\n{number} photos on 3 nodes, one killed when {killed_after} were done: all prepared in {seconds:.0f} s, "
            f"byte for byte as by `photofit prep`"
        )


def test_what_a_task_declares(cluster: Any, tmp_path: Path) -> None:
    rows = make_photos(tmp_path / "photos", 4)
    prepared = photofit.ray.prepare(ray.data.from_items(rows), str(tmp_path / "out"), max_side=100, memory=300_000_000)
    assert {row["status"] for row in prepared.take_all()} == {"ok"}
    [arguments] = [
        operator.ray_remote_args
        for operator in prepared._logical_plan.dag.post_order_iter()
        if "MapBatches" in operator.name
    ]
    assert arguments["num_cpus"] == 1
    assert arguments["memory"] == 300_000_000 + photofit._rows.INTERPRETER
    with pytest.raises(ValueError, match="photos_per_task cannot be 0: a number from 1 on is expected"):
        photofit.ray.prepare(prepared, "out", photos_per_task=0)
    with pytest.raises(photofit.InvalidOptionError):
        photofit.ray.prepare(prepared, "out", quality=0)


@pytest.mark.parametrize("blocks", [1, 20])
def test_how_many_photos_a_task_has(cluster: Any, tmp_path: Path, blocks: int) -> None:
    """Whether the rows come in one large block or in many small ones."""
    rows = ray.data.from_items(make_photos(tmp_path / "photos", 20), override_num_blocks=blocks)
    prepared = photofit.ray.prepare(rows, str(tmp_path / "out"), max_side=100, photos_per_task=8).materialize()
    assert prepared.num_blocks() == 3
    assert prepared.count() == 20


def test_a_checkpoint_leaves_out_what_is_done(cluster: Any, tmp_path: Path) -> None:
    checkpoint = pytest.importorskip("ray.data.checkpoint", reason="this Ray has no checkpoints")
    rows = make_photos(tmp_path / "photos", 12)
    for number in (8, 12):
        ray.data.from_items(rows[:number]).write_parquet(str(tmp_path / f"list-{number}"))
    context = ray.data.DataContext.get_current()
    context.checkpoint_config = checkpoint.CheckpointConfig(
        id_column="id", checkpoint_path=str(tmp_path / "checkpoint"), delete_checkpoint_on_success=False
    )
    try:
        written = []
        for number in (8, 12):
            table = tmp_path / f"rows-{number}"
            photos = photofit.ray.prepare(ray.data.read_parquet(str(tmp_path / f"list-{number}")), str(tmp_path / "out"), max_side=100)
            before = time.time()
            photos.write_parquet(str(table))
            done = [path for path in (tmp_path / "out").iterdir() if path.stat().st_mtime >= before]
            written.append(sorted(path.stem for path in done))
    finally:
        context.checkpoint_config = None
    assert written == [[row["id"] for row in rows[:8]], [row["id"] for row in rows[8:]]]
    assert len(os.listdir(tmp_path / "out")) == 12
