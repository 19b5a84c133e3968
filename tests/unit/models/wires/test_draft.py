"""A draft becomes the same reply whether it came whole or in pieces."""

from __future__ import annotations

import pytest

from parallel_agents.core.message import Text, Thinking, ToolCall
from parallel_agents.core.model import Finish
from parallel_agents.models.shapes import ShapeError
from parallel_agents.models.wires.draft import Draft, Kind
from parallel_agents.models.wires.structured import FINAL_ANSWER


def add_call(draft: Draft, place: int, name: str, arguments: str) -> None:
    block = draft.block(place, Kind.CALL)
    block.id, block.name = f"id-{place}", name
    for piece in arguments:
        draft.add(block, piece)


def test_pieces_are_joined_and_the_text_is_shown_as_it_comes() -> None:
    shown: list[str] = []
    draft = Draft(answers_by_tool=False, show=shown.append)

    draft.add(draft.block(0, Kind.THINKING), "hm")
    draft.add(draft.block(1, Kind.TEXT), "one ")
    draft.add(draft.block(1, Kind.TEXT), "two")
    reply = draft.reply("a/b")

    assert reply.message.parts == (Thinking("hm"), Text("one two"))
    assert shown == ["one ", "two"]
    assert reply.model == "a/b"
    assert reply.finish is Finish.STOP


def test_calls_are_assembled_and_end_the_reply_in_tools() -> None:
    draft = Draft(answers_by_tool=False, reason="stop")

    add_call(draft, 2, "look", '{"city": "Oslo"}')
    add_call(draft, 3, "wait", "")
    reply = draft.reply("a/b")

    assert reply.message.tool_calls == (
        ToolCall("id-2", "look", {"city": "Oslo"}),
        ToolCall("id-3", "wait", {}),
    )
    assert reply.finish is Finish.TOOLS


def test_a_call_without_an_id_gets_one_of_its_own() -> None:
    draft = Draft(answers_by_tool=False)
    draft.block(0, Kind.CALL).name = "look"
    draft.block(1, Kind.CALL).name = "look"

    first, second = draft.reply("a/b").message.tool_calls

    assert first.id
    assert first.id != second.id


@pytest.mark.parametrize("arguments", ['{"city": "Os', "[1]", "Oslo", '"Oslo"'])
def test_arguments_that_cannot_be_read_are_told_to_the_model(arguments: str) -> None:
    draft = Draft(reason="tool_calls")
    add_call(draft, 0, "look", arguments)

    (call,) = draft.reply("a/b").message.tool_calls

    assert call.name == "look"
    assert call.arguments == {}
    assert call.unread == f"they are not a JSON object: {arguments}"


def test_a_call_that_the_token_limit_cut_is_left_out() -> None:
    draft = Draft(answers_by_tool=False, reason="length")
    draft.add(draft.block(0, Kind.TEXT), "I will look.")
    add_call(draft, 1, "look", '{"city": "Os')

    reply = draft.reply("a/b")

    assert reply.message.parts == (Text("I will look."),)
    assert reply.finish is Finish.LENGTH


def test_the_final_answer_is_the_text_of_the_reply() -> None:
    shown: list[str] = []
    draft = Draft(answers_by_tool=True, show=shown.append)
    draft.add(draft.block(0, Kind.THINKING), "hm")
    draft.add(draft.block(1, Kind.TEXT), "Here it is:")
    add_call(draft, 2, FINAL_ANSWER, '{ "score": 7 }')

    reply = draft.reply("a/b")

    assert reply.message.parts == (Thinking("hm"), Text('{"score":7}'))
    assert reply.finish is Finish.STOP
    assert "".join(shown).endswith('{ "score": 7 }')


def test_a_final_answer_beside_other_calls_waits_for_their_results() -> None:
    draft = Draft(answers_by_tool=True)
    add_call(draft, 0, "look", "{}")
    add_call(draft, 1, FINAL_ANSWER, '{"score": 7}')

    reply = draft.reply("a/b")

    assert reply.message.parts == (ToolCall("id-0", "look", {}),)
    assert reply.finish is Finish.TOOLS


def test_a_final_answer_that_the_token_limit_cut_is_kept_as_far_as_it_came() -> None:
    draft = Draft(answers_by_tool=True, reason="length")
    add_call(draft, 0, FINAL_ANSWER, '{"score": ')

    reply = draft.reply("a/b")

    assert reply.message.parts == (Text('{"score": '),)
    assert reply.finish is Finish.LENGTH


def test_a_part_of_two_kinds_is_an_error() -> None:
    draft = Draft(answers_by_tool=False)
    draft.block(0, Kind.TEXT)

    with pytest.raises(ShapeError):
        draft.block(0, Kind.CALL)


OFFERED = {"look": "look"}


def calls_of(draft: Draft) -> list[tuple[str, object]]:
    calls = draft.reply("a/b").message.tool_calls
    return [(call.name, call.arguments.get("city")) for call in calls]


def test_calls_of_a_second_candidate_are_dropped() -> None:
    draft = Draft(tools=OFFERED)

    assert draft.takes_calls_of(1)
    assert draft.takes_calls_of(1)
    assert not draft.takes_calls_of(0)


def test_a_call_in_the_text_is_a_call_if_it_was_offered() -> None:
    text = '<tool_call>{"name": "look", "arguments": {"city": "Oslo"}}</tool_call>'
    offered, plain = Draft(tools=OFFERED), Draft()
    for draft in (offered, plain):
        draft.add(draft.block("text", Kind.TEXT), text)

    assert calls_of(offered) == [("look", "Oslo")]
    assert plain.reply("a/b").message.parts == (Text(text),)


def test_reasoning_in_the_text_is_no_answer_and_is_not_shown() -> None:
    shown: list[str] = []
    draft = Draft(show=shown.append)
    for letter in "<think>\nhm\n</think>\n\nhello":
        draft.add(draft.block("text", Kind.TEXT), letter)

    reply = draft.reply("a/b")

    assert reply.message.parts == (Thinking("hm"), Text("hello"))
    assert "".join(shown) == "hello"


def test_halves_of_a_character_in_two_pieces_are_one() -> None:
    shown: list[str] = []
    draft = Draft(show=shown.append)
    for text in ("Hi \ud83d", "\ude00!"):
        draft.add(draft.block("text", Kind.TEXT), text)

    assert draft.reply("a/b").message.text == "Hi \U0001f600!"
    assert "".join(shown) == "Hi \U0001f600!"


def test_an_answer_is_taken_out_of_its_wrap() -> None:
    draft = Draft(is_wrapped=True)
    draft.add(draft.block("text", Kind.TEXT), '{"answer": [1, 2]}')

    assert draft.reply("a/b").message.text == "[1,2]"


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", Finish.STOP),
        ("MAX_TOKENS", Finish.LENGTH),
        ("pause_turn", Finish.PAUSED),
        ("model_context_window_exceeded", Finish.WINDOW),
        ("", Finish.STOP),
    ],
)
def test_the_finish_says_what_the_reason_means(reason: str, finish: Finish) -> None:
    draft = Draft(reason=reason)
    draft.add(draft.block("text", Kind.TEXT), "hello")

    assert draft.reply("a/b").finish is finish


def test_a_reply_without_a_count_is_marked() -> None:
    draft = Draft()
    draft.add(draft.block("text", Kind.TEXT), "hello")

    assert draft.reply("a/b").is_estimated
