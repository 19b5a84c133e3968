"""Plots: a chart as SVG for a notebook, or as axes of Matplotlib, if that is installed."""

from __future__ import annotations

import math
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from typing_extensions import override

from parallel_agents.views.charts import Chart, cost, gantt, ladder, scores
from parallel_agents.views.frames import Frames
from parallel_agents.views.svg import svg_of

_LIBRARY = "matplotlib"
_WIDE_INCHES, _LEAST_INCHES, _MOST_INCHES = 8.0, 4.8, 24.0
_LANE_INCHES = 0.2


class Plot:
    """A chart as a picture, which a notebook shows.

    Attributes:
        chart: what is drawn.
    """

    def __init__(self, chart: Chart) -> None:
        self.chart = chart

    @property
    def svg(self) -> str:
        """The picture as an SVG document."""
        return svg_of(self.chart)

    def _repr_svg_(self) -> str:
        return self.svg

    @override
    def __repr__(self) -> str:
        return f"Plot({self.chart.title!r})"


class Plots:
    """The plots of a run: each is axes of Matplotlib if that is installed, and else a `Plot`."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames

    def gantt(self) -> Any:  # noqa: ANN401 - of a library that need not be there
        """What each session did and when: queue, calls, tools, waits and questions."""
        return _drawn(gantt(self._frames))

    def cost(self) -> Any:  # noqa: ANN401 - of a library that need not be there
        """What it had cost by when, in all and by model."""
        return _drawn(cost(self._frames))

    def ladder(self) -> Any:  # noqa: ANN401 - of a library that need not be there
        """The models that each session tried."""
        return _drawn(ladder(self._frames))

    def scores(self) -> Any:  # noqa: ANN401 - of a library that need not be there
        """The score of each attempt."""
        return _drawn(scores(self._frames))


def _drawn(chart: Chart) -> Any:  # noqa: ANN401 - of a library that need not be there
    return axes_of(chart) if find_spec(_LIBRARY) is not None else Plot(chart)


def axes_of(chart: Chart) -> Any:  # noqa: ANN401 - of a library that need not be there
    """The chart as axes of Matplotlib, in a figure that `pyplot` knows, as notebooks show no other.

    Raises:
        ImportError: it is not installed.
    """
    pyplot: Any = import_module(f"{_LIBRARY}.pyplot")
    height = min(max(_LEAST_INCHES, len(chart.lanes) * _LANE_INCHES), _MOST_INCHES)
    axes: Any = pyplot.subplots(layout="constrained", figsize=(_WIDE_INCHES, height))[1]
    kinds = list(dict.fromkeys(bar.kind for bar in chart.bars))
    for number, kind in enumerate(kinds):
        bars = [bar for bar in chart.bars if bar.kind == kind]
        axes.barh(
            [bar.lane for bar in bars],
            [bar.end - bar.start for bar in bars],
            left=[bar.start for bar in bars],
            color=f"C{number}",
            label=kind,
        )
    for name, line in chart.lines.items():
        xs, ys = [x for x, _ in line], [y for _, y in line]
        if chart.is_stepped:
            axes.step(xs, ys, where="post", label=name)
        else:
            axes.plot(xs, ys, marker="o", label=name)
    if chart.lanes:
        step = math.ceil(len(chart.lanes) * _LANE_INCHES / height)  # as many labels as can be read
        labels = [_plain(label) for label in chart.lanes[::step]]
        axes.set_yticks(range(0, len(chart.lanes), step), labels)
        axes.invert_yaxis()
    if kinds or chart.lines:
        axes.legend()
    axes.set_title(chart.title)
    axes.set_xlabel(chart.x_label)
    axes.set_ylabel(chart.y_label)
    return axes


def _plain(label: str) -> str:
    """A label in which nothing is a formula."""
    return label.replace("$", r"\$")
