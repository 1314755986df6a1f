"""Everything that a comparison found, as one value that JSON holds: tables and plots are made from it alone."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from .judge import Curves, Equal
from .measure import Figures
from .photos import Photo


@dataclass
class Group:
    photos: int
    megapixels: float
    """Of all its photos together."""
    tools: dict[str, Figures]
    scores: dict[str, float] = field(default_factory=dict)
    """The mean of its photos, by tool."""


@dataclass
class Curve:
    """A tool over the qualities: bits for each pixel of the results, and the mean score."""

    qualities: list[int]
    bits_per_pixel: list[float]
    scores: list[float]


@dataclass
class Results:
    when: str
    command: str
    machine: str
    system: str
    quality: int
    threads: int
    rounds: int
    max_pixels: int
    versions: dict[str, str]
    missing: dict[str, str]
    base: str
    groups: dict[str, Group]
    alone: dict[str, Figures] = field(default_factory=dict)
    """One photo with all cores for itself."""
    alone_photo: str = ""
    alone_threads: int = 0
    photos: list[dict] = field(default_factory=list)
    """Each photo's properties and scores, without its name."""
    curves: dict[str, Curve] = field(default_factory=dict)
    equal: dict[str, Equal] = field(default_factory=dict)

    @property
    def tools(self) -> list[str]:
        return list(next(iter(self.groups.values())).tools)

    def total(self, tool: str) -> Figures:
        """All groups together: sums of times and bytes, the largest of the peaks."""
        parts = [group.tools[tool] for group in self.groups.values()]
        kinds = sorted({kind for part in parts for kind in part.sampling.split(", ")} - {"gray"})
        return Figures(sum(part.cpu for part in parts), sum(part.wall for part in parts),
                       max(part.peak_kib for part in parts), sum(part.bytes for part in parts), ", ".join(kinds) or "gray")

    def mean_score(self, tool: str) -> float | None:
        known = [photo["scores"][tool] for photo in self.photos if photo["scores"]]
        return sum(known) / len(known) if known else None

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(path: Path) -> Results:
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["groups"] = {name: Group(group["photos"], group["megapixels"],
                                 {tool: Figures(**figures) for tool, figures in group["tools"].items()}, group["scores"])
                     for name, group in raw["groups"].items()}
    raw["alone"] = {tool: Figures(**figures) for tool, figures in raw["alone"].items()}
    raw["curves"] = {tool: Curve(**curve) for tool, curve in raw["curves"].items()}
    raw["equal"] = {tool: Equal(**equal) for tool, equal in raw["equal"].items()}
    return Results(**raw)


def mean_curves(found: Curves, photos: list[Photo]) -> dict[str, Curve]:
    pixels = sum(photo.width * photo.height for photo in photos)
    out: dict[str, Curve] = {}
    for name in next(iter(found.values())):
        columns = list(zip(*(found[photo.path][name] for photo in photos)))
        out[name] = Curve([column[0].quality for column in columns],
                          [round(8 * sum(point.bytes for point in column) / pixels, 4) for column in columns],
                          [round(sum(point.score for point in column) / len(column), 3) for column in columns])
    return out


def machine() -> tuple[str, str]:
    """The processor with its cores and memory, and the system."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        about = f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB"
    except (OSError, ValueError):
        about = f"{model}, {os.cpu_count()} cores"
    return about, f"{platform.system()} {platform.release()} {platform.machine()}"


def today() -> str:
    return date.today().isoformat()
