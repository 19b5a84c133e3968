"""Resuming: whatever is told live, tried again or cut off, the client has the messages of the journal at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias

import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.event import Body, Event, Finished, Queued, Replied, Started, ToolFinished
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.message import Message, Part, Role, Text, ToolCall, ToolResult
from parallel_agents.core.model import Finish
from parallel_agents.core.run import Outcome, RunStatus
from parallel_agents.core.usage import Usage
from parallel_agents.errors import InvalidInput
from parallel_agents.live_text.folder import Text as LiveText
from parallel_agents.surfaces.agui.events import MessagesSnapshot, event_document
from parallel_agents.surfaces.agui.live import TakeBack
from parallel_agents.surfaces.agui.messages import Messages
from parallel_agents.surfaces.agui.resuming import Known, Place, ResumedTranslation, Sent, known_by
from parallel_agents.surfaces.agui.translation import Asking, Member, Translation
from tests.support.agui_client import AguiClient
from tests.support.shares import examples

TOP, CHILD = SessionKey("agent:main:subagent:top"), SessionKey("agent:main:subagent:child")
RUN, BELOW = RunId("run"), RunId("below")
SESSIONS = {RUN: TOP, BELOW: CHILD}
MEMBER = Member("coder", "Writes code", "code", TOP)
ASKED = {"id": "u1", "role": "user", "content": "Tea"}
NOTHING = Known(Place(-1, 0))


@dataclass(frozen=True)
class Turn:
    """What a model writes in one turn: each try, then its reply."""

    tries: tuple[str, ...]
    reply: str
    calls: int


@dataclass(frozen=True)
class Written:
    """A text as it is at a moment."""

    run: RunId
    text: LiveText


Step: TypeAlias = "Event | Written"


@dataclass
class Story:
    """Events and texts in the order in which they came to be."""

    steps: list[Step] = field(default_factory=list[Step])
    _seq: int = 0

    def happen(self, run: RunId, body: Body) -> None:
        self._seq += 1
        self.steps.append(Event(self._seq, 1.0, SESSIONS[run], run, f"k{self._seq}", body))

    def write(self, run: RunId, turn: int, text: str) -> None:
        self.steps.append(Written(run, LiveText(1, text, turn)))


def replied(turn: int, text: str, calls: int = 0) -> Replied:
    parts: list[Part] = [Text(text)] if text else []
    parts += [ToolCall(f"id{number}", "look", {"n": number}) for number in range(calls)]
    return Replied(
        turn=turn,
        message=Message(Role.ASSISTANT, tuple(parts)),
        model="sim/calm",
        finish=Finish.STOP,
        usage=Usage(1, 1),
        cost_nanousd=0,
        seconds=0.1,
    )


def told_of(story: Story, run: RunId, turns: Sequence[Turn], *, has_failed: bool) -> Iterator[None]:
    """Tell what a run does, step by step."""
    for number, turn in enumerate(turns, 1):
        for attempt in turn.tries:
            for part in accumulate(attempt):
                story.write(run, number, part)
                yield
        story.happen(run, replied(number, turn.reply, turn.calls))
        for call in range(1, turn.calls + 1):
            result = ToolResult(f"id{call - 1}", "look", "seen")
            story.happen(run, ToolFinished(turn=number, result=result, seconds=0.1, number=call))
        yield
    if has_failed:
        story.write(run, len(turns) + 1, "in vain")
        yield
    status = RunStatus.FAILED if has_failed else RunStatus.DONE
    story.happen(run, Finished(outcome=Outcome(status=status, output="so")))


def turn_of(tries: list[str], reply: str | None, calls: int) -> Turn:
    """A turn whose reply is the last try, if it is not another one."""
    return Turn(tuple(tries), tries[-1] if reply is None else reply, calls)


@st.composite
def stories(draw: st.DrawFn) -> list[Step]:
    """A run and one below it, whose texts and events come in any order."""
    texts = st.text("ab", max_size=4)
    turns = st.builds(
        turn_of, st.lists(texts, min_size=1, max_size=3), st.none() | texts, st.integers(0, 2)
    )
    story = Story()
    for run in (RUN, BELOW):
        story.happen(run, Queued(text="x"))
        story.happen(run, Started(owner=OwnerId("o"), epoch=1))
    below, top = (
        told_of(story, run, draw(st.lists(turns, max_size=3)), has_failed=draw(st.booleans()))
        for run in (BELOW, RUN)
    )
    is_below_first = draw(st.booleans())
    for turn in draw(st.lists(st.booleans(), max_size=30)):
        next(below if turn else top, None)
    for rest in (below, top) if is_below_first else (top, below):
        for _ in rest:
            pass
    return story.steps


def member_of(run: RunId) -> Member | None:
    return None if run == RUN else MEMBER


class Got(NamedTuple):
    """What a client is sent in which step, and what it has then."""

    step: int
    event: dict[str, Any]
    known: Known


def sent_of(steps: Sequence[Step], known: Known) -> Iterator[Got]:
    """What a client is sent that has this much already."""
    lacking = ResumedTranslation(Translation(Asking("t", "r", None, {}), TOP, RUN, "main"), known)
    before: list[Event] = []
    for number, step in enumerate(steps):
        sent: Iterator[Sent]
        if isinstance(step, Event):
            before.append(step)
            sent = lacking.of(step, member_of(step.run))
        else:
            resumed = list(lacking.resume())
            sent = iter([*resumed, *(lacking.written(step.run, step.text, 1) or ())])
        for each in sent:
            content = each.content
            if isinstance(content, TakeBack):
                content = snapshot_of(before, content, lacking.place)
            yield Got(number, event_document(content), each.known)


def snapshot_of(events: Sequence[Event], due: TakeBack, until: Place) -> MessagesSnapshot:
    translation = Translation(Asking("t", "r", None, {}), TOP, RUN, "main")
    messages = Messages()
    for event in events:
        for number, each in enumerate(translation.of(event, member_of(event.run)), 1):
            if Place(event.seq, number) <= until:
                messages.add(each)
    for message, text in due.texts.items():
        messages.put(message, text, due.writers.get(message))
    return MessagesSnapshot(timestamp=1, messages=(ASKED, *messages.documents()))


def shown(client: AguiClient) -> dict[str, dict[str, Any]]:
    """The messages by their ids: of runs at the same time, either may be first.

    The client keeps no attribution of what it makes itself.
    """
    return {
        each["id"]: {name: value for name, value in each.items() if name != "subagentRunId"}
        for each in client.messages
    }


def journal_only(steps: Sequence[Step]) -> AguiClient:
    client = AguiClient([ASKED])
    for got in sent_of([step for step in steps if isinstance(step, Event)], NOTHING):
        client.take(got.event)
    return client


@given(stories())
def test_live_text_leaves_the_messages_of_the_journal(steps: list[Step]) -> None:
    client = AguiClient([ASKED])
    for got in sent_of(steps, NOTHING):
        client.take(got.event)

    assert shown(client) == shown(journal_only(steps))
    assert client.open == set()


def check_cuts(steps: Sequence[Step]) -> None:
    """Cut a client off after each message, and let it come again."""
    whole, expected = list(sent_of(steps, NOTHING)), shown(journal_only(steps))
    for cut, last in enumerate(whole, 1):
        client = AguiClient([ASKED])
        for got in whole[:cut]:
            client.take(got.event)
        left = [step for at, step in enumerate(steps) if at > last.step or isinstance(step, Event)]

        for got in sent_of(left, known_by(last.known.id)):
            client.take(got.event)

        assert shown(client) == expected
        assert client.open == set()


@examples(10)
@given(stories())
def test_so_does_a_client_that_is_cut_off_anywhere(steps: list[Step]) -> None:
    check_cuts(steps)


@pytest.mark.parametrize("is_below_first", [False, True])
def test_so_does_one_of_a_run_with_everything_in_it(*, is_below_first: bool) -> None:
    story = Story()
    story.happen(RUN, Queued(text="x"))
    story.happen(RUN, Started(owner=OwnerId("o"), epoch=1))
    story.happen(BELOW, Queued(text="x"))
    turns = (Turn(("ab", "ba"), "ba", 1), Turn(("ab",), "", 2), Turn(("aa",), "b", 0))
    for run in (BELOW, RUN) if is_below_first else (RUN, BELOW):
        for _ in told_of(story, run, turns, has_failed=run == BELOW):
            pass

    check_cuts(story.steps)


@pytest.mark.parametrize("known", [Known(Place(12, 3)), Known(Place(0, 0), ("m5.1", "m123.45"))])
def test_the_id_of_an_event_says_what_a_client_has(known: Known) -> None:
    assert known_by(known.id) == known


@pytest.mark.parametrize("text", ["later", "1.", "-1.0", "1.2~5", "1.1" + "~5.1" * 21, "1.1~m5.1"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="Last-Event-ID"):
        known_by(text)
