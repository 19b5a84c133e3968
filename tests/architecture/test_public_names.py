"""The public surface: sorted, pinned, and really there."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from types import ModuleType

import pytest

import parallel_agents
from parallel_agents import testing

PUBLIC = [
    "Agent",
    "Artifact",
    "BatchResult",
    "Budget",
    "Capabilities",
    "Changes",
    "Cleanup",
    "CommandGate",
    "ConditionGate",
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
    "ItemResult",
    "JudgeGate",
    "Limits",
    "Listener",
    "Loop",
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
    "QuotesGate",
    "Refine",
    "RegexGate",
    "Removal",
    "Result",
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
    "WithWorkspace",
    "Workspace",
    "__version__",
    "acreate_agent",
    "ado",
    "amap_rows",
    "arun",
    "arun_flow",
    "arun_plan",
    "create_agent",
    "do",
    "load_plan",
    "map_rows",
    "open",
    "run",
    "run_flow",
    "run_plan",
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
    "MemoryStore",
    "Mishap",
    "Received",
    "Refusal",
    "RepliesWith",
    "Rig",
    "Script",
    "ScriptedModel",
    "Simulated",
    "VirtualLoop",
    "first",
    "make_answer",
    "open_rig",
    "run_virtual",
    "serve",
]


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
