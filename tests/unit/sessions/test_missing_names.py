"""A name that nothing has is refused with what is near it, whole, and with how to list the rest."""

from __future__ import annotations

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import NotFound
from parallel_agents.testing import RepliesWith, open_rig

WRITER = Agent(name="writer", description="Writes", instructions="Write.")
ITEMS = tuple(f"posts-{n}" for n in range(1, 13))


@pytest.mark.parametrize(
    ("name", "why", "hint"),
    [
        (
            "monday/leef",
            "nothing in monday is called 'leef'",
            "did you mean 'monday/leaf'? `pagents list monday` shows what is in it",
        ),
        (
            "monday/docs/f9.md",
            "nothing in monday is called 'docs/f9.md'",
            "did you mean 'monday/docs/f2.md' or 'monday/docs/f1.md'?"
            " `pagents list monday` shows what is in it",
        ),
        (
            "monday/x/y/z",
            "nothing in monday is called 'x/y/z'",
            "`pagents list monday` shows what is in it",
        ),
        (
            "mondya/leaf",
            "nothing is called 'mondya'",
            "did you mean 'monday'? `pagents list --all` shows them",
        ),
        (
            "monday/docs",
            "docs is done in 2 sessions, of which none is live",
            "name one: monday/docs/f1.md, monday/docs/f2.md; `pagents list monday` shows what is in it",
        ),
        ("/".join("x" * 3_000), "nothing is called 'x'", "`pagents list --all` shows them"),
    ],
)
async def test_the_whole_name_is_refused_and_the_nearest_are_told(
    name: str, why: str, hint: str
) -> None:
    async with open_rig(RepliesWith(lambda _: "done"), agents=[WRITER]) as rig:
        labels = ("leaf", "docs/f1.md", "docs/f2.md")
        tasks = tuple(Task("writer", "x", label=label) for label in labels)
        team = await rig.sessions.spawn_team(TeamTask(tasks=tasks), key="monday")
        await team.wait()

        with pytest.raises(NotFound) as refused:
            await rig.service.find(name)

        assert refused.value.message == f"no session {name[:200]!r}"
        assert refused.value.why == why
        assert refused.value.hint == hint


async def test_of_a_step_with_many_items_the_live_ones_are_told() -> None:
    async with open_rig(RepliesWith(lambda _: "done", latency_seconds=60), agents=[WRITER]) as rig:
        tasks = tuple(Task("writer", "x", label=label) for label in (*ITEMS, "posts-mortem"))
        await rig.sessions.spawn_team(TeamTask(tasks=tasks), key="monday")
        await rig.service.kill("monday/posts-2")

        with pytest.raises(NotFound) as refused:
            await rig.service.steer("monday/posts", "shorter")

        assert refused.value.why == "posts is done in 12 sessions, of which 11 are live"
        assert refused.value.hint == (
            "name one: monday/posts-1, monday/posts-3, monday/posts-4, monday/posts-5, monday/posts-6"
            " and 6 more; `pagents list monday` shows what is in it"
        )
