"""A store is pruned, copied and shrunk, and neither a killed process nor a forger gets by unnoticed."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from parallel_agents.app.retaining import Retaining
from parallel_agents.core.agent import Agent
from parallel_agents.core.audit import Audit
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.store import Filter
from parallel_agents.core.store_care import Retention, Step
from parallel_agents.core.task import Task
from parallel_agents.errors import InvalidInput, PruneRefused
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.stores.sqlite_copies import copy_store
from parallel_agents.stores.sqlite_vacuum import find_damage, write_anew
from parallel_agents.testing import RepliesWith, open_rig

WRITER = Agent(name="writer", description="Writes", instructions="Write.")
PRUNES = """
import asyncio, sys
from pathlib import Path
from parallel_agents.core.store_care import Retention
from parallel_agents.stores.sqlite import SqliteStore

async def main():
    store = await SqliteStore.open(Path(sys.argv[1]))
    trees = (await store.plan_pruning(Retention(older_than=0))).trees
    for tree in trees:
        await store.prune_step([tree.key], by="ana", why="test")
        print(tree.key, flush=True)

asyncio.run(main())
"""


async def fill(path: Path, count: int) -> list[SessionKey]:
    store = await SqliteStore.open(path)
    model = RepliesWith(lambda request: "x" * 4000, latency_seconds=0)
    async with open_rig(model, agents=[WRITER], store=store) as rig:
        handles = [await rig.sessions.spawn(Task("writer", f"do {n}")) for n in range(count)]
        for handle in handles:
            await handle.wait()
    await store.aclose()
    return [handle.key for handle in handles]


async def prune(path: Path, *trees: SessionKey) -> Step:
    store = await SqliteStore.open(path)
    try:
        return await store.prune_step(trees, by="ana", why="test")
    finally:
        await store.aclose()


async def audit(path: Path) -> Audit:
    store = await SqliteStore.open(path)
    try:
        return await store.verify_all()
    finally:
        await store.aclose()


def kill_while_pruning(path: Path) -> None:
    """End a process without notice that has pruned three trees."""
    with subprocess.Popen(
        [sys.executable, "-c", PRUNES, str(path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)


def kill_at_work(verb: str, path: Path, target: Path) -> None:
    """End a process without notice that copies a store, or writes it anew again and again."""
    child = os.fork()
    if child == 0:
        try:
            while verb == "vacuum":
                write_anew(path)
            copy_store(path, target, lambda left, pages: time.sleep(60))
        finally:
            os._exit(1)
    time.sleep(0.3)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as sql:
        sql.execute(statement)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DELETE FROM prunings", "does not match"),
        ("DELETE FROM pruned_links WHERE link = (SELECT MIN(link) FROM pruned_links)", "missing"),
        (
            "UPDATE prunings SET body = CAST(replace(CAST(body AS TEXT), 'ana', 'eve') AS BLOB)",
            "match",
        ),
        (
            "UPDATE pruned_links SET events = events + 1 WHERE link = (SELECT MIN(link) FROM pruned_links)",
            "was changed",
        ),
        ("DELETE FROM events WHERE key = 'finished'", "does not match"),
    ],
)
async def test_whoever_changes_what_a_pruning_left_is_found_out(
    tmp_path: Path, statement: str, fault: str
) -> None:
    path = tmp_path / "store.db"
    first, _ = await fill(path, 2)
    await prune(path, first)

    execute(path, statement)

    assert fault in (await audit(path)).chain.fault


async def test_an_event_that_was_changed_cannot_be_pruned_away(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    (first,) = await fill(path, 1)
    execute(path, "UPDATE events SET at = at + 1 WHERE key = 'finished'")

    with pytest.raises(PruneRefused):
        await prune(path, first)

    store = await SqliteStore.open(path)
    assert (await store.sizes()).removing == 0
    assert len(await store.rows(Filter())) == 1
    await store.aclose()


async def test_a_pruning_that_is_killed_leaves_an_intact_store_and_is_continued(
    tmp_path: Path,
) -> None:
    path = tmp_path / "store.db"
    await fill(path, 30)
    kill_while_pruning(path)

    found = await audit(path)
    store = await SqliteStore.open(path)
    plan = await store.plan_pruning(Retention(older_than=0))
    step = await store.prune_step([tree.key for tree in plan.trees], by="ana", why="test")
    left = await store.rows(Filter())
    await store.aclose()

    assert found.is_intact
    assert found.chain.pruned.steps >= 3
    assert step.is_done
    assert left == []


async def test_a_copy_is_made_while_others_write_and_is_whole(tmp_path: Path) -> None:
    path, target = tmp_path / "store.db", tmp_path / "copy.db"
    await fill(path, 20)
    store = await SqliteStore.open(path)
    model = RepliesWith(lambda request: "x" * 4000, latency_seconds=0)
    async with open_rig(model, agents=[WRITER], store=store) as rig:
        copying = asyncio.to_thread(copy_store, path, target, lambda left, pages: None)
        copy = asyncio.create_task(copying)
        for number in range(20):
            await (await rig.sessions.spawn(Task("writer", f"more {number}"))).wait()
        copied = await copy
    await store.aclose()

    assert copied.events is not None
    assert (await audit(target)).is_intact
    assert target.stat().st_mode & 0o777 == 0o600
    with pytest.raises(InvalidInput):
        copy_store(path, target, lambda left, pages: None)


@pytest.mark.parametrize("verb", ["copy", "vacuum"])
async def test_a_killed_copy_or_vacuum_leaves_the_store_as_it_was(
    tmp_path: Path, verb: str
) -> None:
    path, target = tmp_path / "store.db", tmp_path / "copy.db"
    await fill(path, 60)
    before = await audit(path)
    kill_at_work(verb, path, target)

    assert (await audit(path)).chain == before.chain
    assert find_damage(path, 3) == []
    assert not target.exists()
    copy_store(path, target, lambda left, pages: None)
    assert not (tmp_path / f".{target.name}.part").exists()


async def test_the_file_shrinks_in_small_steps(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    trees = await fill(path, 60)
    before = path.stat().st_size
    await prune(path, *trees)
    store = await SqliteStore.open(path)
    while (pages := await store.pages()).free:
        await store.shrink_step()
    await store.aclose()

    assert pages.can_shrink
    assert path.stat().st_size < before
    assert find_damage(path, 3) == []


async def test_a_clock_that_was_set_forward_makes_nothing_leave_the_store(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    (key,) = await fill(path, 1)
    execute(path, "UPDATE boots SET least_offset = least_offset - 10 * 86400")
    execute(path, "UPDATE runs SET finished_at = finished_at - 5 * 86400")

    store = await SqliteStore.open(path)
    await Retaining(store, tmp_path, Retention(older_than=86_400)).sweep()
    left = [row.session.key for row in await store.rows(Filter())]
    await store.aclose()

    assert left == [key]
