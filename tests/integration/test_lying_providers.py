"""Whatever a provider says that a call used, no call is free, nothing crashes, and budgets hold."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest
from hypothesis import example, given, strategies as st

import parallel_agents as pa
from parallel_agents.core.budget import BudgetAccountState
from parallel_agents.core.filter import Filter
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.usage import Price, Spend, Usage
from parallel_agents.models.reading.usage import has_total, is_whole, read_usage
from parallel_agents.stores.projection import check_rows
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.sqlite_database import SqliteDatabase
from tests.support.shares import examples

OUTPUT_TOKENS = 100
PARALLEL = 4
PRICE = Price(input_usd=1.0, output_usd=5.0, cache_read_usd=0.1, cache_write_usd=1.25)
FAILURES = {None, "PA-E308"}
WRITER = pa.Agent(
    name="writer",
    description="",
    instructions="Write.",
    tools=("look",),
    limits=pa.Limits(max_output_tokens=OUTPUT_TOKENS, max_turns=8),
)


@pa.tool(effect="pure")
def look(n: int) -> str:
    """Look."""
    return f"nothing at {n}"


ODD_NUMBERS: Sequence[Json] = (0, -1, -(10**12), 10**30, 1e30, 9e11, 2**63, 10**8, 10**8 + 1)
NO_NUMBERS: Sequence[Json] = ("", "12", "many", "1e30", "nan", "-5", True, False, None, [], {}, [5])
NO_USAGES: Sequence[Json] = (None, [], "free", 0, {})
HONEST: Json = {"prompt_tokens": 80, "completion_tokens": 20}
NAMES = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "prompt_cache_hit_tokens",
    "cache_creation_input_tokens",
    "reasoning_tokens",
    "prompt_tokens_details",
    "completion_tokens_details",
)
DETAILS = ("cached_tokens", "reasoning_tokens", "x")


@st.composite
def counts(draw: st.DrawFn) -> Json:
    match draw(st.integers(0, 4)):
        case 0:
            return draw(st.integers(0, 200))
        case 1:
            return draw(st.integers(10**5, 10**9))
        case 2:
            return draw(st.sampled_from(ODD_NUMBERS))
        case 3:
            return draw(st.sampled_from(NO_NUMBERS))
        case _:
            return draw(st.floats(allow_nan=False, allow_infinity=False))


@st.composite
def usages(draw: st.DrawFn) -> Json:
    kind = draw(st.integers(0, 5))
    if kind < 2:
        return HONEST  # so that runs continue
    if kind == 2:
        return draw(st.sampled_from(NO_USAGES))
    told: dict[str, Json] = {}
    for name in draw(st.sets(st.sampled_from(NAMES), max_size=5)):
        if name.endswith("details"):
            told[name] = {each: draw(counts()) for each in draw(st.sets(st.sampled_from(DETAILS)))}
        else:
            told[name] = draw(counts())
    return told


class Lie(NamedTuple):
    """What a reply says that it used, and when: once in the reply, or in events of a stream."""

    usages: Sequence[Json]
    streams: bool

    def body(self, number: int) -> bytes:
        message = _message(number)
        finish = "tool_calls" if "tool_calls" in message else "stop"
        if not self.streams:
            choice: JsonObject = {"index": 0, "message": message, "finish_reason": finish}
            return _sent({"choices": [choice], "usage": self.usages[0]})
        return b"".join(b"data: " + each + b"\n\n" for each in self._events(message, finish))

    def _events(self, message: JsonObject, finish: str) -> Iterator[bytes]:
        first, *others = self.usages
        delta: JsonObject = {"index": 0, "delta": message}
        yield _sent({"choices": [delta], "usage": first})
        end: JsonObject = {"index": 0, "delta": {}, "finish_reason": finish}
        yield _sent({"choices": [end]})
        for usage in others:  # late, doubled, or growing
            yield _sent({"choices": [], "usage": usage})
        yield b"[DONE]"

    @property
    def told(self) -> Usage | None:
        """The tokens that are to be believed; None if the reply says nothing that is."""
        usage, is_all = Usage(), False
        for each in self.usages if self.streams else self.usages[:1]:
            value: Json = orjson.loads(_sent(each))
            counted = read_usage(value, usage) if value else usage
            if counted.total_tokens and value:
                usage, is_all = counted, is_all or has_total(value)
        is_counted = is_all or is_whole(usage, has_parts=True)
        return usage if is_counted and usage.total_tokens else None


def _sent(value: Json) -> bytes:
    """JSON that also writes integers of any size."""
    if isinstance(value, dict):
        members = [orjson.dumps(name) + b":" + _sent(member) for name, member in value.items()]
        return b"{" + b",".join(members) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(_sent, value)) + b"]"
    return str(value).encode() if type(value) is int else orjson.dumps(value)


def _message(number: int) -> JsonObject:
    if number % 2:
        function: JsonObject = {"name": "look", "arguments": f'{{"n": {number}}}'}
        call: JsonObject = {
            "index": 0,
            "id": f"c{number}",
            "type": "function",
            "function": function,
        }
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    return {"role": "assistant", "content": "Done."}


class Provider(NamedTuple):
    url: str
    told: list[Usage | None]  # of each request


@asynccontextmanager
async def lying(lies: Sequence[Lie]) -> AsyncGenerator[Provider]:
    """A provider that tells one lie after the other, and then begins again."""
    told: list[Usage | None] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        await reader.readexactly(length)
        lie = lies[len(told) % len(lies)]
        told.append(lie.told)
        body = lie.body(len(told))
        kind = b"text/event-stream" if lie.streams else b"application/json"
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: " + kind)
        writer.write(b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield Provider(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", told)


class Left(NamedTuple):
    """What a team left in its store."""

    team: pa.TeamResult
    day: BudgetAccountState
    rows: Spend
    is_intact: bool


async def carry_out(provider: Provider, budget: pa.Budget, home: Path) -> Left:
    prices: JsonObject = {
        "input_usd": PRICE.input_usd,
        "output_usd": PRICE.output_usd,
        "cache_read_usd": PRICE.cache_read_usd,
        "cache_write_usd": PRICE.cache_write_usd,
    }
    here: JsonObject = {"wire": "chat", "base_url": provider.url, "prices": {"*": prices}}
    settings: dict[str, Json] = {"providers": {"here": here}, "tries": 1}
    if budget.usd is not None:
        settings["day_budget_usd"] = budget.usd
    if budget.tokens is not None:
        settings["day_budget_tokens"] = budget.tokens
    team = await pa.arun(
        [pa.Task("writer", f"Go {n}.") for n in range(6)],
        model="here/m",
        agents=[WRITER],
        tools=[look],
        home=home,
        settings=settings,
        max_parallel=PARALLEL,
    )
    with closing(SqliteDatabase.open_for_reading(home / "store.db")) as database:
        rows = Rows(database)
        (day,) = rows.accounts()
        spends = [row.run.spend for row in rows.rows(Filter())]
        return Left(team, day, sum(spends, Spend()), check_rows(rows).is_intact)


def _least(told: Usage | None) -> Usage:
    """The least that a call is charged: what is to be believed, or else all that it might write."""
    return Usage(output_tokens=OUTPUT_TOKENS) if told is None else told


LIES = st.builds(Lie, st.lists(usages(), min_size=1, max_size=3), st.booleans())
BUDGETS = st.builds(
    pa.Budget, usd=st.none() | st.floats(0.0005, 0.05), tokens=st.integers(300, 20_000)
)


@given(lies=st.lists(LIES, min_size=1, max_size=5), budget=BUDGETS)
@example(lies=[Lie([{"prompt_tokens": 10**30}], streams=False)], budget=pa.Budget(tokens=5_000))
@example(lies=[Lie([{"prompt_tokens": 10**8}], streams=True)], budget=pa.Budget(tokens=5_000))
@example(lies=[Lie([None], streams=False)], budget=pa.Budget(usd=0.01, tokens=20_000))
@examples(25)
@pytest.mark.timeout(240)
async def test_budgets_hold_whatever_a_provider_says(lies: list[Lie], budget: pa.Budget) -> None:
    with tempfile.TemporaryDirectory() as home:
        async with lying(lies) as provider:
            left = await carry_out(provider, budget, Path(home))

    spent_nanousd, spent_tokens = left.day.spent.nanousd or 0, left.day.spent.tokens
    least = [_least(told) for told in provider.told]
    assert spent_tokens >= sum(usage.total_tokens for usage in least)
    assert spent_nanousd >= sum(PRICE.cost_nanousd(usage) for usage in least)
    # A limit is passed only by calls that were in flight, and claim more than they could use.
    dearest = max((usage.total_tokens for usage in least), default=0)
    assert spent_tokens <= (budget.tokens or 0) + PARALLEL * dearest
    most = max((PRICE.cost_nanousd(usage) for usage in least), default=0)
    assert budget.nanousd is None or spent_nanousd <= budget.nanousd + PARALLEL * most
    assert left.day.reserved == (0, 0)
    assert {result.error and result.error.code for result in left.team.results} <= FAILURES
    assert left.rows == left.team.spend
    assert left.rows.cost_nanousd <= spent_nanousd
    if not left.rows.unpriced_calls:
        assert left.rows.cost_nanousd == spent_nanousd
        assert left.rows.usage.total_tokens == spent_tokens
    assert left.is_intact
