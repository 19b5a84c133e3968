"""A simulated model says that it is simulated, has bad days on demand, and can repeat them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from random import Random

import pytest

from parallel_agents.core.message import user
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.output import Accepted, check_output
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.usage import Usage
from parallel_agents.errors import (
    CallTimedOut,
    InvalidInput,
    MalformedReply,
    ModelRefused,
    Overloaded,
    ProviderError,
    RateLimited,
    RequestRejected,
    StreamCut,
    UnknownModel,
)
from parallel_agents.models.pricing import Prices
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.simulated.days import DAYS, Day, Mishap
from parallel_agents.models.simulated.model import Simulated, make_simulated
from parallel_agents.models.timed import Timed

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {"title": {"type": "string", "maxLength": 40}},
    "required": ["title"],
    "additionalProperties": False,
}


def request(text: str = "Go.", schema: JsonObject | None = SCHEMA) -> ModelRequest:
    return ModelRequest(messages=(user(text),), output_schema=schema, timeout_seconds=100)


class Reader:
    """A listener that records the pieces of text."""

    wants_text = True
    keeps_text = True

    def __init__(self) -> None:
        self.pieces: list[str] = []

    def text(self, piece: str) -> None:
        self.pieces.append(piece)

    def retrying(self, error: ProviderError, *, attempt: int, wait_seconds: float) -> None:
        raise AssertionError((error, attempt, wait_seconds))

    def waiting(self, reason: str, seconds: float) -> None:
        raise AssertionError((reason, seconds))

    def noticed(self, text: str) -> None:
        raise AssertionError(text)

    def unanswered(self) -> None:
        raise AssertionError

    def resting(self) -> AbstractContextManager[None]:
        return nullcontext()


async def outcome(model: Simulated, request: ModelRequest) -> str:
    """A reply's text, or the error's code."""
    try:
        return (await Timed(model).respond(request)).message.text
    except ProviderError as error:
        return f"{error.code} {error.retry_after_seconds}"


def day_of(mishap: Mishap) -> Simulated:
    return Simulated(Day(name="bad", shares={mishap: 1.0}))


async def history(name: str) -> Sequence[str]:
    model = make_simulated(name)
    return [await outcome(model, request(f"Page {n % 40}")) for n in range(300)]


@pytest.mark.virtual_time(limit_seconds=1e6)
async def test_a_seed_repeats_its_day_and_another_seed_differs() -> None:
    day = await history("sim/bad-day")

    assert await history("sim/bad-day") == day
    assert await history("sim/bad-day@7") != day
    assert len({each.partition(" ")[0] for each in day if each.startswith("PA-")}) >= 5


@pytest.mark.virtual_time(limit_seconds=1e6)
async def test_a_day_does_not_depend_on_the_order_of_the_calls() -> None:
    requests = [request(f"Page {n}") for n in range(60)]
    first, last = make_simulated("sim/cut"), make_simulated("sim/cut")

    outcomes = [await outcome(first, each) for each in requests]
    reversed_outcomes = [await outcome(last, each) for each in reversed(requests)]

    assert outcomes == reversed_outcomes[::-1]


@pytest.mark.parametrize(
    ("mishap", "error"),
    [
        (Mishap.RATE_LIMITED, RateLimited),
        (Mishap.OVERLOADED, Overloaded),
        (Mishap.STALL, CallTimedOut),
        (Mishap.HALF_OPEN, CallTimedOut),
        (Mishap.CUT, StreamCut),
        (Mishap.MALFORMED, MalformedReply),
        (Mishap.REFUSAL, ModelRefused),
    ],
)
async def test_a_mishap_is_the_error_that_a_wire_would_raise(
    mishap: Mishap, error: type[ProviderError]
) -> None:
    reader = Reader()
    with pytest.raises(error) as met:
        await Timed(day_of(mishap)).respond(request(), reader)

    assert str(met.value).startswith("sim")
    assert met.value.hint
    assert bool(reader.pieces) == (mishap in (Mishap.CUT, Mishap.HALF_OPEN))
    wait = met.value.retry_after_seconds
    assert (wait is not None and 1 <= wait <= 20) == (mishap is Mishap.RATE_LIMITED)


@pytest.mark.parametrize("mishap", [Mishap.BROKEN_JSON, Mishap.WRONG_SCHEMA])
async def test_a_wrong_answer_is_refused_by_its_schema(mishap: Mishap) -> None:
    reply = await day_of(mishap).respond(request())

    assert not isinstance(check_output(reply.message.text, SCHEMA), Accepted)


async def test_a_drip_is_a_good_answer_in_many_slow_pieces() -> None:

    reader = Reader()
    loop = asyncio.get_running_loop()
    began = loop.time()
    reply = await day_of(Mishap.DRIP).respond(request(), reader)
    seconds = loop.time() - began

    assert isinstance(check_output(reply.message.text, SCHEMA), Accepted)
    assert "".join(reader.pieces) == reply.message.text
    assert len(reader.pieces) > 10
    assert seconds > 1.5 * len(reader.pieces)


async def test_a_reply_is_no_longer_than_its_limit() -> None:
    limited = ModelRequest(messages=(user("Go."),), max_output_tokens=3)

    reply = await make_simulated("sim/calm").respond(limited)

    assert reply.finish == "length"
    assert reply.usage.output_tokens == 3
    assert len(reply.message.text) == 12


async def test_an_unsatisfiable_schema_is_rejected_and_not_retried() -> None:
    impossible = request(schema={"type": "string", "pattern": "^[0-9]{12}$"})

    with pytest.raises(RequestRejected) as met:
        await make_simulated("sim/calm").respond(impossible)

    assert "does not match" in met.value.why


async def test_prices_are_made_up_and_rise_on_the_day_of_the_price_change() -> None:
    model = make_simulated("sim/price-change")
    models = [(await model.respond(request(str(n)))).model for n in range(22)]
    prices, usage = Prices(read_providers()), Usage(1_000_000, 0)

    assert models == ["sim/price-change"] * 20 + ["sim/price-change-expensive"] * 2
    assert prices.cost_nanousd(models[0], usage) == 1_000_000_000
    assert prices.cost_nanousd(models[-1], usage) == 3_000_000_000


@pytest.mark.parametrize("name", ["sim", "sim/", "sim/sunday", "sim/calm@x", "sim/calm@-1"])
def test_an_unknown_day_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownModel) as refused:
        make_simulated(name)

    assert "bad-day" in refused.value.why


def test_shares_above_one_in_total_are_refused() -> None:
    with pytest.raises(InvalidInput, match="negative or exceed 1"):
        Day(name="worse", shares={Mishap.CUT: 0.6, Mishap.STALL: 0.6})


def test_each_day_has_its_mishaps_about_as_often_as_defined() -> None:
    for day in DAYS.values():
        drawn = [day.draw(Random(seed)) for seed in range(4000)]
        for mishap, share in day.shares.items():
            assert abs(drawn.count(mishap) / 4000 - share) < 0.03, (day.name, mishap)
