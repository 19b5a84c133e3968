"""A run shortens its conversation before its model's context is full, and once if it is refused."""

from __future__ import annotations

from parallel_agents.core.event import Queued, Replied
from parallel_agents.core.message import assistant
from parallel_agents.core.model import Finish
from parallel_agents.core.run import Failure
from parallel_agents.core.transcript import Transcript
from parallel_agents.core.usage import Usage
from parallel_agents.core.window import cuts_after_refusal, foreseen_cuts
from parallel_agents.errors import ContextTooLong

TOO_LONG = ContextTooLong("it answered 400: too long")


def talk(runs: int, *, tokens: int = 0) -> Transcript:
    """A conversation of so many runs with answers of 4,000 characters."""
    state = Transcript()
    for _ in range(runs):
        state.apply("queued", Queued(text="task"))
        state.apply(
            "turn-1/model",
            Replied(
                turn=1,
                message=assistant("x" * 4_000),
                model="m",
                finish=Finish.STOP,
                usage=Usage(tokens),
                cost_nanousd=0,
                seconds=0,
            ),
        )
    state.apply("queued", Queued(text="task"))
    return state


def test_a_conversation_that_fits_stays() -> None:
    assert foreseen_cuts(talk(7), window=10_000, reply=1_000) is None


def test_a_conversation_that_leaves_no_room_for_the_reply_is_shortened() -> None:
    state = talk(8)

    shortened = foreseen_cuts(state, window=9_000, reply=1_500)

    assert shortened is not None
    assert shortened.error is None
    state.apply("k", shortened)
    assert foreseen_cuts(state, window=9_000, reply=1_500) is None
    assert len(state.messages) == 12


def test_what_the_server_counted_is_believed() -> None:
    assert foreseen_cuts(talk(8, tokens=500), window=9_000, reply=1_500) is None
    assert foreseen_cuts(talk(8, tokens=9_000), window=9_000, reply=1_500) is not None


def test_a_refusal_leads_to_one_shortening_of_a_call() -> None:
    state = talk(8)

    shortened = cuts_after_refusal(state, TOO_LONG)

    assert shortened is not None
    assert shortened.error == Failure.of(TOO_LONG)
    state.apply("k", shortened)
    assert cuts_after_refusal(state, TOO_LONG) is None


def test_a_call_that_was_shortened_unasked_may_be_shortened_after_a_refusal() -> None:
    state = talk(8)
    foreseen = foreseen_cuts(state, window=9_000, reply=1_500)
    assert foreseen is not None
    state.apply("k", foreseen)

    assert cuts_after_refusal(state, TOO_LONG) is not None
