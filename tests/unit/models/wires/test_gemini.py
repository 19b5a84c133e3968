"""The Gemini codec: Google's own requests, and its replies with their signatures, thoughts and blocks."""

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
from parallel_agents.errors import ProviderError, RateLimited
from parallel_agents.models.dialect import (
    DialectChanges,
    Replay,
    SchemaSubset,
    Structured,
    ThinkingForm,
)
from parallel_agents.models.providers import Endpoint, Provider, Wire
from parallel_agents.models.reading.finish import End
from parallel_agents.models.shapes import ShapeError, dump_body, object_at, objects_at
from parallel_agents.models.wires.codec import make_draft
from parallel_agents.models.wires.draft import Draft
from parallel_agents.models.wires.gemini import Gemini

NAME = "acme/gemini-3-pro"
BASE = "https://generativelanguage.googleapis.com/v1beta"
AT: JsonObject = {"type": "object", "properties": {"at": {"type": "string"}}}
LOOK = ToolSpec("look", "Look.", AT)
HELLO = ModelRequest(messages=(user("hello"),), system="Be brief.", tools=(LOOK,))
CALL = ToolCall("1", "look", {"at": "it"}, signature="c2ln")
CALL_PART: JsonObject = {"functionCall": {"id": "1", "name": "look", "args": {"at": "it"}}}
PLACEHOLDER = "skip_thought_signature_validator"


def endpoint_of(changes: DialectChanges | None = None) -> Endpoint:
    known = (("*", changes),) if changes else ()
    server = Provider(name="acme", wire=Wire.GEMINI, base_url=BASE, known=known)
    return server.endpoint("gemini-3-pro")


def codec(changes: DialectChanges | None = None, model: str = "gemini-3-pro") -> Gemini:
    endpoint = endpoint_of(changes)
    return Gemini(model, endpoint, endpoint.dialect)


def body(request: ModelRequest, changes: DialectChanges | None = None) -> JsonObject:
    read: JsonObject = orjson.loads(dump_body(codec(changes).body(request, streams=False)))
    return read


def config(request: ModelRequest, changes: DialectChanges | None = None) -> JsonObject:
    return object_at(body(request, changes), "generationConfig")


def contents(*messages: Message, changes: DialectChanges | None = None) -> Sequence[JsonObject]:
    return objects_at(body(replace(HELLO, messages=messages), changes), "contents")


def wrote(*parts: Part, model: str = NAME) -> Message:
    return Message(Role.ASSISTANT, parts, model)


def said(*parts: JsonObject) -> JsonObject:
    return {"role": "model", "parts": list(parts)}


def draft_of(*values: JsonObject) -> Draft:
    wire, draft = codec(), make_draft(HELLO, endpoint_of().dialect, None)
    for value in values:
        wire.take(value, draft)
    return draft


def reply_of(*values: JsonObject) -> ModelReply:
    return draft_of(*values).reply(NAME)


def chunk(*parts: JsonObject, finish: str | None = None, **fields: Json) -> JsonObject:
    candidate: JsonObject = {"index": 0, "content": said(*parts)}
    return {"candidates": [{**candidate, **({"finishReason": finish} if finish else {})}], **fields}


# Requests


def test_the_model_and_the_stream_are_in_the_path() -> None:
    assert codec().url(streams=False) == f"{BASE}/models/gemini-3-pro:generateContent"
    assert codec().url(streams=True) == f"{BASE}/models/gemini-3-pro:streamGenerateContent?alt=sse"
    tuned = codec(model="tunedModels/mine").url(streams=False)
    assert tuned == f"{BASE}/tunedModels/mine:generateContent"


def test_a_request_has_its_instructions_its_turns_and_its_tools() -> None:
    sent = body(HELLO)

    declared = {"name": "look", "description": "Look.", "parametersJsonSchema": AT}
    assert sent["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert sent["contents"] == [{"role": "user", "parts": [{"text": "hello"}]}]
    assert sent["tools"] == [{"functionDeclarations": [declared]}]
    assert sent["generationConfig"] == {"maxOutputTokens": 4096}
    assert not {"model", "stream"} & sent.keys()


def test_calls_and_results_are_turns_with_names_and_ids() -> None:
    results = (ToolResult("1", "look", "nothing"), ToolResult("2", "look", "gone", is_error=True))

    sent = contents(
        user("look"),
        wrote(CALL, ToolCall("2", "look", {})),
        Message(Role.TOOL, results),
        user("and?"),
    )

    assert sent[1] == said(
        {**CALL_PART, "thoughtSignature": "c2ln"},
        {"functionCall": {"id": "2", "name": "look", "args": {}}},
    )
    output = {"id": "1", "name": "look", "response": {"output": "nothing"}}
    error = {"id": "2", "name": "look", "response": {"error": "gone"}}
    parts = [{"functionResponse": output}, {"functionResponse": error}, {"text": "and?"}]
    assert sent[2:] == [{"role": "user", "parts": parts}]


@pytest.mark.parametrize(
    ("message", "signatures"),
    [
        (wrote(CALL), ["c2ln"]),
        (wrote(CALL, model="other/m"), [PLACEHOLDER]),
        (wrote(replace(CALL, signature="")), [PLACEHOLDER]),
        (wrote(CALL, replace(CALL, id="2", signature="")), ["c2ln", None]),
        (wrote(CALL, CALL, model="other/m"), [PLACEHOLDER, None]),
    ],
)
def test_the_first_call_of_a_turn_is_signed_by_gemini_or_by_its_placeholder(
    message: Message, signatures: Sequence[str | None]
) -> None:
    sent = contents(message)

    assert [part.get("thoughtSignature") for part in objects_at(sent[0], "parts")] == signatures


@pytest.mark.parametrize(
    ("replay", "expected"), [(Replay.SIGNED, [None, "c2ln"]), (Replay.NONE, [None, None])]
)
def test_a_model_without_signatures_gets_no_placeholder(
    replay: Replay, expected: Sequence[str | None]
) -> None:
    sent = contents(wrote(CALL, model="other/m"), wrote(CALL), changes={"replay": replay})

    assert [part.get("thoughtSignature") for part in objects_at(sent[0], "parts")] == expected


def test_signed_thoughts_and_signed_texts_go_back_as_they_came() -> None:
    thoughts = (Thinking("hm", "dGhv"), Text("hi"), Thinking("", "text:dGV4"))
    alone = (*thoughts[:1], CALL, Thinking("", "text:dGV4"))

    assert contents(wrote(*thoughts)) == [
        said(
            {"text": "hm", "thought": True, "thoughtSignature": "dGhv"},
            {"text": "hi", "thoughtSignature": "dGV4"},
        )
    ]
    sent = contents(wrote(*alone))
    assert objects_at(sent[0], "parts")[-1] == {"text": "", "thoughtSignature": "dGV4"}
    assert contents(wrote(*thoughts, model="other/m")) == [said({"text": "hi"})]


def test_a_turn_of_thoughts_alone_and_blank_texts_are_left_out() -> None:
    assert contents(wrote(Thinking("hm", "dGhv"), Text(" "))) == []


@pytest.mark.parametrize(
    ("changes", "level", "expected"),
    [
        ({}, ThinkingLevel.LOW, {"thinkingLevel": "low", "includeThoughts": True}),
        ({}, ThinkingLevel.OFF, None),
        ({}, None, None),
        ({"efforts": {ThinkingLevel.OFF: "low"}}, ThinkingLevel.OFF, {"thinkingLevel": "low"}),
        (
            {"thinking": ThinkingForm.BUDGET},
            ThinkingLevel.MEDIUM,
            {"thinkingBudget": 8192, "includeThoughts": True},
        ),
        ({"thinking": ThinkingForm.BUDGET}, ThinkingLevel.OFF, None),
        (
            {"thinking": ThinkingForm.BUDGET, "efforts": {ThinkingLevel.OFF: "0"}},
            ThinkingLevel.OFF,
            {"thinkingBudget": 0},
        ),
        ({"thinking": ThinkingForm.NONE}, ThinkingLevel.HIGH, None),
    ],
)
def test_thinking_is_asked_for_in_the_models_way(
    changes: DialectChanges, level: ThinkingLevel | None, expected: Json
) -> None:
    sent = config(replace(HELLO, thinking=level), changes)

    assert sent.get("thinkingConfig") == expected


def test_a_budget_for_thoughts_is_on_top_of_the_limit_of_the_reply() -> None:
    request = replace(HELLO, thinking=ThinkingLevel.LOW)

    assert config(request, {"thinking": ThinkingForm.BUDGET})["maxOutputTokens"] == 4096 + 2048


def test_an_answer_in_a_schema_is_json_in_the_form_of_the_dialect() -> None:
    request = replace(HELLO, output_schema={**AT, "additionalProperties": False}, tools=())

    plain = config(request)
    assert plain["responseMimeType"] == "application/json"
    assert plain["responseJsonSchema"] == {**AT, "additionalProperties": False}
    assert config(request, {"schema": SchemaSubset.GEMINI})["responseSchema"] == AT
    assert "responseSchema" not in config(request, {"structured": Structured.JSON_OBJECT})


def test_an_answer_in_a_schema_beside_tools_is_asked_for_in_words() -> None:
    assert "responseMimeType" not in config(replace(HELLO, output_schema=AT))


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [({**AT, "additionalProperties": False}, {"parameters": AT}), ({"type": "object"}, {})],
)
def test_a_tool_in_googles_subset_has_no_field_that_it_refuses(
    parameters: JsonObject, expected: JsonObject
) -> None:
    tool = replace(LOOK, parameters=parameters)

    sent = body(replace(HELLO, tools=(tool,)), {"schema": SchemaSubset.GEMINI})

    declared = {"name": "look", "description": "Look.", **expected}
    assert sent["tools"] == [{"functionDeclarations": [declared]}]


def test_fields_of_the_dialect_are_merged_and_left_out_in_the_configuration_too() -> None:
    changes: DialectChanges = {
        "omit": frozenset({"temperature", "systemInstruction"}),
        "extra": {"generationConfig": {"topK": 1}, "serviceTier": "flex"},
    }

    sent = body(replace(HELLO, temperature=0.5), changes)

    assert sent["generationConfig"] == {"maxOutputTokens": 4096, "topK": 1}
    assert sent["serviceTier"] == "flex"
    assert "systemInstruction" not in sent


# Replies

USAGE: JsonObject = {
    "promptTokenCount": 10,
    "cachedContentTokenCount": 4,
    "toolUsePromptTokenCount": 3,
    "candidatesTokenCount": 7,
    "thoughtsTokenCount": 5,
    "totalTokenCount": 25,
}


def test_a_reply_has_its_thoughts_its_text_its_calls_and_its_usage() -> None:
    reply = reply_of(
        chunk(
            {"text": "hm", "thought": True, "thoughtSignature": "dGhv"},
            {"text": "hi"},
            {**CALL_PART, "thoughtSignature": "c2ln"},
            finish="STOP",
            usageMetadata=USAGE,
        )
    )

    assert reply.message.parts == (Thinking("hm", "dGhv"), Text("hi"), CALL)
    assert reply.usage == Usage(input_tokens=9, output_tokens=12, cache_read_tokens=4)
    assert reply.finish is Finish.TOOLS


def test_a_stream_joins_what_belongs_together() -> None:
    reply = reply_of(
        chunk({"text": "h", "thought": True}),
        chunk({"text": "m", "thought": True}),
        chunk({"text": "he"}),
        chunk({"text": "llo"}),
        chunk({"text": "", "thoughtSignature": "dGV4"}, finish="STOP", usageMetadata=USAGE),
    )

    assert reply.message.parts == (Thinking("hm"), Text("hello"), Thinking("", "text:dGV4"))


def test_a_call_without_an_id_gets_one() -> None:
    call: JsonObject = {"functionCall": {"name": "look", "args": {"at": "it"}}}

    first, second = reply_of(chunk(call, call, finish="STOP")).message.tool_calls

    assert first.arguments == second.arguments == {"at": "it"}
    assert first.id
    assert first.id != second.id


def test_only_the_first_candidate_answers() -> None:
    (first,) = objects_at(chunk({"text": "a"}, finish="STOP"), "candidates")
    unnumbered: JsonObject = {"content": said({"text": "b"}), "finishReason": "STOP"}

    for other in ({**unnumbered, "index": 1}, unnumbered):
        assert reply_of({"candidates": [first, other]}).message.parts == (Text("a"),)


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("STOP", End.COMPLETE),
        ("MAX_TOKENS", End.CUT),
        ("CONTINUATION", End.CUT),
        ("SAFETY", End.REFUSED),
        ("RECITATION", End.REFUSED),
        ("LANGUAGE", End.REFUSED),
        ("BLOCKLIST", End.REFUSED),
        ("PROHIBITED_CONTENT", End.REFUSED),
        ("SPII", End.REFUSED),
        ("IMAGE_SAFETY", End.REFUSED),
        ("IMAGE_PROHIBITED_CONTENT", End.REFUSED),
        ("IMAGE_RECITATION", End.REFUSED),
        ("MODEL_ARMOR", End.REFUSED),
        ("ESCALATION", End.REFUSED),
        ("PUP_LIMITED_DISABLED", End.REFUSED),
        ("OTHER", End.FAILED),
        ("IMAGE_OTHER", End.FAILED),
        ("NO_IMAGE", End.FAILED),
        ("MALFORMED_FUNCTION_CALL", End.SLIP),
        ("UNEXPECTED_TOOL_CALL", End.SLIP),
        ("TOO_MANY_TOOL_CALLS", End.SLIP),
        ("MISSING_THOUGHT_SIGNATURE", End.SLIP),
        ("MALFORMED_RESPONSE", End.SLIP),
        ("FINISH_REASON_UNSPECIFIED", None),
        ("SOMETHING_NEW", End.UNKNOWN),
    ],
)
def test_each_reason_means_what_google_says(reason: str, end: End | None) -> None:
    assert draft_of(chunk({"text": "a"}, finish=reason)).end is end


def test_a_reason_before_the_end_of_the_text_does_not_count() -> None:
    early = draft_of(chunk(finish="STOP"), chunk({"text": "a"}))
    each = draft_of(chunk({"text": "a"}, finish="STOP"), chunk({"text": "b"}, finish="STOP"))

    assert early.end is None
    assert each.end is End.COMPLETE
    assert each.reply(NAME).message.text == "ab"


def test_a_blocked_request_is_a_refusal_with_its_reason() -> None:
    feedback: JsonObject = {"blockReason": "OTHER", "blockReasonMessage": "no such thing"}

    refused = draft_of({"promptFeedback": feedback, "usageMetadata": USAGE})

    assert refused.refusal == "it blocked the request: OTHER (no such thing)"


def test_a_blocked_reply_names_what_blocked_it() -> None:
    ratings: Json = [
        {"category": "HARM_CATEGORY_HARASSMENT", "probability": "HIGH", "blocked": True},
        {"category": "HARM_CATEGORY_HATE_SPEECH", "probability": "LOW"},
    ]
    blocked: JsonObject = {"finishReason": "SAFETY", "safetyRatings": ratings}

    draft = draft_of({"candidates": [blocked]})

    assert "HARM_CATEGORY_HARASSMENT" in draft.refusal
    assert "HATE_SPEECH" not in draft.refusal


def test_a_reply_without_candidates_says_nothing() -> None:
    with pytest.raises(ShapeError, match="no message"):
        draft_of({"usageMetadata": USAGE, "modelVersion": "m"}).check_content()


def test_an_error_is_raised_with_its_code() -> None:
    error: JsonObject = {"error": {"code": 429, "message": "x", "status": "RESOURCE_EXHAUSTED"}}

    with pytest.raises(RateLimited):
        draft_of(error)
    with pytest.raises(ProviderError):
        draft_of(chunk({"text": "a"}), error)


def test_another_value_is_refused() -> None:
    with pytest.raises(ShapeError, match="candidates is missing"):
        draft_of({"hello": "world"})
