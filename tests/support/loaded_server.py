"""The interpreter of `loaded`: it loads the package, and forks a process for each call."""

from __future__ import annotations

import fcntl
import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

_MOST_BYTES = 1 << 20
_READ_AT_START = ("PYTHON", "LC_", "LANG", "TZ")
_COERCED = (
    "LC_CTYPE"  # set by an interpreter that finds no locale, such as that of the client: PEP 538
)
_FILES = 5  # the process's streams, the pipe that says its number and its end, and a lock


def load() -> None:
    """Load what most commands load, except for modules that read the environment when loaded."""
    commands: Any = import_module("parallel_agents.surfaces.cli.commands")
    for command in commands.COMMANDS.values():
        import_module(f"parallel_agents.surfaces.cli.{command.where.partition(':')[0]}")
    import_module("parallel_agents.app.opening")
    import_module("parallel_agents.api.running")
    import_module("jsonschema_rs")
    catalog: Any = import_module("parallel_agents.catalog.catalog")
    shipped = catalog.Catalog()
    shipped.agents()
    shipped.all_cases()
    _make_adapters()
    gc.freeze()


def _make_adapters() -> None:
    """Make the adapters of pydantic that the package keeps: a half of what a short command takes."""
    modules = [each for name, each in sys.modules.items() if name.startswith("parallel_agents.")]
    for function in [each for module in modules for each in vars(module).values()]:
        annotations = getattr(function, "__annotations__", {})
        is_adapter = str(annotations.get("return", "")).startswith("TypeAdapter")
        if is_adapter and len(annotations) == 1 and hasattr(function, "cache_info"):
            function()


def serve(listening: socket.socket) -> list[str] | None:
    """Fork for each request; returns its command in the process that is to execute it.

    Returns None at the end of the standard input.
    """
    while True:
        ready, _, _ = select.select([0, listening], [], [])
        if 0 in ready:
            return None
        asked, _ = listening.accept()
        with asked:
            request, files, _, _ = socket.recv_fds(asked, _MOST_BYTES, _FILES)
        if (witness := os.fork()) == 0:
            listening.close()
            return _fork(json.loads(request), files)
        for file in files:
            os.close(file)
        _reap(witness)


_witnesses: set[int] = set()


def _reap(witness: int) -> None:
    _witnesses.add(witness)
    for pid in list(_witnesses):
        if os.waitpid(pid, os.WNOHANG)[0]:
            _witnesses.discard(pid)


def _fork(request: dict[str, Any], files: Sequence[int]) -> list[str]:
    """Fork the process of the command, whose parent stays here to tell how it ended."""
    streams, told, locks = files[:3], files[3], files[4:]
    if (pid := os.fork()) == 0:
        os.close(told)
        return _become(request, streams, locks)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for file in (*streams, *locks):
        os.close(file)
    os.write(told, f"{pid}\n".encode())
    _end_with(told, pid)
    _, status = os.waitpid(pid, 0)
    with suppress(BrokenPipeError):
        os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _end_with(told: int, pid: int) -> None:
    """Kill the process if nobody is left to hear of its end: who called it was killed."""
    process = os.pidfd_open(pid)
    ends = select.poll()
    ends.register(told, 0)  # an error: the other end is closed
    ends.register(process, select.POLLIN)
    if process not in dict(ends.poll()):
        os.kill(pid, signal.SIGKILL)
    os.close(process)


def _become(request: dict[str, Any], streams: Sequence[int], locks: Sequence[int]) -> list[str]:
    for descriptor, stream in enumerate(streams):
        os.dup2(stream, descriptor)
        os.close(stream)
    needs = _read_at_start(request["environment"]) - _read_at_start(os.environ)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    command = [os.fsdecode(argument.encode("latin-1")) for argument in request["command"]]
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
    load()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(sys.argv[1])
        listener.listen(100)
        os.write(1, b"ready\n")
        called = serve(listener)
    if called is not None:
        end_process: Any = import_module("parallel_agents.ending").end_process
        try:
            execute(called)
        except SystemExit as ended:
            end_process(ended)
        else:
            end_process(SystemExit(0))
