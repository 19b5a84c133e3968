"""The Responses codec: requests without state on the server, and replies in whatever form they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import orjson
import pytest

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.message import (
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    user,
)
from parallel_agents.core.model import Finish, ModelReply, ModelRequest
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.core.usage import Usage
from parallel_agents.errors import ModelRefused, Overloaded, RateLimited, RequestRejected
from parallel_agents.models.dialect import DialectChanges, Replay, Structured, SystemRole
from parallel_agents.models.providers import Endpoint, Provider, Wire
from parallel_agents.models.reading.finish import End
from parallel_agents.models.shapes import ShapeError, dump, dump_body
from parallel_agents.models.wires.codec import make_draft
from parallel_agents.models.wires.draft import Draft
from parallel_agents.models.wires.responses import Responses

NAME = "acme/m"
LOOK = ToolSpec("look", "Look.", {"type": "object", "properties": {"at": {"type": "string"}}})
HELLO = ModelRequest(messages=(user("hello"),), system="Be brief.", tools=(LOOK,))
SECRET: JsonObject = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "hm"}],
    "encrypted_content": "gAAA",
}
THOUGHT = Thinking("hm", "item:" + dump(SECRET).decode())
CALL = ToolCall("call_1", "look", {"at": "it"})
CALL_ITEM: JsonObject = {
    "type": "function_call",
    "call_id": "call_1",
    "name": "look",
    "arguments": '{"at":"it"}',
}


def endpoint_of(changes: DialectChanges | None = None) -> Endpoint:
    known = (("*", changes),) if changes else ()
    server = Provider(name="acme", wire=Wire.RESPONSES, base_url="https://h/v1", known=known)
    return server.endpoint("m")


def codec(changes: DialectChanges | None = None) -> Responses:
    endpoint = endpoint_of(changes)
    return Responses("m", endpoint, endpoint.dialect)


def body(request: ModelRequest, changes: DialectChanges | None = None) -> JsonObject:
    read: JsonObject = orjson.loads(dump_body(codec(changes).body(request, streams=False)))
    return read


def items(*messages: Message, changes: DialectChanges | None = None) -> Json:
    return body(replace(HELLO, messages=messages), changes)["input"]


def draft_of(*values: JsonObject, shown: list[str] | None = None) -> Draft:
    wire = codec()
    show = None if shown is None else shown.append
    draft = make_draft(HELLO, endpoint_of().dialect, show)
    for value in values:
        wire.take(value, draft)
    return draft


def reply_of(*values: JsonObject) -> ModelReply:
    return draft_of(*values).reply(NAME)


def wrote(*parts: Part) -> Message:
    return Message(Role.ASSISTANT, parts, NAME)


# Requests


def test_a_request_keeps_no_state_on_the_server() -> None:
    sent = body(HELLO)

    assert sent["store"] is False
    assert sent["include"] == ["reasoning.encrypted_content"]
    assert sent["instructions"] == "Be brief."
    assert sent["input"] == [{"type": "message", "role": "user", "content": "hello"}]
    assert sent["max_output_tokens"] == 4096
    assert sent["stream"] is False


def test_a_limit_that_the_server_refuses_is_raised_to_the_least() -> None:
    assert body(replace(HELLO, max_output_tokens=3))["max_output_tokens"] == 16


def test_each_part_of_a_transcript_is_an_item() -> None:
    result = Message(Role.TOOL, (ToolResult("call_1", "look", "nothing"),))

    sent = items(user("look"), wrote(THOUGHT, Text("I look."), CALL), result)

    assert sent == [
        {"type": "message", "role": "user", "content": "look"},
        SECRET,
        {"type": "message", "role": "assistant", "content": "I look."},
        CALL_ITEM,
        {"type": "function_call_output", "call_id": "call_1", "output": "nothing"},
    ]


def test_reasoning_goes_only_to_the_provider_that_wrote_it() -> None:
    foreign = Message(Role.ASSISTANT, (THOUGHT, CALL), "other/m")

    assert items(foreign) == [CALL_ITEM]


def test_reasoning_that_nothing_follows_stays_here() -> None:
    assert items(wrote(THOUGHT)) == []
    assert items(wrote(Text("a"), THOUGHT)) == [
        {"type": "message", "role": "assistant", "content": "a"}
    ]


def test_reasoning_without_encrypted_content_goes_back_only_where_all_does() -> None:
    open_item: JsonObject = {"type": "reasoning", "id": "rs_1", "summary": []}
    thought = Thinking("hm", "item:" + dump(open_item).decode())

    assert items(wrote(thought, CALL)) == [CALL_ITEM]
    assert items(wrote(thought, CALL), changes={"replay": Replay.ALL}) == [open_item, CALL_ITEM]
    assert items(wrote(THOUGHT, CALL), changes={"replay": Replay.NONE}) == [CALL_ITEM]


def test_the_phase_of_a_message_goes_back_with_it() -> None:
    said = wrote(Thinking("I look.", "phase:commentary"), Thinking("", "phase:final_answer"))

    sent = items(replace(said, parts=(*said.parts, Text("There."))))

    message = {"type": "message", "role": "assistant"}
    assert sent == [
        {**message, "content": "I look.", "phase": "commentary"},
        {**message, "content": "There.", "phase": "final_answer"},
    ]


def test_instructions_may_be_a_developers_message() -> None:
    sent = body(HELLO, {"system": SystemRole.DEVELOPER})

    assert "instructions" not in sent
    assert sent["input"] == [
        {"type": "message", "role": "developer", "content": "Be brief."},
        {"type": "message", "role": "user", "content": "hello"},
    ]


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_tool_is_strict_where_its_schema_allows_it(is_closed: bool) -> None:
    fields: JsonObject = {"type": "object", "properties": {"at": {"type": "string"}}}
    closed: JsonObject = {**fields, "required": ["at"], "additionalProperties": False}
    schema = closed if is_closed else fields

    sent = body(replace(HELLO, tools=(replace(LOOK, parameters=schema),)))

    tool = {"type": "function", "name": "look", "description": "Look.", "parameters": schema}
    assert sent["tools"] == [{**tool, "strict": is_closed}]


def test_an_answer_in_a_schema_has_a_format() -> None:
    schema: JsonObject = {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    request = replace(HELLO, output_schema=schema)

    form = {"type": "json_schema", "name": "answer", "schema": schema, "strict": True}
    assert body(request)["text"] == {"format": form}
    assert body(request, {"structured": Structured.JSON_OBJECT})["text"] == {
        "format": {"type": "json_object"}
    }


def test_thinking_is_an_effort_and_fields_of_the_dialect_are_merged_into_it() -> None:
    request = replace(HELLO, thinking=ThinkingLevel.HIGH)
    summarised: DialectChanges = {"extra": {"reasoning": {"summary": "auto"}}}

    assert body(request)["reasoning"] == {"effort": "high"}
    assert body(request, summarised)["reasoning"] == {"effort": "high", "summary": "auto"}
    assert "reasoning" not in body(replace(request, thinking=ThinkingLevel.OFF))


def test_what_the_model_refuses_is_left_out() -> None:
    sent = body(HELLO, {"omit": frozenset({"include", "store"})})

    assert not {"include", "store"} & sent.keys()


# Replies

MESSAGE: JsonObject = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "hello there", "annotations": []}],
}
REASONING: JsonObject = {**SECRET, "status": "completed"}
FUNCTION_CALL: JsonObject = {**CALL_ITEM, "id": "fc_1", "status": "completed"}
USAGE: JsonObject = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 17,
}


def response(*output: JsonObject, status: str = "completed", **fields: Json) -> JsonObject:
    return {"object": "response", "status": status, "error": None, "output": output_of(output)} | {
        "usage": USAGE,
        **fields,
    }


def output_of(output: Sequence[JsonObject]) -> Json:
    return list(output)


def ended(*output: JsonObject, event: str = "completed", **fields: Json) -> JsonObject:
    last = response(*output, status=event, **fields)
    return {"type": f"response.{event}", "response": last}


def event(kind: str, place: int | None = None, **fields: Json) -> JsonObject:
    where: JsonObject = {} if place is None else {"output_index": place}
    return {"type": f"response.{kind}", **where, **fields}


def test_a_whole_reply_has_its_parts_its_usage_and_its_end() -> None:
    reply = reply_of(response(REASONING, MESSAGE, FUNCTION_CALL))

    assert reply.message.parts == (THOUGHT, Text("hello there"), CALL)
    assert reply.usage == Usage(input_tokens=6, output_tokens=7, cache_read_tokens=4)
    assert reply.finish is Finish.TOOLS


def test_a_reply_with_only_its_text_is_read() -> None:
    assert reply_of({"output_text": "hi", "status": "completed"}).message.text == "hi"


STREAM = (
    {"type": "response.created", "response": response(status="in_progress")},
    event("output_item.added", 0, item={**REASONING, "summary": [], "encrypted_content": "g"}),
    event("reasoning_summary_part.added", 0, summary_index=0),
    event("reasoning_summary_text.delta", 0, delta="h"),
    event("reasoning_summary_text.delta", 0, delta="m"),
    event("output_item.done", 0, item=REASONING),
    event("output_item.added", 1, item={**MESSAGE, "content": []}),
    event("content_part.added", 1, content_index=0, part={"type": "output_text", "text": ""}),
    event("output_text.delta", 1, content_index=0, delta="hello "),
    event("output_text.delta", 1, content_index=0, delta="there"),
    event("output_text.done", 1, content_index=0, text="hello there"),
    event("output_item.done", 1, item=MESSAGE),
    event("output_item.added", 2, item={**FUNCTION_CALL, "arguments": ""}),
    event("function_call_arguments.delta", 2, delta='{"at":'),
    event("function_call_arguments.delta", 2, delta='"it"}'),
    event("function_call_arguments.done", 2, arguments='{"at":"it"}'),
    event("output_item.done", 2, item=FUNCTION_CALL),
)
LAST = ended(REASONING, MESSAGE, FUNCTION_CALL)
WHOLE = (THOUGHT, Text("hello there"), CALL)


def named_by_id(value: JsonObject) -> JsonObject:
    """An event that names its item by its id, as llama.cpp's do."""
    ids: list[Json] = ["rs_1", "msg_1", "fc_1"]
    place = value.get("output_index")
    others = {name: each for name, each in value.items() if name != "output_index"}
    return {**others, "item_id": ids[place]} if isinstance(place, int) else others


def unnamed(value: JsonObject) -> JsonObject:
    return {name: each for name, each in value.items() if name not in {"output_index", "item_id"}}


FORMS: dict[str, Sequence[JsonObject]] = {
    "as OpenAI sends it": (*STREAM, LAST),
    "without output in the last event": (*STREAM, ended()),
    "only items that are done": (
        *(e for e in STREAM if e["type"] == "response.output_item.done"),
        ended(),
    ),
    "only the last event": (LAST,),
    "only deltas and the last event": (
        *(e for e in STREAM if str(e["type"]).endswith("delta")),
        LAST,
    ),
    "items named by id": (*map(named_by_id, STREAM), LAST),
    "items named by id, the last event with others": (
        *map(named_by_id, STREAM),
        ended(*({**each, "id": f"other_{n}"} for n, each in enumerate((MESSAGE, FUNCTION_CALL)))),
    ),
    "items without a name": (*map(unnamed, STREAM), LAST),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_stream_is_the_same_reply_in_each_form(form: str) -> None:
    draft = draft_of(*FORMS[form])
    parts = draft.reply(NAME).message.parts

    assert [part for part in parts if not isinstance(part, Thinking)] == [*WHOLE[1:]]
    assert draft.is_over
    assert draft.end is End.COMPLETE


def test_a_stream_keeps_the_reasoning_as_it_was_when_it_was_done() -> None:
    assert reply_of(*STREAM, LAST).message.parts == WHOLE


@pytest.mark.parametrize("form", FORMS)
def test_a_stream_shows_its_text_once(form: str) -> None:
    shown: list[str] = []

    draft_of(*FORMS[form], shown=shown)

    assert "".join(shown) == "hello there"


def test_a_reasoning_that_comes_only_at_the_end_stands_in_its_place() -> None:
    text = event("output_text.delta", 1, content_index=0, delta="hello there")

    assert reply_of(text, ended(REASONING, MESSAGE)).message.parts == WHOLE[:2]


def test_a_commentary_is_no_answer() -> None:
    said = {**MESSAGE, "phase": "commentary"}
    final = {**MESSAGE, "id": "msg_2", "phase": "final_answer"}

    whole = reply_of(response(said, final))
    streamed = reply_of(
        event("output_item.added", 0, item={**said, "content": []}),
        event("output_text.delta", 0, delta="hello "),
        event("output_item.done", 0, item=said),
        event("output_item.done", 1, item=final),
        ended(),
    )

    expected = (
        Thinking("hello there", "phase:commentary"),
        Thinking("", "phase:final_answer"),
        Text("hello there"),
    )
    assert whole.message.parts == streamed.message.parts == expected


@pytest.mark.parametrize(
    ("status", "reason", "end"),
    [
        ("completed", None, End.COMPLETE),
        ("incomplete", "max_output_tokens", End.CUT),
        ("completed", "max_output_tokens", End.CUT),
        ("incomplete", "content_filter", End.REFUSED),
        ("incomplete", None, End.UNKNOWN),
        ("cancelled", None, End.FAILED),
        ("failed", None, End.FAILED),
        ("in_progress", None, End.UNKNOWN),
        ("queued", None, End.UNKNOWN),
    ],
)
def test_a_status_says_why_a_reply_ended(status: str, reason: str | None, end: End) -> None:
    details: Json = None if reason is None else {"reason": reason}

    assert draft_of(response(MESSAGE, status=status, incomplete_details=details)).end is end


def test_the_last_event_counts_where_the_status_is_that_of_the_start() -> None:
    left = response(MESSAGE, status="in_progress")

    assert draft_of({"type": "response.completed", "response": left}).end is End.COMPLETE
    assert draft_of({"type": "response.done", "response": left}).end is End.COMPLETE
    assert draft_of({"type": "response.incomplete", "response": left}).end is End.UNKNOWN


@pytest.mark.parametrize(
    ("output", "end"), [((MESSAGE,), End.CUT), ((MESSAGE, FUNCTION_CALL), End.COMPLETE)]
)
def test_a_text_as_long_as_it_may_be_is_not_complete(
    output: Sequence[JsonObject], end: End
) -> None:
    full: JsonObject = {**USAGE, "output_tokens": HELLO.max_output_tokens}

    assert draft_of(response(*output, usage=full)).end is end


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"type": "error", "code": "server_error", "message": "x"}, Overloaded),
        ({"type": "error", "code": "rate_limit_exceeded", "message": "x"}, RateLimited),
        (
            {"type": "error", "error": {"type": "invalid_request_error", "message": "x"}},
            RequestRejected,
        ),
        (ended(event="failed", error={"code": "server_error", "message": "x"}), Overloaded),
        (ended(event="failed", error={"code": "invalid_prompt", "message": "x"}), ModelRefused),
        (
            response(status="failed", error={"code": "rate_limit_exceeded", "message": "x"}),
            RateLimited,
        ),
    ],
)
def test_an_error_is_raised_wherever_it_stands(
    value: JsonObject, expected: type[Exception]
) -> None:
    with pytest.raises(expected):
        draft_of(value)


def test_a_refusal_is_one_in_each_form() -> None:
    refusal: JsonObject = {**MESSAGE, "content": [{"type": "refusal", "refusal": "I cannot."}]}
    delta = event("refusal.delta", 0, delta="I can")
    done = event("refusal.done", 0, refusal="I cannot.")

    assert draft_of(response(refusal)).refusal == "I cannot."
    assert draft_of(delta, done, ended(refusal)).refusal == "I cannot."


def test_events_that_are_not_of_a_reply_are_skipped_and_other_values_refused() -> None:
    assert reply_of({"type": "keepalive"}, LAST).message.parts == WHOLE
    with pytest.raises(ShapeError, match="output is missing"):
        draft_of({"hello": "world"})
