"""Rows of the live terminal: fixed widths, fixed order, and nothing left out without a word."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len

from parallel_agents.core.attention import Attention
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.question import OpenQuestion, Question, QuestionKind
from parallel_agents.core.run import RunnerKind, RunStatus
from parallel_agents.surfaces.cli.top_columns import Item, columns_of, text_of
from parallel_agents.surfaces.cli.top_rows import (
    Shown,
    head_line,
    in_ascii,
    inbox_rows,
    plain_lines,
    session_rows,
)
from parallel_agents.surfaces.cli.top_seen import Seen
from parallel_agents.views.attention import FixedOrder
from parallel_agents.views.sessions import SessionLine
from tests.unit.views.test_card import line

TEAM = SessionKey("team")
QUESTION = Question(question=QuestionKind.REQUEST, text="red or blue?", expires_at=99.0)
_TIMES = ("TIME", "2.0s", "1234h05m")


def team() -> Seen:
    """A team of ten: one asks, one failed, six work and two are done."""
    own = line("team", RunStatus.RUNNING)
    own = replace(
        own,
        row=replace(own.row, run=replace(own.row.run, kind=RunnerKind.TEAM)),
        counts={"done": 2, "running": 7, "failed": 1},
        asked=QUESTION,
        needs={Attention.QUESTION: 1},
    )
    below: list[SessionLine] = [
        line(f"w{n}", RunStatus.RUNNING, "asks the model") for n in range(6)
    ]
    below += [line("bad", RunStatus.FAILED)]
    asker = replace(
        line("asker", RunStatus.RUNNING),
        asks="asks you: red or blue?",
        is_asking=True,
        asked=QUESTION,
        attention=Attention.QUESTION,
        needs={Attention.QUESTION: 1},
    )
    below += [asker]
    asked = OpenQuestion("q-1", SessionKey("asker"), RunId("asker"), "x", QUESTION, 1.0)
    return Seen(tops=[own], below={TEAM: below}, questions=[asked], total=3, at=5.0)


def alone(item: Item, width: int) -> str:
    """A row that is the only one of its list."""
    return text_of(item, width, columns_of([item], width))


def labels(items: list[Item]) -> list[str]:
    return [item.cells[1] for item in items]


def test_a_closed_team_shows_problems_first_and_counts_what_it_does_not_show() -> None:
    found = labels(session_rows(team(), FixedOrder(), Shown()))

    assert found == [
        *("team", "asker", "bad", "w0", "w1", "w2", "w3", "w4"),
        "2 done, 1 running   (enter)",
        "2 more; all: pagents list --all",
    ]


def test_an_open_team_shows_all() -> None:
    found = labels(session_rows(team(), FixedOrder(), Shown(opened=frozenset({TEAM}))))

    assert "w5" in found


def test_problems_and_a_filter_hide_the_rest() -> None:
    only = labels(session_rows(team(), FixedOrder(), Shown(only_problems=True)))
    filtered = labels(session_rows(team(), FixedOrder(), Shown(filter="W3")))

    assert only[:3] == ["team", "asker", "bad"]
    assert "w0" not in only
    assert filtered[:2] == ["team", "w3"]


def test_a_filter_does_not_look_in_the_words_of_every_key() -> None:
    gym = line("gym", RunStatus.RUNNING)
    session = replace(gym.row.session, key=SessionKey("team:gym:monday"), label="strength")
    seen = Seen(
        tops=[replace(gym, row=replace(gym.row, session=session))],
        below={},
        questions=[],
        total=1,
        at=5.0,
    )

    found = [
        session_rows(seen, FixedOrder(), Shown(filter=text)) for text in ("tea", "gym", "MONDAY")
    ]

    assert [len(rows) for rows in found] == [0, 1, 1]


def test_a_row_answers_the_question_that_it_or_one_below_it_waits_for() -> None:
    budget = replace(QUESTION, question=QuestionKind.BUDGET, account="team")
    asked = OpenQuestion("q-7", SessionKey("first"), RunId("first"), "x", budget, 1.0, 2)
    waiting = replace(line("second", RunStatus.RUNNING), asked=replace(budget, text="less"))
    seen = Seen(tops=[waiting, line("other")], questions=[asked])

    found = {item.cells[1]: item.question for item in session_rows(seen, FixedOrder(), Shown())}

    assert found == {"second": "q-7", "other": ""}
    assert session_rows(team(), FixedOrder(), Shown())[0].question == "q-1"


def test_the_inbox_says_how_long_it_waits() -> None:
    (item,) = inbox_rows(team())

    assert item.question == "q-1"
    assert item.cells[2:4] == ("q-1  red or blue?", "4.0s")


def test_a_row_has_the_width_of_the_terminal_at_most() -> None:
    item = Item("k", ("▸ ▶ ", "日本" * 30, "x" * 200, "1m05s", "$0.123"))

    assert all(cell_len(alone(item, width)) <= width for width in (60, 80, 200))
    assert alone(item, 80).endswith("$0.123")


def test_the_head_counts_questions_and_states() -> None:
    assert head_line(team(), 80).startswith("pagents top   ▲ 1  ▶ 7  ✖ 1  ✔ 2")


def test_a_narrow_head_keeps_the_states_and_the_note_whole() -> None:
    note = "3 changes, press . to apply"

    assert head_line(team(), 30).startswith("▲ 1  ▶ 7  ✖ 1  ✔ 2   ")
    assert head_line(team(), 50, note) == f"▲ 1  ▶ 7  ✖ 1  ✔ 2   {note}"


@pytest.mark.parametrize(("width", "shown"), [(50, "$0.123"), (40, "1m05s")])
def test_a_narrow_row_says_the_whole_state(width: int, shown: str) -> None:
    item = Item("k", ("▸ ▶ ", "content_writer_tender", "over budget  x", "1m05s", "$0.123"))

    assert "over budget" in alone(item, width)
    assert alone(item, width).endswith(shown)
    assert cell_len(alone(item, width)) <= width


@pytest.mark.parametrize("width", [50, 80, 100])
def test_times_and_costs_stand_below_each_other_however_long_they_are(width: int) -> None:
    items = [
        Item("titles", ("    ", "LABEL", "DOING", "TIME", "COST")),
        Item("a", ("  ✔ ", "a", "hi", "2.0s", "<$0.001 simulated")),
        Item("b", ("▸ ✔ ", "team", "5/5 done", "1234h05m", "$1.00")),
        Item("c", ("   ✔ ", "c", "hi", "", "")),
    ]
    columns = columns_of(items, width)

    texts = [text_of(item, width, columns) for item in items]

    ends = {text.index(time) + len(time) for text, time in zip(texts, _TIMES, strict=False)}
    assert len(ends) == 1
    assert len({cell_len(text) for text in texts[:3]}) == 1
    assert max(cell_len(text) for text in texts) <= width


def test_a_killed_session_says_so() -> None:
    killed = line("a", RunStatus.KILLED)
    session, run = killed.row.session, killed.row.run
    killed = replace(
        killed,
        row=replace(
            killed.row,
            session=replace(session, killed=True),
            run=replace(run, error_code="PA-E304"),
        ),
    )

    (item,) = session_rows(Seen(tops=[killed], total=1), FixedOrder(), Shown())

    assert item.cells[2].startswith("killed  PA-E304")


def test_in_ascii_nothing_else_is_left() -> None:
    assert in_ascii("▸ ▲ 日本 … → █") == "> ! ?? ... > #"


def test_once_prints_the_head_the_titles_and_each_row() -> None:
    assert len(list(plain_lines(team(), 80))) == 12


def test_escape_sequences_and_line_ends_of_a_model_are_not_in_a_row() -> None:
    evil = line("a", RunStatus.RUNNING, "\x1b[2J\x1b]52;c;eA==\x07rm\nnow")

    (item,) = session_rows(Seen(tops=[evil], total=1), FixedOrder(), Shown())

    assert "\x1b" not in alone(item, 100)
    assert "\n" not in alone(item, 100)
