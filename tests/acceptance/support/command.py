"""The installed command in a home and a project of its own."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from parallel_agents.trust import PROJECT_FOLDER, find_project, record_trust
from tests.acceptance.support.processes import Document, Ended, Running
from tests.acceptance.support.waiting import is_alive, wait_until
from tests.support.loaded import Loaded

COMMAND = Path(sys.executable).with_name("pagents")
CONFIG = """\
model = "bench/good"
[providers.bench]
wire = "chat"
base_url = "{base_url}"
prices = {{ good = {{ input_usd = 1.0, output_usd = 2.0 }} }}
[providers.keyed]
wire = "chat"
base_url = "{base_url}"
key = "env:BENCH_KEY"
"""


@dataclass(slots=True)
class Pagents:
    """The installed command, in a home and a folder that are there for one test.

    Attributes:
        loaded: forks the process of a call; None if each call starts an interpreter.
        program: what stands for the command in a script.
    """

    home: Path
    folder: Path
    environment: dict[str, str]
    path: Path = COMMAND
    loaded: Loaded | None = None
    program: Path = COMMAND
    _started: list[Running] = field(default_factory=list[Running])

    def __call__(self, *arguments: str | bytes, **variables: str) -> Ended:
        """Run it to its end."""
        return self.start(*arguments, **variables).ended()

    def start(self, *arguments: str | bytes, **variables: str) -> Running:
        """Start it."""
        environment = self.environment | variables
        process = None
        if self.loaded is not None and self.path == COMMAND:
            process = self.loaded.fork([str(self.path), *arguments], environment, self.folder)
        if process is None:
            process = self._start_interpreter(arguments, environment)
        self._started.append(Running(process))
        return self._started[-1]

    def _start_interpreter(
        self, arguments: Sequence[str | bytes], environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self.path, *arguments],
            env=environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def in_shell(self, script: str) -> Ended:
        """Run a script of bash in which `$0` is the command."""
        ran = subprocess.run(
            ["bash", "-o", "pipefail", "-c", script, self.program],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            check=False,
            text=True,
        )
        return Ended(ran.returncode, ran.stdout, ran.stderr)

    def json(self, *arguments: str | bytes) -> Document:
        """The last document of the command with `--json`."""
        return self(*arguments, "--json").documents[-1]

    def items(self, *arguments: str | bytes) -> list[Document]:
        """The items of that document."""
        return self.json(*arguments)["items"]

    def configure(self, text: str) -> None:
        """Add lines before the tables of the user's config.toml."""
        file = self.home / "config.toml"
        file.write_text(f"{text}\n{file.read_text('utf-8')}", "utf-8")

    def file(self, name: str, content: str | bytes) -> str:
        """Write a file into the folder of the project; its name."""
        place = self.folder / name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    def project(self, name: str, content: str) -> str:
        """Write a file of the project's definitions, and trust them; its name."""
        written = self.file(f"{PROJECT_FOLDER}/{name}", content)
        project = find_project(self.folder, self.home, None)
        assert project is not None
        record_trust(project, self.home)
        return written

    def team(self, *labels: str) -> str:
        """Write a team file with a writer for each label, whose task holds the label; its name."""
        tasks = "".join(
            f"  - {{agent: content_writer_funny, label: {label}, text: About {label}.}}\n"
            for label in labels
        )
        return self.file("crew.yaml", f"name: crew\ndescription: A crew.\ntasks:\n{tasks}")

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of the store's file, or none where there is no store yet."""
        if not (self.home / "store.db").exists():
            return []
        store = sqlite3.connect(self.home / "store.db")
        try:
            is_made = store.execute("PRAGMA user_version").fetchone() != (0,)
            return store.execute(sql).fetchall() if is_made else []
        finally:
            store.close()

    def alter(self, sql: str) -> None:
        """Change the store's file behind the command's back."""
        store = sqlite3.connect(self.home / "store.db", isolation_level=None)
        store.execute(sql)
        store.close()

    def workers(self) -> list[int]:
        """The processes that were started in the background, ended or not."""
        return [
            int(str(pid)) for (pid,) in self.query("SELECT pid FROM owners WHERE role='worker'")
        ]

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return once the condition holds; fail where it does not come to that.

        It is looked at very often: let it ask the store, and not a command.
        """
        wait_until(condition)

    def wait_ended(self, count: int) -> None:
        """Return once so many runs have ended."""
        ended = "SELECT 1 FROM runs WHERE finished_at IS NOT NULL"
        wait_until(lambda: len(self.query(ended)) >= count)

    def wait_workers_gone(self) -> None:
        """Return once the processes that were started in the background have ended."""
        wait_until(lambda: not any(map(is_alive, self.workers())))

    def close(self) -> None:
        for running in self._started:
            running.close()
        for pid in filter(is_alive, self.workers()):
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda pid=pid: not is_alive(pid))


@contextmanager
def open_home(
    place: Path, base_url: str, *, loaded: Loaded | None = None, program: Path = COMMAND
) -> Generator[Pagents]:
    home, folder = place / "home", place / "project"
    home.mkdir(mode=0o700)
    folder.joinpath(".git").mkdir(parents=True)
    home.joinpath("config.toml").write_text(CONFIG.format(base_url=base_url), "utf-8")
    command = Pagents(home, folder, plain_environment(home), loaded=loaded, program=program)
    try:
        yield command
    finally:
        command.close()


def plain_environment(home: Path) -> dict[str, str]:
    """This process's environment without what would change how the command behaves.

    The command is on the PATH, as after the activation of its environment.
    """
    dropped = ("PARALLEL_AGENTS_", "PYTHON", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_")
    kept: Mapping[str, str] = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(dropped) and not name.endswith("_API_KEY")
    }
    path = f"{COMMAND.parent}{os.pathsep}{kept['PATH']}"
    kept = {**kept, "PATH": path}
    return {**kept, "PARALLEL_AGENTS_HOME": str(home), "TERM": "xterm-256color", "USER": "ana"}
