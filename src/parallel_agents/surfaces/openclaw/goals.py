"""Goals: the agent that plans for itself, spawned as in the guides, is the flow that plans and reaches a goal."""

from __future__ import annotations

from dataclasses import replace

from parallel_agents.app.client import App
from parallel_agents.catalog.catalog import BUILT_IN
from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import PagentsError
from parallel_agents.orchestration.request import DoRequest
from parallel_agents.orchestration.roster import ORCHESTRATOR
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.parameters import read_arguments
from parallel_agents.surfaces.openclaw.answers import Answer
from parallel_agents.surfaces.openclaw.outcomes import describe_error

_TAKEN = ("task", "agentId", "label", "model", "runTimeoutSeconds")


def is_goal(app: App, given: JsonObject) -> bool:
    """Whether the agent to be spawned is the one that plans for itself, and not one of the user's own."""
    try:
        named = read_arguments("sessions_spawn", given).raw("agentId")
    except Refusal:
        return False  # the tool refuses the call itself
    return named == ORCHESTRATOR and any(
        entry.name == ORCHESTRATOR and entry.file.is_relative_to(BUILT_IN)
        for entry in app.catalog.agents()
    )


async def pursue(app: App, given: JsonObject) -> Answer:
    """Start the flow `do` on a task; the answer is that of `sessions_spawn`.

    Nobody is asked whether the plan may run, as with any agent that spawns others.
    """
    try:
        request, label = _read(read_arguments("sessions_spawn", given))
        app.orchestrator.check_request(request)
        flow = replace(request.flow_task(), label=label)
        spawned = await app.sessions.spawn_flow(flow)
    except Refusal as refusal:
        return Answer(refusal.answer)
    except PagentsError as error:
        return Answer(status="error", error=describe_error(error), code=error.code)
    return Answer(
        status="accepted",
        childSessionKey=spawned.session_key,
        runId=spawned.run_id,
        label=flow.label or flow.name,
        mode="run",
        note="It plans, has its plan done, and ends with a report. Wait for it with "
        "helpers.poll_until_complete.",
    )


def _read(arguments: Arguments) -> tuple[DoRequest, str]:
    """The goal and its label.

    Raises:
        Refusal, InvalidInput: an argument is none of a goal, or has no such value.
    """
    for name in arguments.names:
        if name not in _TAKEN:
            raise Refusal(f"{ORCHESTRATOR} takes no {name}; it takes {', '.join(_TAKEN)}")
    request = DoRequest(
        goal=arguments.text("task"),
        model=arguments.text("model") or None,
        timeout=arguments.whole("runTimeoutSeconds") or None,
    )
    return request, arguments.text("label", most=512)
