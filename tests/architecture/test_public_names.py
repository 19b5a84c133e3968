"""The public surface: sorted, pinned, and really there."""

from __future__ import annotations

import importlib

import parallel_agents
from parallel_agents import testing

PUBLIC = [
    "Agent",
    "Capabilities",
    "Effect",
    "Event",
    "Failure",
    "Filter",
    "Finish",
    "Limits",
    "Listener",
    "Message",
    "Model",
    "ModelReply",
    "ModelRequest",
    "Need",
    "OpenSessions",
    "PagentsError",
    "Result",
    "Role",
    "RunStatus",
    "SessionHandle",
    "Spend",
    "SteerMode",
    "Task",
    "TeamResult",
    "TeamTask",
    "Text",
    "Tier",
    "Tool",
    "ToolCall",
    "ToolContext",
    "ToolResult",
    "ToolSpec",
    "Usage",
    "__version__",
    "arun",
    "open",
    "run",
    "tool",
]


def test_the_public_names_are_these() -> None:
    assert parallel_agents.__all__ == PUBLIC


def test_every_public_name_can_be_imported() -> None:
    module = importlib.import_module("parallel_agents")

    for name in PUBLIC:
        assert getattr(module, name) is not None


def test_the_names_for_tests_are_sorted_and_there() -> None:
    assert list(testing.__all__) == sorted(testing.__all__)
    for name in testing.__all__:
        assert getattr(testing, name) is not None
