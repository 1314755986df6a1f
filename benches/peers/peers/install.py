"""Puts the peers and the judge into a folder of their own; what cannot be had is left out, with a reason."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
REPOSITORY = HERE.parent.parent


class Failed(RuntimeError):
    """Something could not be installed or built; the text says why."""


@dataclass
class Programs:
    """Where each thing that runs is, and its version."""

    home: Path
    photofit: Path
    judge: Path | None = None
    python: Path | None = None
    sharp_home: Path | None = None
    oximg: Path | None = None
    convert: Path | None = None
    versions: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    """Tool to reason."""


def run(command: list[str | Path], log: Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Standard output of a command that must succeed; everything it says goes to `log` too."""
    try:
        done = subprocess.run([str(part) for part in command], cwd=cwd, env=env, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    except OSError as error:
        raise Failed(f"{command[0]}: {error.strerror}") from error
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"{done.stdout}\n{done.stderr}", encoding="utf-8")
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["nothing"]
        told = next((line for line in said if line.startswith(("error", "ERROR", "E:", "npm ERR"))), said[-1])
        raise Failed(f"{Path(command[0]).name} ended with {done.returncode}: {told} (all of it: {log})")
    return done.stdout


def install(home: Path, wanted: set[str], photofit: Path | None, update: bool, judged: bool) -> Programs:
    """Everything that `wanted` needs. What is there already stays, unless `update` asks for the latest."""
    home.mkdir(parents=True, exist_ok=True)
    say("photofit: building" if photofit is None else f"photofit: {photofit}")
    programs = Programs(home, photofit or build_photofit(home))
    programs.versions["photofit"] = photofit_version(programs.photofit)
    if judged:
        programs.judge = build_judge(home)
    steps = [
        ({"libvips", "pillow"}, install_python),
        ({"sharp"}, install_sharp),
        ({"imagemagick"}, install_imagemagick),
        ({"oximg", "oximg-fast"}, install_oximg),
    ]
    for names, step in steps:
        if not names & wanted:
            continue
        try:
            step(programs, names & wanted, update)
        except Failed as error:
            for name in names & wanted:
                programs.missing[name] = str(error)
    for name, reason in programs.missing.items():
        say(f"{name} is left out: {reason}")
    return programs


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def target() -> Path:
    return Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")).resolve()


def build_photofit(home: Path) -> Path:
    run(["cargo", "build", "--release", "--locked", "--quiet"], home / "photofit.log", cwd=REPOSITORY)
    return target() / "release" / "photofit"


def photofit_version(program: Path) -> str:
    lines = run([program, "--version"], Path(os.devnull)).splitlines()
    commit = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("commit:")), None)
    version = lines[0].removeprefix("photofit ")
    return f"{version}, commit {commit}" if commit else version


def build_judge(home: Path) -> Path:
    say("judge: building")
    folder = home / "judge"
    run(["cargo", "build", "--release", "--locked", "--quiet", "--target-dir", folder], home / "judge.log",
        cwd=HERE / "judge")
    return folder / "release" / "judge"


def venv(home: Path) -> Path:
    python = home / "python" / "bin" / "python"
    if not python.exists():
        run([sys.executable, "-m", "venv", home / "python"], home / "venv.log")
    return python


def install_python(programs: Programs, names: set[str], update: bool) -> None:
    packages = (["pyvips", "pyvips-binary"] if "libvips" in names else []) + (["pillow"] if "pillow" in names else [])
    say(f"{', '.join(sorted(names))}: installing")
    python = venv(programs.home)
    more = ["--upgrade"] if update else []
    run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *more, *packages],
        programs.home / "pip.log")
    programs.python = python
    if "libvips" in names:
        code = "import pyvips; print('.'.join(str(pyvips.version(i)) for i in range(3)))"
        programs.versions["libvips"] = run([python, "-c", code], programs.home / "pip.log").strip()
    if "pillow" in names:
        code = "import PIL; from PIL import features; print(PIL.__version__, features.version('libjpeg_turbo'))"
        version, turbo = run([python, "-c", code], programs.home / "pip.log").split()
        programs.versions["pillow"] = f"{version} with libjpeg-turbo {turbo}"


def install_sharp(programs: Programs, _names: set[str], update: bool) -> None:
    home = programs.home / "sharp"
    home.mkdir(exist_ok=True)
    if update or not (home / "node_modules" / "sharp").exists():
        say("sharp: installing")
        run(["npm", "install", "--prefix", home, "--no-audit", "--no-fund", "sharp@latest"], programs.home / "sharp.log",
            cwd=home)
    code = "const v = require('sharp').versions; console.log(v.sharp, v.vips, process.version)"
    version, vips, node = run(["node", "-e", code], programs.home / "sharp.log", cwd=home).split()
    programs.versions["sharp"] = f"{version} with libvips {vips}, node {node.removeprefix('v')}"
    programs.sharp_home = home


def find_convert() -> tuple[Path, str] | None:
    """ImageMagick's program and version; other programs of the name `convert` are passed over."""
    for name in ("magick", "convert-im6.q16", "convert"):
        path = shutil.which(name)
        if path is None:
            continue
        said = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stdout
        if said.startswith("Version: ImageMagick"):
            return Path(path), said.split()[2]
    return None


def install_imagemagick(programs: Programs, _names: set[str], _update: bool) -> None:
    found = find_convert()
    if found is None and shutil.which("apt-get"):
        say("imagemagick: installing by apt-get")
        as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
        run([*as_root, *apt, "update"], programs.home / "apt.log")
        run([*as_root, *apt, "install", "-y", "imagemagick"], programs.home / "apt.log")
        found = find_convert()
    if found is None:
        raise Failed("neither magick nor convert is ImageMagick's, and there is no apt-get to install it")
    programs.convert, programs.versions["imagemagick"] = found


def install_oximg(programs: Programs, _names: set[str], update: bool) -> None:
    home = programs.home / "oximg"
    program = home / "bin" / "oximg"
    if update or not program.exists():
        say("oximg: building, which takes minutes")
        # Its C++ parts are built by cmake, which pip has too.
        python = venv(programs.home)
        run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "cmake"], programs.home / "pip.log")
        env = dict(os.environ, PATH=f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}")
        run(["cargo", "install", "oximg", "--locked", "--quiet", "--root", home, "--target-dir",
             programs.home / "oximg-build"], programs.home / "oximg.log", env=env)
        shutil.rmtree(programs.home / "oximg-build", ignore_errors=True)
    programs.versions["oximg"] = run([program, "--version"], Path(os.devnull)).split()[-1]
    programs.oximg = program
