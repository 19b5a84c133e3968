"""Every agent of the library fits each model of the presets' sizes, as far as a request goes.

For each model, each agent is asked without and with tools, at several levels of thinking, whole and as
a stream, at the start of its work and after calls to another provider. What goes out must be what the
model's dialect says.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import orjson
import pytest

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent, ThinkingLevel
from parallel_agents.core.message import Message, Role, Text, Thinking, ToolCall, ToolResult, user
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.models.dialect import (
    CallIds,
    Dialect,
    DialectChanges,
    RoleOrder,
    SchemaSubset,
    Structured,
)
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.providers import Provider, Wire
from parallel_agents.models.shapes import dump_body, object_at, objects_at, text_at
from parallel_agents.models.wires.chat import Chat
from parallel_agents.models.wires.codec import Codec
from parallel_agents.models.wires.gemini import Gemini
from parallel_agents.models.wires.messages import Messages
from parallel_agents.models.wires.responses import Responses
from parallel_agents.models.wires.schemas import adapt, tool_schema
from parallel_agents.models.wires.strict import is_strict
from parallel_agents.session_tools.specs import SPECS

CODECS = {
    Wire.CHAT: Chat,
    Wire.ANTHROPIC: Messages,
    Wire.RESPONSES: Responses,
    Wire.GEMINI: Gemini,
}
LOOK_UP = ToolSpec(
    "office.look-up/städte",  # as the name of a tool of an MCP server may be
    "Looks up a city.",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string", "minLength": 1},
            "kind": {"oneOf": [{"const": "town"}, {"type": "null"}]},
        },
        "required": ["city"],
    },
)
TOOLS = (*SPECS, LOOK_UP)
FOREIGN = "functions.look_up:0|" + "x" * 80
TRANSCRIPT: Sequence[Message] = (
    user("Begin."),
    Message(
        Role.ASSISTANT,
        (
            Thinking("I look it up.", "signed by another"),
            Text("I look it up."),
            ToolCall(FOREIGN, LOOK_UP.name, {"city": "Paris"}, signature="of another"),
            ToolCall("b", LOOK_UP.name, {"city": "Rome"}),
        ),
        "elsewhere/model",
    ),
    Message(
        Role.TOOL,
        (
            ToolResult(FOREIGN, LOOK_UP.name, "In France."),
            ToolResult("b", LOOK_UP.name, "In Italy."),
        ),
    ),
    user("Mention coffee."),
)
LEVELS = (None, ThinkingLevel.OFF, ThinkingLevel.HIGH)
# An agent without tools, one with tools at its start, and one that was called before elsewhere.
SITUATIONS = (((), TRANSCRIPT[:1]), (TOOLS, TRANSCRIPT[:1]), (TOOLS, TRANSCRIPT))
TOOL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]{0,63}")
IDS = {
    CallIds.ANY: re.compile(r".+", re.DOTALL),
    CallIds.WORD: re.compile(r"[a-zA-Z0-9_-]{1,64}"),
    CallIds.NINE: re.compile(r"[a-zA-Z0-9]{9}"),
}
MODELS = [
    (provider, model)
    for provider in read_providers().values()
    for model in dict.fromkeys(provider.tiers.values())
]
AGENTS = [entry.content for entry in Catalog().agents() if isinstance(entry.content, Agent)]
each_model = pytest.mark.parametrize(
    ("provider", "model"), MODELS, ids=[f"{provider.name}/{model}" for provider, model in MODELS]
)


class Sent(NamedTuple):
    """A request, the body that it becomes, and a name for the message of a failed test."""

    request: ModelRequest
    body: JsonObject
    streams: bool
    name: str

    @property
    def config(self) -> JsonObject:
        """The fields that Gemini has apart from the others."""
        return object_at(self.body, "generationConfig")


def dialect_of(provider: Provider, model: str) -> Dialect:
    return provider.endpoint(model).dialect


@cache
def sent_to(provider_name: str, model: str) -> Sequence[Sent]:
    """What all agents send to a model."""
    return sent_with(read_providers()[provider_name], model, {}, AGENTS)


def sent_with(
    provider: Provider, model: str, changes: DialectChanges, agents: Sequence[Agent] = AGENTS[:1]
) -> Sequence[Sent]:
    """What some agents send to a model whose dialect has changed."""
    endpoint = provider.endpoint(model)
    codec: Codec = CODECS[provider.wire](model, endpoint, endpoint.dialect.changed(changes))
    cases = itertools.product(agents, SITUATIONS, LEVELS)
    return [
        Sent(request, orjson.loads(dump_body(codec.body(request, streams=streams))), streams, name)
        for agent, (tools, messages), level in cases
        for streams in (False, True)
        for request in [request_of(agent, tools, level, messages)]
        for name in [f"{agent.name}, {len(tools)} tools, {level}, streams: {streams}"]
    ]


def request_of(
    agent: Agent,
    tools: Sequence[ToolSpec],
    level: ThinkingLevel | None,
    messages: Sequence[Message],
) -> ModelRequest:
    request = ModelRequest(
        messages=tuple(messages),
        system=agent.instructions,
        tools=tuple(tools),
        output_schema=agent.output_schema,
        temperature=agent.temperature,
        thinking=level or agent.thinking,
    )
    most = agent.limits.max_output_tokens
    return request if most is None else replace(request, max_output_tokens=most)


def answer_schema_in(sent: Sent) -> JsonObject | None:
    """The schema of the answer in the place that each wire has for it."""
    body = sent.body
    for form in (
        object_at(object_at(body, "response_format"), "json_schema"),
        object_at(object_at(body, "text"), "format"),
        object_at(object_at(body, "output_config"), "format"),
    ):
        if "schema" in form:
            return object_at(form, "schema")
    for name in ("responseSchema", "responseJsonSchema"):
        if name in sent.config:
            return object_at(sent.config, name)
    return None


def tools_in(sent: Sent) -> Iterator[tuple[JsonObject, JsonObject]]:
    """Each tool as it was sent, and its parameters."""
    for tool in objects_at(sent.body, "tools"):
        for each in objects_at(tool, "functionDeclarations") or [
            object_at(tool, "function") or tool
        ]:
            plain = object_at(each, "parameters") or object_at(each, "input_schema")
            yield each, plain or object_at(each, "parametersJsonSchema")


def ids_in(body: Json) -> Iterator[str]:
    """The ids of calls and results, anywhere in a body."""
    if isinstance(body, list):
        for each in body:
            yield from ids_in(each)
    elif isinstance(body, Mapping):
        is_call = "functionCall" in body or body.get("type") in {"function", "tool_use"}
        for name, value in body.items():
            is_id = name in {"call_id", "tool_call_id", "tool_use_id"} or (name == "id" and is_call)
            if is_id and isinstance(value, str):
                yield value
            if name != "tools":
                yield from ids_in(value)
        for name in ("functionCall", "functionResponse"):
            yield from filter(None, [text_at(object_at(body, name), "id")])


@each_model
def test_no_field_is_sent_that_the_model_refuses(provider: Provider, model: str) -> None:
    omit = dialect_of(provider, model).omit

    for sent in sent_to(provider.name, model):
        assert not omit & sent.body.keys(), sent.name
        assert not omit & sent.config.keys(), sent.name


@each_model
def test_a_temperature_is_sent_unless_the_model_refuses_it(provider: Provider, model: str) -> None:
    refuses = "temperature" in dialect_of(provider, model).omit
    thinks = provider.wire is Wire.ANTHROPIC  # which takes no temperature while it thinks

    for sent in sent_to(provider.name, model):
        is_asked = sent.request.temperature is not None and not refuses
        if not (thinks and "thinking" in sent.body):
            is_sent = "temperature" in sent.body.keys() | sent.config.keys()
            assert is_sent == is_asked, sent.name


@each_model
def test_the_limit_of_a_reply_has_the_server_s_name_and_is_possible(
    provider: Provider, model: str
) -> None:
    dialect = dialect_of(provider, model)
    names = {Wire.GEMINI: "maxOutputTokens", Wire.ANTHROPIC: "max_tokens"}
    name = names.get(provider.wire, dialect.max_tokens_field)

    for sent in sent_to(provider.name, model):
        limits = {key for key in (*sent.body, *sent.config) if "max" in key.lower()}
        assert limits == {name}, sent.name
        most = (sent.config or sent.body)[name]
        assert isinstance(most, int)
        assert 16 <= most <= (dialect.max_output_tokens or most), sent.name


@each_model
def test_a_schema_is_asked_for_as_the_model_takes_it(provider: Provider, model: str) -> None:
    dialect = dialect_of(provider, model)

    for sent in sent_to(provider.name, model):
        schema = sent.request.output_schema
        way = dialect.structure(has_tools=bool(sent.request.tools))
        is_enforced = schema is not None and way is Structured.JSON_SCHEMA
        is_written = schema is not None and way is Structured.PROMPT
        assert (answer_schema_in(sent) is not None) == is_enforced, sent.name
        assert (b"matches this JSON Schema" in orjson.dumps(sent.body)) == is_written, sent.name


@each_model
def test_a_schema_that_is_sent_is_in_the_subset_of_the_model(
    provider: Provider, model: str
) -> None:
    dialect = dialect_of(provider, model)

    for sent in sent_to(provider.name, model):
        if (schema := answer_schema_in(sent)) is None:
            continue
        is_narrow = strictness_of(sent) or dialect.schema in {
            SchemaSubset.ANTHROPIC,
            SchemaSubset.GEMINI,
        }
        subset = dialect.schema if is_narrow else SchemaSubset.PLAIN
        assert adapt(schema, subset) == schema, sent.name


def strictness_of(sent: Sent) -> Json:
    """`strict` of the answer's schema; None if the wire has no such field."""
    chat = object_at(object_at(sent.body, "response_format"), "json_schema")
    responses = object_at(object_at(sent.body, "text"), "format")
    return (chat or responses).get("strict")


@each_model
def test_strict_is_asked_for_exactly_where_the_schema_allows_it(
    provider: Provider, model: str
) -> None:
    dialect = dialect_of(provider, model)

    for sent in sent_to(provider.name, model):
        schema, strict = answer_schema_in(sent), strictness_of(sent)
        if schema is not None and strict is not None:
            assert strict == (dialect.strict and is_strict(schema)), sent.name
        for tool, parameters in tools_in(sent):
            if "strict" in tool:
                assert tool["strict"] == (dialect.strict and is_strict(parameters)), sent.name


@each_model
def test_the_tools_are_sent_in_the_subset_and_under_names_that_every_server_takes(
    provider: Provider, model: str
) -> None:
    dialect = dialect_of(provider, model)
    different: dict[bytes, JsonObject] = {}

    for sent in sent_to(provider.name, model):
        tools = list(tools_in(sent))
        assert len(tools) >= len(sent.request.tools), sent.name
        assert len({text_at(tool, "name") for tool, _ in tools}) == len(tools), sent.name
        assert all(TOOL_NAME.fullmatch(text_at(tool, "name")) for tool, _ in tools), sent.name
        different |= {orjson.dumps(parameters): parameters for _, parameters in tools}
    for parameters in filter(
        None, different.values()
    ):  # Gemini takes no parameters if there are none
        assert tool_schema(parameters, dialect) == parameters


@each_model
def test_ids_of_calls_fit_and_each_result_has_the_id_of_its_call(
    provider: Provider, model: str
) -> None:
    dialect = dialect_of(provider, model)
    is_loose = provider.wire is not Wire.ANTHROPIC or dialect.call_ids is CallIds.NINE
    form = IDS[dialect.call_ids if is_loose else CallIds.WORD]

    for sent in sent_to(provider.name, model):
        ids = list(ids_in(sent.body))
        assert all(form.fullmatch(each) for each in ids), sent.name
        has_calls = len(sent.request.messages) > 1
        assert len(ids) == (4 if has_calls else 0), sent.name
        assert len(set(ids)) == (2 if has_calls else 0), sent.name


@each_model
def test_thinking_is_asked_for_in_the_form_of_the_model(provider: Provider, model: str) -> None:
    dialect = dialect_of(provider, model)
    words = {"", *map(dialect.effort, ThinkingLevel)}

    for sent in sent_to(provider.name, model):
        body = sent.body
        efforts = {
            text_at(body, "reasoning_effort"),
            text_at(object_at(body, "reasoning"), "effort"),
            text_at(object_at(body, "output_config"), "effort"),
            text_at(object_at(sent.config, "thinkingConfig"), "thinkingLevel"),
        }
        fields = {"reasoning_effort", "reasoning", "thinking"} & body.keys()
        is_asked = sent.request.thinking is not None
        assert efforts <= words, sent.name
        assert is_asked or not (fields or "thinkingConfig" in sent.config), sent.name
        if dialect.thinking.value in {"none", "always"}:
            assert not fields - dialect.extra.keys(), sent.name


@each_model
def test_no_call_is_forced_on_a_model_that_refuses_it(provider: Provider, model: str) -> None:
    may_force = dialect_of(provider, model).forces_tools
    by_tool: DialectChanges = {"structured": Structured.TOOL}  # as `models check` may find out

    for sent in (*sent_to(provider.name, model), *sent_with(provider, model, by_tool)):
        is_forced = bool({"tool_choice", "toolConfig"} & sent.body.keys())
        assert may_force or not is_forced, sent.name


@each_model
def test_the_roles_are_in_an_order_that_the_model_takes(provider: Provider, model: str) -> None:
    roles = dialect_of(provider, model).roles

    for sent in sent_to(provider.name, model):
        turns = [text_at(turn, "role") for turn in objects_at(sent.body, "messages")]
        after_tool = [b for a, b in itertools.pairwise(turns) if a == "tool"]
        assert roles is RoleOrder.ANY or "user" not in after_tool, sent.name


@each_model
def test_a_request_says_whether_it_streams(provider: Provider, model: str) -> None:
    endpoint = provider.endpoint(model)
    codec: Codec = CODECS[provider.wire](model, endpoint, endpoint.dialect)

    for sent in sent_to(provider.name, model):
        in_url = "stream" in codec.url(streams=sent.streams)
        assert sent.body.get("stream", in_url) == sent.streams, sent.name
        assert sent.streams or "stream_options" not in sent.body, sent.name


def test_the_presets_and_the_library_are_all_there() -> None:
    assert len(MODELS) > 30
    assert len(AGENTS) > 15
