"""`agents_list` and `session_status`: the agents that can be spawned, and the state of a session."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson

from parallel_agents.core.agent import Agent
from parallel_agents.core.cutting import head
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.spelling import meant
from parallel_agents.core.usage import Spend
from parallel_agents.errors import PagentsError
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Call
from parallel_agents.session_tools.results import STATUS_NAMES
from parallel_agents.session_tools.rows import sums_of
from parallel_agents.session_tools.waiting import NEEDS_PERSON

_RUNTIME: JsonObject = {"id": "parallel_agents", "source": "default"}
_MAX_CHARACTERS = 3000  # of the list; a model reads it before it spawns anything
_LEAST_DESCRIPTION = 12
_MAX_BYTES = 24 * 1024  # of agents in full
_MORE = 'with "search" in names and purposes, or "agentId", each is described in full'


async def list_agents(call: Call, arguments: Arguments) -> JsonObject:
    """The agents that the requester is allowed to spawn; those that are asked for in full."""
    own = await call.find_requester()
    policy = None if own is None else own.session.agent.policy
    known = await asyncio.to_thread(call.directory.agents)
    allowed = [agent for agent in known if policy is None or policy.allows(agent.name)]
    asked, searched = arguments.name("agentId"), arguments.name("search").lower()
    chosen = [
        agent
        for agent in allowed
        if asked in ("", agent.name) and searched in f"{agent.name} {agent.description}".lower()
    ]
    answer: dict[str, Json] = {
        "requester": own.session.agent.name if own else call.settings.default_agent,
        "allowAny": policy is None or "*" in policy.spawns,
    }
    if asked and not chosen:
        listed = "agents_list without it lists all."
        hint = meant(asked, [agent.name for agent in allowed], listed)
        raise Refusal(f'Agent "{head(asked, 80)}" not found. {hint}')
    if asked or searched:
        model = own.run.model if own else None
        each = [_in_full(call, agent, model) for agent in chosen]
        return {**answer, **_page(each, arguments.whole("offset") or 0)}
    return {**answer, **_brief(chosen, _MAX_CHARACTERS - len(orjson.dumps(answer)))}


def _in_full(call: Call, agent: Agent, parents_model: str | None) -> JsonObject:
    try:
        model = call.directory.choose(agent, parents_model).model
    except PagentsError:
        model = ""  # spawning the agent reports why it has none
    return {
        "id": agent.name,
        "name": agent.name,
        "description": agent.description,
        "configured": True,
        "model": model,
        "agentRuntime": _RUNTIME,
        **({"inputs": agent.input_schema} if agent.input_schema else {}),
        **({"outputs": agent.output_schema} if agent.output_schema else {}),
    }


def _page(agents: Sequence[JsonObject], offset: int) -> JsonObject:
    """As many of these as an answer holds, and at least one."""
    shown: list[Json] = []
    left = _MAX_BYTES
    for agent in agents[offset:]:
        left -= len(orjson.dumps(agent))
        if left < 0 and shown:
            return {"agents": shown, "hasMore": True, "nextOffset": offset + len(shown)}
        shown.append(agent)
    return {"agents": shown}


def _brief(agents: Sequence[Agent], characters: int) -> JsonObject:
    """All of these by name, with as much of the purpose of each as fits, which may be nothing."""
    answer: dict[str, Json] = {"agents": [], "total": len(agents), "more": _MORE}
    names = [len(f'{{"id":"{agent.name}"}},') for agent in agents]
    left = characters - len(orjson.dumps(answer)) - sum(names)
    each = left // max(len(agents), 1) - len(',"description":""')
    if left < 0:
        while names and left < 0:
            left += names.pop()
        answer["hasMore"] = True
    answer["agents"] = [_named(agent, each) for agent in agents[: len(names)]]
    return answer


def _named(agent: Agent, characters: int) -> JsonObject:
    if characters < _LEAST_DESCRIPTION:
        return {"id": agent.name}
    # A character that JSON writes as several bytes counts as those.
    described = agent.description.encode()[:characters].decode("utf-8", "ignore")
    is_cut = described != agent.description
    return {"id": agent.name, "description": f"{described[:-3]}..." if is_cut else described}


async def show_status(call: Call, arguments: Arguments) -> JsonObject:
    """A session's state in fields and in one line; without a key, the requester's own."""
    if arguments.text("model"):
        raise Refusal(
            "session_status cannot change a session's model; spawn a session with model instead"
        )
    key = arguments.name("sessionKey") or call.requester.session
    if not key:
        raise Refusal("sessionKey required: the caller is not a session")
    row = await call.find(key)
    run, spent = row.run, await call.records.spent(row.session.key)
    status = STATUS_NAMES[run.status]
    waits = call.waits_for(row)
    needs = (await call.records.needs([row])).get(run.id, {})
    why = f", waits: {waits['waitsFor']}" if waits else ""
    why += f", {needs['asks']}" if needs else ""
    last = f"; its last run: {_used(run.spend)}" if run.number > 1 else ""
    return {
        "ok": True,
        "sessionKey": row.session.key,
        "agentId": row.session.agent.name,
        "changedModel": False,
        "stateVersion": run.number,
        "status": status,
        "model": run.model,
        **sums_of(run, spent),
        "statusText": f"{row.session.label}: {status} on {run.model}, run {run.number}, "
        f"{_used(spent)}{why}{last}",
        **waits,
        **needs,
        **({"note": NEEDS_PERSON} if needs else {}),
    }


def _used(spend: Spend) -> str:
    cost = "cost unknown" if spend.cost_usd is None else f"${spend.cost_usd:.4f}"
    cost += f" and ${spend.simulated_usd:.4f} simulated" if spend.simulated_nanousd else ""
    return f"{spend.calls} model calls, {spend.usage.total_tokens} tokens, {cost}"
