from __future__ import annotations

from parallel_agents.comparing.steps import Ids, Part, Track, details_of
from parallel_agents.core.event import Body, Event, Replied, ToolFinished
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.message import Message, Role, Text, Thinking, ToolCall, ToolResult
from parallel_agents.core.model import Finish
from parallel_agents.core.usage import Usage


def reply(*parts: Text | Thinking | ToolCall, finish: Finish = Finish.STOP) -> Replied:
    return Replied(
        turn=1,
        message=Message(Role.ASSISTANT, parts),
        model="m/m",
        finish=finish,
        usage=Usage(),
        cost_nanousd=None,
        seconds=1.0,
    )


def returned(number: int, content: str) -> ToolFinished:
    result = ToolResult(f"id-{number}", "find", content)
    return ToolFinished(turn=1, result=result, seconds=0.1, number=number)


def steps_of(*bodies: Body, ids: Ids | None = None) -> list[tuple[str, bytes]]:
    track = Track(ids or Ids({}))
    for seq, body in enumerate(bodies, 1):
        track.add(Event(seq, float(seq), SessionKey("s"), RunId("r"), "k", body))
    return [(step.part.value, step.digest) for step in track.steps()]


def test_a_reply_is_a_model_a_text_and_calls_and_no_thoughts() -> None:
    call = ToolCall("1", "find", {"b": 1, "a": 2})
    found = details_of(reply(Thinking("Hm."), Text("Well."), call))

    assert [(each.part, each.title) for each in found] == [
        (Part.MODEL, ""),
        (Part.REPLY, ""),
        (Part.TOOL_CALL, "find"),
    ]
    assert found[1].text == "Well."
    assert found[2].text.index('"a"') < found[2].text.index('"b"')


def test_a_reply_that_was_cut_says_so() -> None:
    (_, said) = details_of(reply(Text("We"), finish=Finish.LENGTH))

    assert said.text == "We\n[ended by: length]"


def test_results_stand_in_the_order_of_their_calls_whenever_they_came() -> None:
    assert steps_of(returned(2, "b"), returned(1, "a")) == steps_of(
        returned(1, "a"), returned(2, "b")
    )


def test_ids_of_the_tree_make_no_difference_and_other_words_do() -> None:
    one = Ids({"agent:writer:subagent:aaaa": "tea"})
    two = Ids({"agent:writer:subagent:bbbb": "tea"})
    a, b = "spawned agent:writer:subagent:aaaa.", "spawned agent:writer:subagent:bbbb."

    assert steps_of(returned(1, a), ids=one) == steps_of(returned(1, b), ids=two)
    assert steps_of(returned(1, a), ids=one) != steps_of(returned(1, b), ids=one)
