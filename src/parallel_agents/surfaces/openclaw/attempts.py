"""Attempts: try a task until its answer is good, on one model after the other, cheapest first.

An answer is good if it was accepted and is not empty. A failure that another try cannot repair, such
as a refused key, moves on to the next model at once; a killed run is not tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from parallel_agents.app.client import App
from parallel_agents.app.farewell import say
from parallel_agents.core.ids import RunId
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.errors import (
    AccessDenied,
    AuthFailed,
    CertificateRefused,
    ContextTooLong,
    CreditExhausted,
    ModelNotFound,
    PagentsError,
    ProxyRefused,
    QuotaExhausted,
    RegionBlocked,
    RequestRejected,
    UnknownModel,
)
from parallel_agents.session_tools.context import Requester
from parallel_agents.surfaces.openclaw.outcomes import describe_error, no_outcome, outcome_of
from parallel_agents.surfaces.openclaw.tools import spawn

_NOT_WORTH_ANOTHER_TRY = frozenset(
    kind.code
    for kind in (
        AccessDenied,
        AuthFailed,
        CertificateRefused,
        ContextTooLong,
        CreditExhausted,
        ModelNotFound,
        ProxyRefused,
        QuotaExhausted,
        RegionBlocked,
        RequestRejected,
        UnknownModel,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The models of a task, in order, and how often each is tried.

    Attributes:
        models: names; None is the settings' choice.
        skipped: models that are not tried, each with the reason.
    """

    models: Sequence[str | None]
    tries: int = 1
    skipped: Sequence[Mapping[str, str]] = field(default_factory=tuple[Mapping[str, str], ...])


def usable(app: App, models: Sequence[str], tries: int) -> Ladder:
    """The models for which this machine has a key; else the settings' model."""
    skipped: list[Mapping[str, str]] = []
    found: list[str | None] = []
    for name in models:
        try:
            app.models.get(name)
        except PagentsError as error:
            skipped.append({"model": name, "reason": describe_error(error) or ""})
        else:
            found.append(name)
    if skipped:
        rest = "the others are tried" if found else "the settings' model is used"
        say(f"skipped {', '.join(s['model'] for s in skipped)}: no key is set; {rest}")
    return Ladder(models=found or [None], tries=tries, skipped=skipped)


async def persevere_all(
    app: App, requester: Requester, asked: Sequence[JsonObject], ladder: Ladder
) -> list[dict[str, Any]]:
    """The outcome of each task, in order; the tasks run in parallel."""
    slots = await child_slots(app, requester)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_persevere(app, requester, arguments, ladder, slots))
            for arguments in asked
        ]
    return [task.result() for task in tasks]


async def child_slots(app: App, requester: Requester) -> AbstractAsyncContextManager[object]:
    """A semaphore that limits a session's children; callers outside any session have no limit.

    It guards nothing but their number: further tasks wait in this process until one has ended.
    """
    if requester.session is None:
        return nullcontext()
    most = (await app.sessions.find(requester.session)).session.agent.policy.max_children
    return nullcontext() if most is None else asyncio.Semaphore(most)


async def _persevere(
    app: App,
    requester: Requester,
    arguments: JsonObject,
    ladder: Ladder,
    slots: AbstractAsyncContextManager[object],
) -> dict[str, Any]:
    outcome: dict[str, Any] = no_outcome("there is no model to try")
    attempts = 0
    for model in ladder.models:
        for _ in range(ladder.tries):
            request: dict[str, Json] = dict(arguments)
            if model is not None:
                request["model"] = model
            attempts += 1
            async with slots:
                answer = await spawn(app, requester, request)
                if answer["status"] != "accepted":
                    return _with_history(no_outcome(str(answer["error"])), answer, attempts, ladder)
                (result,) = await app.sessions.wait([RunId(answer["runId"])])
            outcome = _with_history(outcome_of(result), answer, attempts, ladder)
            if outcome["success"] or result.status is RunStatus.KILLED:
                return outcome
            if not _is_worth_another_try(result):
                break
    return outcome


def _with_history(
    outcome: dict[str, Any], answer: Mapping[str, Any], attempts: int, ladder: Ladder
) -> dict[str, Any]:
    """The outcome, with what the spawn returned and the attempts that led to it."""
    return {**answer, **outcome, "attempts": attempts, "skipped": list(ladder.skipped)}


def _is_worth_another_try(result: Result) -> bool:
    return result.error is None or result.error.code not in _NOT_WORTH_ANOTHER_TRY
