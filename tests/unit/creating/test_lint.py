"""Lint names the line of what keeps an agent from being registered."""

from __future__ import annotations

import pytest

from parallel_agents.creating.lint import lint, lint_created
from tests.unit.creating.parts import INSTRUCTIONS, written

GOOD = written()


def found(text: str, *tools: str) -> list[str]:
    return [str(finding) for finding in lint_created("sorter", text, tools).findings]


def test_what_was_made_from_a_design_has_no_findings() -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize(
    ("before", "after", "line", "what"),
    [
        ("description: Sorts a ticket.", "description: |\n  Sorts.\n  More.", 3, "not one short"),
        ("  max_output_tokens: 680\n", "", 31, "limits.max_output_tokens is not set"),
        ("  - reason\n", "", 16, "does not require all of its fields: reason"),
        ("temperature: 0.2", "tools: [run_command]", 5, "may not have the tool 'run_command'"),
        ("temperature: 0.2", "policy: {spawns: ['*']}", 5, "may not have agents to spawn"),
        ("temperature: 0.2", "model: anthropic/x", 5, "may not have a model of its own"),
        ("temperature: 0.2", "ladder: [a/b]", 5, "may not have a ladder"),
        ("temperature: 0.2", "permissions: {allow: [run_command]}", 5, "may not have permissions"),
        ("temperature: 0.2", "sandbox: 'off'", 5, "may not have a sandbox"),
        ("temperature: 0.2", "gates: [{command: [sh]}]", 5, "a gate that calls a command"),
        ("temperature: 0.2", "gates: [{function: f}]", 5, "a gate that calls a function"),
        (
            "temperature: 0.2",
            "mcp_servers: {x: {command: sh}}",
            5,
            "may not have MCP servers",
        ),
        (INSTRUCTIONS, "Sort it into kind.", 35, "do not name the field 'reason'"),
        (INSTRUCTIONS, f"{INSTRUCTIONS}\nTODO: more", 38, "the placeholder 'TODO' is left"),
        (INSTRUCTIONS, f"{INSTRUCTIONS}\n${{name}}", 38, "placeholder"),
        (INSTRUCTIONS, f"{INSTRUCTIONS}\n[insert name here]", 38, "placeholder"),
        ("maxLength: 2000", "pattern: '^(a+)+$'", 11, "'pattern'"),
        ("name: sorter", "name: other", 2, "does not match the file name"),
        ("temperature: 0.2", "temperatur: 0.2", 5, "there is no field 'temperatur'"),
    ],
)
def test_a_fault_is_found_with_its_line(before: str, after: str, line: int, what: str) -> None:
    assert before in GOOD

    told = found(GOOD.replace(before, after, 1))

    assert any(what in each for each in told), told
    where = next(each for each in told if what in each)
    assert where.startswith(f"agent.md:{line}:"), told


def test_a_tool_that_it_may_have_is_no_fault() -> None:
    text = GOOD.replace("temperature: 0.2", "tools: [read_file]")

    assert found(text, "read_file") == []
    assert len(found(text)) == 1


def test_a_person_may_give_an_agent_any_power() -> None:
    text = GOOD.replace("temperature: 0.2", "tools: [run_command]\nmodel: anthropic/x")

    assert lint("sorter", text).findings == ()


def test_a_huge_schema_is_refused() -> None:
    fields = "".join(f"    f{n}: {{type: string}}\n" for n in range(60))
    text = GOOD.replace("    ticket:", f"{fields}    ticket:", 1)

    assert any("huge" in each for each in found(text))


def test_a_schema_of_many_levels_is_refused() -> None:
    inner = "{type: string}"
    for _ in range(8):
        inner = f"{{type: object, properties: {{a: {inner}}}, required: [a], additionalProperties: false}}"
    text = GOOD.replace("    reason:", f"    deep: {inner}\n    reason:", 1)

    assert any("more than 6 levels" in each for each in found(text))


def test_a_file_that_is_no_agent_has_one_finding_and_no_agent() -> None:
    linted = lint("sorter", "just text")

    assert linted.agent is None
    assert len(linted.findings) == 1
