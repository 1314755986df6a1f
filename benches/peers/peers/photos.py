"""Which photos are compared, what is known of each, and the groups they are reported in."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = {".jpg", ".jpeg"}


class NotAJpeg(ValueError):
    """The file has no frame header that could be read."""


@dataclass(frozen=True)
class Frame:
    """What a JPEG's frame header says, orientation not applied."""

    width: int
    height: int
    progressive: bool
    sampling: str
    """`4:2:0` and so on, `gray`, or the factors of each component where they have no such name."""


@dataclass(frozen=True)
class Photo:
    """A source and the size that every tool makes of it, upright, in pixels."""

    path: Path
    frame: Frame
    orientation: int
    width: int
    height: int

    @property
    def megapixels(self) -> float:
        return self.frame.width * self.frame.height / 1e6

    @property
    def group(self) -> str:
        if self.frame.progressive:
            return "progressive"
        for limit, name in ((20, "baseline, up to 19 MP"), (40, "baseline, 20 to 39 MP")):
            if self.megapixels < limit - 0.5:
                return name
        return "baseline, 40 MP and more"

    def describe(self) -> str:
        """The photo by its properties: names and paths stay on the machine that measured."""
        coding = "progressive" if self.frame.progressive else "baseline"
        turned = f", orientation {self.orientation}" if self.orientation != 1 else ""
        return f"{self.megapixels:.1f} MP, {coding} {self.frame.sampling}{turned}"


def read_frame(path: Path) -> Frame:
    """The first frame header of a JPEG; raises NotAJpeg."""
    with path.open("rb") as file:
        if file.read(2) != b"\xff\xd8":
            raise NotAJpeg("it does not start like a JPEG")
        while True:
            byte = file.read(1)
            while byte and byte != b"\xff":
                byte = file.read(1)
            while byte == b"\xff":
                byte = file.read(1)
            if not byte:
                raise NotAJpeg("it has no frame header")
            marker = byte[0]
            if marker == 0 or marker == 1 or 0xD0 <= marker <= 0xD8:
                continue
            head = file.read(2)
            if len(head) < 2 or marker in (0xD9, 0xDA):
                raise NotAJpeg("it has no frame header before its picture")
            body = file.read(struct.unpack(">H", head)[0] - 2)
            # SOF0 to SOF15 without DHT (C4), JPG (C8) and DAC (CC), which stand between them.
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                return parse_frame(marker, body)


def parse_frame(marker: int, body: bytes) -> Frame:
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        raise NotAJpeg("its frame header is cut off")
    height, width, count = struct.unpack(">HHB", body[1:6])
    factors = [(body[7 + 3 * i] >> 4, body[7 + 3 * i] & 15) for i in range(count)]
    return Frame(width, height, marker in (0xC2, 0xC6, 0xCA, 0xCE), sampling(factors))


def sampling(factors: list[tuple[int, int]]) -> str:
    if len(factors) == 1:
        return "gray"
    names = {(1, 1): "4:4:4", (2, 1): "4:2:2", (1, 2): "4:4:0", (2, 2): "4:2:0", (4, 1): "4:1:1"}
    if len(factors) == 3 and factors[1] == factors[2]:
        (luma, chroma) = factors[0], factors[1]
        if luma[0] % chroma[0] == 0 and luma[1] % chroma[1] == 0:
            ratio = (luma[0] // chroma[0], luma[1] // chroma[1])
            if ratio in names:
                return names[ratio]
    return " ".join(f"{h}x{v}" for h, v in factors)


def find(places: list[Path]) -> list[Path]:
    """The JPEGs in the folders and among the files given, by name; each is taken once."""
    found: dict[Path, None] = {}
    for place in places:
        inside = sorted(place.rglob("*")) if place.is_dir() else [place]
        for path in inside:
            if path.is_file() and path.suffix.lower() in SUFFIXES:
                found[path.resolve()] = None
    return list(found)


def groups(photos: list[Photo]) -> dict[str, list[Photo]]:
    """Photos by group, the groups in the order of their names, which is that of their sizes."""
    out: dict[str, list[Photo]] = {}
    for photo in photos:
        out.setdefault(photo.group, []).append(photo)
    order = ["baseline, up to 19 MP", "baseline, 20 to 39 MP", "baseline, 40 MP and more", "progressive"]
    return {name: out[name] for name in order if name in out}


def spread(photos: list[Photo], count: int) -> list[Photo]:
    """`count` photos, drawn from all groups in turn and within a group at even distances."""
    chosen: list[Photo] = []
    queues = []
    for members in groups(photos).values():
        ordered = sorted(members, key=lambda photo: (photo.megapixels, photo.path))
        step = max(1, len(ordered) // max(1, count))
        queues.append(ordered[::step] + [photo for i, photo in enumerate(ordered) if i % step])
    while len(chosen) < count and any(queues):
        for queue in queues:
            if queue and len(chosen) < count:
                chosen.append(queue.pop(0))
    return chosen
