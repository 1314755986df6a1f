"""Rows of a table in, prepared photos and the same rows with what became of them out: what Ray and Spark have in common.

A row has an ``id`` and a ``uri``. Errors are rows as well. The key of an output is made of the ``id`` alone, and a result
of the photo and the options alone, so that a task that is run again, or twice at the same time, changes nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

try:
    import fcntl
except ImportError:  # Windows, where larger photos are not held back.
    fcntl = None  # type: ignore[assignment]

from . import _photofit
from ._errors import Error
from ._options import Options
from ._prepare import Preparer

if TYPE_CHECKING:
    from ._types import Report

COLUMNS: Mapping[str, pa.DataType] = {
    "status": pa.string(),
    "output_uri": pa.string(),
    "error_kind": pa.string(),
    "error_message": pa.string(),
    "action": pa.string(),
    "source_format": pa.string(),
    "source_width": pa.int64(),
    "source_height": pa.int64(),
    "source_bytes": pa.int64(),
    "source_orientation": pa.int64(),
    "result_format": pa.string(),
    "result_width": pa.int64(),
    "result_height": pa.int64(),
    "result_bytes": pa.int64(),
    "result_quality": pa.float64(),
    "losses": pa.list_(pa.string()),
    "encodes": pa.int64(),
    "elapsed_ms": pa.float64(),
}
"""What each row gets: what became of it, and the fields of the report."""

LEAST_MEMORY = 64_000_000
"""What photos may take at least, in bytes: nearly all JPEGs of phones and cameras."""

AHEAD = 2
"""How many photos are read ahead of the one in work: enough for the delay of object storage."""

INTERPRETER = 300_000_000
"""What a process has beside its photos, in bytes: Python, NumPy, Arrow and the engine (130 MB), the files read ahead,
and what the allocator keeps of earlier photos."""


@dataclass(frozen=True)
class Task:
    """How rows are prepared; it goes to other processes."""

    output_uri: str
    options: Options
    timeout: float | None
    """The seconds that preparing a photo may take, and those that reading one may take ahead of it."""
    memory: int
    """The bytes that a photo may take beside others; one that takes more waits until no other such is in work on the
    machine."""

    def __post_init__(self) -> None:
        """Says now what would be wrong with every row."""
        _photofit.check_output(self.output_uri)


def prepare_batch(batch: pa.Table | pa.RecordBatch, task: Task) -> pa.Table:
    """The rows with :data:`COLUMNS` behind, in their order. Columns that have one of those names already are replaced.

    Raises ``ValueError`` for a table without ``id`` or ``uri``.
    """
    for name in ("id", "uri"):
        if name not in batch.schema.names:
            raise ValueError(f"the rows have no column {name}: {', '.join(batch.schema.names)} is all that there is")
    ids, uris = batch.column("id").to_pylist(), batch.column("uri").to_pylist()
    with ThreadPoolExecutor(AHEAD, "photofit-read") as readers:
        photos = _read_ahead(readers, uris, task)
        answers = [prepare_row(id, uri, photo, task) for id, uri, photo in zip(ids, uris, photos)]
    carried = [name for name in batch.schema.names if name not in COLUMNS]
    columns = [batch.column(name) for name in carried]
    made = [pa.array([answer[name] for answer in answers], kind) for name, kind in COLUMNS.items()]
    fields = [batch.schema.field(name) for name in carried]
    return pa.Table.from_arrays(
        columns + made, schema=pa.schema(fields + [pa.field(name, kind) for name, kind in COLUMNS.items()])
    )


def _read_ahead(readers: Executor, uris: Sequence[Any], task: Task) -> Iterator[Future[bytes]]:
    """The contents of each, in their order: the next ones are on their way while one is worked on.

    The readers are the caller's, who ends them. A generator may be ended by the collector of garbage, on a thread that
    cannot wait for another just then.
    """
    begun: deque[Future[bytes]] = deque()
    for uri in uris:
        begun.append(readers.submit(_photofit.read_uri, uri, task.options.max_memory, task.timeout))
        if len(begun) > AHEAD:
            yield begun.popleft()
    while begun:
        yield begun.popleft()


def prepare_row(id: Any, uri: Any, photo: Future[bytes], task: Task) -> dict[str, Any]:
    """Prepares and writes one photo, once it is read. Whatever goes wrong is in the answer."""
    try:
        if not isinstance(id, str | int) or not isinstance(uri, str):
            raise TypeError(f"id is {id!r} and uri {uri!r}; a text or number and a text are expected")
        preparer = _preparer(task.options)
        data = photo.result()
        with _admitted(preparer.estimate_memory(data) + len(data), task.memory):
            prepared = preparer.prepare(data, timeout=task.timeout)
        extension = _photofit.EXTENSIONS[prepared.report["result"]["format"]]
        output = f"{task.output_uri.rstrip('/')}/{key(id)}.{extension}"
        _photofit.write_uri(output, prepared.bytes)
        return _ok(output, prepared.report)
    except Error as error:
        return _failed(error.kind, str(error))
    except OSError as error:
        return _failed("io", str(error))
    except MemoryError:
        return _failed("out-of-memory", "out of memory")
    except (TypeError, ValueError) as error:
        return _failed("invalid-row", str(error))
    except Exception as error:  # A row must not end the others, whatever it was.
        return _failed("internal", f"{type(error).__name__}: {error}")


_NAMED = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,149}")


def key(id: str | int) -> str:
    """The name of an output: the ``id``, or where that would be no name everywhere, what is left of it and its hash.

    >>> from photofit._rows import key
    >>> key(17), key("IMG_1.HEIC"), key("../müller")
    ('17', 'IMG_1.HEIC', '___m_ller-887c4236da6f')
    """
    text = str(id)
    if _NAMED.fullmatch(text):
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', text)[:100]}-{digest}"


def estimate(rows: Sequence[Mapping[str, Any]], options: Options) -> int:
    """The most memory that one of these photos takes, its file included, as its header says; of those that can be read."""
    preparer = Preparer(options)
    needed = [LEAST_MEMORY]
    for row in rows:
        try:
            data = _photofit.read_uri(row["uri"], options.max_memory)
            needed.append(preparer.estimate_memory(data) + len(data))
        except (Error, OSError, TypeError, ValueError):
            continue  # It will be answered when its turn comes.
    return min(max(needed), max(options.max_memory, LEAST_MEMORY))


def _ok(output: str, report: Report) -> dict[str, Any]:
    source, result = report["source"], report["result"]
    return {
        "status": "ok",
        "output_uri": output,
        "error_kind": None,
        "error_message": None,
        "action": report["action"],
        **{f"source_{name}": value for name, value in source.items()},
        **{f"result_{name}": value for name, value in result.items()},
        "losses": [loss["kind"] for loss in report["losses"]],
        "encodes": report["encodes"],
        "elapsed_ms": report["elapsed_ms"],
    }


def _failed(kind: str, message: str) -> dict[str, Any]:
    answer: dict[str, Any] = dict.fromkeys(COLUMNS)
    # What is not UTF-8 in a path would not be taken by Arrow.
    message = message.encode("utf-8", "replace").decode()
    return answer | {"status": "failed", "error_kind": kind, "error_message": message}


_here = threading.local()


def _preparer(options: Options) -> Preparer:
    """The preparer of this thread, which outlives a task where the process does."""
    preparer: Preparer | None = getattr(_here, "preparer", None)
    if preparer is None or preparer.options != options:
        preparer = _here.preparer = Preparer(options)
    return preparer


@contextmanager
def _admitted(needed: int, memory: int) -> Iterator[None]:
    """Lets photos in that take what their task has declared, and of larger ones one at a time on this machine."""
    if needed <= memory or fcntl is None:
        yield
        return
    # The system gives it free whatever becomes of this process.
    with open(Path(tempfile.gettempdir()) / f"photofit-{os.getuid()}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
