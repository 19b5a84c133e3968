"""What a command does in a sandbox stays there: attacks, as root and as an ordinary user."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import typing_extensions

import parallel_agents
from parallel_agents.sandbox.cgroup import writable_groups
from tests.integration.sandbox.machine import needs_sandbox

pytestmark = needs_sandbox

HERE = Path(__file__).parent
ATTACKS: list[dict[str, Any]] = tomllib.loads((HERE / "attacks.toml").read_text())["attack"]
NOBODY = 65534
USERS = (0, NOBODY) if os.getuid() == 0 else (os.getuid(),)


def users_of(attack: dict[str, Any]) -> tuple[int, ...]:
    """Who makes an attack: what only cgroups bound is tried where they can be written."""
    if not attack.get("by_cgroup"):
        return USERS
    return (0,) if 0 in USERS and writable_groups() else ()


@pytest.fixture(scope="module")
def code() -> Generator[Path]:
    """The sandbox's code and the attacker where every user can read them."""
    where = Path("/tmp") / f"attackers-{os.getpid()}"
    shutil.copytree(Path(parallel_agents.__file__).parent, where / "parallel_agents")
    for file in (HERE / "attacker.py", Path(typing_extensions.__file__)):
        shutil.copy(file, where)
    subprocess.run(["chmod", "-R", "a+rX", where], check=True)
    yield where
    shutil.rmtree(where)


class Attackers:
    """A process of each user that makes attacks; one that an attack has ended is started again."""

    def __init__(self, code: Path) -> None:
        self._code = code
        self._processes: dict[int, subprocess.Popen[str]] = {}

    def make(self, attack: dict[str, Any], uid: int) -> dict[str, Any]:
        process = self._processes.get(uid)
        if process is None or process.poll() is not None:
            process = self._processes[uid] = self._start(uid)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(attack) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, f"the attacker ended with {process.wait()}"
        return json.loads(line)

    def _start(self, uid: int) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [interpreter(uid), "-B", "-S", self._code / "attacker.py"],
            env={"PYTHONPATH": str(self._code)},
            user=uid,
            group=uid if uid != NOBODY else None,
            extra_groups=[] if os.getuid() == 0 else None,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        for process in self._processes.values():
            process.communicate()


@pytest.fixture(scope="module")
def attackers(code: Path) -> Generator[Attackers]:
    made = Attackers(code)
    yield made
    made.close()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("attack", "uid"),
    [pytest.param(a, uid, id=f"{a['name']}-{uid}") for a in ATTACKS for uid in users_of(a)],
)
def test_it_is_refused(attack: dict[str, Any], uid: int, attackers: Attackers) -> None:
    if attack.get("machine", platform.machine()) != platform.machine():
        pytest.skip("the numbers of its calls are those of another processor")

    found = attackers.make(attack, uid)

    output = found["output"]
    assert found["uid"] == uid
    assert found["ending"] == attack.get("ends", "exited"), output
    assert [text for text in attack.get("shows", ()) if text not in output] == [], output
    assert [text for text in attack.get("never", ()) if text in output] == [], output
    assert found["left"] == []
    assert not {"PWNED", *attack.get("absent", ())} & set(found["there"])


def interpreter(uid: int) -> str:
    """A Python that a user can run; ours may be in a home."""
    return sys.executable if uid == os.getuid() else "/usr/bin/python3"
