"""Rows of a flow that are asked together have one call, and each has its own result."""

from __future__ import annotations

import orjson
import pytest

from parallel_agents.core.gate import Refine, RegexGate
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import File
from parallel_agents.core.run import RunStatus
from parallel_agents.core.usage import Spend
from parallel_agents.errors import BatchRefused
from parallel_agents.flows.flow import Flow
from tests.unit.flows.parts import lasting_store, run, write
from tests.unit.maps.parts import Batcher, batch_process

FRUITS = ("apples", "pears", "plums", "quinces", "figs")


async def over_fruits(flow: Flow) -> list[str]:
    rows = [{"fruit": fruit} for fruit in FRUITS]
    task = write("{fruit}", gates=(RegexGate(pattern="done$"),), limits=Limits(attempts=1))
    return (await flow.map(task, rows, by="fruit", batch=2)).outputs


async def test_each_row_has_its_own_result_and_part_of_the_cost() -> None:
    spends: list[Spend] = []

    async def spending(flow: Flow) -> list[str]:
        found = await flow.map(write("{f}"), [{"f": f} for f in FRUITS], batch=4)
        spends.append(found.spend)
        return found.outputs

    batcher = Batcher()
    async with batch_process(batcher) as rig:
        result = await run(rig, spending)

    assert result.output == [f"{fruit} is done" for fruit in FRUITS]
    assert batcher.calls == [list(FRUITS[:4]), ["figs"]]
    assert [spend.calls for spend in spends] == [result.total_spend.calls]


async def test_a_flow_that_is_run_again_pays_for_no_batch_twice() -> None:
    batcher, store = Batcher(), lasting_store()
    async with batch_process(batcher, store) as rig:
        await run(rig, over_fruits)
    async with batch_process(batcher, store) as rig:
        again = await run(rig, over_fruits)

    assert again.output == [f"{fruit} is done" for fruit in FRUITS]
    assert len(batcher.calls) == 3


LONG = tuple(f"{fruit} {'and more ' * 60}" for fruit in FRUITS)


async def over_long_rows(flow: Flow) -> list[str]:
    rows = [{"text": text} for text in LONG]
    return (await flow.map(write("{text}"), rows, batch=5)).outputs


@pytest.mark.parametrize(
    ("context_tokens", "sizes"), [(None, [5]), (8_192, [5]), (1_200, [2, 2, 1]), (200, [1] * 5)]
)
async def test_a_batch_ends_before_its_rows_are_more_than_the_context_of_the_model(
    context_tokens: int | None, sizes: list[int]
) -> None:
    batcher = Batcher(context_tokens=context_tokens)
    async with batch_process(batcher) as rig:
        result = await run(rig, over_long_rows)

    assert len(result.output) == len(LONG)
    assert sorted(map(len, batcher.calls), reverse=True) == sizes


async def test_a_flow_makes_the_same_batches_again_whatever_the_context_is_then() -> None:
    def nothing(call: int, answers: dict[str, str]) -> str:
        return f"nothing to {len(answers)} in call {call}"

    store = lasting_store()
    small = Batcher(nothing, context_tokens=1_200)
    async with batch_process(small, store) as rig:
        first = await run(rig, over_long_rows)
    large = Batcher(context_tokens=100_000)
    async with batch_process(large, store) as rig:
        second = await run(rig, over_long_rows)

    assert first.status is RunStatus.FAILED
    assert second.status is RunStatus.DONE
    assert [len(call) for call in large.calls] == [2, 2]


async def test_the_next_run_of_the_flow_asks_for_the_rejected_row_alone() -> None:
    def bad_at_first(call: int, answers: dict[str, str]) -> str:
        given = {n: "bad" if call < 4 and "pears" in a else a for n, a in answers.items()}
        return orjson.dumps(given).decode()

    batcher, store = Batcher(bad_at_first), lasting_store()
    async with batch_process(batcher, store) as rig:
        first = await run(rig, over_fruits)
        second = await run(rig, over_fruits)

    assert first.status is RunStatus.FAILED
    assert second.output == [f"{fruit} is done" for fruit in FRUITS]
    assert batcher.calls[3:] == [["pears"]]


async def test_what_cannot_be_asked_together_is_refused_before_it_is_begun() -> None:
    async def unfit(flow: Flow) -> None:
        image = File("a.png")
        with pytest.raises(BatchRefused, match="a task with files"):
            await flow.map(write("{f}", files=(image,)), [{"f": "a"}, {"f": "b"}], batch=2)

        task = write("{f}", refine=Refine(rounds=2))
        with pytest.raises(BatchRefused, match="cannot be asked for several rows"):
            await flow.map(task, [{"f": "a"}, {"f": "b"}, {"f": "c"}], batch=2)

    batcher = Batcher()
    async with batch_process(batcher) as rig:
        result = await run(rig, unfit)

    assert result.is_done
    assert batcher.calls == []
