"""What every store promises of who asked for a run; each kind of store must pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parallel_agents.core.event import Queued
from parallel_agents.core.ids import OUTSIDE, RunId
from parallel_agents.core.overview import Lineage
from parallel_agents.core.policy import Policy
from parallel_agents.core.session import Session
from parallel_agents.core.store import Filter, SessionPlan, Store
from parallel_agents.errors import SpawnRefused
from parallel_agents.errors.caller import SpawnBound, SpawnLimit
from tests.integration.kept_work import (
    AGENT,
    DONE,
    ME,
    OpenStore,
    claim,
    plan,
    replied,
    spawn,
)


async def asked(store: Store, session: Session, run: str, sender: Session | None) -> None:
    """Send a message that starts the run `run`."""
    key = None if sender is None else sender.key
    queued = Queued(text="more")
    await store.send(session.key, RunId(run), queued, owner=ME, sender=key)


async def ended(store: Store, run: str) -> None:
    await store.finish(RunId(run), (await claim(store, run)).run.epoch, DONE)


async def test_a_parent_has_the_runs_that_it_asked_for_and_no_others(open_store: OpenStore) -> None:
    async with open_store() as store:
        (parent,) = await spawn(store, plan("a"))
        (child, sibling) = await spawn(store, plan("b", parent), plan("c", parent))
        await asked(store, child, "by-parent", parent)
        await asked(store, child, "by-sibling", sibling)
        await asked(store, child, "from-outside", None)

        found = await store.child_runs(parent.key)

        assert sorted(each.run for each in found) == ["by-parent", "run-b", "run-c"]
        assert {each.session for each in found} == {child.key, sibling.key}
        assert {each.label for each in found} == {"the b", "the c"}


async def test_a_run_is_from_all_that_led_to_it_up_to_what_came_from_outside(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        (parent,) = await spawn(store, plan("a"))
        (child,) = await spawn(store, plan("b", parent))
        await spawn(store, plan("c", child))
        await asked(store, child, "from-outside", None)
        runs = [RunId(f"run-{name}") for name in "abc"]

        found = await store.lineages([*runs, RunId("from-outside"), RunId("of no store")])

        top, asking, asked_for = runs
        assert found == {
            top: Lineage(top),
            asking: Lineage(top, top),
            asked_for: Lineage(top, asking),
            RunId("from-outside"): Lineage(RunId("from-outside")),
        }


async def test_children_are_found_by_their_keys_with_their_retries(open_store: OpenStore) -> None:
    async with open_store() as store:
        (parent,) = await spawn(store, plan("a"))
        planned = [plan(name, parent) for name in ("b", "c", "d", "e")]
        keys = ("row/1", "row/1/retry-2", "row/2", "row/10")
        await spawn(
            store,
            *(
                replace(each, session=replace(each.session, spawn_key=key))
                for each, key in zip(planned, keys, strict=True)
            ),
        )

        found = await store.children_named(parent.key, ["row/1", "row/10", "row/3"])

        assert sorted(each.key for each in found) == ["row/1", "row/1/retry-2", "row/10"]


@pytest.mark.parametrize(
    ("asker", "run"),
    [("a", "by-parent"), ("c", "by-sibling"), ("", "from-outside"), ("unknown", "by-parent")],
)
async def test_each_asker_finds_the_run_that_it_asked_for_last(
    open_store: OpenStore, asker: str, run: str
) -> None:
    async with open_store() as store:
        (parent,) = await spawn(store, plan("a"))
        (child, sibling) = await spawn(store, plan("b", parent), plan("c", parent))
        await asked(store, child, "by-sibling", sibling)
        await asked(store, child, "by-parent", parent)
        await asked(store, child, "from-outside", None)
        await asked(store, child, "by-the-child-itself", child)
        key = plan(asker).session.key if asker else OUTSIDE

        rows = await store.rows(Filter(session=child.key, asker=key))

        assert [row.run.id for row in rows] == [run]


async def test_a_key_returns_the_run_that_it_spawned_whatever_came_later(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        (session,) = await spawn(store, plan("a"))
        await asked(store, session, "later", None)

        (again,) = await store.spawn([plan("a")])

        assert again.run.id == "run-a"
        assert not again.is_new


async def test_the_sessions_of_a_request_are_bounded_whoever_asks_whom(
    open_store: OpenStore,
) -> None:
    def bounded(name: str, parent: Session) -> SessionPlan:
        return replace(plan(name, parent), bounds=Policy(max_total=4))

    async with open_store() as store:
        (root,) = await spawn(store, plan("root"))
        (left,) = await spawn(store, bounded("left", root))
        (right,) = await spawn(store, bounded("right", root))
        # The two keep sending each other messages; each new run spawns a session.
        await ended(store, "run-left")
        await asked(store, left, "left-2", right)
        await ended(store, "run-right")
        await spawn(store, bounded("one", left))
        await asked(store, right, "right-2", left)
        with pytest.raises(SpawnRefused) as refused:
            await store.spawn([bounded("two", right)])
        await ended(store, "right-2")
        await asked(store, right, "right-3", None)

        (spawned,) = await store.spawn([bounded("three", right)])

        assert refused.value.limit == SpawnLimit(SpawnBound.TOTAL, 4, 4)
        assert spawned.is_new


async def test_a_label_that_a_run_gives_twice_is_told_apart(open_store: OpenStore) -> None:
    def labelled(name: str, parent: Session, label: str) -> SessionPlan:
        before = plan(name, parent)
        return replace(before, session=replace(before.session, label=label))

    async with open_store() as store:
        (parent, other) = await spawn(store, plan("a"), plan("b"))
        first = await spawn(store, labelled("1", parent, "part"), labelled("2", parent, "part"))
        more = await spawn(store, labelled("3", parent, "part"), labelled("4", other, "part"))
        unnamed = await spawn(store, *(labelled(n, parent, AGENT.name) for n in ("5", "6")))
        (again,) = await spawn(store, labelled("2", parent, "part"))

        labels = [session.label for session in (*first, *more)]
        assert labels == ["part", "part-2", "part-3", "part"]
        assert [session.label for session in unnamed] == [AGENT.name, AGENT.name]
        assert again.label == "part-2"


async def test_the_run_that_is_executed_asks_however_many_wait_behind_it(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        (parent,) = await spawn(store, plan("a"))
        executed = await claim(store, "run-a")
        for number in range(120):
            await asked(store, parent, f"later-{number}", None)
        await spawn(store, plan("b", parent))
        child = await claim(store, "run-b")
        await store.append(RunId("run-b"), child.run.epoch, [replied(1)])
        await store.finish(RunId("run-a"), executed.run.epoch, DONE)

        (result,) = await store.results([RunId("run-a")])

        assert result is not None
        assert result.spend_below.calls == 1
