"""A run shortens its conversation before its model's context is full, and once if it is refused."""

from __future__ import annotations

import pytest

from parallel_agents.core.event import Queued, Replied, Shortened
from parallel_agents.core.message import Message, Role, ToolCall, ToolResult, assistant, user
from parallel_agents.core.meter import Correction, Meter
from parallel_agents.core.model import Finish
from parallel_agents.core.run import Failure
from parallel_agents.core.shortening import size_of
from parallel_agents.core.summary import Summaries
from parallel_agents.core.transcript import Transcript
from parallel_agents.core.usage import Usage
from parallel_agents.core.window import Shortening, Window
from parallel_agents.errors import ContextTooLong

TOO_LONG = ContextTooLong("it answered 400: too long")
PROSE = "tea is good " * 330  # about 1,000 tokens


def replied(text: str = PROSE, *, tokens: int = 0, finish: Finish = Finish.STOP) -> Replied:
    return Replied(
        turn=1,
        message=assistant(text),
        model="m",
        finish=finish,
        usage=Usage(tokens),
        cost_nanousd=0,
        seconds=0,
    )


def talk(runs: int, *, tokens: int = 0, text: str = PROSE) -> Transcript:
    """A conversation of so many runs with answers of about 1,000 tokens."""
    state = Transcript()
    for _ in range(runs):
        state.apply("queued", Queued(text="task"))
        state.apply("turn-1/model", replied(text, tokens=tokens))
    state.apply("queued", Queued(text="task"))
    return state


def shortening(window: int, *, reply: int = 1_500, frame: int = 0) -> Shortening:
    return Shortening(Window(window, reply, Meter(Correction(), lambda: frame)))


def test_a_conversation_that_fits_stays() -> None:
    assert shortening(12_000, reply=1_000).foreseen(talk(7)) is None


def test_a_conversation_that_leaves_no_room_for_the_reply_is_shortened() -> None:
    state, at_8000 = talk(8), shortening(9_000)

    shortened = at_8000.foreseen(state)

    assert shortened is not None
    assert shortened.error is None
    state.apply("k", shortened)
    assert at_8000.foreseen(state) is None
    assert len(state.messages) < 14


def test_what_the_server_counted_is_believed() -> None:
    assert shortening(9_000).foreseen(talk(8, tokens=500)) is None
    assert shortening(9_000).foreseen(talk(8, tokens=9_000)) is not None


def test_instructions_and_tools_count_until_the_server_has_counted_them() -> None:
    assert shortening(9_000, frame=5_000).foreseen(talk(4)) is not None
    assert shortening(9_000, frame=5_000).foreseen(talk(4, tokens=4_000)) is None


def test_each_refusal_of_a_call_halves_the_conversation_a_few_times() -> None:
    state = talk(30)

    sizes = [size_of(state.messages)]
    while (shortened := Shortening().after_refusal(state, TOO_LONG)) is not None:
        assert shortened.error == Failure.of(TOO_LONG)
        state.apply("k", shortened)
        sizes.append(size_of(state.messages))

    assert len(sizes) == 6
    assert sizes[-1] < sizes[0] / 20
    assert state.messages[-1].text == "task"


def test_a_call_that_was_shortened_unasked_may_be_shortened_after_a_refusal() -> None:
    state, at_9000 = talk(8), shortening(9_000)
    foreseen = at_9000.foreseen(state)
    assert foreseen is not None
    state.apply("k", foreseen)

    assert at_9000.after_refusal(state, TOO_LONG) is not None


def test_a_reply_that_filled_the_context_is_left_out_and_the_summary_stands_before_it() -> None:
    state = talk(8)
    state.apply("turn-1/model", replied("half an", finish=Finish.WINDOW))

    shortened = Shortening().after_full_reply(state, TOO_LONG)

    assert shortened is not None
    cuts = shortened.cuts
    assert cuts.spans[-1] == (len(state.messages) - 1, len(state.messages))
    assert cuts.summary_at == len(cuts.spans) - 2
    assert "half an" not in [message.text for message in cuts.left_out(state.messages)]


def test_what_a_summary_would_hardly_shorten_is_not_summarized() -> None:
    state, enough = talk(8), Summaries(500, 400_000)
    shortened = shortening(9_000).foreseen(state)
    assert shortened is not None

    assert Shortening(summaries=enough).summary_of(state, shortened) is enough
    assert Shortening(summaries=Summaries(5_000, 400_000)).summary_of(state, shortened) is None
    assert Shortening().summary_of(state, shortened) is None


def test_a_summary_that_failed_is_not_tried_again_before_the_next_reply() -> None:
    state, enough = talk(8), Summaries(500, 400_000)
    at_5000 = Shortening(shortening(5_000).window, enough)
    shortened = at_5000.foreseen(state)
    assert shortened is not None
    failed = Shortened(turn=0, cuts=shortened.cuts, unsummarized="the summary is empty")
    state.apply("k", failed)

    assert at_5000.summary_of(state, shortened) is None
    assert state.shortenings.failures == ("the summary is empty",)


def test_more_than_its_writer_can_read_is_left_out_in_several_steps() -> None:
    state = talk(20)
    by_steps = Shortening(shortening(9_000).window, Summaries(200, 2_000))

    taken: list[int] = []
    while (shortened := by_steps.foreseen(state)) is not None:
        taken.append(sum(end - start for start, end in shortened.cuts.spans))
        state.apply("k", shortened)

    assert len(taken) == 7
    assert max(taken[:-1]) <= 6
    assert by_steps.too_long(state) is None


@pytest.mark.parametrize(
    ("task", "frame", "is_certain"),
    [
        ("task", 0, False),
        ("tea " * 900, 0, False),
        ("tea " * 5_000, 0, True),
        ("task", 9_000, True),
    ],
)
def test_a_request_that_cannot_fit_is_not_made(task: str, frame: int, *, is_certain: bool) -> None:
    state = Transcript()
    state.apply("queued", Queued(text=task))

    error = shortening(1_000, frame=frame).too_long(state)

    assert (error is not None) is is_certain
    assert error is None or ("instructions and tools" in error.why) is bool(frame)


def test_a_context_of_unknown_size_is_never_too_small() -> None:
    assert Shortening().foreseen(talk(50)) is None
    assert Shortening().too_long(talk(50)) is None


@pytest.mark.parametrize(
    "results",
    [
        pytest.param(["1," * 4_000], id="one"),
        pytest.param(["1," * 500] * 20, id="twenty that overflow together"),
    ],
)
def test_the_newest_results_are_cut_if_nothing_else_helps(results: list[str]) -> None:
    state = Transcript()
    state.apply("queued", Queued(text="task"))
    calls = tuple(ToolCall(str(n), "look", {}) for n in range(len(results)))
    found = tuple(ToolResult(str(n), "look", text) for n, text in enumerate(results))
    state.messages += [Message(Role.ASSISTANT, calls), Message(Role.TOOL, found)]

    at_4096 = shortening(4_096)
    shortened = at_4096.foreseen(state)

    assert shortened is not None
    state.apply("k", shortened)
    assert len(state.messages) == 3
    assert len(state.messages[2].parts) == len(results)
    assert at_4096.foreseen(state) is None


def test_the_room_for_a_reply_is_what_the_conversation_leaves() -> None:
    window = shortening(10_000).window
    assert window is not None

    assert 2_700 < window.room(talk(1, tokens=7_000)) < 2_900
    assert window.room(talk(1, tokens=9_990)) == 256


@pytest.mark.parametrize("said", [user("by the way " * 20), user("as short as it is")])
def test_an_irreducible_conversation_is_shortened_no_further(said: Message) -> None:
    """As one whose instructions alone pass the limit: it must not be shortened for ever."""
    at_1000 = shortening(1_000, frame=2_000)
    state = talk(3)
    state.messages.append(said)

    times = 0
    while (shortened := at_1000.foreseen(state)) is not None:
        state.apply("k", shortened)
        times += 1

    assert times <= 8
