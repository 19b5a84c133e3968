"""Distant spawn: what `pagents spawn` and `pagents send` do at a gateway instead of in this machine's home."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace

from parallel_agents.app.acting import Acting
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.task import AnyTask
from parallel_agents.core.usage import SIMULATED_NOTICE
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import NotAtDistance
from parallel_agents.models.simulated import days
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.given_files import Given
from parallel_agents.surfaces.cli.inputs import read_inputs, with_files


def fill_at_distance(
    base: AnyTask,
    inputs: list[str] | None,
    files: Given,
    refused: Mapping[str, object],
    tags: Sequence[str] | None,
) -> Callable[[Acting], Coroutine[None, None, Spawned]]:
    """What spawns the task with the inputs that its agent takes, as the gateway knows it.

    Raises:
        NotAtDistance: an option is given that a gateway does not take.
    """
    for name, value in refused.items():
        if value:
            raise NotAtDistance(
                f"{name} is not possible over --url yet",
                why="a gateway takes no commands, and no say in where they run",
                hint="leave it out, or set it in config.toml of the gateway's home",
            )

    async def start(client: Acting) -> Spawned:
        assert client.distant is not None
        schema: JsonObject = await client.distant.sessions.input_schema(base.agent_name)
        values, rest = with_files(read_inputs(inputs, schema), schema, files)
        filled = replace(
            base,
            text=base.text + rest.added,
            input=values,
            files=rest.shown,
            tags=tuple(tags or ()),
        )
        return await client.sessions.spawn(filled)

    return start


def warn_at_distance(model: str) -> None:
    """Warn that the answers are made up, if the model is a simulation."""
    if model.partition("/")[0] == days.PROVIDER:
        render.note(f"▲ {model} is {SIMULATED_NOTICE}.", "bold red")
