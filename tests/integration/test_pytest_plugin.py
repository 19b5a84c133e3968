"""The fixtures that the package installs, in the pytest of a user."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from parallel_agents.testing import MakeScripted, RunVirtual, StartProvider

UNUSED = """
def test_it(scripted_model):
    scripted_model(["never asked for"])
"""
DEADLOCK = """
import asyncio

def test_it(virtual_time):
    virtual_time(asyncio.Event().wait())
"""


@pytest.mark.parametrize(
    ("test", "text"),
    [(UNUSED, "1 of 1 replies of scripted/model were never used"), (DEADLOCK, "Deadlock")],
)
def test_a_test_that_cannot_be_right_fails(tmp_path: Path, test: str, text: str) -> None:
    (tmp_path / "test_theirs.py").write_text(test)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert text in done.stdout


def test_the_fixtures_are_what_their_types_say(
    scripted_model: MakeScripted, virtual_time: RunVirtual, loopback_provider: StartProvider
) -> None:
    async def nothing() -> str:
        return "done"

    assert scripted_model([], "a/name").name == "a/name"
    assert virtual_time(nothing()) == "done"
    assert loopback_provider().base_url != loopback_provider().base_url
