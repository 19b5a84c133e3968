"""Plots: SVG without Matplotlib."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from parallel_agents.views.charts import Chart
from parallel_agents.views.frames import Frames
from parallel_agents.views.plots import Plot, Plots


def test_a_plot_is_svg_in_a_notebook() -> None:
    plot = Plot(Chart(title="Scores", x_label="attempt"))

    assert plot._repr_svg_().startswith("<svg")  # pyright: ignore[reportPrivateUsage] - what a notebook calls
    assert repr(plot) == "Plot('Scores')"


@pytest.mark.skipif(find_spec("matplotlib") is not None, reason="draws with Matplotlib")
@pytest.mark.parametrize("name", ["gantt", "cost", "ladder", "scores"])
def test_each_plot_needs_nothing_else(name: str) -> None:
    assert isinstance(getattr(Plots(Frames()), name)(), Plot)
