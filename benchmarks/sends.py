"""The CPU time of a message to a session that has had many."""

from __future__ import annotations

import time
from pathlib import Path

import parallel_agents as pa
from parallel_agents.testing import RepliesWith

_AGENT = pa.Agent(name="clerk", description="Answers.", instructions="You answer.")
_SENDS = 50  # that each figure is the mean of


async def cpu_of_a_send(home: Path, *, after: tuple[int, ...]) -> dict[str, float]:
    """The milliseconds of a send and its answer, once a session has had so many messages."""
    figures: dict[str, float] = {}
    model = RepliesWith(lambda _: "ok")
    models = {"scripted": lambda _: model}
    async with pa.open(model="scripted/m", models=models, home=home) as sessions:
        options = pa.SessionOptions(mode=pa.Mode.SESSION)
        handle = await sessions.spawn(pa.Task(_AGENT, "x" * 500, options=options))
        await handle.wait()
        for number in range(1, max(after) + _SENDS + 1):
            if number - 1 in after:
                began = time.process_time()
            await handle.send("y" * 500)
            await handle.wait()
            model.requests.clear()
            if number - _SENDS in after:
                figures[f"cpu_ms_{number - _SENDS}"] = (time.process_time() - began) * 1000 / _SENDS
    return figures
