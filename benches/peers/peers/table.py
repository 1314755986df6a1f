"""The Markdown: tables, what photofit loses, and the notes; and the place in a document where they stand."""

from __future__ import annotations

from pathlib import Path

from .results import Group, Results
from .tools import OURS, TOOLS

BEGIN, END = "<!-- peers:begin -->", "<!-- peers:end -->"
HEADINGS = ["", "CPU s", "wall s", "peak MB", "MB out", "SSIMULACRA2", "bytes at equal score", "subsampling"]


class NoPlace(ValueError):
    """The document has no markers for the table."""


def ratio(value: float, base: float) -> str:
    return f"{value / base:.2f}" if base else "-"


def markdown(rows: list[list[str]]) -> str:
    """A table of GitHub's Markdown: the first row is its head, the first column text, the others numbers."""
    head, *body = rows
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in body]
    return "\n".join(lines)


def main_table(results: Results) -> str:
    base = results.total(results.base)
    rows = [HEADINGS]
    for tool in results.tools:
        total = results.total(tool)
        score, equal = results.mean_score(tool), results.equal.get(tool)
        rows.append([name(tool), with_ratio(total.cpu, base.cpu), with_ratio(total.wall, base.wall),
                     f"{total.peak_kib * 1024 / 1e6:.0f} ({ratio(total.peak_kib, base.peak_kib)})",
                     f"{total.bytes / 1e6:.1f} ({ratio(total.bytes, base.bytes)})",
                     f"{score:.2f}" if score is not None else "-",
                     f"{equal.ratio:.2f}{'' if equal.photos == equal.of else f' ({equal.photos} of {equal.of})'}"
                     if equal else "-", total.sampling])
    return markdown(rows)


def name(tool: str) -> str:
    return f"**{tool}**" if tool.startswith(OURS) else tool


def with_ratio(value: float, base: float) -> str:
    return f"{value:.2f} ({ratio(value, base)})"


def group_table(results: Results) -> str:
    """For each group CPU and peak memory as ratios to the base's, and the difference of the mean scores."""
    rows = [[""] + [f"{group} ({part.photos})" for group, part in results.groups.items()]]
    for tool in results.tools:
        rows.append([name(tool)] + [group_cell(part, tool, results.base) for part in results.groups.values()])
    return markdown(rows)


def group_cell(group: Group, tool: str, base: str) -> str:
    mine, theirs = group.tools[tool], group.tools[base]
    score = f" · {group.scores[tool] - group.scores[base]:+.2f}" if group.scores else ""
    return f"{ratio(mine.cpu, theirs.cpu)} · {ratio(mine.peak_kib, theirs.peak_kib)}{score}"


def alone_table(results: Results) -> str:
    base = results.alone[results.base]
    rows = [["", "CPU ms", "wall ms", "peak MB"]]
    for tool, figures in results.alone.items():
        rows.append([name(tool), f"{figures.cpu * 1e3:.0f} ({ratio(figures.cpu, base.cpu)})",
                     f"{figures.wall * 1e3:.0f} ({ratio(figures.wall, base.wall)})",
                     f"{figures.peak_kib * 1024 / 1e6:.0f} ({ratio(figures.peak_kib, base.peak_kib)})"])
    return markdown(rows)


def losses(results: Results) -> list[str]:
    """Where another tool is better than photofit with its defaults, by group and for single photos; differences too small
    to be more than noise count too, as they are told with their size."""
    out = []
    others = [tool for tool in results.tools if not tool.startswith(OURS)]
    measures = [("CPU", lambda figures: figures.cpu), ("peak memory", lambda figures: figures.peak_kib),
                ("wall time", lambda figures: figures.wall), ("bytes written", lambda figures: figures.bytes)]
    for group, part in results.groups.items():
        for what, read in measures:
            out += worse(f"{what}, {group}", read(part.tools[OURS]), {tool: read(part.tools[tool]) for tool in others})
        better = {tool: part.scores[tool] - part.scores[OURS] for tool in others if part.scores}
        told = [f"{tool} by {gain:.2f}" for tool, gain in better.items() if gain > 0]
        if told:
            out.append(f"mean SSIMULACRA2, {group}: higher with {', '.join(told)}")
    if results.alone:
        out += worse("wall time of one photo alone", results.alone[OURS].wall,
                     {tool: results.alone[tool].wall for tool in others})
    equal = {tool: results.equal[tool].ratio for tool in others if tool in results.equal}
    if OURS in results.equal and equal:
        out += worse("bytes at equal SSIMULACRA2", results.equal[OURS].ratio, equal)
        if "photofit-smallest" in results.equal:
            out += worse("bytes at equal SSIMULACRA2, `--effort smallest`", results.equal["photofit-smallest"].ratio, equal)
    out += [single for tool in others if (single := single_photos(results, tool))]
    return out


def worse(what: str, mine: float, theirs: dict[str, float]) -> list[str]:
    told = [f"{tool} takes {value / mine:.2f} of photofit's" for tool, value in theirs.items() if value < mine]
    return [f"{what}: {', '.join(told)}"] if told else []


def single_photos(results: Results, tool: str) -> str:
    """The photos that score lower with photofit than with the tool, at the same quality."""
    judged = [photo for photo in results.photos if photo["scores"]]
    behind = [(photo["scores"][tool] - photo["scores"][OURS], photo) for photo in judged]
    behind = [(gap, photo) for gap, photo in behind if gap > 0]
    if not behind:
        return ""
    gap, worst = max(behind, key=lambda pair: pair[0])
    return (f"{len(behind)} of {len(judged)} photos score lower than with {tool}; "
            f"most the one of {worst['photo']}, by {gap:.2f}")


def notes(results: Results) -> str:
    versions = ", ".join(f"{tool} {version}" for tool, version in results.versions.items())
    settings = "; ".join(f"{tool}: {TOOLS[tool].what}" for tool in results.tools)
    count = sum(group.photos for group in results.groups.values())
    lines = [
        f"- {count} photos, quality {results.quality}, 4:2:0, to at most {results.max_pixels / 1e6:g} megapixels, "
        f"{results.threads} {'thread' if results.threads == 1 else 'threads'}, best of {results.rounds} {'round' if results.rounds == 1 else 'rounds'} in turns.",
        f"- {results.when}, {results.machine}, {results.system}.",
        f"- {versions}.",
        f"- {settings}.",
        f"- Made by `{results.command}`.",
    ]
    lines += [f"- {tool} is missing: {reason}." for tool, reason in results.missing.items()]
    return "\n".join(lines)


def block(results: Results, plots: str) -> str:
    """All of it; `plots` is the path of the plots' folder as the document sees it."""
    parts = [f"In brackets the ratio to {results.base}.", main_table(results),
             f"![Processor time and peak memory of each program, relative to {results.base}]({plots}/speed.svg)"]
    if results.curves:
        parts.append(f"![SSIMULACRA2 over bits per pixel, for each program]({plots}/quality.svg)")
    parts += [f"By kind of source, the number of photos in brackets: processor time and peak memory as ratios to "
              f"{results.base}{', and the difference of the mean SSIMULACRA2' if results.photos[0]['scores'] else ''}.",
              group_table(results)]
    if results.alone:
        parts += [f"One photo ({results.alone_photo}) alone with {results.alone_threads} threads:", alone_table(results)]
    lost = losses(results)
    parts += ["**Where photofit loses** (with its defaults, every case found):",
              "\n".join(f"- {line}." for line in lost) if lost else "- nowhere, in this run.", notes(results)]
    return "\n\n".join(parts)


def refresh(document: Path, text: str) -> None:
    """Puts `text` between the markers of `document`; raises NoPlace where they do not stand once each, in order."""
    old = document.read_text(encoding="utf-8")
    if old.count(BEGIN) != 1 or old.count(END) != 1 or old.index(BEGIN) > old.index(END):
        raise NoPlace(f"{document.name} needs {BEGIN} and then {END}, once each")
    head, rest = old.split(BEGIN)
    tail = rest.split(END)[1]
    document.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")
