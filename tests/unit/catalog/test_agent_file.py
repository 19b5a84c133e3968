from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.catalog.agent_file import parse_agent
from parallel_agents.catalog.source import Source
from parallel_agents.core.agent import Agent, Need
from parallel_agents.core.limits import Limits
from parallel_agents.core.tier import Tier
from parallel_agents.core.with_workspace import WithWorkspace
from parallel_agents.errors import InvalidFile

FILE = Path("agents/poet.md")

FULL = """\
---
name: poet
description: Writes poems.
category: content
tier: large
model: anthropic/claude-haiku-4-5
temperature: 1
needs: [judgement, facts]
tools: [web_search]
input: {type: object, properties: {topic: {type: string}}}
output: {type: object, properties: {poem: {type: string}}}
limits: {max_turns: 3, timeout_seconds: 0.5}
---

You write poems.

---
Only short ones.
"""


def parsed(text: str) -> Agent:
    return parse_agent(Source(FILE, text))


def refusal(text: str) -> InvalidFile:
    with pytest.raises(InvalidFile) as caught:
        parsed(text)
    return caught.value


def with_front(*lines: str) -> str:
    return "\n".join(["---", "name: poet", "description: Writes poems.", *lines, "---", "Write."])


def test_what_is_different_with_a_workspace_is_read() -> None:
    agent = parsed(
        with_front(
            "input: {type: object, required: [code]}",
            "with_workspace:",
            "  tools: [grep]",
            "  input: {type: object}",
            "  limits: {max_turns: 9}",
            "  instructions: |",
            "    Read.",
        )
    )

    assert agent.with_workspace == WithWorkspace(
        tools=("grep",),
        input_schema={"type": "object"},
        limits=Limits(max_turns=9),
        instructions="Read.",
    )


@pytest.mark.parametrize(
    ("lines", "number", "message"),
    [
        (["with_workspace: {}"], 4, "it is empty: it takes tools, instructions, input, limits"),
        (["with_workspace:", "  tool: [grep]"], 5, "there is no field 'with_workspace.tool'"),
        (["with_workspace:", "  input: {type: object}"], 5, "replaces nothing"),
        (
            ["input: {type: object}", "with_workspace:", "  input: {type: string}"],
            6,
            "does not describe an object",
        ),
        (["with_workspace:", "  limits: {max_turns: 0}"], 5, "max_turns is 0"),
    ],
)
def test_a_wrong_difference_is_refused_on_its_line(
    lines: list[str], number: int, message: str
) -> None:
    error = refusal(with_front(*lines))

    assert error.message.startswith(f"{FILE}:{number}: ")
    assert message in error.message


def test_every_field_of_a_file_reaches_the_agent() -> None:
    agent = parsed(FULL)

    assert agent == Agent(
        name="poet",
        description="Writes poems.",
        instructions="You write poems.\n\n---\nOnly short ones.",
        category="content",
        tier=Tier.LARGE,
        model="anthropic/claude-haiku-4-5",
        temperature=1.0,
        needs=(Need.JUDGEMENT, Need.FACTS),
        tools=("web_search",),
        input_schema={"type": "object", "properties": {"topic": {"type": "string"}}},
        output_schema={"type": "object", "properties": {"poem": {"type": "string"}}},
        limits=Limits(max_turns=3, timeout_seconds=0.5),
    )


def test_a_name_a_description_and_instructions_are_enough() -> None:
    agent = parsed("---\nname: poet\ndescription: Writes poems.\n---\nWrite.")

    assert agent == Agent(name="poet", description="Writes poems.", instructions="Write.")


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("teir: small", "there is no field 'teir'", "did you mean 'tier'?"),
        ("tier: tiny", "'tier' is invalid: it must be 'small'", "`pagents docs agents`"),
        ("temperature: '0.5'", "'temperature' is invalid", "`pagents docs agents`"),
        ("temperature: 3", "'temperature' is invalid", "`pagents docs agents`"),
        ("tools: web", "'tools' is invalid", "`pagents docs agents`"),
        ("needs: [facts, luck]", "'needs[1]' is invalid", "`pagents docs agents`"),
        ("category: ''", "'category' is invalid", "`pagents docs agents`"),
        ("input: text", "'input' is invalid", "`pagents docs agents`"),
        ("limits: {max_turns: 2.5}", "'limits.max_turns' is invalid", "`pagents docs agents`"),
        ("limits: {max_turn: 2}", "there is no field 'limits.max_turn'", "'max_turns'"),
        ("limits: {max_turns: 0}", "max_turns is 0", "leave max_turns out"),
        ("limits: {timeout_seconds: 1.0e+300}", "timeout_seconds is 1e+300", "leave"),
        ("input: {type: string}", "'input' does not describe an object", "type: object"),
        ("input: {}", "'input' does not describe an object", "type: object"),
        ("output: {type: text}", "'output.type' is not a valid JSON Schema", "a type is one of"),
        ("output: {$ref: 'file:///etc/hosts'}", "is outside the schema", "json-schema.org"),
        ("output: {$ref: 'http://localhost/'}", "is outside the schema", "json-schema.org"),
        ("output: {$ref: '#/nowhere'}", "'output' is not a valid JSON Schema", "json-schema.org"),
    ],
)
def test_a_wrong_field_is_refused_on_its_line_with_what_to_write(
    line: str, message: str, hint: str
) -> None:
    error = refusal(with_front("# a comment", line, "model: a/b"))

    assert error.message.startswith("agents/poet.md:5: ")
    assert message in error.message
    assert hint in error.hint


def test_a_fault_deep_in_a_schema_is_refused_on_its_own_line() -> None:
    error = refusal(
        with_front(
            "output:",
            "  type: object",
            "  properties:",
            "    poem:",
            "      type: string",
            "    lines:",
            "      type: array",
            "      items: {type: strin}",
        )
    )

    assert error.message.startswith("agents/poet.md:11: 'output.properties.lines.items.type' is")


def test_a_limit_on_a_line_of_its_own_is_refused_there() -> None:
    error = refusal(with_front("limits:", "  max_turns: 3", "  attempts: -1"))

    assert error.message == "agents/poet.md:6: attempts is -1"


def test_a_missing_field_is_named() -> None:
    error = refusal("---\nname: poet\n---\nWrite.")

    assert error.message == "agents/poet.md:2: 'description' is missing"
    assert error.hint == "add `description: ...`"


def test_the_first_fault_in_the_file_is_reported() -> None:
    error = refusal(with_front("modle: a/b", "teir: small"))

    assert "agents/poet.md:4: there is no field 'modle'" in error.message


@pytest.mark.parametrize("name", ["Poet", "1poet", "po-et", "p" * 65, "''", "../poet"])
def test_an_invalid_name_is_refused(name: str) -> None:
    error = refusal(f"---\nname: {name}\ndescription: d\n---\nWrite.")

    assert error.message == "agents/poet.md:2: the value of 'name' is not a valid name"


def test_a_file_must_have_the_name_of_its_definition() -> None:
    error = refusal("---\ndescription: d\nname: bard\n---\nWrite.")

    assert (
        error.message == "agents/poet.md:3: the name 'bard' does not match the file name 'poet.md'"
    )
    assert error.hint == "rename the file to bard.md, or write `name: poet`"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "agents/poet.md:1: no front matter"),
        ("# Poet\n\nWrite.", "agents/poet.md:1: no front matter"),
        ("---\nname: poet\n", "agents/poet.md:1: the front matter has no end"),
        ("---\n---\nWrite.", "agents/poet.md:2: the file has no fields"),
        ("---\nname: poet\ndescription: d\n---\n \n\n", "agents/poet.md:4: the instructions are"),
        ("---\nname: poet\nname: poet\n---\nWrite.", "agents/poet.md:3: 'name' appears twice"),
        ("---\nname: poet\ntools: [a\n---\nWrite.", "agents/poet.md:4: this is not YAML"),
    ],
)
def test_a_file_without_its_two_parts_is_refused(text: str, message: str) -> None:
    error = refusal(text)

    assert error.message.startswith(message)
    assert error.hint
