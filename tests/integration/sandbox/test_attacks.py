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


@pytest.mark.parametrize(
    ("attack", "uid"),
    [pytest.param(a, uid, id=f"{a['name']}-{uid}") for a in ATTACKS for uid in users_of(a)],
)
def test_it_is_refused(attack: dict[str, Any], uid: int, code: Path) -> None:
    if attack.get("machine", platform.machine()) != platform.machine():
        pytest.skip("the numbers of its calls are those of another processor")
    done = subprocess.run(
        [interpreter(uid), "-B", "-S", code / "attacker.py"],
        input=json.dumps(attack),
        env={"PYTHONPATH": str(code)},
        user=uid,
        group=uid if uid != NOBODY else None,
        extra_groups=[] if os.getuid() == 0 else None,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
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
