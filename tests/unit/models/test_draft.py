"""A draft becomes the same reply whether it came whole or in pieces."""

from __future__ import annotations

import pytest
from parallel_agents.models.draft import Draft, Kind
from parallel_agents.models.structured import FINAL_ANSWER

from parallel_agents.core.message import Text, Thinking, ToolCall
from parallel_agents.core.model import Finish
from parallel_agents.models.shapes import ShapeError


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
    draft = Draft(answers_by_tool=False, finish=Finish.STOP)

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


@pytest.mark.parametrize("arguments", ['{"city": "Os', "[1]", "Oslo"])
def test_arguments_that_are_no_object_are_an_error(arguments: str) -> None:
    draft = Draft(answers_by_tool=False, finish=Finish.TOOLS)
    add_call(draft, 0, "look", arguments)

    with pytest.raises(ShapeError, match="look"):
        draft.reply("a/b")


def test_a_call_that_the_token_limit_cut_is_left_out() -> None:
    draft = Draft(answers_by_tool=False, finish=Finish.LENGTH)
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
    draft = Draft(answers_by_tool=True, finish=Finish.LENGTH)
    add_call(draft, 0, FINAL_ANSWER, '{"score": ')

    reply = draft.reply("a/b")

    assert reply.message.parts == (Text('{"score": '),)
    assert reply.finish is Finish.LENGTH


def test_a_part_of_two_kinds_is_an_error() -> None:
    draft = Draft(answers_by_tool=False)
    draft.block(0, Kind.TEXT)

    with pytest.raises(ShapeError):
        draft.block(0, Kind.CALL)
