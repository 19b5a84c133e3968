"""A budget is never overdrawn: not by many at once, not by tries, crashes or children."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, strategies as st

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget, BudgetAccountState, OnLimit
from parallel_agents.core.event import Noticed
from parallel_agents.core.filter import Filter
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Message, Role, Text, ToolCall, assistant
from parallel_agents.core.model import Capabilities, Finish, ModelReply, ModelRequest
from parallel_agents.core.policy import Policy
from parallel_agents.core.request_size import most_tokens, most_tokens_around
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.team_result import TeamResult
from parallel_agents.core.usage import NANOUSD_PER_USD, Price, Usage
from parallel_agents.errors import MissingKey, Overloaded, StreamCut
from parallel_agents.sessions.handle import SessionHandle
from parallel_agents.settings import Settings
from parallel_agents.testing import Answer, MemoryStore, RepliesWith, Rig, open_rig
from tests.support.shares import examples

OUTPUT_TOKENS = 100
WRITER = Agent(
    name="writer",
    description="",
    instructions="Write.",
    limits=Limits(max_output_tokens=OUTPUT_TOKENS),
)
LEAD = replace(WRITER, name="lead", policy=Policy(spawns=("*",)))
OVER, DONE = RunStatus.OVER_BUDGET, RunStatus.DONE


def priced(input_usd: float = 1.0, output_usd: float = 2.0, **more: Any) -> Settings:
    """Settings in which the scripted model has a price, in dollars a million tokens."""
    prices = {"*": {"input_usd": input_usd, "output_usd": output_usd}}
    provider = {"wire": "chat", "base_url": "http://127.0.0.1:1/v1", "prices": prices}
    return Settings(providers={"scripted": provider}, max_parallel=100, **more)


def most(request: ModelRequest) -> int:
    return most_tokens(request.messages) + most_tokens_around(request.system, request.tools, None)


def costing(share: float, text: str = "Done.") -> Callable[[ModelRequest], Answer]:
    """A model that uses this share of what a request could use at most."""

    def answer(request: ModelRequest) -> Answer:
        usage = Usage(int(most(request) * share), int(request.max_output_tokens * share))
        return ModelReply(message=assistant(text), model="scripted/model", usage=usage)

    return answer


async def run_team(rig: Rig, count: int, budget: Budget) -> TeamResult:
    tasks = tuple(Task("writer", f"task {n}") for n in range(count))
    team = TeamTask(tasks=tasks, budget=budget)
    return await rig.sessions.team_result(await rig.sessions.spawn_team(team))


@given(
    count=st.integers(50, 120),
    share=st.sampled_from([0.1, 0.5, 1.0]),
    usd=st.floats(0.0001, 0.03),
    tokens=st.none() | st.integers(500, 30_000),
    prices=st.tuples(st.floats(0.01, 20), st.floats(0.01, 80)),
)
@examples(5)
@pytest.mark.slow
async def test_no_budget_is_overdrawn_by_any_number_of_tasks_at_any_price(
    count: int, share: float, usd: float, tokens: int | None, prices: tuple[float, float]
) -> None:
    model = RepliesWith(costing(share), latency_seconds=5)
    async with open_rig(model, agents=[WRITER], settings=priced(*prices)) as rig:
        team = await run_team(rig, count, Budget(usd=usd, tokens=tokens))
        (account,) = await rig.store.accounts()

    assert team.spend.cost_nanousd <= usd * NANOUSD_PER_USD
    assert tokens is None or team.spend.usage.total_tokens <= tokens
    assert account.spent.nanousd == team.spend.cost_nanousd
    assert account.spent.tokens == team.spend.usage.total_tokens
    assert account.reserved == (0, 0)
    assert {result.status for result in team.results} <= {DONE, OVER}


class Trees(NamedTuple):
    """A team's tasks that are trees: a node has as many children as `fans` says of its level."""

    roots: int
    fans: tuple[int, ...]

    @property
    def tasks_each(self) -> int:
        size = 1
        for fan in reversed(self.fans):
            size = 1 + fan * size
        return size

    @property
    def tasks(self) -> int:
        return self.roots * self.tasks_each


class SpawnQuota(NamedTuple):
    """Tokens a task that budgets have room for: in money and tokens of the team, a tree, a day."""

    money: int
    team: int
    tree: int
    day: int


def _given(request: ModelRequest) -> int:
    """The same as `most`; what the model said itself is no more now than it was then."""
    own = [message for message in request.messages if message.role is Role.ASSISTANT]
    return most(request) - most_tokens(own) + OUTPUT_TOKENS * len(own)


@dataclass(slots=True)
class Spawning:
    """A model whose nodes spawn their children, and answer once they have.

    Attributes:
        share: of what a request could use at most, which each call uses.
        cut_every: of so many calls one brings a stream that is cut, and is billed.
        served: what all calls used, those that were cut included.
    """

    share: float
    cut_every: int
    served: list[Usage] = field(default_factory=list[Usage])

    def __call__(self, request: ModelRequest) -> Answer:
        usage = Usage(int(_given(request) * self.share), int(OUTPUT_TOKENS * self.share))
        self.served.append(usage)
        if len(self.served) % self.cut_every == 0:
            return StreamCut("cut")
        _, *fans = request.messages[0].text.split()
        if not fans or any(message.role is Role.ASSISTANT for message in request.messages):
            return ModelReply(message=assistant("Done."), model="scripted/model", usage=usage)
        child: JsonObject = {
            "task": " ".join(("node", *fans[1:])),
            "agentId": "lead" if fans[1:] else "writer",
        }
        calls = tuple(ToolCall(f"c{n}", "sessions_spawn", child) for n in range(int(fans[0])))
        message = Message(Role.ASSISTANT, calls)
        return ModelReply(message=message, model="scripted/model", finish=Finish.TOOLS, usage=usage)


class Books(NamedTuple):
    """All accounts, that of the team first, and how the runs of the tasks ended."""

    accounts: list[BudgetAccountState]
    statuses: Counter[RunStatus]


async def carry_out_trees(
    trees: Trees, answers: Spawning, rooms: SpawnQuota, prices: tuple[float, float]
) -> Books:
    settings = priced(
        *prices,
        max_children=100,
        max_tree_sessions=trees.tasks + 1,
        day_budget_tokens=rooms.day * trees.tasks,
    )
    usd = rooms.money * trees.tasks * prices[0] / 1e6
    of_tree = Budget(tokens=rooms.tree * trees.tasks_each)
    text = " ".join(map(str, ("node", *trees.fans)))
    tasks = tuple(Task("lead", text, label=f"{n}", budget=of_tree) for n in range(trees.roots))
    work = TeamTask(tasks=tasks, budget=Budget(usd=usd, tokens=rooms.team * trees.tasks))
    model = RepliesWith(answers, latency_seconds=5)
    async with open_rig(model, agents=[LEAD, WRITER], settings=settings) as rig:
        team = await rig.sessions.spawn_team(work)
        await rig.sessions.team_result(team)
        accounts = await rig.store.accounts()
        accounts.sort(key=lambda found: found.account.scope != f"session:{team.key}")
        rows = await rig.store.rows(Filter())
        return Books(accounts, Counter(row.run.status for row in rows if row.session.parent))


ROOM = st.integers(300, 8_000)


@given(
    trees=st.builds(
        Trees, st.integers(2, 8), st.sampled_from([(25,), (49,), (3, 7), (7, 3), (2, 3, 3)])
    ),
    rooms=st.builds(SpawnQuota, ROOM, ROOM, ROOM, ROOM),
    share=st.sampled_from([0.1, 0.5, 1.0]),
    cut_every=st.integers(5, 40),
    prices=st.tuples(st.floats(0.01, 20), st.floats(0.01, 80)),
)
@example(
    trees=Trees(10, (9, 10)),
    rooms=SpawnQuota(1_500, 1_400, 1_300, 1_200),
    share=0.5,
    cut_every=17,
    prices=(1.0, 2.0),
)
@examples(3)
@pytest.mark.virtual_time(limit_seconds=1e5)
@pytest.mark.slow
async def test_no_budget_is_overdrawn_by_trees_of_tasks_with_calls_cut_at_any_price(
    trees: Trees, rooms: SpawnQuota, share: float, cut_every: int, prices: tuple[float, float]
) -> None:
    answers = Spawning(share, cut_every)

    books = await carry_out_trees(trees, answers, rooms, prices)

    price = Price(input_usd=prices[0], output_usd=prices[1])
    served_nanousd = sum(price.cost_nanousd(usage) for usage in answers.served)
    served_tokens = sum(usage.total_tokens for usage in answers.served)
    of_team, *_ = books.accounts
    assert served_nanousd <= (of_team.spent.nanousd or 0)
    assert served_tokens <= of_team.spent.tokens
    assert len(books.accounts) == trees.roots + 2
    for account, spent, reserved in books.accounts:
        assert reserved == (0, 0)
        assert account.budget.tokens is None or spent.tokens <= account.budget.tokens
        assert account.budget.nanousd is None or (spent.nanousd or 0) <= account.budget.nanousd
    assert trees.roots <= books.statuses.total() <= trees.tasks
    assert all(status.is_over for status in books.statuses)


async def one(
    model: RepliesWith,
    task: Task,
    *agents: Agent,
    settings: Settings | None = None,
    tools: tuple[Callable[..., object], ...] = (),
) -> tuple[Result, list[BudgetAccountState], list[str]]:
    """The result of a task, the accounts after it, and the notices of its run."""

    given = settings or priced()
    async with open_rig(model, agents=agents or [WRITER], settings=given, tools=tools) as rig:
        handle = await rig.sessions.spawn(task)
        result = await handle.wait()
        events = await rig.sessions.history(handle.key)
        told = [e.body.text for e in events if isinstance(e.body, Noticed)]
        return result, await rig.store.accounts(), told


def add(a: int) -> int:
    """Add one."""
    return a + 1


ADDER = replace(WRITER, tools=("add",))


def adding_until_told(request: ModelRequest) -> Answer:
    """Calls a tool at each turn until it is told that its budget is used up."""
    usage = Usage(most(request), request.max_output_tokens)
    if "budget is used up" in request.messages[-1].text:
        return ModelReply(message=assistant("So far."), model="scripted/model", usage=usage)
    call = ToolCall(f"call-{len(request.messages)}", "add", {"a": 1})
    message = Message(Role.ASSISTANT, (Text("Thinking."), call))
    return ModelReply(message=message, model="scripted/model", finish=Finish.TOOLS, usage=usage)


async def test_at_the_limit_a_run_gives_its_answer_in_one_last_call() -> None:
    model = RepliesWith(adding_until_told)

    result, (account,), notices = await one(
        model, Task("writer", "Go.", budget=Budget(tokens=15_000)), ADDER, tools=(add,)
    )

    assert result.status is OVER
    assert result.output == "So far."
    assert result.error is not None
    assert result.error.code == "PA-E308"
    assert account.spent.tokens <= 15_000
    assert [notice.partition(":")[0] for notice in notices] == [
        "80 % of a budget is spent",
        "95 % of a budget is spent",
    ]


async def test_a_budget_that_stops_keeps_what_there_is() -> None:
    budget = Budget(tokens=15_000, on_limit=OnLimit.STOP)

    result, _, _ = await one(
        RepliesWith(adding_until_told), Task("writer", "Go.", budget=budget), ADDER, tools=(add,)
    )

    assert result.status is OVER
    assert result.output == "Thinking."


async def test_a_first_call_that_could_cost_too_much_is_not_made() -> None:
    model = RepliesWith(costing(0.1))

    result, (account,), _ = await one(model, Task("writer", "Go.", budget=Budget(tokens=50)))

    assert result.status is OVER
    assert model.requests == []
    assert account.spent == (0, 0)


async def test_a_budget_in_dollars_refuses_a_model_without_a_price() -> None:
    model = RepliesWith(costing(0.1), capabilities=Capabilities())

    result, _, _ = await one(
        model, Task("writer", "Go.", budget=Budget(usd=1)), settings=Settings()
    )

    assert result.status is RunStatus.FAILED
    assert model.requests == []
    assert result.error is not None
    assert result.error.code == "PA-E309"


async def test_a_budget_in_tokens_needs_no_price() -> None:
    result, _, _ = await one(
        RepliesWith(costing(0.1)),
        Task("writer", "Go.", budget=Budget(tokens=9999)),
        settings=Settings(),
    )

    assert result.status is DONE


async def test_children_spend_out_of_their_parents_budget() -> None:
    def answer(request: ModelRequest) -> Answer:
        usage = Usage(most(request), request.max_output_tokens)
        turn = sum(message.role is Role.ASSISTANT for message in request.messages)
        if request.messages[0].text != "Go." or turn:
            return ModelReply(message=assistant("Done."), model="scripted/model", usage=usage)
        calls = tuple(
            ToolCall(f"c{n}", "sessions_spawn", {"task": f"part {n}", "agentId": "writer"})
            for n in range(20)
        )
        message = Message(Role.ASSISTANT, calls)
        return ModelReply(message=message, model="scripted/model", finish=Finish.TOOLS, usage=usage)

    async with open_rig(
        RepliesWith(answer, latency_seconds=5), agents=[WRITER, LEAD], settings=priced()
    ) as rig:
        task = Task("lead", "Go.", budget=Budget(tokens=16_000))
        await (await rig.sessions.spawn(task)).wait()
        rows = await rig.sessions.list()
        (account,) = await rig.store.accounts()
        spent = sum(row.run.spend.usage.total_tokens for row in rows)
        statuses = {row.run.status for row in rows}

    # Children that were broken off with their parent may have been billed.
    assert spent <= account.spent.tokens <= 16_000
    assert OVER in statuses


@pytest.mark.parametrize(
    ("error", "is_spent"), [(StreamCut("cut"), True), (Overloaded("busy"), False)]
)
async def test_a_try_without_a_reply_is_paid_where_it_may_have_been_billed(
    error: Exception, is_spent: bool
) -> None:
    tries: list[Answer] = [error]

    def answer(request: ModelRequest) -> Answer:
        return tries.pop() if tries else costing(0.5)(request)

    result, (account,), _ = await one(
        RepliesWith(answer), Task("writer", "Go.", budget=Budget(tokens=9999))
    )

    assert result.status is DONE
    assert (account.spent.tokens > result.spend.usage.total_tokens) == is_spent


async def test_a_call_that_was_refused_before_it_was_sent_is_said_to_be_nobodys_bill() -> None:
    def answer(request: ModelRequest) -> Answer:
        return MissingKey("no key is set")

    result, _, _ = await one(RepliesWith(answer), Task("writer", "Go."))

    assert result.error is not None
    assert result.error.code == "PA-E112"
    assert result.notices == ()


async def test_two_processes_share_a_purse_and_a_crash_in_a_call_counts_as_spent() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    model = RepliesWith(costing(1.0), latency_seconds=5)
    settings = priced(day_budget_tokens=1000)
    async with open_rig(model, agents=[WRITER], store=store, settings=settings) as first:
        handle = await first.sessions.spawn(Task("writer", "Go.", key="crash"))
        await asyncio.sleep(2)
        first.engine.cancel_all()
    (crashed,) = await store.accounts()
    async with (
        open_rig(model, agents=[WRITER], store=store, settings=settings) as one_,
        open_rig(model, agents=[WRITER], store=store, settings=settings) as other,
    ):
        handles = [
            await rig.sessions.spawn(Task("writer", f"task {n}", key=f"{n}"))
            for n in range(10)
            for rig in (one_, other)
        ]
        results = [await h.wait() for h in handles]
    del handle
    (account,) = await store.accounts()
    await store.aclose()

    assert crashed.spent.tokens > 0, "nobody knows whether the call was made"
    spent = sum(
        result.spend.usage.total_tokens for result in {r.run_id: r for r in results}.values()
    )
    assert spent + crashed.spent.tokens <= account.spent.tokens + account.reserved.tokens
    assert account.spent.tokens <= 1000
    assert {result.status for result in results} == {DONE, OVER}


async def test_an_agent_has_a_budget_of_its_own_for_the_day() -> None:
    settings = priced(agent_budgets={"writer": Budget(tokens=400)})

    async with open_rig(RepliesWith(costing(1.0)), agents=[WRITER, LEAD], settings=settings) as rig:
        names = ["writer", "writer", "writer", "lead"]
        handles = [await rig.sessions.spawn(Task(name, "Go.")) for name in names]
        statuses = [(await handle.wait()).status for handle in handles]

    assert statuses == [DONE, DONE, OVER, DONE]


async def at_midnight(
    answer: Callable[[ModelRequest], Answer], settings: Settings, agent: Agent
) -> Any:
    """How a run ends whose calls take a minute and that begins half a minute before a day ends.

    The answer's second part is what was spent from each account.
    """

    await asyncio.sleep(86_400 - 30)
    model = RepliesWith(answer, latency_seconds=60)
    async with open_rig(model, agents=[agent], tools=[add], settings=settings) as rig:
        result = await (await rig.sessions.spawn(Task(agent.name, "Go."))).wait()
        return result, {p.account.scope: p.spent.tokens for p in await rig.store.accounts()}


@pytest.mark.virtual_time(limit_seconds=100_000)
async def test_each_call_is_paid_by_the_day_on_which_it_begins() -> None:
    def answer(request: ModelRequest) -> Answer:
        usage = Usage(100, 100)
        if request.messages[-1].role is not Role.TOOL:
            message = Message(Role.ASSISTANT, (ToolCall("call-1", "add", {"a": 1}),))
            return ModelReply(
                message=message, model="scripted/model", finish=Finish.TOOLS, usage=usage
            )
        return ModelReply(message=assistant("Done."), model="scripted/model", usage=usage)

    settings = priced(agent_budgets={"writer": Budget(tokens=1000)}, day_budget_tokens=1000)

    result, spent = await at_midnight(answer, settings, ADDER)

    assert result.status is DONE
    assert result.spend.calls == 2
    assert spent == {
        "day:1970-01-01": 200,
        "agent:writer:1970-01-01": 200,
        "day:1970-01-02": 200,
        "agent:writer:1970-01-02": 200,
    }


@pytest.mark.virtual_time(limit_seconds=100_000)
async def test_a_try_after_midnight_is_paid_by_the_next_day() -> None:
    tries: list[Answer] = [StreamCut("cut")]

    def answer(request: ModelRequest) -> Answer:
        return tries.pop() if tries else costing(0.5)(request)

    result, spent = await at_midnight(answer, priced(day_budget_tokens=300), WRITER)

    assert result.status is DONE
    assert spent["day:1970-01-01"] > spent["day:1970-01-02"] > 0
    assert spent["day:1970-01-02"] == result.spend.usage.total_tokens


@pytest.mark.virtual_time(limit_seconds=100_000)
async def test_who_waits_for_room_in_a_day_has_that_of_the_next() -> None:
    await asyncio.sleep(86_400 - 30)
    model = RepliesWith(costing(1.0), latency_seconds=200)
    settings = priced(day_budget_tokens=300)
    loop = asyncio.get_running_loop()
    async with open_rig(model, agents=[WRITER], settings=settings) as rig:
        ends: list[float] = []

        async def see(handle: SessionHandle) -> RunStatus:
            status = (await handle.wait()).status
            ends.append(loop.time() - 86_400)
            return status

        handles = [await rig.sessions.spawn(Task("writer", "Go.")) for _ in range(2)]
        statuses = [await one for one in asyncio.as_completed(map(see, handles))]

    assert statuses == [DONE, DONE]
    # The first holds the room until 170 s after midnight; the other does not wait for that.
    assert ends == [170, pytest.approx(200, abs=2)]
