from __future__ import annotations

from dataclasses import replace

from parallel_agents.core.agent import Agent
from parallel_agents.core.fork import ForkedFrom
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.core.session import Session, SessionOptions
from parallel_agents.views.session_query import parse_query
from parallel_agents.views.session_tree import branches_of
from parallel_agents.views.sessions import SessionLine


def line(name: str, parent: str | None = None, at: float = 0.0) -> SessionLine:
    key = SessionKey(name)
    run = Run(
        id=RunId(f"run-{name}"),
        session=key,
        number=1,
        kind=RunnerKind.AGENT,
        status=RunStatus.DONE,
        title="",
        created_at=at,
    )
    session = Session(
        key=key,
        agent=Agent(name="writer", instructions="Write."),
        label=name,
        parent=None if parent is None else SessionKey(parent),
        spawn_key=name,
        root=key,
        depth=0,
        created_at=at,
    )
    return SessionLine(row=Row(session=session, run=run), is_stopped=False, until=at)


def drawn(lines: list[SessionLine], order: dict[SessionKey, int] | None = None) -> list[str]:
    return [f"{stem}{each.row.session.label}" for stem, each in branches_of(lines, order or {})]


def test_children_stand_below_their_parents_in_the_order_of_spawning() -> None:
    lines = [line("b"), line("a"), line("a2", "a", 2), line("a1", "a", 1), line("deep", "a1")]

    assert drawn(lines) == ["b", "a", "├─ a1", "│  └─ deep", "└─ a2"]


def test_the_tasks_of_a_team_keep_their_order() -> None:
    lines = [line("team"), line("x", "team"), line("y", "team")]

    assert drawn(lines, {SessionKey("y"): 0, SessionKey("x"): 1}) == ["team", "├─ y", "└─ x"]


def test_a_fork_stands_below_the_session_that_it_is_from_after_its_children() -> None:
    fork, top = line("fork", at=1), line("a")
    link = SessionOptions(forked_from=ForkedFrom(SessionKey("a"), "a", 1))
    session = replace(fork.row.session, options=link)
    forked = replace(fork, row=replace(fork.row, session=session))

    assert drawn([forked, line("child", "a", 2), top]) == ["a", "├─ child", "└─↳ fork"]
    assert drawn([forked]) == ["fork"]


def test_a_session_whose_parent_is_not_shown_is_a_top() -> None:
    assert drawn([line("child", "gone")]) == ["child"]


def test_a_chain_of_thousands_is_drawn() -> None:
    chain = [line("0"), *(line(str(n), str(n - 1)) for n in range(1, 3000))]

    assert len(drawn(chain)) == 3000


def test_a_chat_whose_answer_was_stopped_is_interrupted_and_not_killed() -> None:
    chat = line("chat")
    chat = replace(chat, row=replace(chat.row, run=replace(chat.row.run, status=RunStatus.KILLED)))
    query = parse_query("state:interrupted", 0.0)

    assert chat.state == "interrupted"
    assert query.filter.statuses == (RunStatus.KILLED,)
    assert not query.is_decided_by_store
    assert query.takes(chat)
    assert not parse_query("state:killed", 0.0).takes(chat)
