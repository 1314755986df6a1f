"""Prepares the photos of a Spark dataframe. Needs ``pip install pyspark pyarrow``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Unpack

import pyarrow as pa
from pyspark.sql.pandas.types import from_arrow_type
from pyspark.sql.types import StructField, StructType

from . import _rows
from ._options import OptionFields, Options

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["prepare"]

ROWS = 32
"""How many rows are answered at a time."""


def prepare(
    dataframe: DataFrame,
    output_uri: str,
    *,
    options: Options | None = None,
    timeout: float | None = None,
    memory: int = 512_000_000,
    **changes: Unpack[OptionFields],
) -> DataFrame:
    """Prepares the photos that the rows name, and writes them below ``output_uri``: rows go in and come out as
    :func:`photofit.ray.prepare` has them.

    Spark works on as many photos at a time as there are partitions, up to the cores it has: ``dataframe.repartition(n)``
    before, with a few hundred photos in each partition. A photo that takes more than ``memory`` bytes, by default
    512,000,000, waits until no other such one is in work on its machine; this is what an executor needs for each of its
    cores beside its heap (``spark.executor.memoryOverhead``).

    What comes out is computed each time that it is asked for: write it, or ``persist`` it.
    """
    task = _rows.Task(output_uri, (options or Options()).replace(**changes), timeout, memory)
    carried = [field for field in dataframe.schema.fields if field.name not in _rows.COLUMNS]
    made = [StructField(name, from_arrow_type(kind)) for name, kind in _rows.COLUMNS.items()]

    def answer(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for begin in range(0, batch.num_rows, ROWS):
                yield from _rows.prepare_batch(batch.slice(begin, ROWS), task).to_batches()

    return dataframe.mapInArrow(answer, StructType(carried + made))
