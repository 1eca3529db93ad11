"""Charts as SVG, drawn by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

COLOURS = ("#0b7285", "#adb5bd", "#e8590c", "#5f3dc4", "#2b8a3e", "#c2255c", "#1971c2", "#868e96")
WIDTH, LEFT, TOP, BAR = 720, 90, 40, 9


def ratios(title: str, measured: Mapping[str, Mapping[str, float]]) -> str:
    """Draw a bar for each library in each workload, on a logarithmic scale around 1."""
    names = list(dict.fromkeys(name for each in measured.values() for name in each))
    largest = max((ratio for each in measured.values() for ratio in each.values()), default=2)
    ticks = [tick for tick in (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64) if tick <= largest * 2]

    def x(ratio: float) -> float:
        span = math.log(ticks[-1] / ticks[0])
        return LEFT + (WIDTH - LEFT - 20) * math.log(max(ratio, ticks[0]) / ticks[0]) / span

    step = BAR * (len(names) + 1)
    bottom = TOP + 20 + step * len(measured)
    parts = [*_legend(title, names), *(_tick(x(tick), f"{tick:g}", bottom) for tick in ticks)]
    for row, (workload, each) in enumerate(measured.items()):
        top = TOP + 20 + row * step
        parts.append(_text(LEFT - 8, top + step / 2, workload, "end"))
        for number, name in enumerate(names):
            if name in each:
                left, right = sorted((x(1), x(each[name])))
                parts.append(
                    f'<rect x="{left:.1f}" y="{top + number * BAR}" height="{BAR - 2}" '
                    f'width="{max(right - left, 1):.1f}" fill="{_colour(number)}"/>'
                )
    return _svg(bottom + 24, parts)


def lines(title: str, series: Mapping[str, Sequence[tuple[float, float]]], unit: str) -> str:
    """Draw a line for each series of points, both scales logarithmic."""
    points = [point for each in series.values() for point in each]
    left, right = (pick(math.log10(px) for px, _ in points) for pick in (min, max))
    low = min(math.floor(math.log10(py)) for _, py in points)
    high = max(math.ceil(math.log10(py)) for _, py in points)
    bottom = TOP + 300

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - 40) * (math.log10(value) - left) / max(right - left, 1)

    def y(value: float) -> float:
        return bottom - 260 * (math.log10(value) - low) / max(high - low, 1)

    parts = _legend(title, list(series))
    parts += [_tick(x(10**e), f"{10**e:,}", bottom) for e in range(int(left), int(right) + 1)]
    parts += [
        _text(LEFT - 8, y(10.0**e) + 4, f"{10.0**e:g} {unit}", "end") for e in range(low, high + 1)
    ]
    for number, each in enumerate(series.values()):
        path = " ".join(f"{x(px):.1f},{y(py):.1f}" for px, py in each)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{_colour(number)}" stroke-width="2"/>'
        )
    return _svg(bottom + 24, parts)


def _legend(title: str, names: Sequence[str]) -> list[str]:
    parts = [f'<text x="{LEFT}" y="16" font-weight="bold">{escape(title)}</text>']
    for number, name in enumerate(names):
        left = LEFT + number * (WIDTH - LEFT) // max(len(names), 1)
        parts.append(f'<rect x="{left}" y="26" width="8" height="8" fill="{_colour(number)}"/>')
        parts.append(_text(left + 12, 34, name, "start"))
    return parts


def _tick(x: float, text: str, bottom: float) -> str:
    line = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP + 8}" y2="{bottom}" stroke="#dee2e6"/>'
    return line + _text(x, bottom + 16, text, "middle")


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _svg(height: float, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
        'font-family="sans-serif" font-size="11">\n'
        f'<rect width="{WIDTH}" height="{height:.0f}" fill="white"/>\n'
    )
    return head + "\n".join(parts) + "\n</svg>\n"
