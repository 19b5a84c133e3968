"""The public surface: sorted, pinned, and really there."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

import parallel_agents
from parallel_agents import events, testing

PUBLIC = [
    "Agent",
    "Artifact",
    "BatchResult",
    "BestOf",
    "Budget",
    "Capabilities",
    "Changes",
    "Cleanup",
    "CommandGate",
    "Comparison",
    "ConditionGate",
    "ConnectedSessions",
    "CreateOptions",
    "Created",
    "DeadLetter",
    "DeadLetterFilter",
    "Effect",
    "Event",
    "Example",
    "Failure",
    "File",
    "Filter",
    "Finish",
    "Flow",
    "FlowChanged",
    "FunctionGate",
    "Gathered",
    "HandOff",
    "Hit",
    "Hits",
    "ItemResult",
    "JudgeGate",
    "Limits",
    "Listener",
    "Loop",
    "MapPrice",
    "MapResult",
    "MapRow",
    "McpServer",
    "Message",
    "Mode",
    "Model",
    "ModelReply",
    "ModelRequest",
    "Need",
    "OnChange",
    "OnFailure",
    "OnLimit",
    "OnStuck",
    "OpenQuestion",
    "OpenSessions",
    "PagentsError",
    "Permissions",
    "Plan",
    "Policy",
    "Pool",
    "QuestionKind",
    "QuotesGate",
    "Record",
    "Refine",
    "RegexGate",
    "Removal",
    "Resolver",
    "Result",
    "Retention",
    "Role",
    "RunIf",
    "RunStatus",
    "Sandbox",
    "ScoreGate",
    "SessionHandle",
    "SessionOptions",
    "SourcesGate",
    "Spend",
    "Start",
    "StateEntry",
    "StateWritten",
    "SteerMode",
    "Step",
    "StepFailed",
    "StepStatus",
    "StepUnknown",
    "Stream",
    "Task",
    "TeamResult",
    "TeamTask",
    "Text",
    "ThinkingLevel",
    "Tier",
    "Tool",
    "ToolCall",
    "ToolContext",
    "ToolError",
    "ToolResult",
    "ToolSpec",
    "TreeArtifacts",
    "TreeState",
    "Until",
    "Usage",
    "Vote",
    "WithWorkspace",
    "Workspace",
    "__version__",
    "acompare",
    "acreate_agent",
    "ado",
    "aexport",
    "amap",
    "amap_rows",
    "aprice_rows",
    "arecord",
    "arun",
    "arun_flow",
    "arun_plan",
    "asearch",
    "compare",
    "connect",
    "create_agent",
    "do",
    "export",
    "load_plan",
    "map",
    "map_rows",
    "open",
    "price_rows",
    "record",
    "run",
    "run_flow",
    "run_plan",
    "search",
    "stream",
    "tool",
]

TESTING = [
    "DAYS",
    "Answer",
    "Behaviour",
    "Cut",
    "Day",
    "Deadlock",
    "Drip",
    "Garbage",
    "Hang",
    "Hold",
    "HttpError",
    "LoopbackProvider",
    "MakeScripted",
    "MemoryStore",
    "Mishap",
    "Received",
    "Refusal",
    "RepliesWith",
    "Rig",
    "RunVirtual",
    "Script",
    "ScriptedModel",
    "Simulated",
    "StartProvider",
    "VirtualLoop",
    "first",
    "make_answer",
    "open_rig",
    "run_virtual",
    "serve",
]


# Whose further arguments are those of the function, plan or flow that they are given.
GATHERING = {"values", "named"}


def test_editors_see_each_argument_of_a_public_function() -> None:
    named = {name: getattr(parallel_agents, name) for name in PUBLIC if name != "__version__"}
    functions: dict[str, Callable[..., object]] = {
        name: value
        for name, value in named.items()
        if inspect.isfunction(value) or (inspect.isclass(value) and is_dataclass(value))
    }
    for name, value in named.items():
        if inspect.isclass(value):
            functions |= {
                f"{name}.{method}": member
                for method, member in inspect.getmembers(value, inspect.isfunction)
                if not method.startswith("_") and member.__module__.startswith("parallel_agents")
            }

    gathered = {
        f"{name} **{parameter.name}"
        for name, function in functions.items()
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is inspect.Parameter.VAR_KEYWORD and parameter.name not in GATHERING
    }

    assert gathered == set()


def test_the_public_names_are_these() -> None:
    assert parallel_agents.__all__ == PUBLIC


def test_every_public_name_can_be_imported() -> None:
    module = importlib.import_module("parallel_agents")

    for name in PUBLIC:
        assert getattr(module, name) is not None


def test_the_names_for_tests_are_these() -> None:
    assert testing.__all__ == TESTING
    for name in TESTING:
        assert getattr(testing, name) is not None


@pytest.mark.parametrize("package", [parallel_agents, testing])
def test_type_checkers_see_the_names_that_programs_get(package: ModuleType) -> None:
    tree = ast.parse(Path(str(package.__file__)).read_text("utf-8"))

    seen = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("parallel_agents")
        for alias in node.names
    }

    assert seen == set(dir(package))


@pytest.mark.parametrize("package", [parallel_agents, testing])
def test_a_name_that_is_not_there_is_an_attribute_error(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing


def test_every_kind_of_event_can_be_imported() -> None:
    assert {kind.__name__ for kind in get_args(events.Body)} <= set(events.__all__)
