"""Text is streamed while somebody listens, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

import parallel_agents as pa
from parallel_agents.errors import InvalidInput
from parallel_agents.testing import Behaviour, LoopbackProvider

TEXT = "one two three four five six"
WRITER = pa.Agent(name="writer", description="Writes.", instructions="Write.")


async def test_a_run_streams_only_while_somebody_listens(tmp_path: Path) -> None:
    async with LoopbackProvider(Behaviour(answer=lambda _: TEXT)) as provider:
        table = {"wire": "chat", "base_url": provider.base_url}
        settings = {"providers": {"loop": table}}
        async with pa.open(home=tmp_path, model="loop/m", settings=settings) as sessions:
            pieces: list[str] = []
            followed = await sessions.spawn(pa.Task(WRITER, "aloud"))
            stop = followed.listen(pieces.append)
            silent = await sessions.spawn(pa.Task(WRITER, "in silence"))

            results = await sessions.wait([followed, silent])
            stop()
            stop()

    assert [result.output for result in results] == [TEXT, TEXT]
    assert "".join(pieces) == TEXT
    assert len(pieces) > 1
    streamed = {
        "aloud" in str(request.body["messages"]): request.body.get("stream", False)
        for request in provider.requests
    }
    assert streamed == {True: True, False: False}


async def test_a_step_of_a_flow_is_heard_and_the_flow_itself_refuses_to_be(tmp_path: Path) -> None:
    pieces: list[str] = []

    async def wrote(flow: pa.Flow) -> str:
        found = await flow.task("facts", pa.Task(WRITER, "in silence"))
        again = await flow.task("text", pa.Task(WRITER, str(found.output)), on_text=pieces.append)
        return str(again.output)

    async with LoopbackProvider(Behaviour(answer=lambda _: TEXT)) as provider:
        table = {"wire": "chat", "base_url": provider.base_url}
        settings = {"providers": {"loop": table}}
        async with pa.open(
            home=tmp_path, model="loop/m", settings=settings, flows=[wrote]
        ) as sessions:
            handle = await sessions.spawn_flow(wrote, key="one")
            with pytest.raises(InvalidInput, match="writes no text itself"):
                handle.listen(pieces.append)
            with pytest.raises(InvalidInput, match="writes no text itself"):
                await sessions.listen("one", pieces.append)
            await handle.wait()

    assert "".join(pieces) == TEXT
    assert [request.body.get("stream", False) for request in provider.requests] == [False, True]
