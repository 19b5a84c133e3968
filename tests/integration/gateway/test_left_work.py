"""Work that no process executes: a gateway has a worker continue it, or says why nobody will."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import parallel_agents as pa
from parallel_agents.app.opening import open_client
from parallel_agents.core.owner import Owner, OwnerState, Role
from parallel_agents.core.session import SessionOptions
from parallel_agents.errors import CannotContinue
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.surfaces.cli.wait import DistantWatch
from tests.integration.gateway.test_client_contract import distant_of
from tests.integration.kept_work import ME, claim

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.gateway.conftest import Serving

TASK = pa.Task("main", "Say hello.", model="sim/calm")


async def test_what_nobody_executes_is_continued_by_a_worker(serving: Serving) -> None:
    async with serving() as served, distant_of(served) as distant:
        async with open_client(served.environment, served.settings) as client:
            left = await client.sessions.spawn(TASK)
        (result,) = await distant.sessions.wait([left.run_id], timeout=60)
        for owner in await distant.journal.owners():
            if owner.role is Role.WORKER:
                os.kill(owner.pid, signal.SIGKILL)

    assert result.is_done


async def test_a_wait_for_what_no_worker_can_execute_says_what_is_lacking(
    serving: Serving, tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    async with serving() as served, distant_of(served) as distant:
        async with open_client(served.environment, served.settings) as client:
            left = await client.sessions.spawn(
                replace(TASK, options=SessionOptions(cwd=str(folder)))
            )
        folder.rmdir()
        with pytest.raises(CannotContinue) as refused:
            await distant.sessions.wait([left.run_id], timeout=0.1)

    assert refused.value.why == f"there is no folder {folder} here"


async def test_what_was_stopped_is_told_to_whoever_waits_at_a_distance(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    ended = Owner(id=ME, host="here", pid=1, state=OwnerState.GONE)
    async with serving() as served, distant_of(served) as distant:
        async with open_client(served.environment, served.settings) as client:
            spawned = await client.sessions.spawn(TASK)
        store = await SqliteStore.open(served.environment.home / "store.db")
        await claim(store, spawned.run_id)
        await store.heartbeat(ended)
        await store.aclose()
        left = await distant.sessions.find(spawned.run_id)
        with pytest.raises(TimeoutError):
            await distant.sessions.wait([left.run.id], timeout=0.1)
        watch = DistantWatch(distant.sessions, distant.journal, [left])
        watching = asyncio.create_task(watch.watch())
        async with asyncio.timeout(30):
            await watch.stuck.wait()
        watching.cancel()

    assert f"no process works on {spawned.session_key}: it was stopped" in caplog.text
    assert watch.left == {left.session.name}
