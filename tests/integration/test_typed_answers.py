"""Typed answers as a program has them, also after a kill -9; `scripts/test` checks its types."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import parallel_agents as pa
from parallel_agents.testing import ScriptedModel
from tests.integration import typed_program
from tests.integration.sandbox.machine import needs_sandbox
from tests.integration.typed_program import Finding, Findings

PROGRAM = Path(typed_program.__file__)


def test_what_a_process_that_was_killed_was_answered_are_instances(
    tmp_path: Path, programs: Path
) -> None:
    died = subprocess.run((programs / "python", PROGRAM, tmp_path), check=False)
    model = ScriptedModel(['{"items": []}'])

    team = pa.run(
        [pa.Task(typed_program.finder, "Look."), pa.Task(typed_program.finder, "Die.")],
        key="typed",
        home=tmp_path,
        model="scripted/model",
        models={"scripted": lambda _: model},
    )

    assert died.returncode == -signal.SIGKILL
    first, second = (result.output for result in team.results)
    assert first == Findings(items=[Finding(file="a.py", line=4)])
    assert second == Findings(items=[])
    model.assert_used_up()


@needs_sandbox
def test_the_auditor_runs_as_it_is_written(tmp_path: Path) -> None:
    result = pa.run(
        pa.Task(typed_program.auditor, "Look."),
        home=tmp_path,
        model="scripted/model",
        models={"scripted": lambda _: ScriptedModel(['{"items": []}'])},
    ).results[0]

    assert result.output == Findings(items=[])
