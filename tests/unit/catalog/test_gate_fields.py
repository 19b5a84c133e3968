"""Gates in files: each kind by its field; other entries are refused in their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.catalog.agent_file import parse_agent
from parallel_agents.catalog.source import Source
from parallel_agents.core.gate import (
    CommandGate,
    ConditionGate,
    FunctionGate,
    Gate,
    JudgeGate,
    QuotesGate,
    RegexGate,
    ScoreGate,
    SourcesGate,
)
from parallel_agents.errors import InvalidFile


def gates(*entries: str) -> tuple[Gate, ...]:
    head = ["---", "name: poet", "description: Writes poems.", "gates:"]
    text = "\n".join([*head, *(f"  - {entry}" for entry in entries), "---", "Write."])
    return parse_agent(Source(Path("agents/poet.md"), text)).gates


@pytest.mark.parametrize(
    ("entry", "gate"),
    [
        ("condition: score >= 8.5", ConditionGate(condition="score >= 8.5")),
        ("regex: ^A", RegexGate(pattern="^A")),
        ("not_regex: TODO", RegexGate(pattern="TODO", is_negated=True)),
        ("sources: seen", SourcesGate()),
        (
            "quotes: {items: claims, fields: [url, quote]}",
            QuotesGate(items="claims", fields=("url", "quote")),
        ),
        ("function: is_short", FunctionGate(function="is_short")),
        ("command: [ruff, check, -]", CommandGate(command=("ruff", "check", "-"))),
        ("score: {function: rate, at_least: 9}", ScoreGate(function="rate", at_least=9)),
        ("judge: {rubric: It rhymes., votes: 3}", JudgeGate(rubric="It rhymes.", votes=3)),
    ],
)
def test_each_kind_of_gate_has_a_field(entry: str, gate: Gate) -> None:
    assert gates(entry) == (gate,)


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ("holds: score >= 8.5", "condition"),
        ("matches: ^A", "regex"),
        ("matches_not: TODO", "not_regex"),
        ("approves: is_short", "function"),
        ("passes: [ruff, check]", "command"),
        ("scored: {function: rate}", "score"),
        ("judged: {rubric: It rhymes.}", "judge"),
    ],
)
def test_an_earlier_name_of_a_field_is_refused_with_the_right_one(entry: str, field: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        gates("condition: is_good", entry)

    assert caught.value.message.startswith("agents/poet.md:6: there is no field 'gates[1].")
    assert caught.value.hint == f"it is called {field} here"


def test_a_misspelt_name_of_a_field_is_refused_with_the_right_one() -> None:
    with pytest.raises(InvalidFile) as caught:
        gates("conditon: score >= 8.5")

    assert caught.value.hint == "did you mean 'condition'?"


def test_a_gate_has_one_field() -> None:
    with pytest.raises(InvalidFile, match="a gate has one field, and this one has 2") as caught:
        gates("{condition: done, regex: ^A}")

    assert caught.value.message.startswith("agents/poet.md:5:")
    assert (
        "condition, regex, not_regex, sources, quotes, function, score, command, judge"
        in caught.value.hint
    )
