"""What the tests over MCP share: a home with a model on loopback, servers, and clients from npm."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from parallel_agents.core.schema import JsonObject
from parallel_agents.testing import Behaviour, LoopbackProvider, serve
from parallel_agents.testing.behaviour import Fault, Reply, last_text, no_fault
from tests.support.loaded import Loaded

PATIENCE_SECONDS = 20.0
NPM_CACHE = Path(__file__).parents[3] / ".cache" / "npm"
_INSTALL_SECONDS = 240.0
_CONFIG = """
model = "mine/echo"

[providers.mine]
wire = "chat"
base_url = "{base_url}"
"""


@dataclass(slots=True)
class Running:
    """A server; what it says on stderr is read as it comes."""

    process: subprocess.Popen[str]
    home: Path
    said: str = ""
    _is_up: threading.Event = field(default_factory=threading.Event)
    _reader: threading.Thread | None = None

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line
            self._is_up.set()
        self._is_up.set()

    @property
    def url(self) -> str:
        """Where it serves HTTP, once it has said so."""
        assert self._is_up.wait(PATIENCE_SECONDS)
        return next(word for word in self.said.split() if word.startswith("http")).rstrip(".")

    @property
    def token(self) -> str:
        """What its clients must send; the server has written it before it serves."""
        assert self.url
        return (self.home / "mcp-token").read_text()

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def ended(self) -> int:
        """Wait for its end; its exit code."""
        code = self.process.wait(PATIENCE_SECONDS)
        assert self._reader is not None
        self._reader.join()
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.ended()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


@dataclass(slots=True)
class Place:
    """A home whose model is a provider on loopback; the test at hand says what it answers.

    Attributes:
        programs: the folder of `pagents`.
        answer: from a request's body to what the model says; its last words without another.
    """

    home: Path
    programs: Path
    answer: Callable[[JsonObject], Reply] = last_text
    fault: Callable[[int, JsonObject], Fault | None] = no_fault
    _provider: LoopbackProvider | None = None
    _started: list[Running] = field(default_factory=list[Running])

    def reply(self, body: JsonObject) -> Reply:
        return self.answer(body)

    def go_wrong(self, number: int, body: JsonObject) -> Fault | None:
        return self.fault(number, body)

    @property
    def provider(self) -> LoopbackProvider:
        assert self._provider is not None
        return self._provider

    def use(self, provider: LoopbackProvider) -> None:
        """Have agents ask this provider where nothing else is said."""
        self._provider = provider
        (self.home / "config.toml").write_text(_CONFIG.format(base_url=provider.base_url))

    @property
    def environment(self) -> dict[str, str]:
        """Of a server, and of a client that starts one: no key, no home of a person."""
        return {
            "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.home.parent),
            "PARALLEL_AGENTS_HOME": str(self.home),
        }

    def start(self, *arguments: str, **variables: str) -> Running:
        """Start `pagents mcp`."""
        process = subprocess.Popen(
            [self.programs / "pagents", "mcp", *arguments],
            env=self.environment | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._started.append(Running(process, self.home))
        return self._started[-1]

    def pagents(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command on the home."""
        return subprocess.run(
            [self.programs / "pagents", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )

    def close(self) -> None:
        """End what was started, and the workers that it started."""
        for running in self._started:
            running.close()
        if (self.home / "store.db").exists():
            store = sqlite3.connect(self.home / "store.db")
            workers = store.execute("SELECT pid FROM owners WHERE role='worker' AND state='live'")
            for (pid,) in workers.fetchall():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            store.close()


@pytest.fixture(scope="session")
def programs(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """As for all tests, with the server loaded too."""
    if pytestconfig.getoption("--long"):
        yield Path(sys.executable).parent
        return
    interpreter = Loaded(also=["parallel_agents.surfaces.mcp.http"])
    folder = tmp_path_factory.mktemp("programs")
    interpreter.install(folder)
    yield folder
    interpreter.close()


@pytest.fixture
def place(tmp_path: Path, programs: Path) -> Iterator[Place]:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    place = Place(home, programs)
    with serve(Behaviour(answer=place.reply, fault=place.go_wrong)) as provider:
        place.use(provider)
        yield place
        place.close()


@pytest.fixture(scope="session")
def from_npm(pytestconfig: pytest.Config) -> Callable[[str, str], Path]:
    """The command of a package of npm, by the package with its version and the command's name.

    It is installed once for this checkout, by a run with --long, as all of them are a gigabyte; in
    any other run, the tests of what is not there are skipped. Where it can not be installed, they are
    skipped, too, and fail where the variable CI is set.
    """
    for name in ("node", "npm"):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed; this test needs Node 20 or newer, with npm")

    problems: dict[str, str] = {}

    def find(package: str, command: str) -> Path:
        folder = NPM_CACHE / package.replace("/", "+")
        if not folder.exists() and not pytestconfig.getoption("--long"):
            pytest.skip(f"{package} has to be fetched first: --long")
        if package not in problems:
            with _one_at_a_time(folder):
                problems[package] = "" if folder.exists() else _install(package, folder)
        if problem := problems.get(package):
            say = pytest.fail if os.environ.get("CI") else pytest.skip
            say(f"{package} could not be installed: {problem}")
        return folder / "node_modules" / ".bin" / command

    return find


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Generator[None]:
    """Let one process of the tests install into a folder; the others wait for it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _trusting(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment, in which Node trusts whom the machine trusts, also on a network of its own."""
    bundle = ssl.get_default_verify_paths().cafile
    return {**({"NODE_EXTRA_CA_CERTS": bundle} if bundle else {}), **environment}


def _install(package: str, folder: Path) -> str:
    """Install a package into a folder; what stood in the way, or nothing."""
    making = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    command = ["npm", "install", "--prefix", str(making), "--no-audit", "--no-fund", package]
    try:
        done = subprocess.run(
            [*command, "--fetch-retries=0"],
            cwd=making,
            capture_output=True,
            text=True,
            check=False,
            timeout=_INSTALL_SECONDS,
            env=_trusting(os.environ),
        )
    except subprocess.TimeoutExpired:
        return f"it took longer than {_INSTALL_SECONDS:.0f} s"
    if done.returncode:
        return " ".join(done.stderr.replace("npm error", "").split())[:300]
    making.rename(folder)
    return ""
