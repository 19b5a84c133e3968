"""Typed: results whose outputs are instances of their agents' output types.

What is stored is JSON, and so is what runs, tools and interfaces read. A program that has the type
gets instances, which are made when it takes a result, even of answers that an earlier process got.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from parallel_agents.containment.calls import caught, describe, unpack
from parallel_agents.core.cutting import head
from parallel_agents.core.ids import RunId
from parallel_agents.core.output_type import Misfit, OutputType
from parallel_agents.core.run import Failure, Result, Typed
from parallel_agents.core.schema import Json
from parallel_agents.core.task import Task
from parallel_agents.core.team_result import TeamResult
from parallel_agents.core.unicode import canonical
from parallel_agents.core.verbs import SessionReads
from parallel_agents.errors import NoOutput

T = TypeVar("T")
_MOST_CAUSE = 500


def typed(result: Result, kind: OutputType[T] | None) -> Result[T]:
    """The result with its answer as an instance of the type."""
    answer = None if kind is None else typed_answer(result.output_json, kind, result)
    return replace(cast("Result[Any]", result), _typed=answer)


def typed_answer(answer: Json, kind: OutputType[T], result: Result) -> Typed[T]:
    """An answer as an instance of the type, or why it is not one, as `result` says of its run."""
    made = caught(lambda: kind.instance(answer, result.text))
    try:
        return Typed(unpack(made))
    except Misfit as misfit:
        problem = str(misfit)
    except Exception as error:  # noqa: BLE001 - a validator is code of others
        problem = f"it raised {describe(error)}"
    if not result.is_done:
        return Typed(missing=_not_done(result))
    lost = NoOutput(
        f"the answer of {result.label} does not fit {kind.name}",
        why=problem,
        hint="read it from output_json; spawn the task under another key to have it answered again",
    )
    return Typed(missing=Failure.of(lost))


def _not_done(result: Result) -> Failure:
    error = result.error
    cause = f": {head(error.why, _MOST_CAUSE)}" if error and error.why else ""
    remedy = f"{head(error.hint, _MOST_CAUSE).rstrip('.')}; " if error and error.hint else ""
    written = "; what the agent wrote is in text" if result.text else ""
    unanswered = NoOutput(
        f"{result.label} has no output: its run ended as {result.status}",
        why=f"{error.code} {error.message}{cause}" if error else "",
        hint=f"{remedy}check is_done first{written}",
    )
    return Failure.of(unanswered)


async def typed_team(
    sessions: SessionReads, tasks: Mapping[str, Task[T]], team: TeamResult
) -> TeamResult[T]:
    """The team's result with the answers as instances of the types of its tasks' agents.

    Args:
        sessions: the verbs.
        tasks: the tasks, by their keys.
        team: the result, as it is stored.
    """
    untyped = cast("TeamResult[T]", team)
    if all(task.output_type is None for task in tasks.values()):
        return untyped
    kinds = {canonical(key): task.output_type for key, task in tasks.items()}
    rows = await sessions.rows_of([result.run_id for result in team.results])
    results = [
        typed(result, kinds.get(row.session.spawn_key))
        for result, row in zip(team.results, rows, strict=True)
    ]
    return replace(untyped, results=tuple(results))


def typed_all(
    results: Sequence[Result], kinds: Mapping[RunId, OutputType[T] | None]
) -> list[Result[T]]:
    """Results with their answers as instances of the types, by the ids of their runs."""
    return [typed(result, kinds[result.run_id]) for result in results]
