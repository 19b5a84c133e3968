"""Two projects of one user: what was started in one is never executed with the settings of the other."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from parallel_agents.testing import Behaviour, LoopbackProvider, serve
from tests.integration.other_processes import PATIENCE_SECONDS

TEAM = """
name: t
description: d
tasks:
  - {agent: main, label: x, text: one}
  - {agent: main, label: y, text: two}
"""


@dataclass(frozen=True, slots=True)
class Projects:
    """Two folders, each with a server of its own for the provider `mine`, and one home."""

    root: Path
    programs: Path
    one: LoopbackProvider
    other: LoopbackProvider

    def start(self, folder: str, *arguments: str) -> subprocess.Popen[bytes]:
        """A command in one of the folders."""
        return subprocess.Popen(
            [self.programs / "pagents", *arguments],
            cwd=self.root / folder,
            env={
                **os.environ,
                "HOME": str(self.root),
                "PARALLEL_AGENTS_HOME": str(self.root / "h"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(self, folder: str, *arguments: str) -> tuple[int, str, str]:
        with self.start(folder, *arguments) as process:
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, out.decode(), err.decode()


@contextmanager
def projects(root: Path, programs: Path) -> Generator[Projects]:
    with serve(Behaviour(latency_seconds=1.0)) as one, serve(Behaviour()) as other:
        for name, server in (("one", one), ("other", other)):
            folder = root / name / ".parallel-agents"
            folder.mkdir(parents=True)
            settings = f'wire = "chat"\nbase_url = "{server.base_url}"\n'
            text = f'model = "mine/echo"\n[providers.mine]\n{settings}'
            (folder / "config.toml").write_text(text, "utf-8")
        (root / "one" / "t.yaml").write_text(TEAM, "utf-8")
        made = Projects(root, programs, one, other)
        for name in ("one", "other"):
            code, _, problem = made(name, "trust", "--yes")
            assert code == 0, problem
        yield made


@pytest.fixture
def crashed(tmp_path: Path, programs: Path) -> Generator[Projects]:
    """A team of the project `one` whose process was killed."""
    with projects(tmp_path, programs) as made:
        with made.start("one", "run", "t.yaml", "--id", "r1", "--progress", "none") as process:
            while sum(request.status is None for request in made.one.requests) < 2:
                assert process.poll() is None
            process.kill()
        yield made


def test_a_worker_of_another_project_leaves_it_waiting_and_says_why(crashed: Projects) -> None:
    code, _, err = crashed("other", "work")

    assert code == 0
    assert f"left r1 (t): it was started in {crashed.root / 'one'}" in err
    assert len(crashed.other.requests) == 0


def test_it_is_not_resumed_from_another_project_and_nothing_of_it_fails(crashed: Projects) -> None:
    code, _, err = crashed("other", "resume", "r1", "--progress", "none")
    _, listed, _ = crashed("other", "list", "r1", "--json")
    items = orjson.loads(listed)["items"]

    assert code != 0
    assert "PA-E117" in err
    assert {item["status"] for item in items} <= {"running", "queued"}
    assert {item["lacks"] for item in items} == {f"it was started in {crashed.root / 'one'}"}


def test_it_is_resumed_from_its_own_project(crashed: Projects) -> None:
    code, out, _ = crashed("one", "resume", "r1", "--progress", "none")

    assert code == 0
    assert "2/2 done" in out
    assert len(crashed.other.requests) == 0


def test_a_message_from_another_project_is_answered_in_the_session_s_own(
    tmp_path: Path, programs: Path
) -> None:
    with projects(tmp_path, programs) as made:
        made("one", "run", "t.yaml", "--id", "r1", "--progress", "none")
        code, name, _ = made("other", "send", "x", "more")
        waited, _, _ = made("one", "wait", name.strip())

        assert code == 0
        assert waited == 0
        assert len(made.one.requests) == 3
        assert len(made.other.requests) == 0
