"""Team ended: what a team or a flow came to, as `pagents run` prints it."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from parallel_agents.app.reading import STORE_NAME
from parallel_agents.core.ids import RunId
from parallel_agents.core.retry_keys import earlier_tries
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.team_result import TeamResult
from parallel_agents.core.verbs import SessionReads
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.foreground import Display
from parallel_agents.surfaces.cli.result_files import results_folder
from parallel_agents.surfaces.cli.results_shown import print_results
from parallel_agents.surfaces.cli.run_plan import tell_steps
from parallel_agents.views.documents import result_json


class TeamEnded(NamedTuple):
    """What a team or a flow came to.

    Attributes:
        own: the result of a flow itself.
        earlier: the runs of a flow's steps that were tried again.
    """

    team: TeamResult
    own: Sequence[Result]
    earlier: Collection[RunId]


async def earlier_in(sessions: SessionReads, team: TeamResult) -> Collection[RunId]:
    rows = await sessions.rows_of([result.run_id for result in team.results])
    replaced = earlier_tries(row.session.spawn_key for row in rows)
    return {row.run.id for row, is_earlier in zip(rows, replaced, strict=True) if is_earlier}


def print_team(home: Path, name: str, ended: TeamEnded, display: Display) -> RunStatus:
    """Print the results of a team or a flow, its own among them, and what to do next."""
    team, own, earlier = ended
    if display.is_json:
        items = [result_json(result) for result in team.results]
        more: dict[str, object] = {"result": result_json(own[0])} if own else {}
        render.envelope(
            "finished",
            time.time(),
            items,
            id=name,
            session_key=team.session_key,
            status=team.status.value,
            total=None,
            **more,
        )
        return team.status
    if display.form is not None:
        latest = [result for result in team.results if result.run_id not in earlier]
        print_results(latest, display.form)
    else:
        render.summary(team, earlier)
        for result in own:
            tell_steps(result)
    render.note(f"Everything is stored in {home / STORE_NAME}.")
    render.note(f"The results are also files: {results_folder(home, name)}")
    if any(result.changes and result.changes.files for result in team.results):
        render.note(f"Bring the changes back: pagents merge {name} --all")
    render.note(f"Next: pagents show {name} · pagents history {name} · pagents list")
    return team.status
