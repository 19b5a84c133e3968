"""What every store promises about money; each kind of store must pass."""

from __future__ import annotations

from parallel_agents.core.budget import Amount, Budget, BudgetAccount, Shortage
from parallel_agents.core.event import Queued
from parallel_agents.core.ids import RunId
from parallel_agents.core.usage import Usage
from tests.integration.kept_work import DONE, ME, OTHER, OpenStore, claim, plan, replied, spawn


async def test_what_a_dead_owner_had_reserved_counts_as_spent_before_anyone_has_its_runs(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        account = BudgetAccount(scope="day", budget=Budget(tokens=100))
        await store.limit_days(ME, [account], [])
        await spawn(store, plan("a"), plan("b", owner=OTHER))
        held: list[Shortage | None] = []
        for name, owner in (("run-a", ME), ("run-b", OTHER)):
            epoch = (await claim(store, name, owner)).run.epoch
            held.append(await store.reserve(RunId(name), epoch, Amount(None, 40), is_last=False))
        await store.mark_dead(OTHER)

        (state,) = await store.accounts()

        assert held == [None, None]
        assert state.spent.tokens == 40
        assert state.reserved.tokens == 40
        await store.append(RunId("run-b"), 1, [replied(1)])
        # A reply that comes after all pays what it cost beyond that.
        assert (await store.accounts())[0].spent.tokens == 100


async def test_a_result_says_what_was_spent_below_its_run_and_no_other(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        (parent,) = await spawn(store, plan("a"))
        (child,) = await spawn(store, plan("b", parent))
        await spawn(store, plan("c", child), plan("d"))
        for name, cost in (("a", 1), ("b", 20), ("c", 300), ("d", 4000)):
            epoch = (await claim(store, f"run-{name}")).run.epoch
            await store.append(RunId(f"run-{name}"), epoch, [replied(1, cost=cost)])
            finished = await store.finish(RunId(f"run-{name}"), epoch, DONE)
            assert finished
        # A later run of the parent has none of what the first spawned.
        await store.send(parent.key, RunId("later"), Queued(text="more"), owner=ME)
        epoch = (await claim(store, "later")).run.epoch
        finished_now = await store.finish(RunId("later"), epoch, DONE)
        assert finished_now

        names = ("run-a", "run-b", "run-c", "run-d", "later")
        results = await store.results([RunId(name) for name in names])

        found = [result.spend_below for result in results if result]
        assert [spend.cost_nanousd for spend in found] == [320, 300, 0, 0, 0]
        assert [spend.calls for spend in found] == [2, 1, 0, 0, 0]
        assert found[0].usage == Usage(20, 40, 60, 80)
