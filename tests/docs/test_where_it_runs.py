"""docs/where-it-runs.md: its files are valid, and its commands work where they are meant to run."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.docs.conftest import Offline

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "where-it-runs.md").read_text("utf-8")
BLOCKS = dict(re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```$', PAGE, re.DOTALL | re.MULTILINE))
PATIENCE_SECONDS = 50.0
SCORER = """---
name: scorer
description: Scores an application.
input:
  type: object
  properties:
    application: {type: string}
---
Score the application.
"""


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


@pytest.fixture
def user(offline: Offline) -> dict[str, str]:
    """The environment that cron gives: the command is where the page installs it, and not on the PATH."""
    folder = offline.home.parent
    command = folder / ".local" / "bin" / "pagents"
    command.parent.mkdir(parents=True)
    command.symlink_to(offline.programs / "pagents")
    return {
        "HOME": str(folder),
        "LOGNAME": "ana",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "SHELL": "/bin/sh",
        "TMUX_TMPDIR": str(folder),
    }


@contextmanager
def staying(offline: Offline, home: Path) -> Generator[subprocess.Popen[bytes]]:
    worker = subprocess.Popen(
        [offline.programs / "pagents", "work", "--stay", "--home", home],
        env={"PATH": os.environ["PATH"], "HOME": str(offline.home.parent)},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until((home / "worker-health.json").exists)
        yield worker
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(PATIENCE_SECONDS)


def test_systemd_takes_the_unit_as_it_is(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "pagents.service"
    command = Path(sys.executable).with_name("pagents")
    unit.write_text(BLOCKS["pagents.service"].replace("%h/.local/bin/pagents", str(command)))

    found = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )

    assert [line for line in found.stderr.splitlines() if unit.name in line] == []
    assert found.returncode == 0, found.stderr


def test_the_service_is_killed_only_after_its_grace() -> None:
    unit = BLOCKS["pagents.service"]
    (grace,) = re.findall(r"--grace (\d+)", unit)
    (stop,) = re.findall(r"TimeoutStopSec=(\d+)", unit)
    (docker,) = re.findall(r"--stop-timeout (\d+)", PAGE)

    assert int(stop) > int(grace)
    assert int(docker) > 30


def test_a_crontab_s_line_works_without_a_path(offline: Offline, user: dict[str, str]) -> None:
    line = BLOCKS["crontab"].split(maxsplit=5)[5].strip().replace("\\%", "%")

    ended = subprocess.run(["/bin/sh", "-c", line], env=user, cwd=user["HOME"], check=False)

    log = (Path(user["HOME"]) / "pagents.log").read_text("utf-8")
    assert ended.returncode == 0, log
    assert "5/5 done" in log
    assert re.search(r"results/tea-\d{4}-\d\d-\d\d", log)


def test_a_crontab_s_map_continues(offline: Offline, user: dict[str, str]) -> None:
    line = BLOCKS["crontab with a map"].split(maxsplit=5)[5]
    folder = Path(user["HOME"]) / "grants"
    (folder / "applications").mkdir(parents=True)
    (folder / "applications" / "choir.md").write_text("A choir asks for chairs.")
    (offline.home / "agents").mkdir(parents=True, exist_ok=True)
    (offline.home / "agents" / "scorer.md").write_text(SCORER)

    ended = [
        subprocess.run(["/bin/sh", "-c", line], env=user, cwd=user["HOME"], check=False)
        for _ in range(2)
    ]

    log = (Path(user["HOME"]) / "pagents.log").read_text("utf-8")
    assert [each.returncode for each in ended] == [0, 0], log
    assert "done before, nothing ran   1/1 rows done" in log
    assert (folder / "scores.csv").is_file()


def test_tmux_keeps_a_worker_and_stops_it(offline: Offline, user: dict[str, str]) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    begin, end = (line.partition("#")[0] for line in BLOCKS["tmux"].strip().splitlines())
    # The real command: a terminal is part of this.
    user["PATH"] = f"{Path(sys.executable).parent}:{user['PATH']}"
    health = offline.home / "worker-health.json"
    try:
        subprocess.run(["/bin/sh", "-c", begin], env=user, cwd=user["HOME"], check=True)
        wait_until(health.exists)
        subprocess.run(["/bin/sh", "-c", end], env=user, check=True)
        wait_until(lambda: not health.exists())
    finally:
        subprocess.run(["tmux", "kill-server"], env=user, check=False, stderr=subprocess.DEVNULL)


def test_the_health_file_is_the_one_on_the_page_and_the_image_s_check_of_it_works(
    offline: Offline,
) -> None:
    (check,) = re.findall(r"^ +CMD (.+)$", BLOCKS["Dockerfile"], re.MULTILINE)
    health = offline.home / "worker-health.json"
    command = ["/bin/sh", "-c", check.replace("/data/worker-health.json", str(health))]

    with staying(offline, offline.home):
        said = health.read_text("utf-8")
        alive = subprocess.run(command, check=False)
    gone = subprocess.run(command, check=False, stderr=subprocess.DEVNULL)
    health.write_text("{}")
    os.utime(health, (0, 0))
    silent = subprocess.run(command, check=False)

    table = PAGE.partition("| field | meaning |")[2].partition("\n\n")[0]
    fields = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert re.findall(r"`(\w+)`", "".join(fields)) == re.findall(r'"(\w+)":', said)
    assert alive.returncode == 0
    assert gone.returncode != 0
    assert silent.returncode != 0


def test_the_image_and_the_table_have_the_extras_that_there_are() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].keys() - {"dev", "docs"}
    (installed,) = re.findall(r'"/src\[([^\]]+)\]"', BLOCKS["Dockerfile"])
    table = PAGE.partition("| extra |")[2].partition("\n\n")[0]

    assert set(re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)) == extras
    assert set(installed.split(",")) <= extras
