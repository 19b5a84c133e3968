"""About: what the server says of itself, the same over stdio and HTTP."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import PagentsError
from parallel_agents.session_tools.wording import for_models
from parallel_agents.surfaces.mcp.client import Client
from parallel_agents.surfaces.mcp.offers import offered
from parallel_agents.surfaces.mcp.team_offers import offered_teams

NAME = "parallel-agents"
TITLE = "Parallel Agents"
INSTRUCTIONS = (
    "Run AI agents in parallel. sessions_spawn starts one and returns at once with its runId and "
    "childSessionKey; spawn all that you need, then get their results with agents_wait. "
    "agents_list lists the agents to spawn; subagents lists, steers and kills what you spawned. "
    "team_run starts a team of them on one job, and run_status says how far it is."
)

STOPPED: JsonObject = {
    "status": "error",
    "error": "The server is stopping. Spawned sessions continue, and keep their keys and labels.",
}


def listed(client: Client) -> JsonObject:
    """The result of `tools/list` for this client."""
    return {"tools": list(offers_of(client).values())}


def offers_of(client: Client) -> dict[str, JsonObject]:
    """The tools of this client, by their names."""
    teams = () if client.is_session else offered_teams()
    questions: Sequence[JsonObject] = ()
    if client.allow_answers:
        # Few servers offer them, and they load what a start can do without.
        from parallel_agents.surfaces.mcp.questions import offered_questions  # noqa: PLC0415 - heavy

        questions = offered_questions()
    return {str(each["name"]): each for each in (*offered(), *teams, *questions)}


def result_of(answer: JsonObject) -> JsonObject:
    """An answer as the result of `tools/call`: as text for models, and as the same object for programs.

    A refusal is text alone: clients check the object against the schema of what the tool answers.
    """
    is_error = answer.get("status") in ("error", "forbidden")
    result: JsonObject = {
        "content": [{"type": "text", "text": orjson.dumps(answer).decode()}],
        "isError": is_error,
    }
    return result if is_error else {**result, "structuredContent": answer}


def refused(error: PagentsError) -> JsonObject:
    """The answer to a call that failed so."""
    return {**error_of(for_models(error.in_a_sentence)), "code": error.code}


def error_of(text: str) -> JsonObject:
    """The answer to a call that failed for this reason."""
    return {"status": "error", "error": text}
