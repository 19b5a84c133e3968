"""What the server counted is believed; the rest is estimated, and the estimates are corrected."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from parallel_agents.core.event import Queued, Replied
from parallel_agents.core.message import Message, assistant, user
from parallel_agents.core.meter import Correction, Meter
from parallel_agents.core.model import Finish
from parallel_agents.core.tokens import tokens_of
from parallel_agents.core.transcript import Transcript
from parallel_agents.core.usage import Usage

PROSE = "tea is good " * 330


def begun(text: str = PROSE) -> Transcript:
    state = Transcript()
    state.apply("queued", Queued(text=text))
    return state


def reply(state: Transcript, usage: Usage, text: str = PROSE) -> None:
    turn = state.turn + 1
    body = Replied(
        turn=turn,
        message=assistant(text),
        model="m",
        finish=Finish.STOP,
        usage=usage,
        cost_nanousd=0,
        seconds=0,
    )
    state.apply(f"turn-{turn}/model", body)


def test_what_is_new_is_added_to_the_servers_count() -> None:
    state, meter = begun(), Meter(Correction(), lambda: 500)
    reply(state, Usage(1_500, 1_000))
    state.messages.append(user(PROSE))

    new = tokens_of(state.messages[-1:])

    assert meter.tokens(state) == 2_500 + round(new * 1.1)


def test_reasoning_that_the_server_counted_is_counted() -> None:
    state, meter = begun("task"), Meter(Correction(), lambda: 0)
    reply(state, Usage(10, 3_000), "short")

    assert meter.tokens(state) == 3_010


def test_without_a_count_the_frame_and_every_message_are_estimated() -> None:
    state, meter = begun(), Meter(Correction(), lambda: 500)

    assert meter.tokens(state) == round((tokens_of(state.messages) + 500) * 1.1)


def test_each_message_is_read_once() -> None:
    read: list[int] = []

    def counting(messages: Sequence[Message]) -> int:
        read.append(len(messages))
        return 10 * len(messages)

    state, meter = begun(), Meter(Correction(), lambda: 0, counting)
    for _ in range(5):
        meter.tokens(state)
        meter.tokens(state)
        reply(state, Usage())
        state.messages.append(user("more"))

    assert read == [1, 2, 2, 2, 2]
    assert meter.tokens(state) == round(110 * 1.1)


def test_a_model_that_counts_more_is_expected_to() -> None:
    correction = Correction()
    state, meter = begun(), Meter(correction, lambda: 0)
    estimate = tokens_of(state.messages)

    meter.learn(state, Usage(estimate * 2))

    assert correction.factor == pytest.approx(2, rel=0.01)
    assert meter.tokens(state) == pytest.approx(estimate * 2.2, rel=0.01)


def test_a_correction_rises_at_once_falls_slowly_and_has_bounds() -> None:
    correction, factors = Correction(), list[float]()

    for counted in (2_000, 1_000, 900_000, 0):
        correction.learn(1_000, counted)
        factors.append(round(correction.factor, 2))

    assert factors == [2.0, 1.8, 3.0, 2.48]


def test_little_teaches_nothing() -> None:
    correction = Correction()
    correction.learn(100, 1_000)

    assert correction.factor == 1.0


def test_a_refusal_of_what_should_have_fit_teaches_to_expect_more() -> None:
    correction = Correction()

    Meter(correction, lambda: 0).note_refusal()

    assert correction.factor == pytest.approx(1.15)
