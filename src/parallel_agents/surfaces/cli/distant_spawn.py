"""Distant spawn: what `pagents spawn` and `pagents send` do at a gateway instead of in this machine's home."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from parallel_agents.app.distant import Distant
from parallel_agents.core.row import Row
from parallel_agents.core.task import AnyTask
from parallel_agents.core.usage import SIMULATED_NOTICE
from parallel_agents.core.verbs import Spawned
from parallel_agents.models.simulated import days
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.given_files import Given
from parallel_agents.surfaces.cli.inputs import read_inputs, with_files

FillAtDistance: TypeAlias = Callable[[Distant], Coroutine[None, None, AnyTask]]


async def spawned_there(filled: FillAtDistance, distant: Distant) -> Spawned:
    """Spawn the task that was filled at the gateway."""
    return await distant.sessions.spawn(await filled(distant))


def fill_at_distance(
    base: AnyTask,
    inputs: list[str] | None,
    files: Given,
    tags: Sequence[str] | None,
) -> FillAtDistance:
    """What makes the task with the inputs that its agent takes, as the gateway knows it."""

    async def fill(distant: Distant) -> AnyTask:
        schema = await distant.sessions.input_schema(base.agent_name)
        values, rest = with_files(read_inputs(inputs, schema), schema, files)
        return replace(
            base,
            text=base.text + rest.added,
            input=values,
            files=rest.shown,
            tags=tuple(tags or ()),
        )

    return fill


def warn_of_members(members: Iterable[Row]) -> None:
    """Warn of each simulated model that the tasks of a team use."""
    for model in sorted({member.run.model for member in members}):
        warn_at_distance(model)


def warn_at_distance(model: str) -> None:
    """Warn that the answers are made up, if the model is a simulation."""
    if model.partition("/")[0] == days.PROVIDER:
        render.note(f"▲ {model} is {SIMULATED_NOTICE}.", "bold red")
