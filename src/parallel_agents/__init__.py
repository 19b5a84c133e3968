"""Parallel Agents: run teams of AI agents in parallel and get every result back."""

from __future__ import annotations

from importlib import import_module

from parallel_agents._version import __version__

# Type checkers take it for true; `typing` itself would be looked for in the current folder first.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from parallel_agents.api.comparing import acompare, compare
    from parallel_agents.api.connected_sessions import ConnectedSessions
    from parallel_agents.api.connecting import connect
    from parallel_agents.api.creating import acreate_agent, create_agent
    from parallel_agents.api.doing import ado, do
    from parallel_agents.api.exporting import aexport, export
    from parallel_agents.api.flows import arun_flow, run_flow
    from parallel_agents.api.map_prices import aprice_rows, price_rows
    from parallel_agents.api.mapping import amap, map
    from parallel_agents.api.maps import amap_rows, map_rows
    from parallel_agents.api.opening import open
    from parallel_agents.api.plans import arun_plan, load_plan, run_plan
    from parallel_agents.api.records import Record, arecord, record
    from parallel_agents.api.running import arun, run
    from parallel_agents.api.searching import asearch, search
    from parallel_agents.api.streaming import Stream, stream
    from parallel_agents.app.map_price import MapPrice
    from parallel_agents.app.open_sessions import OpenSessions
    from parallel_agents.comparing.comparison import Comparison
    from parallel_agents.core.agent import Agent, Need, Start, ThinkingLevel
    from parallel_agents.core.artifact import Artifact
    from parallel_agents.core.budget import Budget, OnLimit
    from parallel_agents.core.dead_letter import DeadLetter, DeadLetterFilter
    from parallel_agents.core.event import Event, SteerMode
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
    from parallel_agents.core.message import File, Message, Role, Text, ToolCall, ToolResult
    from parallel_agents.core.model import (
        Capabilities,
        Finish,
        Listener,
        Model,
        ModelReply,
        ModelRequest,
    )
    from parallel_agents.core.on_stuck import OnStuck
    from parallel_agents.core.permission import Permissions
    from parallel_agents.core.plan import Loop, Plan, RunIf, Step, StepStatus
    from parallel_agents.core.policy import Policy
    from parallel_agents.core.question import OpenQuestion, QuestionKind
    from parallel_agents.core.resolving import Resolver
    from parallel_agents.core.run import Failure, Result, RunStatus
    from parallel_agents.core.sandbox import Sandbox
    from parallel_agents.core.session import Cleanup, Mode, SessionOptions
    from parallel_agents.core.shared_state import Removal, StateEntry, StateWritten
    from parallel_agents.core.store import Filter
    from parallel_agents.core.store_care import Retention
    from parallel_agents.core.task import OnFailure, Task, TeamTask
    from parallel_agents.core.team_result import TeamResult
    from parallel_agents.core.tier import Tier
    from parallel_agents.core.tool import Effect, Tool, ToolContext, ToolError, ToolSpec
    from parallel_agents.core.transcript_search import Hit, Hits
    from parallel_agents.core.usage import Spend, Usage
    from parallel_agents.core.verbs import Until
    from parallel_agents.core.with_workspace import WithWorkspace
    from parallel_agents.core.workspace import Changes, Workspace
    from parallel_agents.creating.created import Created, CreateOptions
    from parallel_agents.errors import FlowChanged, PagentsError, StepFailed, StepUnknown
    from parallel_agents.flows.choosing import BestOf, Vote
    from parallel_agents.flows.flow import Flow
    from parallel_agents.flows.function import OnChange
    from parallel_agents.flows.gathered import Gathered
    from parallel_agents.flows.routing import HandOff
    from parallel_agents.maps.results import MapResult, MapRow
    from parallel_agents.sessions.batch import BatchResult, ItemResult
    from parallel_agents.sessions.handle import SessionHandle
    from parallel_agents.sessions.pool import Pool
    from parallel_agents.sessions.sharing import TreeArtifacts
    from parallel_agents.sessions.tree_state import TreeState
    from parallel_agents.tools.function import tool

__all__ = [
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

_HOMES = {
    "api.comparing": ("acompare", "compare"),
    "comparing.comparison": ("Comparison",),
    "api.doing": ("ado", "do"),
    "api.creating": ("acreate_agent", "create_agent"),
    "creating.created": ("CreateOptions", "Created"),
    "api.exporting": ("aexport", "export"),
    "api.flows": ("arun_flow", "run_flow"),
    "api.map_prices": ("aprice_rows", "price_rows"),
    "api.mapping": ("amap", "map"),
    "api.maps": ("amap_rows", "map_rows"),
    "app.map_price": ("MapPrice",),
    "api.connecting": ("connect",),
    "api.connected_sessions": ("ConnectedSessions",),
    "api.opening": ("open",),
    "api.plans": ("arun_plan", "load_plan", "run_plan"),
    "api.records": ("Record", "arecord", "record"),
    "api.running": ("arun", "run"),
    "api.searching": ("asearch", "search"),
    "api.streaming": ("Stream", "stream"),
    "core.agent": ("Agent", "Need", "Start", "ThinkingLevel"),
    "core.tier": ("Tier",),
    "core.artifact": ("Artifact",),
    "core.budget": ("Budget", "OnLimit"),
    "core.dead_letter": ("DeadLetter", "DeadLetterFilter"),
    "core.event": ("Event", "SteerMode"),
    "core.example": ("Example",),
    "core.gate": (
        "FunctionGate",
        "ConditionGate",
        "JudgeGate",
        "RegexGate",
        "CommandGate",
        "QuotesGate",
        "Refine",
        "ScoreGate",
        "SourcesGate",
    ),
    "core.limits": ("Limits",),
    "core.mcp_server": ("McpServer",),
    "core.message": ("File", "Message", "Role", "Text", "ToolCall", "ToolResult"),
    "core.model": ("Capabilities", "Finish", "Listener", "Model", "ModelReply", "ModelRequest"),
    "core.on_stuck": ("OnStuck",),
    "core.permission": ("Permissions",),
    "core.plan": ("Loop", "Plan", "RunIf", "Step", "StepStatus"),
    "core.policy": ("Policy",),
    "core.question": ("OpenQuestion", "QuestionKind"),
    "core.run": ("Failure", "Result", "RunStatus"),
    "core.team_result": ("TeamResult",),
    "core.sandbox": ("Sandbox",),
    "core.resolving": ("Resolver",),
    "core.session": ("Cleanup", "Mode", "SessionOptions"),
    "core.shared_state": ("Removal", "StateEntry", "StateWritten"),
    "core.store": ("Filter",),
    "core.store_care": ("Retention",),
    "core.task": ("OnFailure", "Task", "TeamTask"),
    "core.tool": ("Effect", "Tool", "ToolContext", "ToolError", "ToolSpec"),
    "core.transcript_search": ("Hit", "Hits"),
    "core.usage": ("Spend", "Usage"),
    "core.verbs": ("Until",),
    "core.with_workspace": ("WithWorkspace",),
    "core.workspace": ("Changes", "Workspace"),
    "errors": ("FlowChanged", "PagentsError", "StepFailed", "StepUnknown"),
    "flows.choosing": ("BestOf", "Vote"),
    "flows.flow": ("Flow",),
    "flows.function": ("OnChange",),
    "flows.gathered": ("Gathered",),
    "flows.routing": ("HandOff",),
    "maps.results": ("MapResult", "MapRow"),
    "sessions.batch": ("BatchResult", "ItemResult"),
    "sessions.handle": ("SessionHandle",),
    "app.open_sessions": ("OpenSessions",),
    "sessions.pool": ("Pool",),
    "sessions.sharing": ("TreeArtifacts",),
    "sessions.tree_state": ("TreeState",),
    "tools.function": ("tool",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # a checker would take any name for one that is there

    def __getattr__(name: str) -> object:
        """Load a public name when it is first used: importing the package itself does nothing."""
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}{_meant(name)}")
        value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
        globals()[name] = value
        return value


def _meant(name: str) -> str:
    """The end of the error for an unknown name, with the known ones that are most like it."""
    if name.startswith("_"):  # asked by inspection, which only needs to know that it is not there
        return ""
    with_it = [known for known in __all__ if name.casefold() in known.casefold()]
    near = with_it or [import_module(f"{__name__}.core.spelling").closest(name, __all__)]
    if not near[0]:
        return "; `pagents docs python` shows what there is"
    return f"; did you mean {' or '.join(near)}?"


def __dir__() -> list[str]:
    return __all__
