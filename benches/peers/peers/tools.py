"""The programs compared: how each is called for a list of photos."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from .install import HERE, Programs

RUNNERS = HERE / "runners"


@dataclass(frozen=True)
class Job:
    """A run of one tool: the photos `NNN.jpg` of `inputs` to files of the same names in `output`."""

    inputs: list[Path]
    sizes: list[tuple[int, int]]
    output: Path
    threads: int
    quality: int
    max_pixels: int

    def jobs_file(self) -> Path:
        """The list that the runners read, beside the output folder."""
        path = self.output.with_name(self.output.name + ".tsv")
        lines = (f"{source}\t{width}\t{height}\t{self.output / source.name}\n"
                 for source, (width, height) in zip(self.inputs, self.sizes))
        path.write_text("".join(lines), encoding="utf-8")
        return path


@dataclass(frozen=True)
class Tool:
    name: str
    what: str
    """What it is and with which settings, for the notes below the table."""
    package: str
    """The key of its version in `Programs.versions`."""
    command: Callable[[Programs, Job], list[str]]
    """The command line for a job."""
    environment: Callable[[Programs], dict[str, str]] = lambda _programs: {}

    def env(self, programs: Programs) -> dict[str, str]:
        return {**os.environ, **self.environment(programs)}


def photofit(effort: str) -> Callable[[Programs, Job], list[str]]:
    def command(programs: Programs, job: Job) -> list[str]:
        return [str(programs.photofit), "prep", *map(str, job.inputs), "--output", str(job.output),
                "--quality", str(job.quality), "--chroma", "420", "--effort", effort, "--jobs", str(job.threads),
                # Pixels alone decide, and every photo runs when its turn comes, as with the others.
                "--max-pixels", str(job.max_pixels), "--max-bytes", "1GB", "--accept", "jpeg"]

    return command


def runner(name: str, start: Callable[[Programs], list[str]]) -> Callable[[Programs, Job], list[str]]:
    def command(programs: Programs, job: Job) -> list[str]:
        return [*start(programs), str(RUNNERS / name), str(job.jobs_file()), str(job.threads), str(job.quality)]

    return command


def python(programs: Programs) -> list[str]:
    return [str(programs.python)]


def oximg(preset: str) -> Callable[[Programs], dict[str, str]]:
    return lambda programs: {"OXIMG": str(programs.oximg), "PRESET": preset}


TOOLS: dict[str, Tool] = {tool.name: tool for tool in [
    Tool("photofit-fastest", "`--effort fastest`", "photofit", photofit("fastest")),
    Tool("photofit", "`--effort balanced`, the default", "photofit", photofit("balanced")),
    Tool("photofit-smallest", "`--effort smallest`", "photofit", photofit("smallest")),
    Tool("libvips", "pyvips: `thumbnail`, `jpegsave`", "libvips", runner("vips.py", python)),
    Tool("sharp", "`autoOrient`, `resize`, `jpeg`", "sharp", runner("sharp.mjs", lambda _programs: ["node"]),
         lambda programs: {"SHARP_HOME": str(programs.sharp_home)}),
    Tool("oximg", "preset jpegli, its default; a process for each photo", "oximg",
         runner("oximg.sh", lambda _programs: ["sh"]), oximg("jpegli")),
    Tool("oximg-fast", "preset fast; a process for each photo", "oximg",
         runner("oximg.sh", lambda _programs: ["sh"]), oximg("fast")),
    Tool("pillow", "`draft`, `exif_transpose`, `resize` with Lanczos", "pillow", runner("pillow.py", python)),
    Tool("imagemagick", "`-auto-orient -filter Lanczos -resize`; a process for each photo", "imagemagick",
         runner("imagemagick.sh", lambda _programs: ["sh"]), lambda programs: {"CONVERT": str(programs.convert)}),
]}
OURS = "photofit"
BASE = "libvips"
"""What the others are measured against; photofit where it is missing."""
