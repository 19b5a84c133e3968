"""Team offers: the tools on teams, runs, costs and dead letters as an MCP client lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.surfaces.mcp.offers import READS, STARTS, offer

TEAMS, RUN, STATUS, COST, LETTERS = (
    "teams_list",
    "team_run",
    "run_status",
    "cost_report",
    "dead_letters",
)
_TEXT: JsonObject = {"type": "string"}
_WHOLE: JsonObject = {"type": "integer", "minimum": 0}


def _schema(*required: str, **properties: Json) -> JsonObject:
    schema: dict[str, Json] = {"type": "object", "properties": properties}
    schema["additionalProperties"] = False
    return {**schema, "required": list(required)} if required else schema


def _told(schema: JsonObject, description: str) -> JsonObject:
    return {**schema, "description": description}


SCHEMAS: Mapping[str, JsonObject] = {
    TEAMS: _schema(teamId=_told(_TEXT, "Describe this one in full, with its inputs")),
    RUN: _schema(
        "teamId",
        teamId=_told(_TEXT, "From teams_list"),
        input=_told({"type": "object"}, "Its inputs, by name"),
        model=_told(_TEXT, "provider/model"),
        budgetUsd={"type": "number", "exclusiveMinimum": 0},
        runTimeoutSeconds=_WHOLE,
    ),
    STATUS: _schema(
        "run",
        run=_told(_TEXT, "The runId, session key or label of a team or an agent"),
        timeoutSeconds=_told(_WHOLE, "Wait so long for its end, default 0"),
        offset=_told(_WHOLE, "The first task to show"),
    ),
    COST: _schema(run=_told(_TEXT, "Only this team or agent; by default all that you spawned")),
    LETTERS: _schema(
        action={"enum": ["list", "retry"]},
        runId=_told(_TEXT, "Of the failed task, to retry"),
    ),
}
_NAMES = ("runId", "sessionKey", "label", "session", "key", "id", "name")
# Other names of a parameter, by which nothing else can be meant.
ALIASES: Mapping[str, Mapping[str, str]] = {
    TEAMS: dict.fromkeys(("team", "id", "name"), "teamId"),
    RUN: {
        **dict.fromkeys(("team", "id", "name"), "teamId"),
        **dict.fromkeys(("timeout", "timeoutSeconds"), "runTimeoutSeconds"),
    },
    STATUS: {**dict.fromkeys(_NAMES, "run"), "timeout": "timeoutSeconds"},
    COST: dict.fromkeys(_NAMES, "run"),
    LETTERS: dict.fromkeys(("run", "id"), "runId"),
}
_WHAT = {
    TEAMS: ("List teams", "List the teams: agents that do one job together. team_run starts one."),
    RUN: ("Run a team", "Start a team on its inputs. Returns at once; run_status has its results."),
    STATUS: (
        "Show a run",
        "How far a team or an agent is: the state of each task, results, and what it cost.",
    ),
    COST: ("Show costs", "What agents cost, by agent, of all that you spawned or of one run."),
    LETTERS: ("List and retry failed tasks", "List tasks that failed for good, or retry one."),
}


def offered_teams() -> Sequence[JsonObject]:
    """The tools as a client lists them."""
    return [
        offer(name, title, text, SCHEMAS[name], STARTS if name in (RUN, LETTERS) else READS)
        for name, (title, text) in _WHAT.items()
    ]
