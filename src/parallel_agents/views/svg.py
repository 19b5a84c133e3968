"""SVG: a chart as a picture that needs nothing else; all text in it is escaped, and nothing runs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape

from rich.cells import cell_len

from parallel_agents.core.run import RunStatus
from parallel_agents.views import cells, format
from parallel_agents.views.charts import Bar, Chart, Point
from parallel_agents.views.signs import SIGNS

_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 960, 190, 20, 44, 40
_LANE, _BAR, _PLOT = 18, 12, 260
_MOST_LABEL, _TICKS = 26, 5
_LEAST_PIXELS = 0.5
# Okabe and Ito: told apart without colour vision, too.
_COLOURS = {
    "queued": "#d5d5d5",
    "model": "#0072b2",
    "tool": "#56b4e9",
    "wait": "#e9d8a6",
    "retry": "#e69f00",
    "asks": "#cc79a7",
}
_SERIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a7a00", "#666666")
_SIGNS = {
    "attempt": "↻",
    "escalated": "⇡",
    "steered": "✎",
    **{status.value: SIGNS[status.value] for status in RunStatus if status.is_over},
}


def svg_of(chart: Chart) -> str:
    """The chart as an SVG document; one that shows nothing says so."""
    height = _TOP + _BOTTOM + (len(chart.lanes) * _LANE if chart.lanes else _PLOT)
    body = [_text(_LEFT, 18, chart.title, "start", size=14)]
    if chart.is_empty:
        body.append(_text(_LEFT, 60, "There is nothing to draw yet.", "start"))
        height = 90
    else:
        body += _lanes(chart, height) if chart.lanes else _plot(chart, height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {_WIDTH} {height}"'
        f' width="{_WIDTH}" height="{height}" font-family="system-ui, sans-serif" font-size="11">'
        f"<title>{_safe(chart.title)}</title>"
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>{"".join(body)}</svg>'
    )


def _lanes(chart: Chart, height: int) -> Iterator[str]:
    last = max([*(bar.end for bar in chart.bars), *(point.x for point in chart.points), 1e-9])
    scale = (_WIDTH - _LEFT - _RIGHT) / last
    kinds = list(dict.fromkeys(bar.kind for bar in chart.bars))
    colours = {
        kind: _COLOURS.get(kind, _SERIES[at % len(_SERIES)]) for at, kind in enumerate(kinds)
    }
    yield from _legend(colours)
    yield from _x_axis(chart, last, height)
    for lane, label in enumerate(chart.lanes):
        y = _TOP + lane * _LANE + _LANE / 2
        yield _text(
            _LEFT - 8, y + 4, cells.middle(format.one_line(label), _MOST_LABEL), "end", title=label
        )
    by_kind: dict[str, list[Bar]] = defaultdict(list)
    for bar in chart.bars:
        by_kind[bar.kind].append(bar)
    for kind, bars in by_kind.items():
        path = "".join(_strokes(bars, scale))
        yield f'<path stroke="{colours[kind]}" stroke-width="{_BAR}" d="{path}"/>'
    for point in chart.points:
        yield _sign(point, scale)


def _strokes(bars: Sequence[Bar], scale: float) -> Iterator[str]:
    """A stroke for each bar; those of a lane that touch on the picture are one."""
    open_lane, start, end = -1, 0.0, 0.0
    for bar in sorted(bars, key=lambda each: (each.lane, each.start)):
        left, right = bar.start * scale, bar.end * scale
        right = max(right, left + _LEAST_PIXELS)
        if bar.lane == open_lane and left - end < _LEAST_PIXELS:
            end = max(end, right)
            continue
        if open_lane >= 0:
            yield _stroke(open_lane, start, end)
        open_lane, start, end = bar.lane, left, right
    if open_lane >= 0:
        yield _stroke(open_lane, start, end)


def _stroke(lane: int, start: float, end: float) -> str:
    y = _TOP + lane * _LANE + _LANE // 2
    return f"M{_LEFT + start:.1f} {y}h{end - start:.1f}"


def _sign(point: Point, scale: float) -> str:
    y = _TOP + point.y * _LANE + _LANE / 2 + 4
    return _text(
        _LEFT + point.x * scale, y, _SIGNS.get(point.kind, "·"), "middle", title=point.what
    )


def _plot(chart: Chart, height: int) -> Iterator[str]:
    corners = [corner for line in chart.lines.values() for corner in line]
    last, top = max([x for x, _ in corners] + [1e-9]), max([y for _, y in corners] + [1e-9])
    bottom, width = height - _BOTTOM, _WIDTH - _LEFT - _RIGHT
    shown = dict(list(chart.lines.items())[: len(_SERIES)])
    colours = {name: _SERIES[at] for at, name in enumerate(shown)}
    left_out = len(chart.lines) - len(shown)
    yield from _legend({**colours, **({f"and {left_out:,} more": "#999999"} if left_out else {})})
    yield from _x_axis(chart, last, height)
    for tick in range(_TICKS + 1):
        value, y = top * tick / _TICKS, bottom - _PLOT * tick / _TICKS
        yield f'<path stroke="#e5e5e5" d="M{_LEFT} {y:.1f}h{width}"/>'
        yield _text(_LEFT - 8, y + 4, f"{value:.3g}", "end")
    yield _text(_LEFT - 8, _TOP - 8, chart.y_label, "end")
    for number, (name, line) in enumerate(chart.lines.items()):
        colour = colours.get(name, "#999999")
        points = [(_LEFT + x / last * width, bottom - y / top * _PLOT) for x, y in line]
        yield f'<path fill="none" stroke="{colour}" d="{_path(points, chart)}"/>'
        if number < len(_SERIES) and not chart.is_stepped:
            yield "".join(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points
            )


def _path(points: Sequence[tuple[float, float]], chart: Chart) -> str:
    if not points:
        return ""
    first = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    if chart.is_stepped:
        return first + "".join(f"H{x:.1f}V{y:.1f}" for x, y in _apart(points))
    return first + "".join(f"L{x:.1f} {y:.1f}" for x, y in points[1:])


def _apart(points: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """The corners after the first; of those that fall together on the picture, the last one."""
    for at, point in enumerate(points[1:], start=2):
        after = points[at][0] if at < len(points) else math.inf
        if after // _LEAST_PIXELS != point[0] // _LEAST_PIXELS:
            yield point


def _x_axis(chart: Chart, last: float, height: int) -> Iterator[str]:
    bottom, width = height - _BOTTOM, _WIDTH - _LEFT - _RIGHT
    yield f'<path stroke="#999999" d="M{_LEFT} {bottom}h{width}"/>'
    for tick in range(_TICKS + 1):
        x = _LEFT + width * tick / _TICKS
        yield _text(x, bottom + 16, f"{last * tick / _TICKS:.3g}", "middle")
    yield _text(_LEFT + width, bottom + 32, chart.x_label, "end")


def _legend(colours: dict[str, str]) -> Iterator[str]:
    x = float(_LEFT)
    for name, colour in colours.items():
        shown = cells.middle(format.one_line(name), _MOST_LABEL)
        yield f'<rect x="{x:.0f}" y="26" width="10" height="10" fill="{colour}"/>'
        yield _text(x + 14, 35, shown, "start")
        x += 32 + 6.5 * cell_len(shown)


def _text(x: float, y: float, text: str, anchor: str, *, size: int = 0, title: str = "") -> str:
    large = f' font-size="{size}"' if size else ""
    told = f"<title>{_safe(title)}</title>" if title else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{large}>{_safe(text)}{told}</text>'


def _safe(text: str) -> str:
    return escape(format.one_line(text))
