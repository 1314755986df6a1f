"""Prepares the photos of a Ray dataset. Needs ``pip install "ray[data]>=2.55"``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import ray

from . import _rows
from ._options import OptionFields, Options

if TYPE_CHECKING:
    from ray.data import Dataset

__all__ = ["prepare"]

SAMPLE = 32
"""How many photos are looked at to learn what memory a task takes."""


def prepare(
    dataset: Dataset,
    output_uri: str,
    *,
    options: Options | None = None,
    timeout: float | None = None,
    photos_per_task: int = 32,
    memory: int | None = None,
    **changes: Unpack[OptionFields],
) -> Dataset:
    """Prepares the photos that the rows name, and writes them below ``output_uri``.

    A row has an ``id``, a text or a number that no other row has, and a ``uri``; whatever else it has is carried along.
    The rows that come out have in addition ``status`` (``"ok"`` or ``"failed"``), ``output_uri``, ``error_kind`` and
    ``error_message``, and the fields of the report. Only rows travel through Ray: the photos are read, prepared and written
    where a task runs.

    A photo that fails is a row, never an exception. The name of an output is the ``id`` and the extension of its format, and
    it is written complete or not at all, so that tasks which Ray runs again do no harm.

    A task takes one processor and ``photos_per_task`` photos. It declares ``memory`` bytes for them, by default what the
    largest of the first photos takes, as estimated from its header, and 300 MB for its process. A photo that takes more
    waits until no other such one is in work on its machine; one that takes more than the option ``max_memory`` is a failed
    row.
    """
    if photos_per_task < 1:
        raise ValueError(f"photos_per_task cannot be {photos_per_task}: a number from 1 on is expected")
    options = (options or Options()).replace(**changes)
    if memory is None:
        # Where a task runs, as the photos may be out of this process's reach.
        memory = ray.get(ray.remote(_rows.estimate).remote(dataset.take(SAMPLE), options))
    task = _rows.Task(output_uri, options, timeout, memory)
    # Strict, as small blocks are not put together otherwise: those of `from_items` have one row each.
    return dataset.repartition(target_num_rows_per_block=photos_per_task, strict=True).map_batches(
        _rows.prepare_batch,
        fn_kwargs={"task": task},
        batch_size=None,
        batch_format="pyarrow",
        udf_modifying_row_count=False,
        num_cpus=1,
        memory=_rows.INTERPRETER + memory,
    )
