"""What an accepted result costs: failed attempts and judges count, each to the model it was on."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.gate import ConditionGate, Gate, JudgeGate
from parallel_agents.core.message import assistant
from parallel_agents.core.model import Capabilities, ModelReply, ModelRequest
from parallel_agents.core.overview import Cost
from parallel_agents.core.task import Task
from parallel_agents.core.usage import NANOUSD_PER_USD, Spend, Usage
from parallel_agents.errors import RequestRejected
from parallel_agents.settings import Settings
from parallel_agents.testing import RepliesWith, open_rig
from parallel_agents.views.cost_documents import cost_json
from parallel_agents.views.costs import (
    AgentCosts,
    By,
    CostSum,
    costs_by_agent,
    sums_by,
    total_of,
    wasted_share,
    wasted_text,
)

WRITER = Agent(name="writer", description="", instructions="Write.")
CHEAP, BEST = "scripted/cheap", "scripted/best"
PRICES = {"cheap": 1.0, "best": 5.0}


def dollar_model(name: str, text: str) -> RepliesWith:
    """A writer of which each call costs its model's price in dollars, and a judge that gives 9."""

    def answer(request: ModelRequest) -> ModelReply:
        item = {"name": "c", "evidence": "e", "reason": "r", "score": 9}
        verdict = orjson.dumps({"criteria": [item], "critique": ""}).decode()
        said = verdict if request.system.startswith("You judge") else text
        return ModelReply(message=assistant(said), model=name, usage=Usage(1_000_000, 0))

    return RepliesWith(answer, name, capabilities=Capabilities())


async def costs_of(
    *models: RepliesWith, tasks: int = 1, gates: Sequence[Gate] = ()
) -> dict[str, AgentCosts]:
    prices = {name: {"input_usd": usd, "output_usd": 0.0} for name, usd in PRICES.items()}
    provider = {"wire": "chat", "base_url": "http://127.0.0.1:1/v1", "prices": prices}
    settings = Settings(providers={"scripted": provider}, tries=1)
    task = Task("writer", "Go.", ladder=tuple(m.name for m in models), gates=tuple(gates))

    async with open_rig(*models, agents=[WRITER], settings=settings) as rig:
        for _ in range(tasks):
            await (await rig.sessions.spawn(task)).wait()
        return costs_by_agent(await rig.store.costs())


async def test_each_attempt_costs_on_its_own_model_and_only_the_last_is_accepted() -> None:
    models = dollar_model(CHEAP, "far too long an answer"), dollar_model(BEST, "short")

    writer = (await costs_of(*models, tasks=2, gates=[ConditionGate(condition="len(text) < 10")]))[
        "writer"
    ]

    cheap, best = writer.tiers[CHEAP], writer.tiers[BEST]
    assert cheap.tried == 2
    assert cheap.accepted == 0
    assert cheap.spend.cost_usd == 2.0
    assert best.tried == 2
    assert best.accepted == 2
    assert best.spend.cost_usd == 10.0
    assert writer.runs == 2
    assert writer.accepted == 2
    assert writer.spend.cost_usd == 12.0
    assert (cheap.wasted.cost_usd, best.wasted.cost_usd) == (2.0, 0.0)
    assert writer.wasted == cheap.wasted


def test_what_was_wasted_is_told_with_its_share_and_the_unknown_beside_it() -> None:
    spent = Spend(calls=3, cost_nanousd=8_000_000_000)
    lost = Spend(calls=1, cost_nanousd=2_000_000_000)
    unknown = Spend(calls=2, unpriced_calls=2)

    assert wasted_share(spent, lost) == 0.25
    assert wasted_text(spent, lost).endswith("result: $2.000 (25.0 %)")
    assert wasted_text(spent, Spend()).endswith("result: nothing")
    assert wasted_text(spent, lost + unknown).endswith("(25.0 %), and 2 calls of unknown price")
    assert wasted_text(unknown, unknown).endswith("result: 2 calls of unknown price")
    assert wasted_share(unknown, unknown) is None
    assert wasted_text(Spend(), Spend()) == ""


async def test_a_judge_costs_the_agent_whose_work_it_read() -> None:
    costs = await costs_of(dollar_model(BEST, "work"), gates=[JudgeGate(rubric="Be good.")])

    assert list(costs) == ["writer"]
    assert costs["writer"].reviews.cost_usd == 5.0
    assert costs["writer"].spend.cost_usd == 10.0


async def test_a_run_that_failed_was_paid_for_and_a_price_that_is_not_known_is_none() -> None:
    unknown = "scripted/unknown"
    failed = await costs_of(
        dollar_model(CHEAP, "too long to pass"), gates=[ConditionGate(condition="len(text) < 3")]
    )
    unpriced = await costs_of(dollar_model(unknown, "work"))

    assert failed["writer"].accepted == 0
    assert failed["writer"].spend.cost_usd == 1.0
    assert failed["writer"].wasted == failed["writer"].spend
    assert unpriced["writer"].spend.cost_usd is None


async def test_a_run_that_failed_without_a_reply_was_tried_and_not_accepted() -> None:
    def refuse(request: ModelRequest) -> ModelReply:
        if "fail" in request.messages[-1].text:
            raise RequestRejected("no")
        return ModelReply(message=assistant("work"), model=CHEAP, usage=Usage(10, 10))

    async with open_rig(RepliesWith(refuse, CHEAP), agents=[WRITER]) as rig:
        for text in ("Go.", "fail"):
            await (await rig.sessions.spawn(Task("writer", text, model=CHEAP))).wait()
        costs = await rig.store.costs()

    writer = costs_by_agent(costs)["writer"]
    assert (writer.runs, writer.answered, writer.accepted) == (2, 1, 1)
    assert (writer.tiers[CHEAP].tried, writer.tiers[CHEAP].answered) == (2, 1)
    assert total_of(costs).runs == 2


def cost_of(
    usd: int, *, day: str = "2026-03-01", tags: tuple[str, ...] = (), serves: str = ""
) -> Cost:
    spend = Spend(Usage(10, 10), 1, usd * NANOUSD_PER_USD)
    return Cost("writer", serves, CHEAP, 1, 1, 1, spend, 0.0, day, tags)


def test_work_with_several_tags_counts_for_each_and_work_without_any_is_not_left_out() -> None:
    costs = [cost_of(1, tags=("a", "b")), cost_of(2, tags=("a",)), cost_of(4)]

    sums = sums_by(By.TAG, costs)

    assert {tag: each.spend.cost_usd for tag, each in sums.items()} == {"": 4.0, "a": 3.0, "b": 1.0}
    assert total_of(costs).spend.cost_usd == 7.0


def test_the_newest_day_comes_first() -> None:
    assert list(sums_by(By.DAY, [cost_of(9), cost_of(1, day="2026-03-02")])) == [
        "2026-03-02",
        "2026-03-01",
    ]


def test_what_cost_most_comes_first_among_agents_too() -> None:
    costs = [cost_of(1), cost_of(3)._replace(agent="poet"), cost_of(1)]

    assert list(costs_by_agent(costs)) == ["poet", "writer"]


def test_a_review_is_no_run_of_its_own_but_costs_the_agent_whose_work_it_read() -> None:
    (found,) = sums_by(By.AGENT, [cost_of(1), cost_of(5, serves="writer")]).values()

    assert found.runs == 1
    assert found.spend.cost_usd == 6.0


@pytest.mark.parametrize(
    ("spend", "cost", "simulated"),
    [
        (Spend(calls=1, unpriced_calls=1), None, None),
        (Spend(), None, None),
        (Spend(calls=1), "0.000000000", "0.000000000"),
        (Spend(calls=2, unpriced_calls=1, simulated_nanousd=NANOUSD_PER_USD), None, "1.000000000"),
    ],
)
def test_a_cost_of_which_nothing_is_known_is_no_zero(
    spend: Spend, cost: str | None, simulated: str | None
) -> None:
    found = cost_json(CostSum(spend=spend))

    assert [each and each["amount"] for each in (found["cost"], found["simulated_cost"])] == [
        cost,
        simulated,
    ]
    assert (found["wasted"]["simulated_cost"] is None) == (simulated is None)
