"""Addresses: files, and objects in a storage of this machine that speaks as much of S3's protocol as is needed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import photofit

from .conftest import ROOT, TESTDATA


class Storage(ThreadingHTTPServer):
    """Objects in memory. The first request for each fails, as now and then in real life."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.ended = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: Storage
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: bytes = b"", tag: bytes | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if tag is not None:
            self.send_header("ETag", f'"{hashlib.md5(tag).hexdigest()}"')
            self.send_header("Last-Modified", formatdate(usegmt=True))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def first(self) -> bool:
        request = f"{self.command} {self.path}"
        self.server.asked.append(request)
        return self.server.asked.count(request) == 1

    def do_GET(self) -> None:
        if self.path.endswith("never.jpg"):
            self.server.ended.wait(60)
        elif self.first():
            self.answer(503)
        elif (body := self.server.objects.get(self.path)) is not None:
            self.answer(200, body, body)
        else:
            self.answer(404)

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.first():
            self.answer(500)
        else:
            self.server.objects[self.path] = body
            self.answer(200, tag=body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def storage() -> Iterator[Storage]:
    server = Storage()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.ended.set()
    server.shutdown()
    thread.join()
    server.server_close()


def run(storage: Storage, script: str) -> str:
    """Runs Python with the credentials in its environment, where a client looks for them once."""
    environment = {
        **os.environ,
        "AWS_ENDPOINT": f"http://127.0.0.1:{storage.server_port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-central-1",
    }
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return ran.stdout


ONE = """
import photofit
written = photofit.prepare_uri("s3://album/in/badge.png", "s3://album/out/badge.{extension}", max_side=300)
print(written.output_uri, written.report["result"]["width"])
try:
    photofit.prepare_uri("s3://album/in/missing.jpg", "s3://album/out/missing.jpg")
except photofit.NotFoundError as error:
    print(error.kind, error)
try:
    photofit.prepare_uri("s3://album/in/badge.png", "s3://album/out/large.png", max_memory=1000)
except photofit.TooLargeError as error:
    print(error.kind)
"""


def test_objects_are_read_and_written(storage: Storage) -> None:
    photo = (TESTDATA / "photos" / "badge.png").read_bytes()
    storage.objects["/album/in/badge.png"] = photo
    lines = run(storage, ONE).splitlines()
    assert lines[0] == "s3://album/out/badge.png 300"
    assert lines[1].startswith("not-found s3://album/in/missing.jpg does not exist")
    assert lines[2] == "too-large"
    assert storage.objects == {
        "/album/in/badge.png": photo,
        "/album/out/badge.png": photofit.prepare(photo, max_side=300).bytes,
    }
    assert storage.asked.count("PUT /album/out/badge.png") == 2, "the first failed"


LATE = """
import threading, time, photofit
began = time.monotonic()
for ends in ({"timeout": 0.2}, {"cancel": photofit.CancelToken()}):
    if "cancel" in ends:
        threading.Timer(0.2, ends["cancel"].cancel).start()
    try:
        photofit.prepare_uri("s3://album/in/never.jpg", "s3://album/out/never.jpg", **ends)
    except photofit.Error as error:
        print(type(error).__name__)
print(time.monotonic() - began < 30)
"""


def test_what_does_not_come_is_given_up(storage: Storage) -> None:
    assert run(storage, LATE).splitlines() == ["TimedOutError", "CancelledError", "True"]


ROWS = """
import multiprocessing, pyarrow, photofit
from photofit import _rows
task = _rows.Task("s3://album/out/", photofit.Options(max_side=300), 5, 512_000_000)
def work(ids):
    table = pyarrow.table({"id": ids, "uri": [f"s3://album/in/{id}.jpg" for id in ids]})
    print([row["error_kind"] or row["output_uri"] for row in _rows.prepare_batch(table, task).to_pylist()], flush=True)
work(["1", "2", "3", "never"])
# A process that was forked has none of the threads of this one's client.
child = multiprocessing.get_context("fork").Process(target=work, args=(["4"],))
child.start()
child.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork processes")
def test_rows_of_objects(storage: Storage) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed: PHOTOFIT_ENGINES=1 bindings/python/test does")
    photo = (TESTDATA / "photos" / "dunes.jpg").read_bytes()
    storage.objects |= {f"/album/in/{number}.jpg": photo for number in (1, 3, 4)}
    assert run(storage, ROWS).splitlines() == [
        "['s3://album/out/1.jpg', 'not-found', 's3://album/out/3.jpg', 'timed-out']",
        "['s3://album/out/4.jpg']",
    ]
    made = photofit.prepare(photo, max_side=300).bytes
    assert all(storage.objects[f"/album/out/{number}.jpg"] == made for number in (1, 3, 4))


def test_files_have_addresses_too(tmp_path: Path) -> None:
    photo = TESTDATA / "photos" / "dunes.jpg"
    output = tmp_path / "with space" / "made.jpg"
    for uri in (str(photo), photo.as_uri()):
        for place in (str(output), output.as_uri()):
            written = photofit.prepare_uri(uri, place, max_side=100)
            assert written.output_uri == place
            assert output.read_bytes() == photofit.prepare(photo.read_bytes(), max_side=100).bytes
            output.unlink()


@pytest.mark.parametrize(
    ("uri", "output", "error"),
    [
        ("ftp://host/a.jpg", "a.jpg", photofit.BadAddressError),
        ("s3:///a.jpg", "a.jpg", photofit.BadAddressError),
        ("a.jpg", "file://host/a.jpg", photofit.BadAddressError),
        ("a.jpg", "https://host/a.jpg", photofit.ReadOnlyError),
        ("missing.jpg", "a.jpg", FileNotFoundError),
    ],
)
def test_what_is_no_address_is_refused(uri: str, output: str, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        photofit.prepare_uri(uri, output)
    assert isinstance(raised.value, OSError) or isinstance(raised.value, photofit.StoreError)
