"""Records and exports of a real store: what is stored is looked at, and written into one file."""

from __future__ import annotations

import stat
from importlib.util import find_spec
from pathlib import Path

import pytest

import parallel_agents as pa
from parallel_agents.errors import InvalidInput, MissingExtra, NotFound
from parallel_agents.testing import RepliesWith

WRITER = pa.Agent("writer", instructions="Write.")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A store with a team of two that is done."""
    home = tmp_path / "home"
    pa.run(
        [pa.Task("writer", "one", label="a"), pa.Task("writer", "two", label="b")],
        key="launch",
        home=home,
        agents=[WRITER],
        models={"scripted": lambda _: RepliesWith(lambda _: "<script>alert(1)</script>")},
        model="scripted/m",
    )
    return home


@pytest.mark.parametrize("form", ["html", "md", "json", "jsonl", "csv"])
def test_a_run_is_one_file_that_only_its_user_can_read(
    home: Path, tmp_path: Path, form: str
) -> None:
    target = tmp_path / f"out.{form}"

    exported = pa.export("launch", target, home=home)

    assert (exported.sessions, exported.bytes) == (3, target.stat().st_size)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", target.name]


def test_a_file_that_is_there_is_replaced_only_by_force(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.md"
    target.write_text("mine")

    with pytest.raises(InvalidInput, match="is there already"):
        pa.export("launch", target, home=home)

    assert target.read_text() == "mine"
    pa.export("launch", target, home=home, force=True)
    assert target.read_text().startswith("# ")


def test_nothing_is_left_of_an_export_of_nothing(home: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        pa.export("nobody", tmp_path / "out.md", home=home)
    with pytest.raises(InvalidInput, match="does not say a form"):
        pa.export("launch", tmp_path / "out", home=home)
    with pytest.raises(InvalidInput, match="names none"):
        pa.export("launch", "-", form="md", home=home)
    with pytest.raises(InvalidInput, match="cannot be written"):
        pa.export("launch", tmp_path / f"{'n' * 300}.md", home=home)

    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_record_has_the_events_results_and_plots_of_a_run(home: Path) -> None:
    launch = pa.record("launch", home=home)

    assert [result.label for result in launch.results()[1:]] == ["a", "b"]
    assert launch.events()[0].body.kind == "queued"
    assert [line.split()[1:4] for line in launch.tree().splitlines()[1:]] == [
        ["a", "✔", "done"],
        ["b", "✔", "done"],
    ]
    assert [message.role for message in launch.messages("a")] == ["user", "assistant"]
    with pytest.raises(InvalidInput, match="is a team, which has no conversation"):
        launch.messages()
    with pytest.raises(NotFound, match="has the label 'c'"):
        launch.messages("c")
    assert "<script" not in launch._repr_html_()  # pyright: ignore[reportPrivateUsage] - what a notebook calls
    assert repr(launch).splitlines()[1].startswith("✔ a  writer  done")
    assert all(getattr(launch.plot, name)() for name in ("gantt", "cost", "ladder", "scores"))


def test_a_run_that_has_ended_is_shown_once_and_returned(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = pa.record("launch", home=home).live()

    assert repr(ended) == repr(pa.record("launch", home=home))
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.skipif(find_spec("pandas") is not None, reason="pandas is installed")
def test_a_data_frame_without_pandas_says_what_to_install(home: Path) -> None:
    with pytest.raises(MissingExtra, match="needs pandas"):
        pa.record("launch", home=home).to_pandas()
