"""Trees that have ended leave the store in steps, and the chain still verifies and says who removed them."""

from __future__ import annotations

from dataclasses import replace

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget, BudgetAccount
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.store import Filter
from parallel_agents.core.store_care import Held, Retention, Step
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import AuthFailed
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import Answer, RepliesWith, Rig, open_rig

WRITER = Agent(name="writer", description="Writes", instructions="Write.")
OLD = Retention(older_than=0)


def answers(request: ModelRequest) -> Answer:
    return AuthFailed("no key") if "fail" in request.messages[0].text else "answered"


def model() -> RepliesWith:
    return RepliesWith(answers, latency_seconds=1)


async def work(rig: Rig, *texts: str) -> list[SessionKey]:
    """Sessions that have ended, one for each text."""
    handles = [await rig.sessions.spawn(Task("writer", text)) for text in texts]
    for handle in handles:
        await handle.wait()
    return [handle.key for handle in handles]


async def prune(rig: Rig, *trees: SessionKey, is_named: bool = False) -> Step:
    done = await rig.store.prune_step(trees, by="ana", why="test", is_named=is_named)
    while not done.is_done:
        done = done.plus(await rig.store.prune_step((), by="ana", why="test"))
    return done


async def test_what_is_pruned_is_gone_and_the_chain_says_so() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        first, second = await work(rig, "one", "two")
        before = await rig.store.verify_all()

        step = await prune(rig, first)
        audit = await rig.store.verify_all(before.chain.head)

        assert (step.trees, step.sessions, step.runs) == (1, 1, 1)
        assert [row.session.key for row in await rig.store.rows(Filter())] == [second]
        assert audit.is_intact
        assert audit.chain.events == before.chain.events - step.events.number
        assert audit.chain.pruned.events == step.events.number
        assert audit.chain.pruned.by == ("ana",)


async def test_work_continues_after_the_last_events_are_gone() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        await prune(rig, *(await work(rig, "one", "two")))
        last = await rig.store.verify_new()

        await work(rig, "three")
        audit = await rig.store.verify_all(last.chain.head)

        assert audit.is_intact
        assert audit.chain.events == 4


async def small_step(store: MemoryStore, *trees: SessionKey) -> Step:
    """A step that removes a single run."""
    return await store.change(
        lambda journal: journal.prune_step(
            trees, by="ana", why="test", is_named=False, oldest_letter=0.0, most_events=1
        )
    )


async def test_a_team_goes_as_a_whole_in_steps_that_each_leave_an_intact_store() -> None:
    store = MemoryStore()
    async with open_rig(model(), agents=[WRITER], store=store) as rig:
        tasks = tuple(Task("writer", text) for text in ("a", "b", "c"))
        team = await rig.sessions.spawn_team(TeamTask(tasks=tasks), key="t")
        await team.wait()

        step = await small_step(store, team.key)
        audits = [await rig.store.verify_all()]
        roots = await rig.store.rows(Filter(roots_only=True))
        while not step.is_done:
            step = await small_step(store)
            audits.append(await rig.store.verify_all())

        assert len(audits) == 4
        assert all(audit.is_intact for audit in audits)
        assert roots == []  # what is left of it is in no list
        assert await rig.store.rows(Filter()) == []
        assert (await rig.store.sizes()).removing == 0
    await store.aclose()


async def test_what_may_be_needed_stays_unless_it_is_named() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        (failed,) = await work(rig, "fail")
        live = await rig.sessions.spawn(Task("writer", "live"))

        plan = await rig.store.plan_pruning(OLD)
        refused = await prune(rig, failed, live.key)
        named = await prune(rig, failed, live.key, is_named=True)

        assert [(tree.key, tree.held) for tree in plan.held] == [(failed, Held.LETTER)]
        assert plan.trees == []
        assert set(refused.refused) == {failed, live.key}
        assert named.refused == (live.key,)
        assert (await live.wait()).status.is_over


async def test_a_plan_keeps_what_ended_last_and_what_is_young() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        first = (await work(rig, "one"))[0]
        await work(rig, "two")

        all_but_one = await rig.store.plan_pruning(Retention(older_than=0, keep_last=1))
        young = await rig.store.plan_pruning(Retention(keep_last=1))
        large = await rig.store.plan_pruning(replace(OLD, larger_than=10**9))

        assert [tree.key for tree in all_but_one.trees] == [first]
        assert young.trees == []
        assert large.trees == []


async def test_what_went_today_still_counts_for_the_budget_of_the_day() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        (first,) = await work(rig, "one")
        used = (await rig.store.rows(Filter()))[0].run.spend.usage
        await prune(rig, first)

        limit = Budget(tokens=1_000_000)
        await rig.store.limit_days(rig.engine.owner, [], [BudgetAccount(scope="day", budget=limit)])
        (account,) = await rig.store.accounts()

        assert account.spent.tokens == used.input_tokens + used.output_tokens
