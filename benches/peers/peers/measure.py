"""Runs the tools: in turns, each on a group of photos in a process of its own, and reads what the kernel counted."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from .install import HERE, Programs, say
from .photos import NotAJpeg, Photo, read_frame
from .tools import Job, Tool


@dataclass(frozen=True)
class Settings:
    threads: int
    quality: int
    rounds: int
    max_pixels: int


@dataclass
class Figures:
    """One tool on one group: the best of the rounds, each figure for itself, as other work can only add to it."""

    cpu: float = float("inf")
    """Seconds of all threads, in the program and in the kernel for it."""
    wall: float = float("inf")
    """Seconds from start to end of the process."""
    peak_kib: int = sys.maxsize
    """The most memory that a process of it held; of those that take a process for each photo, of the largest."""
    bytes: int = 0
    sampling: str = ""
    """Chroma subsampling of what it wrote; all kinds if there are several."""

    def take(self, cpu: float, wall: float, peak_kib: int) -> None:
        self.cpu, self.wall, self.peak_kib = min(self.cpu, cpu), min(self.wall, wall), min(self.peak_kib, peak_kib)


@dataclass
class Workshop:
    """The folder in which the runs take place: links to the sources, and what came out."""

    home: Path
    programs: Programs
    links: dict[Path, Path] = field(default_factory=dict)

    def link(self, photo: Photo) -> Path:
        """A name for the source that is the same for all tools and tells nothing."""
        if photo.path not in self.links:
            folder = self.home / "sources"
            folder.mkdir(parents=True, exist_ok=True)
            link = folder / f"{len(self.links):03}.jpg"
            link.symlink_to(photo.path)
            self.links[photo.path] = link
        return self.links[photo.path]

    def output(self, photo: Photo, tool: Tool, label: str) -> Path:
        return self.home / label / tool.name / self.link(photo).name

    def run(self, tool: Tool, photos: list[Photo], label: str, settings: Settings, quality: int | None = None) -> dict:
        """One run; the answer of the meter. What came out stands at `output`."""
        folder = self.home / label / tool.name
        folder.mkdir(parents=True, exist_ok=True)
        for photo in photos:
            (folder / self.link(photo).name).unlink(missing_ok=True)
        job = Job([self.link(photo) for photo in photos], [(photo.width, photo.height) for photo in photos], folder,
                  settings.threads, quality or settings.quality, settings.max_pixels)
        answer, log = folder.with_suffix(".json"), folder.with_suffix(".log")
        command = [sys.executable, "-I", "-S", str(HERE / "peers" / "meter.py"), str(answer)]
        with log.open("w", encoding="utf-8") as file:
            subprocess.run([*command, *tool.command(self.programs, job)], stdin=subprocess.DEVNULL, stdout=file,
                           stderr=subprocess.STDOUT, env=tool.env(self.programs), check=True)
        return json.loads(answer.read_text(encoding="ascii"))

    def close(self) -> None:
        shutil.rmtree(self.home)


def rehearse(shop: Workshop, tools: list[Tool], photos: list[Photo], settings: Settings) -> tuple[list[Tool], list[Photo]]:
    """A first run that counts for nothing but warms the caches, and tells which tools and photos take part: those of which
    something comes out. A tool that fails on more than half of the photos goes; then a photo that any tool fails on."""
    working: list[Tool] = []
    lost: dict[Path, list[str]] = {}
    for tool in tools:
        say(f"rehearsal: {tool.name}")
        shop.run(tool, photos, "photos", settings)
        failed = [photo for photo in photos if not written(shop.output(photo, tool, "photos"), photo)]
        if len(failed) * 2 > len(photos):
            log = shop.home / "photos" / f"{tool.name}.log"
            shop.programs.missing[tool.name] = f"it failed on {len(failed)} of {len(photos)} photos: {last_line(log)}"
            say(f"{tool.name} is left out: {shop.programs.missing[tool.name]}")
            continue
        working.append(tool)
        for photo in failed:
            lost.setdefault(photo.path, []).append(tool.name)
    for photo in photos:
        if photo.path in lost:
            say(f"{photo.path} is left out: nothing of the right size came from {', '.join(lost[photo.path])}")
    return working, [photo for photo in photos if photo.path not in lost]


def written(output: Path, photo: Photo) -> bool:
    """Whether a JPEG of the size asked for was written."""
    try:
        frame = read_frame(output)
    except (OSError, NotAJpeg):
        return False
    return (frame.width, frame.height) == (photo.width, photo.height)


def last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "it said nothing")


def measure(shop: Workshop, tools: list[Tool], groups: dict[str, list[Photo]],
            settings: Settings) -> dict[str, dict[str, Figures]]:
    """Figures by group and tool. Round after round, group after group, tool after tool: what disturbs the machine for a
    while disturbs all of them."""
    figures = {group: {tool.name: Figures() for tool in tools} for group in groups}
    for number in range(settings.rounds):
        for group, photos in groups.items():
            say(f"round {number + 1} of {settings.rounds}: {group}, {len(photos)} photos")
            for tool in tools:
                answer = shop.run(tool, photos, "photos", settings)
                figures[group][tool.name].take(answer["cpu"], answer["wall"], answer["peak_kib"])
    for group, photos in groups.items():
        for tool in tools:
            outputs = [shop.output(photo, tool, "photos") for photo in photos]
            kinds = {read_frame(output).sampling for output in outputs} - {"gray"} or {"gray"}
            figures[group][tool.name].bytes = sum(output.stat().st_size for output in outputs)
            figures[group][tool.name].sampling = ", ".join(sorted(kinds))
    return figures
