"""The live view fits its terminal, whatever labels and answers are made of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parallel_agents.core.ids import RunId
from parallel_agents.core.run import RunStatus
from parallel_agents.surfaces.cli.live_lines import Size, drawn, finished
from parallel_agents.views.board import Board, Lane

HOSTILE = "\x1b[2J\x1b]0;owned\x07\r\ttab\u202eevil 👩‍👩‍👧 ❤\ufe0f 研究者の報告書の要約と付録 שלום"


def board(*labels: str) -> Board:
    lanes = {
        RunId(str(number)): Lane(
            label=label, status=RunStatus.RUNNING, doing=f"asks {label}", began_at=0.0
        )
        for number, label in enumerate(labels)
    }
    return Board(lanes)


def shown(labels: tuple[str, ...], width: int, height: int = 24, written: str = "") -> list[str]:
    return [line.plain for line in drawn(board(*labels), 90.0, 0.0, Size(width, height), written)]


@pytest.mark.parametrize("width", [20, 50, 80, 120])
@pytest.mark.parametrize("label", [HOSTILE, "x" * 300, "content_writer_controversial"])
def test_no_line_is_wider_than_the_terminal(label: str, width: int) -> None:
    lines = drawn(board(label, "two"), 90.0, 0.0, Size(width, 24), "")

    assert max(line.cell_len for line in lines) <= width
    assert not any(mark in line.plain for line in lines for mark in "\x1b\x07\r\t\u202e\u200d")


@pytest.mark.parametrize("height", range(1, 24))
def test_there_are_no_more_lines_than_the_terminal_has(height: int) -> None:
    lines = shown(tuple(f"agent-{number}" for number in range(40)), 80, height)

    assert len(lines) <= height
    assert "0/40 finished" in lines[-1]


def test_labels_are_shortened_in_the_middle_and_what_they_do_at_its_end() -> None:
    first, second, *_ = shown(("content_writer_creative", "content_writer_educational"), 50)

    assert first == "  ▶  content_wr…_creative  1m30s  asks content_wr…"
    assert "content_wr…ucational" in second


def test_the_totals_break_between_their_parts() -> None:
    lines = shown(("one",), 30)

    assert lines[1:] == ["  0/1 finished   1 running", "  0 queued   1m30s   0→0 tok", "  $0"]


def test_rows_of_a_map_are_counted_and_not_its_batches() -> None:
    begun = board("rows-1-5", "rows-6-10")
    begun.lanes = {
        run: replace(lane, items=5, status=status)
        for (run, lane), status in zip(
            begun.lanes.items(), (RunStatus.DONE, RunStatus.RUNNING), strict=True
        )
    }
    begun.rows = 17

    assert finished(begun) == ("5/17 rows finished",)


def test_the_end_of_what_one_agent_writes_is_shown() -> None:
    written = "\n".join(f"line {number}" for number in range(20))

    assert shown(("one",), 80, written=written)[1:-1] == [
        f"    line {number}" for number in range(14, 20)
    ]
    assert "line" not in "".join(shown(("one", "two"), 80, written=written)[:-1])
