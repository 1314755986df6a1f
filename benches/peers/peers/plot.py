"""The two plots, as SVG written by hand: readable in light and dark, as the viewer's system asks."""

from __future__ import annotations

import math
from html import escape

from .results import Results
from .tools import OURS, TOOLS

LIGHT = {"paper": "#ffffff", "ink": "#1f2328", "soft": "#59636e", "line": "#d1d9e0", "ours": "#0969da"}
DARK = {"paper": "#0d1117", "ink": "#f0f6fc", "soft": "#9198a1", "line": "#3d444d", "ours": "#4493f8"}


def colours(of: dict[str, str]) -> str:
    """Written out for each of the two: many viewers of SVG know no variables and would show black."""
    return """.paper {{ fill: {paper}; }} .grid {{ stroke: {line}; }} .one, .theirs {{ stroke: {soft}; }} .ours {{ stroke: {ours}; }}
.dot-ours {{ fill: {ours}; }} .dot-theirs {{ fill: {soft}; }} text {{ fill: {ink}; }} .soft {{ fill: {soft}; }}
""".format(**of)


STYLE = f"""
text {{ font: 13px system-ui, sans-serif; }} .soft {{ font-size: 12px; }}
.title {{ font-weight: 600; font-size: 14px; }} .strong {{ font-weight: 600; }} .curve {{ fill: none; stroke-width: 2; }}
.grid {{ stroke-width: 1; }} .one {{ stroke-width: 1.5; }} .bar {{ stroke-width: 4; stroke-linecap: round; }}
{colours(LIGHT)}@media (prefers-color-scheme: dark) {{
{colours(DARK)}}}
"""
# Told apart in light and dark and by the colour blind (Okabe and Ito's, without yellow and black).
COLOURS = ["#0072b2", "#56b4e9", "#009e73", "#d55e00", "#cc79a7", "#e69f00", "#8c6bb1", "#a6761d", "#7f7f7f"]


def document(width: int, height: int, title: str, parts: list[str]) -> str:
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>\n'
            f'<rect class="paper" width="{width}" height="{height}" rx="6"/>\n' + "\n".join(parts) + "\n</svg>\n")


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def speed(results: Results) -> str:
    """Two panels of dots on a scale of ratios: processor time and peak memory, a row for each tool."""
    base = results.total(results.base)
    totals = {tool: results.total(tool) for tool in results.tools}
    panels = [("processor time", {tool: total.cpu / base.cpu for tool, total in totals.items()}),
              ("peak memory", {tool: total.peak_kib / base.peak_kib for tool, total in totals.items()})]
    row, top, left, wide, gap = 28, 66, 140, 290, 70
    bottom = top + row * len(totals)
    title = f"Relative to {results.base}: less is better"
    parts = [text(16, 26, title, "title")]
    for index, (what, ratios) in enumerate(panels):
        start = left + index * (wide + gap)
        low, high = reach(list(ratios.values()))

        def at(value: float, low: float = low, high: float = high, start: float = start) -> float:
            return start + wide * math.log(value / low) / math.log(high / low)

        parts.append(text(start, 50, what, "strong"))
        for tick in ticks(low, high):
            parts.append(line(at(tick), top - 6, at(tick), bottom, "one" if tick == 1 else "grid"))
            parts.append(text(at(tick), bottom + 18, f"{tick:g}", "soft", "middle"))
        for number, (tool, value) in enumerate(ratios.items()):
            y = top + row * number + row / 2
            ours = "ours" if tool.startswith(OURS) else "theirs"
            if index == 0:
                parts.append(text(left - 12, y + 4, tool, "strong" if ours == "ours" else "", "end"))
            parts.append(line(at(1), y, at(value), y, f"bar {ours}"))
            parts.append(f'<circle cx="{at(value):.1f}" cy="{y:.1f}" r="6" class="dot-{ours}"/>')
            parts.append(text(at(value) + (11 if value >= 1 else -11), y + 4, f"{value:.2f}", "soft",
                              "start" if value >= 1 else "end"))
    return document(left + 2 * wide + gap + 40, bottom + 34, title, parts)


def reach(ratios: list[float]) -> tuple[float, float]:
    """The ends of a logarithmic scale with room for the numbers beside the dots."""
    return min(*ratios, 0.5) / 1.7, max(*ratios, 2.0) * 1.6


def ticks(low: float, high: float) -> list[float]:
    return [tick for tick in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if low <= tick <= high]


def quality(results: Results) -> str:
    """A curve for each tool: the mean score over bits per pixel, its points the qualities."""
    left, top, wide, tall, legend = 64, 48, 560, 340, 170
    curves = results.curves
    bits = [value for curve in curves.values() for value in curve.bits_per_pixel]
    scores = [value for curve in curves.values() for value in curve.scores]
    x_step, y_step = step(max(bits), 7), step(max(scores) - min(scores), 6)
    x_high = math.ceil(max(bits) / x_step) * x_step
    y_low, y_high = math.floor(min(scores) / y_step) * y_step, math.ceil(max(scores) / y_step) * y_step

    def point(x: float, y: float) -> tuple[float, float]:
        return left + wide * x / x_high, top + tall * (y_high - y) / (y_high - y_low)

    title = "SSIMULACRA2 over bits per pixel: higher and further left is better"
    parts = [text(16, 26, title, "title")]
    for number in range(round(x_high / x_step) + 1):
        x, _ = point(number * x_step, y_low)
        parts += [line(x, top, x, top + tall, "grid"), text(x, top + tall + 18, f"{number * x_step:g}", "soft", "middle")]
    for number in range(round((y_high - y_low) / y_step) + 1):
        _, y = point(0, y_low + number * y_step)
        parts += [line(left, y, left + wide, y, "grid"), text(left - 8, y + 4, f"{y_low + number * y_step:g}", "soft", "end")]
    parts.append(text(left + wide / 2, top + tall + 38, "bits per pixel", "soft", "middle"))
    # The legend in the order in which the curves end, so that it is read beside them.
    order = sorted(curves, key=lambda tool: -curves[tool].scores[-1])
    for place, tool in enumerate(order):
        colour, curve = COLOURS[list(TOOLS).index(tool) % len(COLOURS)], curves[tool]
        ours = tool.startswith(OURS)
        points = [point(x, y) for x, y in zip(curve.bits_per_pixel, curve.scores)]
        dash = "" if ours else ' stroke-dasharray="5 3"'
        parts.append(f'<polyline class="curve" stroke="{colour}"{dash} points="'
                     + " ".join(f"{x:.1f},{y:.1f}" for x, y in points) + '"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        y = top + 12 + place * 22
        x = left + wide + 20
        parts.append(f'<line x1="{x}" y1="{y}" x2="{x + 24}" y2="{y}" stroke="{colour}" stroke-width="2"{dash}/>')
        parts.append(text(x + 32, y + 4, tool, "strong" if ours else ""))
    return document(left + wide + legend + 20, top + tall + 52, title, parts)


def step(span: float, parts: int) -> float:
    """A round distance of grid lines, for about `parts` of them."""
    rough = max(span, 1e-6) / parts
    size = 10 ** math.floor(math.log10(rough))
    return next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
