"""Which runs without a live owner a process takes over."""

from __future__ import annotations

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.engines.adoption import Orphans, sort_orphans

AGENT = Agent(name="writer", description="Writes", instructions="Write.")


def orphan(name: str, *, parent: str | None = None, fault: str = "") -> Row:
    key = SessionKey(name)
    above = None if parent is None else SessionKey(parent)
    session = Session(
        key=key, agent=AGENT, label=name, spawn_key=name, root=above or key, parent=above
    )
    run = Run(
        id=RunId(f"run-{name}"),
        session=key,
        number=1,
        kind=RunnerKind.AGENT,
        status=RunStatus.QUEUED,
        title="",
    )
    return Row(session=session, run=run, fault=fault)


def names(orphans: Orphans) -> tuple[list[str], list[str]]:
    able, damaged = orphans
    return [row.session.label for row in able], [row.session.label for row in damaged]


def test_what_a_process_lacks_something_for_is_left() -> None:
    rows = [orphan("a"), orphan("b")]

    assert names(sort_orphans(rows, lambda row: "no tool" * (row.session.label == "b"))) == (
        ["a"],
        [],
    )


def test_a_team_is_left_whole_if_one_task_lacks_something() -> None:
    rows = [orphan("team"), orphan("t1", parent="team"), orphan("t2", parent="team"), orphan("a")]

    assert names(sort_orphans(rows, lambda row: "no key" * (row.session.label == "t2"))) == (
        ["a"],
        [],
    )


def test_a_damaged_run_only_ends_whatever_is_lacking_for_it() -> None:
    rows = [orphan("a", fault="a column has the wrong type")]

    assert names(sort_orphans(rows, lambda _: "no tool")) == ([], ["a"])
