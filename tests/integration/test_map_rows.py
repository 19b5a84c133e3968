"""Maps of programs: rows of any iterable, results in order, and nothing paid for twice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import orjson
import pytest
from pydantic import BaseModel, field_validator
from typing_extensions import override

import parallel_agents as pa
from parallel_agents.api.opening import Options
from parallel_agents.core.json_value import JsonObject
from parallel_agents.core.model import Listener, ModelReply
from parallel_agents.errors import Conflict, InvalidInput, MissingKey
from parallel_agents.testing import RepliesWith

UNTYPED: Any = pa


class Verdict(BaseModel):
    kind: str


class Filled(BaseModel):
    kind: str

    @field_validator("kind")
    @classmethod
    def is_filled(cls, kind: str) -> str:
        if not kind:
            raise ValueError("a kind is a word")
        return kind


STRICT = pa.Agent("strict", instructions="Sort.", output=Filled)
SORTER = pa.Agent("sorter", instructions="Sort.", output=Verdict)
WRITER = pa.Agent("writer", instructions="Write.", output=str)


def options(home: Path, model: RepliesWith) -> Options:
    return {"home": home, "models": {"scripted": lambda _: model}}


def echo() -> RepliesWith:
    return RepliesWith(lambda request: request.messages[-1].text.upper())


def tickets(count: int) -> Iterator[JsonObject]:
    return ({"id": n, "text": f"ticket {n}"} for n in range(count))


def test_a_generator_is_done_in_order_and_only_new_rows_are_paid_for_later(tmp_path: Path) -> None:
    first, second = echo(), echo()

    done = pa.map_rows(
        WRITER,
        tickets(30),
        text="On {text}",
        key="t",
        model="scripted/m",
        **options(tmp_path, first),
    )
    more = pa.map_rows(
        WRITER,
        tickets(32),
        text="On {text}",
        key="t",
        model="scripted/m",
        **options(tmp_path, second),
    )

    assert [row.output for row in done.results()][:2] == ["ON TICKET 0", "ON TICKET 1"]
    assert done.counts == {pa.RunStatus.DONE: 30}
    assert [row.columns["id"] for row in more.results()] == list(range(32))
    assert len(first.requests) == 30
    assert len(second.requests) == 2


async def test_answers_are_instances_and_a_row_that_fails_is_one_of_the_results(
    tmp_path: Path,
) -> None:
    def answer(request: pa.ModelRequest) -> str:
        return "no" if "ticket 1" in str(request.messages) else '{"kind": "bug"}'

    given = options(tmp_path, RepliesWith(answer))

    found = await pa.amap_rows(
        SORTER,
        tickets(3),
        text="{text}",
        by="id",
        model="scripted/m",
        **given,
    )

    results = list(found.results())
    assert found.status is pa.RunStatus.PARTIAL
    assert found.rows == 3
    assert [row.output for row in results if row.is_done] == [Verdict(kind="bug")] * 2
    assert results[1].error is not None
    with pytest.raises(pa.PagentsError, match="row 2 has no output: its run ended as failed"):
        assert results[1].output


class Held(RepliesWith):
    """Answers once it may."""

    def __init__(self) -> None:
        super().__init__(lambda request: request.messages[-1].text.upper())
        self.is_asked, self.may_answer = asyncio.Event(), asyncio.Event()

    @override
    async def respond(
        self, request: pa.ModelRequest, listener: Listener | None = None
    ) -> ModelReply:
        self.is_asked.set()
        await self.may_answer.wait()
        return await super().respond(request, listener)


class ToldOfOthers(logging.Handler):
    """Has an event for each who is told that the map is at work for somebody else."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.count, self.events = 0, [asyncio.Event() for _ in range(most)]

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if "on a request with other rows" in record.getMessage():
            self.events[self.count].set()
            self.count += 1

    def __enter__(self) -> Self:
        logging.getLogger("parallel_agents").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("parallel_agents").removeHandler(self)


WHAT: Any = {"text": "On {text}", "key": "t", "model": "scripted/m"}


async def test_who_asks_while_the_map_is_at_work_gets_its_own_rows_once_that_has_ended(
    tmp_path: Path,
) -> None:
    held, later, rows = Held(), echo(), list(tickets(4))

    async def ask(*asked: JsonObject, model: RepliesWith, after: asyncio.Event | None) -> Any:
        if after is not None:
            await after.wait()
        return await pa.amap_rows(WRITER, asked, **WHAT, **options(tmp_path, model))

    with ToldOfOthers(2) as told:
        async with asyncio.timeout(30):
            first = asyncio.create_task(ask(*rows[:2], model=held, after=None))
            lost = asyncio.create_task(ask(*rows[3:], model=later, after=held.is_asked))
            last = asyncio.create_task(ask(*rows[1:3], model=later, after=told.events[0]))
            await told.events[1].wait()
            held.may_answer.set()
            ends: Any = await asyncio.gather(first, lost, last, return_exceptions=True)

    assert ends[0].rows == 2
    # The last one has put its rows into the place of those of the one before.
    assert isinstance(ends[1], InvalidInput)
    assert [row.output for row in ends[2].results()] == ["ON TICKET 1", "ON TICKET 2"]
    assert (len(held.requests), len(later.requests)) == (2, 1)


async def test_a_map_that_is_killed_while_somebody_waits_for_it_is_not_asked_for_again(
    tmp_path: Path,
) -> None:
    held, rows = Held(), list(tickets(2))

    async def ask_later() -> Any:
        await held.is_asked.wait()
        return await pa.amap_rows(WRITER, rows[1:], **WHAT, **options(tmp_path, echo()))

    with ToldOfOthers(1) as told:
        async with asyncio.timeout(30), pa.open(home=tmp_path) as sessions:
            first = asyncio.create_task(
                pa.amap_rows(WRITER, rows[:1], **WHAT, **options(tmp_path, held))
            )
            second = asyncio.create_task(ask_later())
            await told.events[0].wait()
            await sessions.kill("t")
            ends = await asyncio.gather(first, second)

    assert [each.status for each in ends] == [pa.RunStatus.KILLED] * 2
    assert len(held.requests) == 0


def test_a_file_has_the_rows_too(tmp_path: Path) -> None:
    (tmp_path / "fruit.csv").write_text("fruit\napples\n")

    found = pa.map_rows(
        WRITER,
        tmp_path / "fruit.csv",
        text="On {fruit}",
        out=tmp_path / "out.jsonl",
        model="scripted/m",
        **options(tmp_path, echo()),
    )

    assert found.out == tmp_path / "out.jsonl"
    assert [row.output for row in found.results()] == ["ON APPLES"]


def test_results_in_a_table_are_not_read_back(tmp_path: Path) -> None:
    out, given = tmp_path / "out.csv", options(tmp_path, echo())
    found = pa.map_rows(WRITER, tickets(1), text="{text}", out=out, model="scripted/m", **given)

    with pytest.raises(InvalidInput, match="are a table"):
        next(found.results())


@pytest.mark.parametrize(
    ("rows", "text", "message"),
    [
        ([], "{text}", "there are no rows"),
        ([{"text": "a"}, 5], "{text}", "row 2 of rows is a int"),
        ([{"text": object()}], "{text}", "row 1 of rows is not JSON"),
        ([{"text": "a"}], "{txt}", "line 1 has no column 'txt'"),
        ([{"text": "a"}], "", "nothing says what the agent gets of a row"),
        ({"text": "a"}, "{text}", r"rows of map_rows\(\) is"),
        (5, "{text}", r"rows of map_rows\(\) is 5"),
    ],
)
def test_wrong_rows_are_refused_before_the_first_call(
    rows: object, text: str, message: str, tmp_path: Path
) -> None:
    model = echo()

    with pytest.raises(InvalidInput, match=message):
        UNTYPED.map_rows(WRITER, rows, text=text, model="scripted/m", **options(tmp_path, model))

    assert len(model.requests) == 0


def test_another_map_under_the_key_of_one_is_refused_with_what_differs(tmp_path: Path) -> None:
    given = options(tmp_path, echo())
    pa.map_rows(WRITER, tickets(1), text="{text}", key="t", model="scripted/m", **given)

    with pytest.raises(Conflict, match="was begun with other work"):
        pa.map_rows(WRITER, tickets(1), text="On {text}", key="t", model="scripted/m", **given)


def each_item(request: pa.ModelRequest) -> str:
    """The answer to a batch of texts."""
    items = orjson.loads(request.messages[-1].text.partition("Input:\n")[2])
    return orjson.dumps({number: text.upper() for number, text in items.items()}).decode()


def test_rows_are_asked_together_by_programs_too_and_priced_before(tmp_path: Path) -> None:
    model = RepliesWith(each_item)
    given = {**options(tmp_path, model), "batch": 10, "row_gates": [pa.RegexGate(pattern="^ON ")]}
    asked: Any = {"text": "On {text}", "key": "t", "model": "scripted/m", **given}

    price = pa.price_rows(WRITER, tickets(25), **asked)
    found = pa.map_rows(WRITER, tickets(25), **asked)
    again = pa.price_rows(WRITER, tickets(27), **asked)

    assert (price.rows, price.done, price.calls) == (25, 0, 3)
    assert [row.output for row in found.results()] == [f"ON TICKET {n}" for n in range(25)]
    assert len(model.requests) == 3
    assert (again.rows, again.done, again.calls) == (2, 25, 1)


def test_rows_are_priced_before_there_is_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    asked: Any = {"text": "On {text}", "key": "t", "model": "anthropic/claude-haiku-5-5"}

    price = pa.price_rows(WRITER, tickets(2), **asked, home=tmp_path)
    more = pa.price_rows(WRITER, tickets(4), **asked, home=tmp_path)
    within = pa.price_rows(WRITER, tickets(2), budget=0.5, **asked, home=tmp_path)
    parts = pa.price_rows(
        replace(WRITER, budget=pa.Budget(usd=0.1)), tickets(2), **asked, home=tmp_path
    )
    with pytest.raises(MissingKey):
        pa.map_rows(WRITER, tickets(2), **asked, home=tmp_path)

    assert price.cost_usd
    assert price.worst_usd is not None
    assert price.worst_usd > 100 * price.cost_usd
    assert more.worst_usd == pytest.approx(2 * price.worst_usd)
    assert (within.worst_usd, within.is_worst_budget) == (0.5, True)
    assert (parts.worst_usd, parts.is_worst_budget) == (0.2, False)
    assert price.missing_keys == ("ANTHROPIC_API_KEY",)


def test_what_a_map_may_still_cost_is_what_is_left_of_its_budget(tmp_path: Path) -> None:
    given = options(tmp_path, RepliesWith(lambda _: "ON", capabilities=pa.Capabilities()))
    asked: Any = {"text": "On {text}", "key": "t", "model": "scripted/m", **given}

    pa.map_rows(WRITER, tickets(2), budget=pa.Budget(tokens=100_000), **asked)
    price = pa.price_rows(WRITER, tickets(3), **asked)
    raised = pa.price_rows(WRITER, tickets(3), budget=pa.Budget(tokens=200_000), **asked)

    assert price.worst_tokens is not None
    assert 0 < price.worst_tokens < 100_000
    assert raised.worst_tokens == price.worst_tokens + 100_000
    assert price.is_worst_budget


def test_a_step_of_a_ladder_that_lacks_its_key_is_skipped_by_the_price_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    climber = replace(WRITER, ladder=("anthropic/claude-haiku-5-5", "sim/calm"))

    price = pa.price_rows(climber, tickets(1), text="On {text}", home=tmp_path)

    assert (price.model, price.missing_keys) == ("sim/calm", ())


def test_types_of_answers_are_checked_for_each_row_of_a_batch(tmp_path: Path) -> None:
    def answer(request: pa.ModelRequest) -> str:
        is_first = len(request.messages) == 1
        return orjson.dumps(
            {"1": {"kind": "bug"}, "2": {"kind": "" if is_first else "wish"}}
        ).decode()

    given = options(tmp_path, RepliesWith(answer))

    found = pa.map_rows(STRICT, tickets(2), text="{text}", batch=2, model="scripted/m", **given)

    assert [row.output for row in found.results()] == [Filled(kind="bug"), Filled(kind="wish")]


def test_examples_are_shown_in_the_form_in_which_rows_are_asked_together(tmp_path: Path) -> None:
    model = RepliesWith(each_item)
    writer = pa.Agent("loud", instructions="Write.", examples=(pa.Example("on a", "ON A"),))
    given = options(tmp_path, model)

    pa.map_rows(writer, tickets(2), text="on {text}", batch=2, model="scripted/m", **given)

    (request,) = model.requests
    assert '<answer>\n{"1":"ON A"}\n</answer>' in request.system
