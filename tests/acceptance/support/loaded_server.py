"""The interpreter of `loaded`: it loads the command, and forks a process for each call."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

_MOST_BYTES = 1 << 20
_FILES = 4  # the process's streams, and the pipe that says its number and its end


def load() -> None:
    """Load what most commands load, except for modules that read the environment when loaded."""
    commands: Any = import_module("parallel_agents.surfaces.cli.commands")
    for command in commands.COMMANDS.values():
        import_module(f"parallel_agents.surfaces.cli.{command.where.partition(':')[0]}")
    import_module("parallel_agents.app.opening")
    gc.freeze()


def serve(channel: socket.socket) -> list[str] | None:
    """Fork for each request; returns its command in the process that is to execute it."""
    while True:
        request, files, _, _ = socket.recv_fds(channel, _MOST_BYTES, _FILES)
        if not request:
            return None
        if (witness := os.fork()) == 0:
            channel.close()
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
    *streams, told = files
    if (pid := os.fork()) == 0:
        os.close(told)
        return _become(request, streams)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for stream in streams:
        os.close(stream)
    os.write(told, f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(request: dict[str, Any], streams: Sequence[int]) -> list[str]:
    for descriptor, stream in enumerate(streams):
        os.dup2(stream, descriptor)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the process's life
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    return [os.fsdecode(argument.encode("latin-1")) for argument in request["command"]]


if __name__ == "__main__":
    load()
    called = serve(socket.socket(fileno=int(sys.argv[1])))
    if called is not None:
        sys.argv = called
        sys.path.insert(0, os.path.dirname(called[0]))  # noqa: PTH120 - as an interpreter does
        import_module("parallel_agents.__main__").main()
