"""A small team whose texts are hostile, and what its export is made of."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

from parallel_agents.core.agent import Agent
from parallel_agents.core.artifact import Artifact
from parallel_agents.core.gate import ConditionGate
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.sessions.inspection import StoreJournal
from parallel_agents.settings import Settings
from parallel_agents.testing import RepliesWith, open_rig
from parallel_agents.views.exports.tree import ExportForm, Tree, Wanted, read_tree
from parallel_agents.views.exports.writing import Export

EVIL = '=HYPERLINK("x")\n```\n</pre></details><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[2J\u2028\x85\u202e hush'


@asynccontextmanager
async def opened(*, only_failed: bool = False, reply: str = EVIL) -> AsyncGenerator[Tree]:
    agents = [
        Agent(name="writer", description="", instructions="Write."),
        Agent(
            name="checked",
            description="",
            instructions="Write.",
            gates=(ConditionGate(condition="len(text) < 1"),),
        ),
    ]
    team = TeamTask(
        tasks=(Task("writer", EVIL, label="=1+<b>"), Task("checked", "Go.", label="-b")), name="x"
    )

    async def artifacts(_: SessionKey) -> Sequence[Artifact]:
        return [Artifact(id="0" * 64, name="<b>.txt", media_type="text/plain", size=3)]

    async with open_rig(RepliesWith(lambda _: reply), agents=agents) as rig:
        handle = await rig.sessions.spawn_team(team)
        await rig.sessions.team_result(handle)
        journal = StoreJournal(rig.store, rig.store.now, Settings().stuck_rules)
        yield await read_tree(
            rig.service, journal, handle.key, artifacts=artifacts, only_failed=only_failed
        )


async def exported(
    form: ExportForm,
    *,
    has_transcripts: bool = True,
    is_redacted: bool = False,
    reply: str = EVIL,
    seen: Callable[[Tree], Tree] = lambda tree: tree,
) -> tuple[str, Export]:
    async with opened(reply=reply) as found:
        tree = seen(found)
        wanted = Wanted(form=form, has_transcripts=has_transcripts, is_redacted=is_redacted)
        export = Export(tree, wanted, lambda text: text.replace("hush", "[redacted:key]"))
        parts = [part async for part in export.parts()]
    return b"".join(parts).decode(), export
