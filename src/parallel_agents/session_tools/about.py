"""`agents_list` and `session_status`: whom there is to spawn, and how a session stands."""

from __future__ import annotations

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.errors import PagentsError
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Backing, Requester
from parallel_agents.session_tools.results import STATUS_NAMES

_DESCRIPTION = 90


async def list_agents(backing: Backing, requester: Requester, arguments: Arguments) -> JsonObject:
    """The agents that the requester may spawn, with what each is for."""
    del arguments
    own = await backing.row_of(requester)
    policy = None if own is None else own.session.agent.policy
    agents: list[Json] = []
    for agent in backing.directory.agents():
        if policy is not None and not policy.allows(agent.name):
            continue
        try:
            model = backing.directory.choose(agent, own.run.model if own else None).model
        except PagentsError:
            model = ""  # what stands in the way of it is said when it is spawned
        agents.append(
            {
                "id": agent.name,
                "name": agent.name,
                "description": agent.description[:_DESCRIPTION],
                "configured": True,
                "model": model,
                "agentRuntime": {"id": "parallel_agents", "source": "default"},
            }
        )
    requested_by = own.session.agent.name if own else backing.default_agent
    return {
        "requester": requested_by,
        "allowAny": policy is None or "*" in policy.spawns,
        "agents": agents,
    }


async def show_status(backing: Backing, requester: Requester, arguments: Arguments) -> JsonObject:
    """How a session stands, in fields and in a line; without a key, the requester's own."""
    if arguments.text("model"):
        raise Refusal(
            "session_status can not change a session's model; spawn a session with model instead"
        )
    key = arguments.text("sessionKey") or requester.session
    if not key:
        raise Refusal("sessionKey required: who calls is no session")
    row = await backing.find(key, requester)
    run, spend = row.run, row.run.spend
    status = STATUS_NAMES[run.status]
    cost = "cost unknown" if spend.cost_usd is None else f"${spend.cost_usd:.4f}"
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
