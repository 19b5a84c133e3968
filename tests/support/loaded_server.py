"""The interpreter of `loaded`: it loads the package, and forks a process for each call."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import marshal
import os
import runpy
import select
import signal
import socket
import sys
import tempfile
import termios
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

_MOST_BYTES = 1 << 20
_READ_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "SSL_CERT_")  # the last by aiohttp
_LATE = (
    "aiohttp",
    "encodings.ascii",
    "parallel_agents.first_process",
    "typer._adapters",
    "typer._click.decorators",
)
_COERCED = (
    "LC_CTYPE"  # set by an interpreter that finds no locale, such as that of the client: PEP 538
)
_FILES = 5  # the process's streams, the pipe that says its number and its end, and a lock


def load(also: Sequence[str] = ()) -> None:
    """Load what most commands load.

    Of the modules that read the environment when loaded, only those whose variables are `_READ_AT_START`.
    """
    _build_commands()
    import_module("parallel_agents.app.opening")
    import_module("parallel_agents.api.running")
    import_module("jsonschema_rs")
    catalog: Any = import_module("parallel_agents.catalog.catalog")
    shipped = catalog.Catalog()
    shipped.agents()
    shipped.all_cases()
    _make_adapters()
    _complete_models()
    _run_once()
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join()  # a fork has only the thread that forked
    for late in (*_LATE, *also):
        import_module(late)
    gc.freeze()


def _complete_models() -> None:
    """Build the models of files, which the package puts off to their first use."""
    pydantic: Any = import_module("pydantic")
    models = list(pydantic.BaseModel.__subclasses__())
    for model in models:
        models += model.__subclasses__()
        if not model.__pydantic_complete__:
            model.model_rebuild(raise_errors=False)


def _build_commands() -> None:
    """Build each command and what reads the values of its options."""
    main: Any = import_module("parallel_agents.surfaces.cli.main")
    for name in main.COMMANDS:
        _prepare(main.build([name]))


def _prepare(command: Any) -> None:
    for parameter in command.params:
        parameter.get_runtime_param()
    for below in getattr(command, "commands", {}).values():
        _prepare(below)


def _run_once() -> None:
    """Run a team, so that what is made at its first use is there."""
    pa: Any = import_module("parallel_agents")
    testing: Any = import_module("parallel_agents.testing")
    writer = pa.Agent(name="writer", description="Writes.", instructions="Write.")

    def answer(_: object) -> str:
        return "Tea."

    def model(_: str) -> object:
        return testing.RepliesWith(answer)

    with tempfile.TemporaryDirectory() as home:
        tasks = [pa.Task("writer", "Tea.", model="scripted/m")] * 2
        given = {"home": home, "agents": [writer], "models": {"scripted": model}}
        asyncio.run(pa.arun(tasks, **given))


def _make_adapters() -> None:
    """Make the adapters of pydantic that the package keeps: a half of what a short command takes."""
    modules = [each for name, each in sys.modules.items() if name.startswith("parallel_agents.")]
    for function in [each for module in modules for each in vars(module).values()]:
        annotations = getattr(function, "__annotations__", {})
        is_adapter = str(annotations.get("return", "")).startswith("TypeAdapter")
        if is_adapter and len(annotations) == 1 and hasattr(function, "cache_info"):
            function()


@dataclass(slots=True)
class Server:
    """Forks for each request, and tells whoever asked how the process ended."""

    listening: socket.socket
    _ends: select.poll = field(default_factory=select.poll)
    _forked: dict[int, _Forked] = field(default_factory=dict["int", "_Forked"])

    def serve(self) -> Request | None:
        """Fork until the standard input ends; in a forked process, what it is to execute.

        Returns None at the end of the standard input.
        """
        self._ends.register(0, select.POLLIN)
        self._ends.register(self.listening, select.POLLIN)
        while True:
            for descriptor, _ in self._ends.poll():
                if descriptor == 0:
                    return None
                if descriptor != self.listening.fileno():
                    self._end(self._forked[descriptor])
                elif (request := self._accept()) is not None:
                    return request

    def _accept(self) -> Request | None:
        asked, _ = self.listening.accept()
        with asked:
            text, files, _, _ = socket.recv_fds(asked, _MOST_BYTES, _FILES)
        if (pid := os.fork()) == 0:
            self._leave()
            os.close(files[3])
            return Request(marshal.loads(text), files[:3], files[4:])
        for file in (*files[:3], *files[4:]):
            os.close(file)
        self._watch(_Forked(pid, os.pidfd_open(pid), told=files[3]))
        return None

    def _leave(self) -> None:
        """Close in a forked process what is the server's."""
        self.listening.close()
        for forked in set(self._forked.values()):
            forked.close()

    def _watch(self, forked: _Forked) -> None:
        with suppress(BrokenPipeError):
            os.write(forked.told, f"{forked.pid}\n".encode())
        self._forked |= {forked.process: forked, forked.told: forked}
        self._ends.register(forked.process, select.POLLIN)
        self._ends.register(forked.told, 0)  # an error: nobody is left to hear of the end

    def _end(self, forked: _Forked) -> None:
        """Tell how a process ended, or kill the one whose caller was killed."""
        if forked.process not in self._forked:
            return  # both of its files were ready at once
        if not forked.has_ended():
            os.kill(forked.pid, signal.SIGKILL)
        _, status = os.waitpid(forked.pid, 0)
        with suppress(BrokenPipeError):
            os.write(forked.told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        for descriptor in (forked.process, forked.told):
            self._ends.unregister(descriptor)
            del self._forked[descriptor]
        forked.close()


@dataclass(frozen=True, slots=True)
class _Forked:
    """A process that was forked, and the pipe to whoever asked for it."""

    pid: int
    process: int
    told: int

    def has_ended(self) -> bool:
        return bool(select.select([self.process], [], [], 0)[0])

    def close(self) -> None:
        os.close(self.process)
        os.close(self.told)


@dataclass(frozen=True, slots=True)
class Request:
    """What a forked process is to become: a command with streams and perhaps a lock."""

    asked: Mapping[str, Any]
    streams: Sequence[int]
    locks: Sequence[int]


def become(request: Request) -> list[str]:
    """Take over the streams, environment and folder of a request; its command."""
    asked, locks = request.asked, request.locks
    closed: Sequence[int] = asked.get("closed", ())
    for descriptor, stream in enumerate(request.streams):
        os.dup2(stream, descriptor)
        os.close(stream)
    needs = _read_at_start(asked["environment"]) - _read_at_start(os.environ)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    command = [os.fsdecode(argument.encode("latin-1")) for argument in asked["command"]]
    if locks:
        os.setsid()  # as the command does that starts it
        command[command.index("--lock") + 1] = str(locks[0])
    elif os.isatty(0):
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if needs or command[1:2] == ["-S"]:
        os.execv(Path(sys.executable).with_name(Path(command[0]).name), command)
    _load_workers(Path(sys.argv[1]).with_name("python"))
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the process's life
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    for descriptor in closed:
        os.close(descriptor)
        setattr(sys, ("stdin", "stdout", "stderr")[descriptor], None)  # as an interpreter has it
    return command


def _load_workers(python: Path) -> None:
    """Have the background processes forked, too, that the command starts."""
    workers: Any = import_module("parallel_agents.app.workers")
    workers.python_command = partial(workers.python_command, python=str(python))


def _read_at_start(environment: Mapping[str, str]) -> set[tuple[str, str]]:
    """The variables that an interpreter reads only when it starts."""
    return {
        (name, value)
        for name, value in environment.items()
        if name.startswith(_READ_AT_START) and name != _COERCED
    }


def execute(command: Sequence[str]) -> None:
    """Do what the program would do that a command begins with: `pagents`, or an interpreter."""
    program, *rest = command
    if Path(program).name == "pagents":
        sys.argv = [program, *rest]
        sys.path.insert(0, os.path.dirname(program))  # noqa: PTH120 - as an interpreter does
        import_module("parallel_agents.__main__").main()
    elif rest[0] == "-c":
        sys.argv = ["-c", *rest[2:]]
        sys.path.insert(0, "")
        main = sys.modules["__main__"] = ModuleType("__main__")
        exec(compile(rest[1], "<string>", "exec", dont_inherit=True), vars(main))
    elif rest[0] == "-P":
        sys.argv = rest[2:]
        runpy.run_module(rest[2], run_name="__main__", alter_sys=True)
    elif rest[0] == "-m":
        sys.argv = rest[1:]
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(rest[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = rest
        sys.path.insert(0, os.path.dirname(os.path.realpath(rest[0])))  # noqa: PTH120
        runpy.run_path(rest[0], run_name="__main__")


if __name__ == "__main__":
    load(sys.argv[2:])
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(sys.argv[1])
        listener.listen(100)
        os.write(1, b"ready\n")
        request = Server(listener).serve()
    if request is not None:
        called = become(request)
        end_process: Any = import_module("parallel_agents.ending").end_process
        try:
            execute(called)
        except SystemExit as ended:
            end_process(ended)
        else:
            end_process(SystemExit(0))
