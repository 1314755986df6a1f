"""SSIMULACRA2 of what the tools wrote, by the program in `judge/`, and bytes at equal scores."""

from __future__ import annotations

import math
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .install import Failed, Programs, say
from .measure import Settings, Workshop
from .photos import Photo
from .tools import Tool


def scores(programs: Programs, pairs: list[tuple[Path, Path]], threads: int) -> list[float]:
    """The score of each pair of original and output; pairs of one original stand together. Raises Failed."""
    lines = "".join(f"{original}\t{output}\n" for original, output in pairs)
    done = subprocess.run([str(programs.judge), str(threads)], input=lines, text=True, capture_output=True, check=False)
    answers = done.stdout.splitlines()
    if done.returncode or len(answers) != len(pairs):
        raise Failed(f"the judge gave {len(answers)} answers to {len(pairs)} pairs: {done.stderr.strip()[-300:]}")
    for answer in answers:
        if answer.startswith("-"):
            raise Failed(f"the judge could not compare {answer[1:].strip()}")
    return [float(answer) for answer in answers]


def judge(shop: Workshop, tools: list[Tool], photos: list[Photo], cores: int) -> dict[Path, dict[str, float]]:
    """The score of every photo's last output, by path and tool."""
    say(f"judging {len(photos)} photos of {len(tools)} tools")
    pairs = [(shop.link(photo), shop.output(photo, tool, "photos")) for photo in photos for tool in tools]
    found = iter(scores(shop.programs, pairs, cores))
    return {photo.path: {tool.name: next(found) for tool in tools} for photo in photos}


@dataclass(frozen=True)
class Point:
    """One photo by one tool at one quality."""

    quality: int
    bytes: int
    score: float


Curves = dict[Path, dict[str, list[Point]]]
"""Points by photo and tool, in the order of the qualities."""


def curves(shop: Workshop, tools: list[Tool], photos: list[Photo], qualities: list[int], settings: Settings,
           cores: int) -> Curves:
    """Every photo by every tool at every quality. Not timed, so all cores work."""
    busy = Settings(cores, settings.quality, settings.rounds, settings.max_pixels)
    for quality in qualities:
        say(f"bytes and scores of {len(photos)} photos at quality {quality}")
        for tool in tools:
            shop.run(tool, photos, f"quality-{quality}", busy, quality)
    places = [(photo, tool, quality) for photo in photos for tool in tools for quality in qualities]
    outputs = [shop.output(photo, tool, f"quality-{quality}") for photo, tool, quality in places]
    pairs = [(shop.link(photo), output) for (photo, _, _), output in zip(places, outputs)]
    found: Curves = {photo.path: {tool.name: [] for tool in tools} for photo in photos}
    for (photo, tool, quality), output, score in zip(places, outputs, scores(shop.programs, pairs, cores)):
        found[photo.path][tool.name].append(Point(quality, output.stat().st_size, score))
    return found


def bytes_at(points: list[Point], score: float) -> float | None:
    """The bytes at which a tool's curve has the score, the logarithm of the bytes taken as straight between two points;
    None where the score is beyond the curve."""
    ordered = sorted(points, key=lambda point: point.bytes)
    for low, high in zip(ordered, ordered[1:]):
        if low.score <= score <= high.score and low.score < high.score:
            share = (score - low.score) / (high.score - low.score)
            return math.exp(math.log(low.bytes) * (1 - share) + math.log(high.bytes) * share)
    return None


@dataclass(frozen=True)
class Equal:
    """A tool's bytes at the scores of the base: the geometric mean of the ratios over the photos that could be compared."""

    ratio: float
    photos: int
    of: int


def at_equal_score(found: Curves, base: str, quality: int) -> dict[str, Equal]:
    """For each photo the score that the base has at `quality`, which is one of the curve's, and what the others need for
    it."""
    ratios: dict[str, list[float]] = {}
    for tools in found.values():
        aim = next(point for point in tools[base] if point.quality == quality)
        for name, points in tools.items():
            needed = float(aim.bytes) if name == base else bytes_at(points, aim.score)
            ratios.setdefault(name, [])
            if needed is not None:
                ratios[name].append(needed / aim.bytes)
    return {name: Equal(math.exp(sum(map(math.log, values)) / len(values)), len(values), len(found))
            for name, values in ratios.items() if values}
