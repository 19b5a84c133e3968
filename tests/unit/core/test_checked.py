"""What callers make is checked when it is made, and the refusal names the argument."""

from __future__ import annotations

import inspect
import math
from collections import UserList
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast, get_type_hints

import orjson
import pytest
from pydantic import BaseModel, TypeAdapter
from typing_extensions import override

import parallel_agents as pa
from parallel_agents.core.agent import Agent, Need
from parallel_agents.core.annotations import taker_of
from parallel_agents.core.budget import Budget
from parallel_agents.core.checked import Checked
from parallel_agents.core.dead_letter import DeadLetterFilter, Edits
from parallel_agents.core.example import Example
from parallel_agents.core.gate import (
    CommandGate,
    ConditionGate,
    FunctionGate,
    JudgeGate,
    QuotesGate,
    Refine,
    RegexGate,
    ScoreGate,
    SourcesGate,
)
from parallel_agents.core.limits import Limits
from parallel_agents.core.mcp_server import McpServer
from parallel_agents.core.message import File
from parallel_agents.core.permission import Permissions
from parallel_agents.core.plan import Loop, Plan, Step
from parallel_agents.core.policy import Policy
from parallel_agents.core.resolving import Resolver
from parallel_agents.core.session import Mode, SessionOptions
from parallel_agents.core.store import Filter
from parallel_agents.core.store_care import Retention
from parallel_agents.core.takers import take_part
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.tier import Tier
from parallel_agents.core.with_workspace import WithWorkspace
from parallel_agents.core.workspace import Changes, Workspace
from parallel_agents.creating.created import CreateOptions
from parallel_agents.errors import InvalidInput

# Made by a run or a provider, never by a caller who then stores them; the codec checks those.
_NOT_FROM_CALLERS = {
    *(
        "Artifact",
        "BatchResult",
        "BestOf",
        "Capabilities",
        "Comparison",
        "Created",
        "DeadLetter",
        "Event",
        "Failure",
    ),
    *("Gathered", "HandOff", "Hit", "Hits"),
    "ItemResult",
    *("MapPrice", "MapResult", "MapRow", "Message"),
    *("ModelReply", "ModelRequest", "Result", "SessionHandle", "Spend", "TeamResult", "Text"),
    *("ToolCall", "ToolContext", "ToolResult", "ToolSpec", "Usage", "Vote"),
}


class _Unshowable:
    @override
    def __repr__(self) -> str:
        raise RuntimeError("no")


def agent(**values: Any) -> Agent:
    return Agent(name="writer", description="", instructions="", **values)


def task(text: Any = "Go.", **values: Any) -> Task:
    return Task("writer", text, **values)


# A valid value of each type, for the fields without a default.
_GOOD: dict[type[Any], dict[str, Any]] = {
    Retention: {},
    Agent: {"name": "writer", "description": "", "instructions": ""},
    Task: {"agent": "writer", "text": "Go."},
    TeamTask: {"tasks": (Task("writer", "Go."),)},
    Example: {"text": "Tea", "output": "Leaves."},
    File: {"path": "chart.png"},
    ConditionGate: {"condition": "score > 8"},
    Permissions: {"allow": ("shell(git *)",)},
    RegexGate: {"pattern": "x"},
    FunctionGate: {"function": "f"},
    ScoreGate: {"function": "f"},
    SourcesGate: {},
    QuotesGate: {"items": "claims", "fields": ("url",)},
    CommandGate: {"command": ("true",)},
    JudgeGate: {"rubric": "good"},
    **{
        kind: {}
        for kind in (Budget, DeadLetterFilter, Edits, Filter, Limits, Policy, Refine, Resolver)
    },
    SessionOptions: {},
    McpServer: {"name": "files", "command": "server"},
    WithWorkspace: {"tools": ("grep",)},
    Workspace: {"place": "own"},
    Changes: {"files": 1},
    CreateOptions: {},
    Loop: {"until": "score > 8"},
    Step: {"id": "one", "agent": "writer", "text": "Go."},
    Plan: {"name": "verse", "steps": (Step(id="one", agent="writer", text="Go."),)},
}
_ODD: tuple[Any, ...] = (
    *(object(), _Unshowable(), b"bytes", 1j, {1, 2}, [[1]], {"a": {1}}, {1: 2}, 2**70, "\ud800"),
    *(math.nan, math.inf, -math.inf, "huge", True, 5, 0.5, [1], ["x"], int, lambda: None, ""),
    *(
        None,
        False,
        -1,
        0,
        -0.5,
        1e308,
        10**400,
        "2",
        "nan",
        " ",
        "\0",
        "None",
        (),
        [],
        {},
        set[int](),
    ),
    *([None], [math.nan], ["x", 5], [["x"]], [object()], {"a": math.nan}, {"a": object()}, {"": 1}),
    *(
        range(3),
        Decimal("2"),
        Path("x"),
        memoryview(b"x"),
        Exception("x"),
        Ellipsis,
        NotImplemented,
    ),
)


# Pydantic takes milliseconds to make one.
_adapter = cache(TypeAdapter)


@pytest.mark.parametrize("made", _GOOD, ids=lambda made: made.__name__)
@pytest.mark.parametrize("value", _ODD, ids=lambda value: type(value).__name__)
def test_any_value_for_any_argument_is_refused_or_can_be_read_back(
    made: type[Any], value: object
) -> None:
    for name in made.__dataclass_fields__:
        try:
            kept = made(**{**_GOOD[made], name: value})
        except InvalidInput:
            continue

        assert _adapter(made).validate_json(orjson.dumps(kept)) == kept, name


@pytest.mark.parametrize("made", _GOOD, ids=lambda made: made.__name__)
def test_a_default_is_of_the_type_that_is_kept(made: type[Any]) -> None:
    hints = get_type_hints(made, include_extras=True)

    for field in fields(made):
        if field.default is not MISSING:
            assert take_part(taker_of(hints[field.name]), field.default, "") is field.default


def test_every_public_value_that_callers_make_is_checked() -> None:
    public = {name: getattr(pa, name) for name in pa.__all__}
    values = {name for name, value in public.items() if is_dataclass(value)}

    unchecked = {name for name in values if not issubclass(public[name], Checked)}

    assert unchecked == _NOT_FROM_CALLERS & values
    assert {made.__name__ for made in _GOOD} >= values - unchecked


@pytest.mark.parametrize(
    ("make", "message", "takes"),
    [
        (lambda: agent(tools="read_file"), "tools of Agent is 'read_file' (str)", "name of a tool"),
        (lambda: agent(tools=["a", 5]), "item 2 of tools of Agent is 5 (int)", "name of a tool"),
        (lambda: Agent("Code Writer", instructions=""), "name of Agent is 'Code Writer'", "lower"),
        (lambda: agent(model=" "), "model is ' '", "empty"),
        (lambda: pa.Policy(max_children=-1), "max_children of Policy is -1", "0 or more"),
        (lambda: agent(output_schema={"propertes": {}}), "JSON Schema has no keyword", "ignores"),
        (lambda: task(label="a\nb"), "the label 'a\\nb' is not allowed", "printable"),
        (lambda: task(label="x" * 101), "the label", "at most 100"),
        (lambda: task(key=""), "key is ''", "empty"),
        (lambda: task(label=""), "label is ''", "empty"),
        (lambda: TeamTask(tasks=(task(),), name=" "), "name of a team is ' '", "empty"),
        (lambda: task(ladder=["sim/calm", ""]), "model is ''", "empty"),
        (lambda: agent(tier="huge"), "tier of Agent is 'huge' (str)", "small, medium or large"),
        (lambda: agent(temperature="hot"), "temperature of Agent is 'hot'", "a number or None"),
        (lambda: agent(temperature=3), "temperature of agent writer is 3", "from 0 to 2"),
        (lambda: agent(cache_seconds=True), "cache_seconds of Agent is True (bool)", "a number"),
        (lambda: agent(cache_seconds=-1), "cache_seconds of agent writer is -1", "age"),
        (lambda: agent(limits=2), "limits of Agent is 2 (int)", "Limits, or a dictionary"),
        (lambda: agent(budget={}), "budget of Agent is {}", "a number of dollars"),
        (lambda: agent(limits={"attempts": "2"}), "attempts of Limits is '2'", "a whole number"),
        (lambda: agent(budget=True), "budget of Agent is True", "a number of dollars"),
        (lambda: agent(budget="2"), "budget of Agent is '2'", "a number of dollars"),
        (lambda: task(budget=math.nan), "usd of Budget is nan", "a finite number"),
        (lambda: agent(gates=[1]), "item 1 of gates of Agent is 1", "ConditionGate or"),
        (lambda: task(input=[1]), "input of Task is [1] (list)", "a dictionary with text as names"),
        (lambda: task(priority=1.5), "priority of Task is 1.5", "a whole number"),
        (lambda: task(priority=2**64), "priority of Task is 18446744073709551616", "64 bits"),
        (lambda: task(text="caf\udce9"), "text of Task is 'caf\\udce9'", "Unicode text"),
        (lambda: TeamTask(tasks=(5,)), "item 1 of tasks of TeamTask is 5", "Task"),  # pyright: ignore[reportArgumentType] - what is tested
        (lambda: CommandGate(command="ls"), "command of CommandGate is 'ls'", "each item text"),  # pyright: ignore[reportArgumentType] - what is tested
        (lambda: CommandGate(command=()), "a gate cannot run ()", "a program"),
        (lambda: task(label=_Unshowable()), "label of Task is <_Unshowable", "text"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_what_it_takes(
    make: Callable[[], object], message: str, takes: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        make()

    assert refused.value.message.startswith(message)
    assert takes in refused.value.why


def test_what_is_meant_is_taken() -> None:
    made = agent(tools=["read_file"], tier="large", needs=["facts"], temperature=1)

    assert agent(budget=2).budget == Budget(usd=2)
    assert task(ladder=UserList(["sim/calm"])).ladder == ("sim/calm",)
    assert task(budget={"tokens": 5}).budget == Budget(tokens=5)
    assert task(limits={"attempts": 2}).limits == Limits(attempts=2)
    assert task(limits={}).limits == Limits()
    assert made.tools == ("read_file",)
    assert made.tier is Tier.LARGE
    assert made.needs == (Need.FACTS,)
    assert made.temperature == 1
    assert SessionOptions(mode="session").mode is Mode.SESSION
    assert type(task(input=MappingProxyType({"a": 1})).input) is dict


def _is_short(answer: str) -> bool:
    return len(answer) < 9


is_short: Any = _is_short


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (
            lambda: FunctionGate(function=is_short),
            "write function='_is_short', and pass gates=[_is_",
        ),
        (lambda: ScoreGate(function=is_short), "write function='_is_short', and pass gates=[_is_"),
        (lambda: Policy(spawns=cast("Any", [agent()])), "write its name, 'writer'"),
        (lambda: task(label=Path("tea")), "correct label, or leave it out"),
    ],
)
def test_a_thing_in_place_of_its_name_is_refused_with_its_name(
    make: Callable[[], object], hint: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        make()

    assert refused.value.hint.startswith(hint)


_KEEPING: list[Callable[[dict[str, Any]], Any]] = [
    lambda given: task(input={"x": given}).input["x"],
    lambda given: task(input=given).input,
    lambda given: agent(input_schema=given).input_schema,
    lambda given: agent(output_schema=given).output_schema,
    lambda given: agent(output=given).output_schema,
    lambda given: Example("x", given).output,
    lambda given: Step(id="x", agent="writer", text="x", input={"x": given}).input["x"],
]


@pytest.mark.parametrize("kept", _KEEPING)
def test_what_is_kept_of_json_changes_with_nothing_of_the_callers(
    kept: Callable[[dict[str, Any]], Any],
) -> None:
    given: dict[str, Any] = {"properties": {"x": {"enum": [1, (2, [3])]}}}
    before = orjson.dumps(given)

    made = kept(given)
    given["properties"]["x"]["enum"][1][1].append(4)
    given["properties"]["y"] = {}

    assert orjson.dumps(made) == before


class Answer(BaseModel):
    text: str


@dataclass
class Reply:
    text: str


def test_a_class_in_place_of_a_schema_is_refused_with_the_call_that_makes_the_schema() -> None:
    with pytest.raises(InvalidInput, match="output_schema of Agent is") as refused:
        agent(output_schema=Answer)

    assert refused.value.hint == "pass Answer.model_json_schema()"


def test_a_dataclass_in_the_place_of_a_task_is_refused_with_the_task_that_has_its_fields() -> None:
    reply: Any = Reply("x")
    with pytest.raises(InvalidInput) as refused:
        TeamTask(tasks=(reply,))

    asked = 'Task("AGENT", "what to do", input=dataclasses.asdict(Reply(...)))'
    assert refused.value.hint == f"write {asked}"


async def named() -> str:
    return "writer"


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (Answer, "pass the fields of an instance: Answer(...).model_dump(mode='json')"),
        (Answer(text="x"), "pass the fields of an instance: Answer(...).model_dump(mode='json')"),
        (Reply("x"), "pass the fields of an instance: dataclasses.asdict(Reply(...))"),
        (named(), "write `await` before the call of named"),
    ],
)
def test_what_is_no_dictionary_is_refused_with_what_makes_one_of_it(given: Any, hint: str) -> None:
    with pytest.raises(InvalidInput, match="input of Task is") as refused:
        Task("writer", "x", input=given)

    assert refused.value.hint == hint
    if inspect.iscoroutine(given):
        given.close()


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strng"},
        {"type": "object", "properties": {"x": {"$ref": "#/$defs/none"}}},
        {"type": "object", "required": "x"},
        {"$ref": "https://example.com/schema.json"},
    ],
)
@pytest.mark.parametrize("name", ["input_schema", "output_schema"])
def test_a_schema_with_a_mistake_is_refused_before_anything_is_called(
    name: str, schema: object
) -> None:
    with pytest.raises(InvalidInput, match=f"{name} of agent writer is not a JSON Schema"):
        agent(**{name: schema})
