"""Attached: whoever watches work is told which process works on it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from parallel_agents.app.reading import StoreReader
from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Queued
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.owner import Owner, Role
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.session import Session
from parallel_agents.core.session_plan import SessionPlan
from parallel_agents.settings import Settings
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.attached import Attached, Attaching
from parallel_agents.surfaces.cli.progress import Style
from parallel_agents.testing import MemoryStore
from tests.unit.surfaces.cli.parts import environment

if TYPE_CHECKING:
    from pathlib import Path

WRITER = Agent(name="writer", description="Writes", instructions="Write.")
KEY, RUN = SessionKey("agent:writer:tea"), RunId("run-tea")
ONE = Owner(id=OwnerId("one"), host="elsewhere", pid=101)
OTHER = Owner(id=OwnerId("other"), host="elsewhere", pid=202, role=Role.WORKER)


@pytest.fixture(autouse=True)
def fresh_consoles() -> None:
    render.err.cache_clear()


async def begin(store: MemoryStore, owner: Owner) -> None:
    """A run that this process works on."""
    await store.heartbeat(owner)
    session = Session(key=KEY, agent=WRITER, label="tea", spawn_key="tea", root=KEY)
    plan = SessionPlan(
        session=session,
        run=RUN,
        kind=RunnerKind.AGENT,
        queued=Queued(text="do it"),
        digest="",
        model="scripted/model",
        owner=owner.id,
    )
    await store.spawn([plan])
    await store.claim(RUN, owner.id)


async def test_another_process_that_takes_the_work_over_is_named_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    await begin(store, ONE)
    reader = StoreReader(environment(tmp_path), Settings(), store, keeps_index=False)
    (row,) = await reader.sessions.rows_of([RUN])
    watching = asyncio.create_task(Attached(reader, row, Attaching(Style.TEXT, False)).watch())

    await asyncio.sleep(5)
    before = capsys.readouterr().err
    await store.mark_dead(ONE.id)
    await store.heartbeat(OTHER)
    await store.claim(RUN, OTHER.id)
    await asyncio.sleep(5)
    after = capsys.readouterr().err
    watching.cancel()
    await asyncio.wait({watching})
    await reader.aclose()
    await store.aclose()

    assert "the process 101 works on it" in before
    assert "now" not in before
    assert after.count("▶ the worker 202 works on tea now") == 1
