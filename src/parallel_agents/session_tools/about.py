"""`agents_list` and `session_status`: the agents that can be spawned, and the state of a session."""

from __future__ import annotations

from parallel_agents.core.cutting import head
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.errors import PagentsError
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Call
from parallel_agents.session_tools.results import STATUS_NAMES

_MAX_DESCRIPTION = 90
_RUNTIME: JsonObject = {"id": "parallel_agents", "source": "default"}


async def list_agents(call: Call, arguments: Arguments) -> JsonObject:
    """The agents that the requester is allowed to spawn, with their purpose."""
    del arguments
    own = await call.find_requester()
    policy = None if own is None else own.session.agent.policy
    agents: list[Json] = []
    for agent in call.directory.agents():
        if policy is not None and not policy.allows(agent.name):
            continue
        try:
            model = call.directory.choose(agent, own.run.model if own else None).model
        except PagentsError:
            model = ""  # spawning the agent reports why it has none
        agents.append(
            {
                "id": agent.name,
                "name": agent.name,
                "description": head(agent.description, _MAX_DESCRIPTION),
                "configured": True,
                "model": model,
                "agentRuntime": _RUNTIME,
            }
        )
    return {
        "requester": own.session.agent.name if own else call.settings.default_agent,
        "allowAny": policy is None or "*" in policy.spawns,
        "agents": agents,
    }


async def show_status(call: Call, arguments: Arguments) -> JsonObject:
    """A session's state in fields and in one line; without a key, the requester's own."""
    if arguments.text("model"):
        raise Refusal(
            "session_status cannot change a session's model; spawn a session with model instead"
        )
    key = arguments.text("sessionKey") or call.requester.session
    if not key:
        raise Refusal("sessionKey required: the caller is not a session")
    row = await call.find(key)
    run, spend = row.run, row.run.spend
    status = STATUS_NAMES[run.status]
    cost = "cost unknown" if spend.cost_usd is None else f"${spend.cost_usd:.4f}"
    cost += f" and ${spend.simulated_usd:.4f} simulated" if spend.simulated_nanousd else ""
    tokens = spend.usage.total_tokens
    return {
        "ok": True,
        "sessionKey": row.session.key,
        "agentId": row.session.agent.name,
        "changedModel": False,
        "stateVersion": run.number,
        "status": status,
        "model": run.model,
        "statusText": f"{row.session.label}: {status} on {run.model}, run {run.number}, "
        f"{spend.calls} model calls, {tokens} tokens, {cost}",
    }
