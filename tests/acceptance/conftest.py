"""What the acceptance tests share: the installed command in a home of its own, and a provider."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import pytest

from parallel_agents.core.schema import JsonObject
from parallel_agents.testing import Behaviour, LoopbackProvider, Received, serve
from parallel_agents.testing.behaviour import Fault, Reply, answer_by_schema

COMMAND = Path(sys.executable).with_name("pagents")
PATIENCE_SECONDS = 20.0
# What a command prints has the shape that the test at hand asserts.
Document: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class FakeProvider:
    """A provider whose answers and bad days the test at hand chooses.

    Attributes:
        answer: from a request's body to what the model says.
    """

    answer: Callable[[JsonObject], Reply] = answer_by_schema
    _faults: dict[str, Fault] = field(default_factory=dict[str, Fault])
    _counted: dict[str, int] = field(default_factory=dict[str, int])
    _all: Sequence[Received] = ()
    _first: int = 0
    base_url: str = ""

    def gives(self, fault: Fault, to: str = "", *, times: int = 1_000_000) -> None:
        """From now on the first so many requests with these words in them meet this fault."""
        self._faults[to], self._counted[to] = fault, times

    def fault(self, body: JsonObject) -> Fault | None:
        text = orjson.dumps(body).decode()
        for words, fault in self._faults.items():
            if words in text and self._counted[words]:
                self._counted[words] -= 1
                return fault
        return None

    def reply(self, body: JsonObject) -> Reply:
        return self.answer(body)

    def watch(self, served: LoopbackProvider) -> None:
        """Serve for this provider."""
        self.base_url, self._all = served.base_url, served.requests

    @property
    def requests(self) -> Sequence[Received]:
        """What came since the test began, in order."""
        return self._all[self._first :]

    def texts(self) -> list[str]:
        """Each request as one text, in order."""
        return [orjson.dumps(request.body).decode() for request in self.requests]

    def wait_in_flight(self, count: int) -> None:
        """Return once so many requests have come and have no answer yet."""
        wait_until(lambda: sum(r.status is None for r in self.requests) >= count)

    def wait_answered(self, count: int) -> None:
        """Return once so many requests have their answer."""
        wait_until(lambda: sum(r.status is not None for r in self.requests) >= count)

    def begin(self) -> None:
        """Forget what was asked for and what came."""
        self.answer, self._first = answer_by_schema, len(self._all)
        self._faults.clear()


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def documents(self) -> list[Document]:
        """Each line of stdout as JSON: what is no JSON fails the test."""
        return [orjson.loads(line) for line in self.out.splitlines()]

    def assert_refused(self, code: str, *words: str, exits: int) -> None:
        """It ended in the few lines of an error and nothing else, with these words in them."""
        lines = self.err.splitlines()

        assert self.code == exits, self
        assert self.out == ""
        assert lines[0].startswith(f"✖ {code}  "), self.err
        assert [line.split()[0] for line in lines[1:]] in (
            ["why", "hint", "docs"],
            ["hint", "docs"],
        ), self.err
        assert lines[-1].endswith(f"pagents docs {code.removeprefix('PA-')}")
        for word in words:
            assert word in self.err


@dataclass(slots=True)
class Running:
    """A command that runs; what it prints is read as it comes."""

    process: subprocess.Popen[bytes]
    _printed: dict[str, bytes] = field(default_factory=lambda: {"out": b"", "err": b""})
    _readers: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def __post_init__(self) -> None:
        for name, pipe in (("out", self.process.stdout), ("err", self.process.stderr)):
            assert pipe is not None
            reader = threading.Thread(target=self._read, args=(name, pipe.fileno()))
            reader.start()
            self._readers.append(reader)

    def _read(self, name: str, descriptor: int) -> None:
        while piece := os.read(descriptor, 65536):
            self._printed[name] += piece

    @property
    def out(self) -> str:
        return self._printed["out"].decode()

    @property
    def err(self) -> str:
        return self._printed["err"].decode()

    def wait_for(self, words: str) -> None:
        """Return once it has printed these words, on either stream."""
        wait_until(lambda: words in self.out + self.err or self.process.poll() is not None)
        if words not in self.out + self.err:
            ended = self.ended()
            assert words in ended.out + ended.err

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        self.process.kill()
        self.ended()

    def ended(self, seconds: float = PATIENCE_SECONDS) -> Ended:
        """Wait for its end."""
        code = self.process.wait(seconds)
        for reader in self._readers:
            reader.join()
        return Ended(code, self.out, self.err)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.ended()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


@dataclass(slots=True)
class Pagents:
    """The installed command, in a home and a folder that are there for one test."""

    home: Path
    folder: Path
    environment: dict[str, str]
    path: Path = COMMAND
    _started: list[Running] = field(default_factory=list[Running])

    def __call__(self, *arguments: str | bytes, **variables: str) -> Ended:
        """Run it to its end."""
        return self.start(*arguments, **variables).ended()

    def start(self, *arguments: str | bytes, **variables: str) -> Running:
        """Start it."""
        process = subprocess.Popen(
            [self.path, *arguments],
            env=self.environment | variables,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._started.append(Running(process))
        return self._started[-1]

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
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    def team(self, *labels: str) -> str:
        """Write a team file with a writer for each label, whose task holds the label; its name."""
        tasks = "".join(
            f"  - {{agent: content_writer_funny, label: {label}, text: About {label}.}}\n"
            for label in labels
        )
        return self.file("crew.yaml", f"name: crew\ndescription: A crew.\ntasks:\n{tasks}")

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of the store's file, or none where there is no store."""
        if not (self.home / "store.db").exists():
            return []
        store = sqlite3.connect(self.home / "store.db")
        try:
            return store.execute(sql).fetchall()
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
        """Return once the condition holds; fail where it does not come to that."""
        wait_until(condition)

    def wait_workers_gone(self) -> None:
        """Return once the processes that were started in the background have ended."""
        wait_until(lambda: not any(map(is_alive, self.workers())))

    def close(self) -> None:
        for running in self._started:
            running.close()
        for pid in filter(is_alive, self.workers()):
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda pid=pid: not is_alive(pid))


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody asked about yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Return once the condition holds, looked at a hundred times a second; else fail."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


@contextmanager
def _serving() -> Generator[FakeProvider]:
    provider = FakeProvider()
    behaviour = Behaviour(answer=provider.reply, fault=lambda _, body: provider.fault(body))
    with serve(behaviour) as served:
        provider.watch(served)
        yield provider


@pytest.fixture(scope="module")
def served() -> Iterator[FakeProvider]:
    with _serving() as provider:
        yield provider


@pytest.fixture
def provider(served: FakeProvider) -> FakeProvider:
    served.begin()
    return served


@pytest.fixture
def pagents(provider: FakeProvider, tmp_path: Path) -> Iterator[Pagents]:
    with open_home(tmp_path, provider.base_url) as command:
        yield command


@pytest.fixture(scope="module")
def shared(served: FakeProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pagents]:
    """A home for the tests of a module that look at the same commands, or leave nothing behind."""
    with open_home(tmp_path_factory.mktemp("shared"), served.base_url) as command:
        yield command


@contextmanager
def open_home(place: Path, base_url: str) -> Generator[Pagents]:
    home, folder = place / "home", place / "project"
    home.mkdir()
    folder.joinpath(".git").mkdir(parents=True)
    home.joinpath("config.toml").write_text(CONFIG.format(base_url=base_url), "utf-8")
    command = Pagents(home, folder, plain_environment(home))
    try:
        yield command
    finally:
        command.close()


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
