"""Progress as text: a line for each change, and a sign of life when there is none."""

from __future__ import annotations

import pytest

from parallel_agents.core.ids import RunId
from parallel_agents.models.local.fetch import Progress as Fetched
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.download_bar import DownloadBar
from parallel_agents.surfaces.cli.progress import Style, TextProgress, is_live
from parallel_agents.views.board import Board, Lane


@pytest.fixture(autouse=True)
def fresh_consoles() -> None:
    render.err.cache_clear()


def test_a_sign_of_life_comes_when_nothing_has_changed_for_30_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = TextProgress(Board.of({RunId("one"): "first", RunId("two"): "second"}))

    waits = [shown.tick(1000.0), shown.tick(1030.0), shown.tick(1045.0)]
    shown.changed(Lane(label="first"), 1050.0)
    waits += [shown.tick(1060.0), shown.tick(1080.0)]

    told = [line.partition(" ")[2] for line in capsys.readouterr().err.splitlines()]
    assert waits == [30, 30, 15, 20, 30]
    beat = "0/2 finished, 0 running, 2 queued"
    assert told == [beat, "0/2 first queued: waits for a slot", beat]


def test_a_terminal_on_which_nothing_can_be_drawn_gets_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as at a terminal
    monkeypatch.setenv("TERM", "dumb")
    assert not is_live(Style.AUTO)

    render.err.cache_clear()
    monkeypatch.setenv("TERM", "xterm")
    assert is_live(Style.AUTO)


@pytest.mark.parametrize(
    ("doing", "words"),
    [
        ("the publisher", "Fetching local/small (1.00 GB) from the publisher: 25%, 750.0 MB left"),
        ("checking", "Checking local/small (1.00 GB): 25%, 750.0 MB left"),
        (
            "another process",
            "Waiting for another process that is fetching local/small (1.00 GB): 25%, 750.0 MB left",
        ),
    ],
)
def test_a_fetch_says_what_comes_from_where(
    doing: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with DownloadBar() as bar:
        bar(Fetched("local/small", doing, 250_000_000, 1_000_000_000))

    assert capsys.readouterr().err.splitlines() == [words]
    assert bar.is_under_way
