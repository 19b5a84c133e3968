"""Each field of agent and team files takes what it is for; all else is refused on its line, in our words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson
import pytest

from parallel_agents.catalog.agent_file import AgentFields, parse_agent
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.catalog.fields import names_within
from parallel_agents.catalog.source import Source
from parallel_agents.catalog.team_fields import TeamFields
from parallel_agents.catalog.team_file import parse_team
from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidFile

CATALOG = Catalog()
VALUES: Mapping[str, Json] = {
    "text": "some text",
    "word": "a",
    "empty": "",
    "blank": " ",
    "quoted": "3",
    "three": 3,
    "zero": 0,
    "minus": -1,
    "fraction": 1.5,
    "huge": 10**18,
    "true": True,
    "null": None,
    "words": ["a"],
    "none": [],
    "numbers": [3],
    "blanks": [""],
    "table": {"a": "b"},
    "bare": {},
}
_TEXT, _NAME = "text word quoted", "word null"
_COUNT, _SECONDS = "three", "three fraction"
_BUDGET = {
    "budget": "three fraction",
    "budget.usd": _SECONDS,
    "budget.tokens": _COUNT,
    "budget.on_limit": "",
}
_REFINE = {
    "refine": "null bare",
    "refine.rounds": _COUNT,
    "refine.patience": _COUNT,
    "refine.by": _NAME,
}
_GATES = {
    "gates": "none",
    "gates.0.condition": "word quoted",
    "gates.0.regex": _TEXT + " blank",
    "gates.0.not_regex": _TEXT + " blank",
    "gates.0.function": _TEXT,
    "gates.0.command": "words",
    "gates.0.sources": "",
    "gates.0.quotes": "",
    "gates.0.quotes.items": "",
    "gates.0.quotes.fields": "",
    "gates.0.score": "",
    "gates.0.score.function": _TEXT,
    "gates.0.score.at_least": "",
    "gates.0.judge": "",
    "gates.0.judge.rubric": _TEXT,
    "gates.0.judge.at_least": "",
    "gates.0.judge.by": "",
    "gates.0.judge.votes": "",
    "gates.0.judge.model": "",
    "gates.0.judge.allow_weak": "",
}
# What each field takes of VALUES, as it stands alone beside a name and a description.
AGENT = {
    "name": "",
    "description": _TEXT,
    "category": _TEXT,
    "tier": "",
    "model": "word quoted null",
    "input": "null",
    "output": "null bare",
    "examples": "none",
    "examples.0.text": _TEXT,
    "examples.0.input": "table bare",
    "examples.0.output": _TEXT,
    "limits": "",
    "limits.timeout_seconds": _SECONDS,
    "limits.call_timeout_seconds": _SECONDS,
    "limits.max_turns": _COUNT,
    "limits.max_output_tokens": _COUNT,
    "limits.max_parallel": _COUNT,
    "limits.attempts": _COUNT,
    "limits.memory_megabytes": "",
    "limits.max_processes": _COUNT,
    "limits.output_megabytes": _COUNT,
    "tools": "words none",
    "temperature": "zero fraction null",
    "thinking": "null",
    "policy": "",
    "policy.spawns": "words none",
    "policy.denies": "words none",
    "policy.max_depth": "three zero null",
    "policy.max_children": "three null",
    "policy.max_total": "three null",
    "permissions": "",
    "permissions.allow": "words none",
    "permissions.ask": "words none",
    "permissions.deny": "words none",
    "workspace": "null",
    "with_workspace": "null",
    "with_workspace.tools": "words none",
    "with_workspace.instructions": _TEXT,
    "with_workspace.input": "null",
    "with_workspace.limits": "",
    "with_workspace.limits.timeout_seconds": _SECONDS,
    "with_workspace.limits.call_timeout_seconds": _SECONDS,
    "with_workspace.limits.max_turns": _COUNT,
    "with_workspace.limits.max_output_tokens": _COUNT,
    "with_workspace.limits.max_parallel": _COUNT,
    "with_workspace.limits.attempts": _COUNT,
    "with_workspace.limits.memory_megabytes": "",
    "with_workspace.limits.max_processes": _COUNT,
    "with_workspace.limits.output_megabytes": _COUNT,
    "sandbox": "",
    "profile": "word quoted",
    "ladder": "words",
    "start": "",
    "cache_seconds": "three zero fraction huge null",
    "needs": "none",
    "mcp_servers": "",
    "on_limit": "null",
    "on_stuck": "null",
    **_BUDGET,
    **_GATES,
    **_REFINE,
}
_TASK = {
    "agent": "",
    "text": _TEXT,
    "label": _TEXT + " null",
    "input": "table bare",
    "model": "word quoted null",
    "ladder": "words",
    **_GATES,
    **_REFINE,
    **_BUDGET,
}
TEAM = {
    "name": "word",
    "description": _TEXT,
    "input": "",
    "max_parallel": "three null",
    "timeout_seconds": "three fraction null",
    "model": "word quoted null",
    "on_failure": "",
    "min_done": "null",
    "tasks": "",
    **_BUDGET,
    **{f"tasks.0.{path}": taken for path, taken in _TASK.items()},
}
_PYDANTIC = re.compile(r"[Ii]nput should|validation|tuple|dict|pydantic|Value error|\[type=")


def paths_of(kind: object, steps: tuple[str, ...] = ()) -> Iterator[str]:
    """Every field of a kind of file; of lists, within the first item."""
    for name in names_within(kind, steps):
        yield ".".join((*steps, name))
        here = (*steps, name)
        inner = (*here, "0") if name in {"examples", "gates", "tasks"} else here
        yield from paths_of(kind, inner)


def nested(path: str, value: Json) -> dict[str, Json]:
    """A value at a path, in the tables and lists around it."""
    first, *rest = path.split(".")
    for step in reversed(rest):
        value = [value] if step == "0" else {step: value}
    return {first: value}


def yaml_of(fields: Mapping[str, Json]) -> str:
    return "\n".join(f"{name}: {orjson.dumps(value).decode()}" for name, value in fields.items())


def read_agent(path: str, value: Json) -> None:
    given = nested(path, value)
    if path.startswith("examples.0."):
        example: dict[str, Json] = {"text": "Write.", "output": "A poem."}
        given = {"examples": [example | nested(path.removeprefix("examples.0."), value)]}
    front = {"name": "poet", "description": "Writes.", **given}
    parse_agent(Source(Path("agents/poet.md"), f"---\n{yaml_of(front)}\n---\nWrite."))


def read_team(path: str, value: Json) -> None:
    task: dict[str, Json] = {"agent": "main", "text": "Write."}
    given = nested(path, value)
    if path.startswith("tasks.0."):
        given = {"tasks": [task | nested(path.removeprefix("tasks.0."), value)]}
    fields: dict[str, Json] = {"name": "poets", "description": "Write.", "tasks": [task], **given}
    parse_team(Source(Path("teams/poets.yaml"), yaml_of(fields)), CATALOG.agent)


READ = {"agent": read_agent, "team": read_team}
TAKEN = {"agent": AGENT, "team": TEAM}


@pytest.mark.parametrize(("kind", "table"), [(AgentFields, AGENT), (TeamFields, TEAM)])
def test_the_walk_goes_through_every_field(kind: object, table: Mapping[str, str]) -> None:
    assert set(paths_of(kind)) == set(table)


def refusals(file: str, path: str) -> Mapping[str, InvalidFile]:
    """The refusals of the values that a field does not take, by the names of the values."""
    found: dict[str, InvalidFile] = {}
    for name, value in VALUES.items():
        try:
            READ[file](path, value)
        except InvalidFile as error:
            found[name] = error
    return found


@pytest.mark.parametrize(
    ("file", "path"), [(file, path) for file, table in TAKEN.items() for path in table]
)
def test_a_field_takes_what_it_is_for_and_refuses_the_rest_in_our_words(
    file: str, path: str
) -> None:
    refused = refusals(file, path)

    assert VALUES.keys() - refused.keys() == set(TAKEN[file][path].split())
    assert [error.message for error in refused.values() if _PYDANTIC.search(error.message)] == []
    assert [name for name, error in refused.items() if not error.hint] == []


@pytest.mark.parametrize(
    ("file", "path"),
    [(file, path) for file, table in TAKEN.items() for path in table if "name" not in path],
)
def test_a_misspelt_field_is_refused_with_the_right_one(file: str, path: str) -> None:
    parent, _, name = path.rpartition(".")
    misspelt = f"{name[:-1]}{name[-1]}x"

    with pytest.raises(InvalidFile, match="there is no field") as caught:
        READ[file](f"{parent}.{misspelt}".removeprefix("."), 1)

    assert caught.value.hint == f"did you mean {name!r}?"


@pytest.mark.parametrize(
    ("path", "value", "hint"),
    [
        ("needs", ["luck"], "`pagents docs agents` says what needs takes"),
        ("gates.0.judge", {"rubrik": "x"}, "did you mean 'rubric'?"),
        ("gates.0.judge.zzz", 1, "use one of: allow_weak, at_least, by, model, rubric, votes."),
        ("budget.zzz", 1, "use one of: on_limit, tokens, usd."),
    ],
)
def test_a_hint_is_about_the_part_that_is_wrong(path: str, value: Json, hint: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        read_agent(path, value)

    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "object", "propertes": {}}, "no keyword 'output.propertes'"),
        ({"properties": {"a": {"max_length": 3}}}, "no keyword 'output.properties.a.max_length'"),
        ({"title": "t", "anyOf": [{"require": ["a"]}]}, "no keyword 'output.anyOf[0].require'"),
        ({"summary": "string"}, "'output' has no keyword of JSON Schema"),
    ],
)
def test_a_schema_that_would_allow_everything_by_mistake_is_refused(
    schema: Json, message: str
) -> None:
    with pytest.raises(InvalidFile, match=re.escape(message)):
        read_agent("output", schema)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("budget:", "budget"),
        ("output:", "output"),
        ("thinking:", "thinking"),
        ("limits: {max_turns: , attempts: 2}", "limits.max_turns"),
        ("gates: [{judge: {rubric: }}]", "gates[0].judge.rubric"),
    ],
)
def test_a_field_after_which_nothing_is_written_is_refused(line: str, path: str) -> None:
    front = f"---\nname: poet\ndescription: Writes.\n{line}\n---\nWrite."

    with pytest.raises(InvalidFile, match=re.escape(f":4: '{path}' has no value")) as caught:
        parse_agent(Source(Path("agents/poet.md"), front))

    assert caught.value.hint.endswith("or delete the line")


def test_an_entry_of_a_schema_or_an_input_may_have_no_value() -> None:
    front = "---\nname: poet\ndescription: Writes.\noutput: {type: string, default: }\n---\nWrite."

    agent = parse_agent(Source(Path("agents/poet.md"), front))

    assert agent.output_schema == {"type": "string", "default": None}
