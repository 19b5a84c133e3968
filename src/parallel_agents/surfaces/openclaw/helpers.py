"""Helpers: run agents with retries and a ladder of models, several at once, and get their results.

A result is a dictionary: `success`, `status` (`pending`, `running`, `completed`, `failed`),
`output`, `error`, `model_used`, `childSessionKey`, `runId`, `attempts`, `skipped` and the cost. An
accepted answer that is not empty is a success. Nothing here polls: everything waits for events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any, TypeAlias

from parallel_agents.app.client import App
from parallel_agents.core.row import Row
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.errors import PagentsError
from parallel_agents.session_tools.clients import of_clients
from parallel_agents.session_tools.context import Requester
from parallel_agents.surfaces.openclaw import tools
from parallel_agents.surfaces.openclaw.agents import names_of, session_meant
from parallel_agents.surfaces.openclaw.answers import Answer, SessionList, as_json
from parallel_agents.surfaces.openclaw.attempts import Ladder, persevere_all, usable
from parallel_agents.surfaces.openclaw.live import live
from parallel_agents.surfaces.openclaw.outcomes import (
    describe_error,
    no_outcome,
    outcome_of,
    outcome_so_far,
)

MODEL_HIERARCHY = (
    "anthropic/claude-haiku-4-5",
    "kimi-coding/k2p5",
    "anthropic/claude-opus-4-5",
)
Named: TypeAlias = str | Mapping[str, Any]
_KEYS = ("childSessionKey", "session_key", "sessionKey", "key")


def spawn_with_retry(
    task: str | Mapping[str, object],
    max_retries: int = 2,
    timeout_seconds: float = 120,
    *,
    model: str | None = None,
    use_hierarchy: bool = True,
    **arguments: object,
) -> dict[str, Any]:
    """Run an agent until its answer is good, and wait for it.

    Args:
        task: what to do, or the arguments of `sessions_spawn` as a dictionary.
        max_retries: further tries on each model.
        timeout_seconds: the time limit of each try, without its time in the queue; 0 is no limit.
        model: try only this model.
        use_hierarchy: try `MODEL_HIERARCHY`; else the settings' model.
        **arguments: other arguments of `sessions_spawn`.
    """
    asked = [{**arguments, **_task(task)}]
    models = _models(model, use_hierarchy=use_hierarchy)
    return _persevere(asked, models, max_retries + 1, timeout_seconds)[0]


def spawn_parallel_with_retry(
    tasks: Iterable[str | Mapping[str, object]],
    max_retries: int = 2,
    timeout_seconds: float = 120,
    *,
    model: str | None = None,
    use_hierarchy: bool = True,
    **arguments: object,
) -> list[dict[str, Any]]:
    """Run several tasks as `spawn_with_retry` does, in parallel; the results are in task order."""
    asked = [{**arguments, **_task(task)} for task in tasks]
    models = _models(model, use_hierarchy=use_hierarchy)
    return _persevere(asked, models, max_retries + 1, timeout_seconds)


def spawn_with_model_hierarchy(
    task: str | Mapping[str, object],
    models: Sequence[str] = MODEL_HIERARCHY,
    timeout_seconds: float = 120,
    **arguments: object,
) -> dict[str, Any]:
    """Try each model once, in order, until an answer is good.

    Models whose key is missing are skipped; if all are, the settings' model is used. Both are
    printed, and listed in `skipped`.
    """
    return _persevere([{**arguments, **_task(task)}], models, 1, timeout_seconds)[0]


def parallel_spawn(
    tasks: Iterable[str | Mapping[str, object]], **arguments: object
) -> list[Answer]:
    """Start several agents; return at once what `sessions_spawn` returned for each.

    Args:
        tasks: texts, or dictionaries: `type` is an agent's name, or else the kind of work; `task`
            is what to do, or `topic` what it is about; other keys are arguments of
            `sessions_spawn`.
        **arguments: arguments of `sessions_spawn` for all agents.
    """
    shared = live()

    async def start(app: App) -> list[Answer]:
        names = names_of(app)
        asked = [{**_json(arguments), **_item(task, names)} for task in tasks]
        return [await tools.spawn(app, shared.requester, given) for given in asked]

    return shared.do(start)


def poll_until_complete(
    agents: Iterable[Named] | Named, timeout: float | None = 120
) -> list[dict[str, Any]]:
    """Wait until all agents have ended, for at most `timeout` seconds; return results in order.

    If those that are left wait for a person's answer, it returns at once, and their `error` says so.

    Args:
        agents: session keys, labels or run ids, or dictionaries that contain a key, such as the
            answers of `parallel_spawn`, `sessions_spawn` and `sessions_list`.
        timeout: None waits as long as it takes. An agent that has not ended by then is `pending`
            or `running`, and continues.
    """
    given, shared = _listed(agents), live()
    return shared.do(lambda app: _collect(app, shared.requester, given, timeout))


def collect_agent_results(
    session_keys: Iterable[Named] | Named, timeout: float | None = 120
) -> list[dict[str, Any]]:
    """Do what `poll_until_complete` does; a timeout of 0 returns what there is."""
    return poll_until_complete(session_keys, timeout)


def _persevere(
    asked: Sequence[Mapping[str, object]],
    models: Sequence[str] | None,
    tries: int,
    timeout_seconds: float,
) -> list[dict[str, Any]]:
    seconds: dict[str, Json] = {"runTimeoutSeconds": ceil(timeout_seconds)}
    given = [{**seconds, **_json(arguments)} for arguments in asked]
    shared = live()

    async def run_all(app: App) -> list[dict[str, Any]]:
        ladder = _ladder(app, models, tries)
        return await persevere_all(app, shared.requester, given, ladder)

    return shared.do(run_all)


def _models(model: str | None, *, use_hierarchy: bool) -> Sequence[str] | None:
    """The model that was named, the hierarchy, or None for the settings' choice."""
    if model is not None:
        return (model,)
    return MODEL_HIERARCHY if use_hierarchy else None


def _ladder(app: App, models: Sequence[str] | None, tries: int) -> Ladder:
    if models is None or len(models) == 1:
        return Ladder(models=models or [None], tries=tries)
    return usable(app, models, tries)


async def _collect(
    app: App, requester: Requester, agents: Sequence[Named], timeout: float | None
) -> list[dict[str, Any]]:
    found = [await _found(app, requester, agent) for agent in agents]
    runs = [row.run.id for row in found if isinstance(row, Row)]
    over = await app.session_tools.settle(runs, requester, seconds=timeout)
    by_run = {result.run_id: outcome_of(result) for result in over}
    left = await app.sessions.rows_of([run for run in runs if run not in by_run])
    needs = await app.session_tools.needs(left)
    for row in left:
        asks = str(needs.get(row.run.id, {}).get("asks", ""))
        by_run[row.run.id] = outcome_so_far(row, asks)
    return [row if isinstance(row, dict) else by_run[row.run.id] for row in found]


def _listed(agents: Any) -> list[Named]:  # noqa: ANN401 - a mapping is iterable, too
    """One item or several, as a list."""
    if isinstance(agents, SessionList):
        return list(agents)
    return [agents] if isinstance(agents, str | Mapping) else list(agents)


async def _found(app: App, requester: Requester, agent: Named) -> Row | dict[str, Any]:
    """The session that is meant, or an outcome that says why there is none."""
    if isinstance(agent, str):
        name = agent
    else:
        name = next((str(agent[key]) for key in _KEYS if agent.get(key)), "")
        if not name:
            return no_outcome(str(agent.get("error") or "no session key was given"))
    try:
        row = await app.sessions.find(await session_meant(app, name, requester.client))
    except PagentsError as error:
        return no_outcome(describe_error(error) or "", key=name)
    if requester.client and not await of_clients(app.sessions, [row]):
        return no_outcome(requester.face.not_reached(row.session.label), key=name)
    return row


def _task(task: str | Mapping[str, object]) -> Mapping[str, object]:
    return {"task": task} if isinstance(task, str) else task


def _json(arguments: Mapping[str, object]) -> dict[str, Json]:
    return {name: as_json(value) for name, value in arguments.items()}


def _item(task: str | Mapping[str, object], names: Sequence[str]) -> JsonObject:
    """The arguments of a spawn for an item of `parallel_spawn`."""
    given = _json(_task(task))
    kind = given.pop("type", None)
    topic = given.pop("topic", None)
    if kind in names:
        given["agentId"] = kind
        kind = None
    if topic is not None:
        work = str(kind or "work on").capitalize()
        given.setdefault("task", f"{work}: {topic}")
    return given
