"""What may import what, who may read the environment, and what an import must not do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_only_one_module_starts_an_interpreter() -> None:
    """The others would put the current folder on its module path."""
    told = ("surfaces/openclaw/", "surfaces/plugins/")  # what others start, by its full path
    starters = {
        name
        for path in SOURCE.rglob("*.py")
        if "sys.executable" in path.read_text("utf-8")
        and not (name := str(path.relative_to(SOURCE))).startswith(told)
    }

    assert starters == {"interpreter.py"}


def test_what_is_durable_takes_the_time_from_the_clock_alone() -> None:
    """Faces may show the wall clock; what is stored and compared must not depend on it."""
    layers = ("core", "stores", "engines", "runners", "sessions", "session_tools", "app", "views")
    readers = {
        str(path.relative_to(SOURCE))
        for layer in layers
        for path in (SOURCE / layer).rglob("*.py")
        if re.search(r"\btime\.time\b|from time import .*\btime\b", path.read_text("utf-8"))
    }

    assert readers == set()


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); import parallel_agents; "
        "print(*sorted({m.partition('.')[0] for m in set(sys.modules) - before}))"
    )

    loaded = set(run_python(code).split())

    assert loaded.isdisjoint(HEAVY), loaded
    assert "parallel_agents" in loaded


# What a command that has nothing to show waits for in vain.
_NOT_FOR_SMALL_COMMANDS = {
    *("sqlite3", "aiohttp", "rich.live", "rich.progress", "rich.syntax", "pygments", "yaml"),
    *(f"parallel_agents.{part}" for part in ("stores", "sessions", "engines", "models", "runners")),
    *(f"parallel_agents.{part}" for part in ("tools", "catalog", "app.secrets", "app.client")),
    *(f"parallel_agents.core.{part}" for part in ("event", "agent", "gate", "transcript")),
}


@pytest.mark.parametrize(
    ("arguments", "lighter"),
    [
        (["--help"], ["rich.console", "pydantic", "asyncio", "parallel_agents.settings"]),
        (["docs", "E101"], ["asyncio", "parallel_agents.settings"]),
        (["list", "--home", "HOME"], []),
    ],
    ids=["help", "docs", "list"],
)
def test_a_small_command_loads_little(
    tmp_path: Path, arguments: list[str], lighter: list[str]
) -> None:
    code = (
        "import sys\n"
        "from contextlib import suppress\n"
        "from parallel_agents.surfaces.cli.main import main\n"
        f"sys.argv = ['pagents', *{[word.replace('HOME', str(tmp_path / 'new')) for word in arguments]}]\n"
        "with suppress(SystemExit):\n"
        "    main()\n"
        "print(*sys.modules)\n"
    )

    loaded = set(run_python(code).splitlines()[-1].split())

    assert "parallel_agents.surfaces.cli.main" in loaded
    assert sorted(loaded & {*_NOT_FOR_SMALL_COMMANDS, *lighter}) == []


@pytest.mark.slow
def test_a_gateway_loads_no_client_of_servers() -> None:
    loaded = set(
        run_python(
            "import sys, parallel_agents.surfaces.gateway.table\nprint(*sys.modules)"
        ).split()
    )

    assert "parallel_agents.surfaces.gateway.table" in loaded
    assert loaded.isdisjoint({"aiohttp", "httpx", "urllib.request"})


@pytest.mark.slow
def test_a_run_without_tools_and_files_loads_nothing_for_them() -> None:
    code = (
        "import asyncio, sys, parallel_agents as pa\n"
        "from parallel_agents.testing import ScriptedModel, open_rig\n"
        "async def main():\n"
        "    async with open_rig(ScriptedModel(['hello'])) as rig:\n"
        "        await (await rig.sessions.spawn(pa.Task('main', 'Hello.'))).wait()\n"
        "asyncio.run(main())\n"
        "print(*(name for name in sys.modules if name.startswith(('parallel_agents.', 'pypdf'))))"
    )

    loaded = set(run_python(code).split())

    assert "parallel_agents.tools.box" in loaded
    assert loaded.isdisjoint(
        {"parallel_agents.tools.state", "parallel_agents.tools.artifacts", "pypdf"}
    )


@pytest.mark.slow
def test_importing_everything_sets_up_no_logging_and_starts_no_thread() -> None:
    code = (
        "import logging, threading, parallel_agents.api.running, parallel_agents.api.flows, parallel_agents.testing; "
        "print(logging.getLogger().handlers, logging.getLogger('parallel_agents').handlers, "
        "threading.active_count())"
    )

    assert run_python(code).strip() == "[] [] 1"


@pytest.mark.slow
def test_a_process_whose_agents_name_no_tools_of_the_web_loads_none_of_them() -> None:
    code = """
import asyncio, sys, tempfile
from pathlib import Path
import parallel_agents as pa
from parallel_agents.tools.box import Box

async def main():
    home = Path(tempfile.mkdtemp())
    agent = pa.Agent(name="reader", description="Reads", instructions="Read.", tools=("read_file",), model="sim/calm")
    async with pa.open(home=home, agents=[agent]) as sessions:
        await (await sessions.spawn(pa.Task("reader", "Read it."))).wait()
    print(*sorted(name for name in sys.modules if "turbohtml" in name or "tools.web." in name))
    Box({})["fetch"]
    print(*sorted(name for name in sys.modules if "turbohtml" in name or name.endswith("engines")))

asyncio.run(main())
"""

    agents, fetch = run_python(code).splitlines()

    assert agents == "parallel_agents.tools.web.means"
    assert fetch == "parallel_agents.engines"


RUN = """
import asyncio, sys
from parallel_agents.core.agent import Agent
from parallel_agents.core.task import Task
from parallel_agents.settings import Settings
from parallel_agents.testing import RepliesWith, open_rig

AGENT = Agent(name="w", description="d", instructions="i", tools=("read_file",))
SETTINGS = Settings(mcp_servers={"one": {"command": "no-such-program"}})

async def main():
    async with open_rig(RepliesWith(lambda _: "done"), agents=[AGENT], settings=SETTINGS) as rig:
        return await (await rig.sessions.spawn(Task("w", "go"))).wait()

print(asyncio.run(main()).status)
print(*sys.modules)
"""


@pytest.mark.slow
def test_agents_without_tools_of_servers_load_no_client() -> None:
    status, loaded = run_python(RUN).splitlines()

    assert status == "done"
    heavy = ("mcp", "mcp_types", "httpx2", "anyio", "parallel_agents.mcp_client")
    assert [name for name in loaded.split() if name in heavy] == []


# What an import asks of the system, as Python's own audit tells it, and of the environment.
PROBE = """
import os, sys

asked = []


class Environment(dict):
    def get(self, name, default=None):
        asked.append(name)
        return super().get(name, default)

    __getitem__ = get


def watch(event, arguments):
    is_source = event == "open" and str(arguments[0]).endswith((".py", ".pyc"))
    if event.startswith(("open", "os.mkdir", "socket.", "sqlite3.", "subprocess.")) and not is_source:
        asked.append(f"{event} {arguments[0]}")


os.environ = Environment(os.environ)
sys.addaudithook(watch)
before = set(sys.modules)
__import__(sys.argv[1])
print(asked, *sorted(set(sys.modules) - before), sep="\\n")
"""


def probe(module: str) -> tuple[str, list[str]]:
    """What the import of a module asked for, and the modules that it loaded."""
    command = [sys.executable, "-I", "-B", "-c", PROBE, module]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    asked, *loaded = done.stdout.splitlines()
    return asked, loaded


@pytest.mark.parametrize("module", ["parallel_agents", "parallel_agents.testing"])
def test_importing_a_public_package_asks_for_nothing_and_loads_only_itself(module: str) -> None:
    asked, loaded = probe(module)

    assert asked == "[]"
    ours = {"parallel_agents", "parallel_agents._version", "parallel_agents.testing"}
    assert {name for name in loaded if name.startswith("parallel_agents")} <= ours


def test_the_pytest_plugin_is_light_for_it_loads_in_every_pytest() -> None:
    _, without = probe("pytest")
    _, loaded = probe("parallel_agents.testing.pytest_plugin")

    assert set(loaded) - set(without) == {
        "parallel_agents",
        "parallel_agents._version",
        "parallel_agents.testing",
        "parallel_agents.testing.pytest_plugin",
    }


def test_nothing_names_a_folder_of_the_machine_on_which_it_was_written() -> None:
    # `/home/ana` is the user of the documentation.
    names = re.compile(r"(?<![\w.~$}])/(?:home/(?!ana\b)|root/|Users/|work/|mnt/|tmp/)\w")
    files = [
        path
        for folder in ("src", "tests", "docs", "examples", "scripts", "benchmarks")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".sql", ""} and path.is_file()
    ]

    named = {str(p.relative_to(ROOT)): names.findall(p.read_text("utf-8")) for p in files}

    assert len(files) > 150
    assert {name: found for name, found in named.items() if found} == {}
