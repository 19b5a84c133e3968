"""Listings: what of a server's tools is offered; what cannot be is that tool's fault alone."""

from __future__ import annotations

from typing import Any

import pytest

from parallel_agents.core.json_value import Json
from parallel_agents.core.mcp_server import McpServer
from parallel_agents.core.tool import Access, Effect
from parallel_agents.mcp_client.listing import Listing, read_listing

ANY = {"type": "object"}


def listing(*tools: Json, **fields: Any) -> Listing:
    return read_listing(McpServer(name="s", command="x", **fields), tools)


def tool(name: Any = "a", **fields: Any) -> dict[str, Any]:
    return {"name": name, "inputSchema": ANY, **fields}


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (None, "a tool without a name is left out"),
        (5, "a tool without a name is left out"),
        ({"inputSchema": ANY}, "a tool without a name is left out"),
        (tool(""), "a tool without a name is left out"),
        (tool(7), "a tool without a name is left out"),
        (tool("x" * 2_000), "has a name of 2,000 characters"),
        (tool(inputSchema="x"), "the input schema of 'a' is of type 'str', not object"),
        (tool(inputSchema={"type": "string"}), "is of type 'string', not object"),
        (tool(inputSchema={"type": ["object", "null"]}), "not object"),
        (tool(inputSchema={"properties": {"x": {"type": "strng"}}}), "is not valid"),
        (tool(inputSchema={"properties": {"x": {"$ref": "#/$defs/no"}}}), "is not valid"),
        (tool(inputSchema={"properties": {"x": {"$ref": "http://x/y"}}}), "is not valid"),
        (tool(inputSchema={"properties": {"x": {"maximum": 10**30}}}), "cannot be sent"),
        (tool(inputSchema={"description": "x" * 60_000}), "more than 50,000 bytes"),
    ],
)
def test_a_tool_that_cannot_be_offered_is_left_out_alone(bad: Json, why: str) -> None:
    found = listing(bad, tool("good"))

    assert set(found.tools) == {"mcp__s__good"}
    assert len(found.problems) == 1
    assert why in found.problems[0]


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object", "properties": {"x": {"$ref": "#/$defs/X"}}, "$defs": {"X": {"enum": [1]}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"x": {}}},
        {"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"x": {"minimum": 1, "exclusiveMinimum": True}}},
        {"$schema": "https://x.example/unknown", "type": "object"},
        {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
    ],
)  # fmt: skip
def test_schemas_of_servers_are_taken(schema: dict[str, Any]) -> None:
    found = listing(tool(inputSchema=schema))

    assert list(found.problems) == []
    assert found.tools["mcp__s__a"].spec.parameters["type"] == "object"


def test_a_tool_without_a_schema_takes_any_arguments() -> None:
    spec = listing({"name": "a"}).tools["mcp__s__a"].spec

    assert spec.parameters == {"type": "object", "properties": {}}


def test_two_tools_of_one_name_are_one() -> None:
    found = listing(tool(), tool(description="second"))

    assert found.tools["mcp__s__a"].spec.description == ""
    assert found.problems == ["a second tool is called mcp__s__a, and is left out"]


@pytest.mark.parametrize(
    ("description", "told"),
    [
        ("  Does a.\n\nMore.  ", "Does a.\n\nMore."),
        ("a\x1b[31mred\x1b[0m\x07b", "aredb"),
        ("hid\u200bden\u202e \U000e0041tag", "hidden tag"),
        ("half \ud83c", "half \ufffd"),
        ("x" * 5_000, "x" * 4_000 + "…"),
        (None, ""),
        (5, ""),
    ],
)
def test_descriptions_are_bounded_and_show_all_that_they_say(description: Json, told: str) -> None:
    assert listing(tool(description=description)).tools["mcp__s__a"].spec.description == told


def test_a_title_stands_for_a_description_that_is_missing() -> None:
    assert listing(tool(title="Does a")).tools["mcp__s__a"].spec.description == "Does a"


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"enabled_tools": ("get_*",)}, {"mcp__s__get_a", "mcp__s__get_b"}),
        ({"disabled_tools": ("get_*",)}, {"mcp__s__put"}),
        ({"enabled_tools": ("get_*",), "disabled_tools": ("*_b",)}, {"mcp__s__get_a"}),
        ({"enabled_tools": ("put",), "renamed_tools": {"put": "store"}}, {"mcp__s__store"}),
    ],
)
def test_an_entry_filters_and_renames(fields: dict[str, Any], names: set[str]) -> None:
    found = listing(tool("get_a"), tool("get_b"), tool("put"), **fields)

    assert set(found.tools) == names


def test_a_renamed_tool_is_called_by_the_name_that_its_server_knows() -> None:
    found = listing(tool("a.b"), renamed_tools={"a.b": "ab"})

    assert found.tools["mcp__s__ab"].name == "a.b"


def test_what_an_entry_says_of_tools_that_are_not_there_is_told() -> None:
    found = listing(tool(), enabled_tools=("a", "get_*"), renamed_tools={"b": "c"})

    assert list(found.problems) == [
        "enabled_tools names 'get_*', and the server has no such tool",
        "renamed_tools names 'b', and the server has no such tool",
    ]


@pytest.mark.parametrize(
    ("annotations", "is_believed", "access", "effect"),
    [
        ({"readOnlyHint": True}, True, Access.READ, Effect.IDEMPOTENT),
        ({"readOnlyHint": True}, False, Access.RUN, Effect.ONCE),
        ({"readOnlyHint": "yes"}, True, Access.RUN, Effect.ONCE),
        ({"idempotentHint": True}, True, Access.RUN, Effect.ONCE),
        ({}, True, Access.RUN, Effect.ONCE),
        ("x", True, Access.RUN, Effect.ONCE),
    ],
)
def test_a_tool_only_reads_if_both_the_server_and_the_user_say_so(
    annotations: Json, is_believed: bool, access: Access, effect: Effect
) -> None:
    found = listing(tool(annotations=annotations), trust_read_only=is_believed)

    spec = found.tools["mcp__s__a"].spec
    assert (spec.access, spec.effect) == (access, effect)


def test_problems_are_bounded() -> None:
    found = listing(*[None] * 500)

    assert len(found.problems) == 101
    assert found.problems[-1] == "and 400 more problems"
