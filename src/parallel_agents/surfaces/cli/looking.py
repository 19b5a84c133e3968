"""Looking: one team or session with its tasks and their results, as `show` and `report` have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.app.reading import Reader
from parallel_agents.core.run import Result, RunnerKind
from parallel_agents.views.flow_steps import FlowStep, read_flow_steps
from parallel_agents.views.last_tries import ALL_SHOWN, NotShown, RowCount, last_tries
from parallel_agents.views.rows_since import told_since
from parallel_agents.views.sessions import SessionLine, in_all_runs, lines_of
from parallel_agents.views.waits import waited_seconds


class Looked(NamedTuple):
    """What is shown of a session.

    Attributes:
        members: the sessions of its tasks, if it is a team or a flow.
        results: those of its members, or its own.
        own: the result of a flow, once there is one; its time is that of all runs that it continues, as
            its costs are.
        total: how many tasks there are, each once.
        not_shown: what no longer counts of it.
        rows: how far a map's rows are.
        steps: of a flow, everything that it has begun.
        waited: of a flow, for how many seconds it waited for people.
    """

    whole: SessionLine
    members: list[SessionLine]
    results: list[Result]
    own: list[Result]
    total: int
    not_shown: NotShown = ALL_SHOWN
    rows: RowCount | None = None
    steps: Sequence[FlowStep] = ()
    waited: float | None = None


async def look_at(client: Reader, name: str, limit: int | None) -> Looked:
    """A team, a flow or a session with the first tasks, up to a limit.

    Raises:
        NotFound, Ambiguous: the name is not that of one session.
    """
    row = await client.sessions.find(name)
    tries = await last_tries(client.sessions, client.journal, row)
    shown = tries.runs[:limit]
    rows = [row, *await client.sessions.rows_of(shown)]
    whole, *members = lines_of(await client.journal.look(rows))
    results = await client.sessions.results(shown)
    is_flow = row.run.kind is RunnerKind.FLOW
    found = await client.sessions.results([row.run.id]) if is_flow else []
    own = [told_since(in_all_runs(result, whole), tries.rows) for result in found]
    total = len(tries.runs)
    steps = await read_flow_steps(client.journal, whole, members)
    waited = await waited_seconds(client.sessions, client.journal, whole)
    return Looked(whole, members, results, own, total, tries.not_shown, tries.rows, steps, waited)
