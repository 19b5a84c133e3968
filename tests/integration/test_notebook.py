"""A record in a notebook with what people have there: pandas, Matplotlib and IPython."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import parallel_agents as pa

SHELL: Any = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell
PANDAS: Any = pytest.importorskip("pandas")
pytest.importorskip("matplotlib").use("agg")

COUNT = 40  # more lanes than labels can be read


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    writer = pa.Agent("writer", instructions="Write.")
    tasks = [pa.Task("writer", f"About {n}.") for n in range(COUNT)]
    pa.run(tasks, key="launch", agents=[writer], model="sim/calm", home=home)
    return home


@pytest.fixture
def pyplot() -> Iterator[Any]:
    found = import_module("matplotlib.pyplot")
    yield found
    found.close("all")


def test_the_frame_has_a_row_for_each_session_with_its_times(home: Path) -> None:
    frame = pa.record("launch", home=home).to_pandas()

    assert len(frame) == COUNT + 1
    assert isinstance(frame["finished_at"].dtype, PANDAS.DatetimeTZDtype)
    assert (frame["finished_at"] >= frame["created_at"]).all()
    assert set(frame["state"]) == {"done"}


@pytest.mark.parametrize("name", ["gantt", "cost", "ladder", "scores"])
def test_a_plot_is_in_a_figure_that_a_notebook_shows(home: Path, name: str, pyplot: Any) -> None:
    axes = getattr(pa.record("launch", home=home).plot, name)()

    assert pyplot.fignum_exists(axes.figure.number)


def test_no_more_lanes_are_named_than_can_be_read(home: Path, pyplot: Any) -> None:
    axes = pa.record("launch", home=home).plot.gantt()

    inches = axes.figure.get_size_inches()[1]
    assert len(axes.get_yticks()) <= inches / 0.2


def test_a_record_shows_itself_in_a_cell_with_a_loop_of_its_own(home: Path) -> None:
    shell = SHELL.instance()
    shell.user_ns["home"] = home

    shown = shell.run_cell("import parallel_agents as pa; await pa.arecord('launch', home=home)")

    shown.raise_error()
    assert shown.result._repr_html_().count("writer") >= COUNT
