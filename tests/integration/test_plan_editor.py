"""A plan in the user's editor opens again until what was saved can be run, and the file stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.core.plan import Plan, Step
from parallel_agents.errors import InvalidFile, InvalidInput
from parallel_agents.surfaces.cli.plan_editor import PlanEditor

PLAN = Plan(name="plan", steps=(Step(id="a", agent="writer", text="Go."),))


def read(file: Path, text: str) -> Plan:
    """Refuses what is broken or costs too much, as the catalog and the orchestrator do."""
    if "broken" in text.splitlines()[-1]:
        raise InvalidFile(f"{file}:3: this is not YAML")
    if "costly" in text.splitlines()[-1]:
        raise InvalidInput("the plan cannot be run", why="a: its budget is too large")
    return PLAN


def editor(folder: Path, script: str) -> PlanEditor:
    file = folder / "edit.sh"
    file.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    file.chmod(0o700)
    return PlanEditor(folder / "plan.yaml", str(file))


@pytest.mark.parametrize(("saved", "told"), [("broken", "not YAML"), ("costly", "too large")])
async def test_a_plan_that_cannot_be_run_opens_again_with_what_is_wrong(
    saved: str, told: str, tmp_path: Path
) -> None:
    script = f"""cat "$1" >> {tmp_path}/seen
        if [ -e {tmp_path}/again ]; then echo good > "$1"; else echo {saved} > "$1"; fi
        touch {tmp_path}/again"""

    edited = await editor(tmp_path, script).edited(PLAN, "Tea", read)

    assert edited == PLAN
    seen = (tmp_path / "seen").read_text("utf-8")
    assert seen.startswith("# The plan for: Tea\n")
    assert told in seen
    assert (tmp_path / "plan.yaml").read_text("utf-8") == "good\n"


async def test_a_plan_that_is_left_as_it_was_is_none(tmp_path: Path) -> None:
    assert await editor(tmp_path, "exit 0").edited(PLAN, "Tea", read) is None


async def test_an_editor_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = PlanEditor(tmp_path / "plan.yaml", "no-such-editor -w")

    with pytest.raises(InvalidInput, match="no-such-editor"):
        await missing.edited(PLAN, "Tea", read)
