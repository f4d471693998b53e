"""Plots as plain SVG: lines over a logarithmic axis, and bars."""

from __future__ import annotations

import html
import math
from pathlib import Path

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 380, 70, 170, 40, 50
COLOURS = ("#0b5fa5", "#d1495b", "#3f8f4f", "#b07d12", "#6b4fa0", "#555555", "#1d9aa8", "#a03070")


def _frame(title: str, body: list[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            f'<text x="{LEFT}" y="22" font-size="15">{html.escape(title)}</text>',
            *body,
            "</svg>",
        ]
    )


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(words)}</text>'


def lines(path: Path, title: str, x_name: str, y_name: str, series: dict[str, list[tuple[float, float]]], names: list[tuple[float, str]]) -> None:
    """Lines over x, y logarithmic; `names` are the marks of the x axis."""
    values = [y for points in series.values() for _, y in points if y > 0]
    if not values:
        return
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values) * 1.001))
    first, last = names[0][0], names[-1][0]

    def place(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (x - first) / ((last - first) or 1) * (WIDTH - LEFT - RIGHT)
        up = (math.log10(max(y, 10**low)) - low) / ((high - low) or 1)
        return across, HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    body = []
    for power in range(low, high + 1):
        _, y = place(first, 10**power)
        body.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        body.append(_text(LEFT - 6, y + 4, f"{10.0**power:g}", "end"))
    for x, name in names:
        across, _ = place(x, 10**low)
        body.append(f'<line x1="{across:.1f}" x2="{across:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#eee"/>')
        body.append(_text(across, HEIGHT - BOTTOM + 18, name, "middle"))
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        way = " ".join("{:.1f},{:.1f}".format(*place(x, y)) for x, y in points)
        body.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>')
        body += ['<circle cx="{:.1f}" cy="{:.1f}" r="3" fill="{}"/>'.format(*place(x, y), colour) for x, y in points]
        body.append(f'<rect x="{WIDTH - RIGHT + 12}" y="{TOP + number * 20}" width="12" height="12" fill="{colour}"/>')
        body.append(_text(WIDTH - RIGHT + 30, TOP + number * 20 + 11, name))
    body.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_name, "middle"))
    body.append(_text(LEFT, TOP - 6, y_name))
    path.write_text(_frame(title, body))


def bars(path: Path, title: str, unit: str, values: dict[str, float]) -> None:
    """One bar for each value."""
    most = max(values.values(), default=0) or 1
    step = (HEIGHT - TOP - 30) / max(len(values), 1)
    body = []
    for number, (name, value) in enumerate(values.items()):
        y = TOP + number * step
        wide = value / most * (WIDTH - 330)
        body.append(_text(210, y + step * 0.55, name, "end"))
        body.append(f'<rect x="220" y="{y + step * 0.15:.1f}" width="{wide:.1f}" height="{step * 0.6:.1f}" fill="{COLOURS[number % len(COLOURS)]}"/>')
        body.append(_text(226 + wide, y + step * 0.55, f"{value:.4g} {unit}"))
    path.write_text(_frame(title, body))
