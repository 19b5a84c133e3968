"""A handle is a name of its session for every verb, and keeps the type of its answers."""

from __future__ import annotations

from dataclasses import dataclass

import parallel_agents as pa
from parallel_agents.testing import RepliesWith, open_rig


@dataclass(frozen=True)
class Draft:
    title: str


WRITER = pa.Agent("writer", instructions="Write.", output=Draft)
MODEL = RepliesWith(lambda _: '{"title": "Tea"}', "scripted/one")


async def test_what_is_sent_by_a_handle_is_waited_for_by_what_it_returns() -> None:
    async with open_rig(MODEL) as rig:
        handle = await rig.sessions.spawn(pa.Task(WRITER, "Tea."))
        first = await handle.wait()

        again = await handle.send("Once more.")

        assert again is handle
        second = await again.wait()
        assert second.output == Draft("Tea")
        assert second.run_id != first.run_id


async def test_every_verb_that_takes_a_name_takes_a_handle() -> None:
    async with open_rig(MODEL) as rig:
        sessions = rig.sessions
        handle = await sessions.spawn(pa.Task(WRITER, "Tea."))
        await handle.wait()

        sent = await sessions.send(handle, "Once more.")
        assert (await sent.wait()).output == Draft("Tea")
        assert len(await sessions.history(handle)) > 0
        assert [each.turn for each in await sessions.prompts(handle)] == [1, 1]
        assert (await sessions.pause(handle)) == await sessions.pause(handle.key)
        await sessions.unpause(handle)
        assert not (await sessions.kill(handle, dry_run=True)).runs
