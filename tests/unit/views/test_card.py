"""The card of a run in a notebook: what a model wrote is only text in it."""

from __future__ import annotations

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.views.card import card_of, text_of
from parallel_agents.views.sessions import SessionLine


def line(label: str, status: RunStatus = RunStatus.DONE, doing: str = "") -> SessionLine:
    key = SessionKey(label)
    agent = Agent(name="writer", instructions="Write.")
    run = Run(
        id=RunId(label),
        session=key,
        number=1,
        kind=RunnerKind.AGENT,
        status=status,
        title="",
        started_at=0,
    )
    session = Session(
        key=key,
        agent=agent,
        label=label,
        parent=None,
        spawn_key="",
        root=key,
        depth=0,
        created_at=0,
    )
    return SessionLine(row=Row(session=session, run=run), is_stopped=False, until=2.0, doing=doing)


def test_a_card_says_how_many_are_in_each_state() -> None:
    lines = [line("a"), line("b", RunStatus.RUNNING, "asks the model")]

    assert text_of(lines[0], lines).splitlines() == [
        "✔ a · 1 done, 1 running · 2.0s",
        "✔ a  writer  done  2.0s",
        "▶ b  writer  asks the model  2.0s",
    ]


def test_markup_of_a_model_is_text() -> None:
    evil = line("<img src=x onerror=alert(1)>", RunStatus.RUNNING, "<script>")

    assert "<img" not in card_of(evil, [evil])
    assert "<script" not in card_of(evil, [evil])


def test_what_is_not_shown_is_counted() -> None:
    lines = [line(str(number)) for number in range(60)]

    assert card_of(lines[0], lines).endswith("<div>and 10 more</div>")
    assert text_of(lines[0], lines).endswith("and 10 more")
