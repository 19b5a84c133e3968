"""Helpers: agents with retries and a ladder of models, several at once, and their results.

A result is a dictionary: `success`, `status` (`pending`, `running`, `completed`, `failed`),
`output`, `error`, `model_used`, `childSessionKey`, `runId`, `attempts`, `skipped` and what the run
cost. Success is an accepted answer that says something. Nothing here sleeps: all wait for events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any, TypeAlias

from parallel_agents.app.client import App
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.store import Row
from parallel_agents.core.verbs import Until
from parallel_agents.errors import PagentsError
from parallel_agents.surfaces.openclaw import tools
from parallel_agents.surfaces.openclaw.agents import names_of, session_meant
from parallel_agents.surfaces.openclaw.answers import Answer, SessionList, as_json
from parallel_agents.surfaces.openclaw.attempts import Ladder, persevere_all, usable
from parallel_agents.surfaces.openclaw.live import live
from parallel_agents.surfaces.openclaw.outcomes import (
    error_words,
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
    """Run one agent until its answer is good; waits for it.

    Args:
        task: what to do, or the arguments of `sessions_spawn` as a dictionary.
        max_retries: further tries on each model.
        timeout_seconds: for each try, without its time in the queue; 0 is none.
        model: this one alone.
        use_hierarchy: go through `MODEL_HIERARCHY`; else the settings' model is used.
        **arguments: others of `sessions_spawn`.
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
    """The same for several tasks side by side; the results are in the order of the tasks."""
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

    Models whose key is missing are skipped; where all are, the settings' model is used. Both are
    said, and are in `skipped`.
    """
    return _persevere([{**arguments, **_task(task)}], models, 1, timeout_seconds)[0]


def parallel_spawn(
    tasks: Iterable[str | Mapping[str, object]], **arguments: object
) -> list[Answer]:
    """Start several agents and return at once: what `sessions_spawn` answered for each.

    Args:
        tasks: words, or a dictionary: `type` names an agent, or the kind of the work where no
            agent is called so; `task` says what to do, or `topic` what it is about; the
            arguments of `sessions_spawn` are taken as such.
        **arguments: of `sessions_spawn`, for all of them.
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
    """Wait until all of them are over, at most `timeout` seconds, and give the results in order.

    Args:
        agents: session keys, labels or run ids, or dictionaries with such a key in them, as
            `parallel_spawn`, `sessions_spawn` and `sessions_list` give them.
        timeout: None waits as long as it takes. What is not over by then is `pending` or
            `running`, and goes on.
    """
    given = _listed(agents)
    return live().do(lambda app: _collect(app, given, timeout))


def collect_agent_results(
    session_keys: Iterable[Named] | Named, timeout: float | None = 120
) -> list[dict[str, Any]]:
    """The same as `poll_until_complete`; a timeout of 0 gives what there is."""
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

    async def go_on(app: App) -> list[dict[str, Any]]:
        ladder = _ladder(app, models, tries)
        return await persevere_all(app, shared.requester, given, ladder)

    return shared.do(go_on)


def _models(model: str | None, *, use_hierarchy: bool) -> Sequence[str] | None:
    """Which ones: the one that was named, the hierarchy, or None for the settings' choice."""
    if model is not None:
        return (model,)
    return MODEL_HIERARCHY if use_hierarchy else None


def _ladder(app: App, models: Sequence[str] | None, tries: int) -> Ladder:
    if models is None or len(models) == 1:
        return Ladder(models=models or [None], tries=tries)
    return usable(app, models, tries)


async def _collect(
    app: App, agents: Sequence[Named], timeout: float | None
) -> list[dict[str, Any]]:
    found = [await _found(app, agent) for agent in agents]
    runs = [row.run.id for row in found if isinstance(row, Row)]
    try:
        over = await app.sessions.wait(runs, timeout=timeout)
    except TimeoutError:
        over = await app.sessions.wait(runs, until=Until.NOW)
    by_run = {result.run_id: outcome_of(result) for result in over}
    return [
        row if isinstance(row, dict) else by_run.get(row.run.id) or outcome_so_far(row)
        for row in found
    ]


def _listed(agents: Any) -> list[Named]:  # noqa: ANN401 - a mapping is iterable, too
    """One or several as a list."""
    if isinstance(agents, SessionList):
        return list(agents)
    return [agents] if isinstance(agents, str | Mapping) else list(agents)


async def _found(app: App, agent: Named) -> Row | dict[str, Any]:
    """The session that is meant, or the outcome of what is none."""
    if isinstance(agent, str):
        name = agent
    else:
        name = next((str(agent[key]) for key in _KEYS if agent.get(key)), "")
        if not name:
            return no_outcome(str(agent.get("error") or "no session key was given"))
    try:
        return await app.sessions.find(await session_meant(app, name))
    except PagentsError as error:
        return no_outcome(error_words(error) or "", key=name)


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
