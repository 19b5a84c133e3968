"""Retrying waits as long as it should, in virtual time, and gives up when it should."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from typing_extensions import override

from parallel_agents.core.message import user
from parallel_agents.core.model import Listener, ModelReply, ModelRequest
from parallel_agents.errors import (
    AuthFailed,
    CallTimedOut,
    CircuitOpen,
    ConfigError,
    MalformedReply,
    ModelLoading,
    ModelSlipped,
    Overloaded,
    ProviderError,
    RateLimited,
    StreamCut,
    Unreachable,
)
from parallel_agents.models.retrying import Patience, Retrying
from parallel_agents.testing.listener import RecordingListener
from parallel_agents.testing.scripted import RepliesWith, ScriptedModel, to_reply

REQUEST = ModelRequest(messages=(user("hello"),))
PATIENCE = Patience(
    tries=4, base_seconds=1.0, cap_seconds=3.0, max_wait_seconds=60.0, total_seconds=100.0
)


class Waits:
    """A sleep that takes no time and records how long it would have taken."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class Highest(random.Random):
    """Dice that always fall on the upper end."""

    @override
    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


class Cutting:
    """A model that shows some text and breaks off."""

    name = "scripted/cutting"

    def __init__(self) -> None:
        self.inner = ScriptedModel([])
        self.capabilities = self.inner.capabilities
        self.calls = 0

    async def start(self) -> None: ...

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        self.calls += 1
        if listener is not None:
            listener.text("a word")
        if self.calls == 1:
            raise StreamCut("cut")
        return to_reply("whole", self.name)

    async def aclose(self) -> None: ...


async def call(
    replies: Sequence[str | Exception],
    patience: Patience = PATIENCE,
    listener: RecordingListener | None = None,
) -> tuple[ModelReply, list[float]]:
    """The reply to one call, and the waits before it; the script must be used up."""
    waits = Waits()
    scripted = ScriptedModel(replies)
    model = Retrying(scripted, patience, rng=Highest(), sleep=waits)
    reply = await model.respond(REQUEST, listener)
    scripted.assert_used_up()
    return reply, waits.seconds


async def test_a_temporary_failure_is_retried_after_a_growing_wait() -> None:
    reply, waits = await call([Overloaded("a"), Overloaded("b"), Overloaded("c"), "done"])

    assert reply.message.text == "done"
    assert reply.tries == 4
    assert waits == [1.0, 2.0, 3.0]


async def test_the_last_failure_is_raised_when_the_tries_are_used_up() -> None:
    with pytest.raises(Overloaded, match="d"):
        await call([Overloaded("a"), Overloaded("b"), Overloaded("c"), Overloaded("d")])


@pytest.mark.parametrize("error", [AuthFailed("no"), ConfigError("no"), RuntimeError("bug")])
async def test_a_permanent_failure_is_raised_immediately(error: Exception) -> None:
    with pytest.raises(type(error)):
        await call([error])


async def test_a_wait_that_the_provider_names_is_respected() -> None:
    reply, waits = await call([RateLimited("slow", retry_after_seconds=7.0), "done"])

    assert reply.tries == 2
    assert waits == [8.0]


async def test_a_minute_of_rate_limits_is_waited_out_with_any_number_of_tries() -> None:
    minute = [RateLimited("slow", retry_after_seconds=1.0) for _ in range(60)]

    reply, waits = await call([*minute, "done"])

    assert reply.tries == 61
    assert len(waits) == 60


async def test_a_provider_that_keeps_refusing_is_given_up_after_the_patience() -> None:
    forever = [RateLimited("slow", retry_after_seconds=30.0) for _ in range(4)]

    with pytest.raises(RateLimited):
        await call(forever)


async def test_a_wait_that_is_too_long_does_not_begin() -> None:
    with pytest.raises(RateLimited):
        await call([RateLimited("tomorrow", retry_after_seconds=61.0)])


async def test_a_requested_wait_of_zero_counts_as_a_try_and_backs_off() -> None:
    at_once = [RateLimited("slow", retry_after_seconds=0.0) for _ in range(4)]

    with pytest.raises(RateLimited):
        await call(at_once)


async def test_short_waits_that_the_provider_asks_for_use_up_no_tries_and_grow() -> None:
    short = [RateLimited("slow", retry_after_seconds=0.1) for _ in range(8)]

    reply, waits = await call([*short, "done"])

    assert reply.tries == 9
    assert waits == [1 + 1.0, 2 + 1.0, *[3 + 1.0] * 6]


async def test_a_provider_that_asks_for_short_waits_for_ever_is_given_up_after_the_patience() -> (
    None
):
    forever = [RateLimited("slow", retry_after_seconds=0.1) for _ in range(35)]

    with pytest.raises(RateLimited):
        await call(forever)


@pytest.mark.parametrize(
    ("kind", "most_calls"),
    [
        (MalformedReply, 2),
        (CallTimedOut, 2),
        (ModelSlipped, 3),
        (Overloaded, 4),
        (Unreachable, 4),
        (StreamCut, 3),
    ],
)
async def test_a_failure_is_repeated_as_often_as_its_price_allows(
    kind: type[ProviderError], most_calls: int
) -> None:
    model = RepliesWith(lambda _: kind("no"))

    with pytest.raises(kind):
        await Retrying(model, PATIENCE, sleep=Waits()).respond(REQUEST)

    assert len(model.requests) == most_calls


async def test_repeats_are_counted_for_each_class_of_failures() -> None:
    reply, _ = await call([ModelSlipped("a"), MalformedReply("b"), ModelSlipped("c"), "done"])

    assert reply.tries == 4


async def test_a_model_that_is_being_loaded_is_asked_each_second_and_uses_up_no_tries() -> None:
    reply, waits = await call([*[ModelLoading("Loading model")] * 60, "done"])

    assert reply.tries == 61
    assert waits == [2.0] * 60


async def test_a_model_that_is_being_loaded_is_waited_for_within_the_patience() -> None:
    with pytest.raises(ModelLoading):
        await call([ModelLoading("Loading model")] * 101)


async def test_the_listener_hears_once_that_a_model_is_being_loaded() -> None:
    listener = RecordingListener()

    await call([*[ModelLoading("acme answered 503: Loading model")] * 5, "done"], listener=listener)

    assert listener.retries == []
    assert listener.notices == [
        "scripted/model is being loaded; the call waits for it: acme answered 503: Loading model"
    ]


async def test_the_listener_is_notified_of_each_failed_try() -> None:
    listener = RecordingListener(wants_text=False)

    await call(
        [Overloaded("a"), RateLimited("b", retry_after_seconds=2.0), "done"], listener=listener
    )

    assert listener.retries == [(Overloaded, 1, 1.0), (RateLimited, 2, 3.0)]


async def test_a_call_is_not_retried_once_text_was_shown() -> None:
    model, listener = Cutting(), RecordingListener(wants_text=True)

    with pytest.raises(StreamCut):
        await Retrying(model, PATIENCE, sleep=Waits()).respond(REQUEST, listener)

    assert model.calls == 1
    assert listener.pieces == ["a word"]


async def test_a_call_is_retried_if_the_text_that_was_shown_is_taken_back() -> None:
    model, listener = Cutting(), RecordingListener(wants_text=True)
    listener.keeps_text = False

    reply = await Retrying(model, PATIENCE, sleep=Waits()).respond(REQUEST, listener)

    assert reply.tries == 2


async def test_text_without_a_reader_does_not_prevent_a_retry() -> None:
    model, listener = Cutting(), RecordingListener(wants_text=False)

    reply = await Retrying(model, PATIENCE, sleep=Waits()).respond(REQUEST, listener)

    assert reply.tries == 2


async def test_waits_are_random_between_zero_and_the_bound() -> None:
    waits = Waits()
    failures = [Overloaded("x") for _ in range(200)]
    patience = Patience(tries=201, base_seconds=4.0, cap_seconds=4.0)
    model = Retrying(
        ScriptedModel([*failures, "done"]), patience, rng=random.Random(7), sleep=waits
    )

    await model.respond(REQUEST)

    assert all(0 <= wait <= 4 for wait in waits.seconds)
    assert 1.7 < sum(waits.seconds) / 200 < 2.3


def paused(seconds: float = 15.0) -> CircuitOpen:
    return CircuitOpen("paused", retry_after_seconds=seconds)


async def test_a_pause_of_the_circuit_is_a_wait_and_no_try() -> None:
    listener = RecordingListener()
    model = ScriptedModel([Overloaded("busy"), paused(), paused(), Overloaded("busy"), "done"])

    reply = await Retrying(model, PATIENCE, rng=Highest(), sleep=Waits()).respond(REQUEST, listener)

    assert reply.tries == 3
    assert [attempt for _, attempt, _ in listener.retries] == [1, 2]
    assert listener.waits == [("scripted/model to work again", 16.0)] * 2


async def test_a_call_that_gives_up_in_a_pause_raises_its_own_failure() -> None:
    model = ScriptedModel([Overloaded("busy"), *[paused(50.0)] * 3])

    with pytest.raises(Overloaded, match="busy"):
        await Retrying(model, PATIENCE, sleep=Waits()).respond(REQUEST)
