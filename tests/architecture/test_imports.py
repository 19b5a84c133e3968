"""What may import what, who may read the environment, and what an import must not do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "parallel_agents"
HEAVY = ("aiohttp", "pydantic", "rich", "typer", "yaml", "jsonschema_rs", "orjson", "asyncio")


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def test_the_layers_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run(
        [str(linter), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_only_settings_reads_the_environment() -> None:
    readers = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if re.search(r"os\.environ|os\.getenv|from os import .*environ", path.read_text("utf-8"))
    }

    assert readers == {"settings.py"}


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); import parallel_agents; "
        "print(*sorted({m.partition('.')[0] for m in set(sys.modules) - before}))"
    )

    loaded = set(run_python(code).split())

    assert loaded.isdisjoint(HEAVY), loaded
    assert "parallel_agents" in loaded


def test_importing_everything_sets_up_no_logging_and_starts_no_thread() -> None:
    code = (
        "import logging, threading, parallel_agents.api, parallel_agents.testing; "
        "print(logging.getLogger().handlers, logging.getLogger('parallel_agents').handlers, "
        "threading.active_count())"
    )

    assert run_python(code).strip() == "[] [] 1"
