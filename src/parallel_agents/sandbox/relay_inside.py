"""The end of the relay that is inside of a sandbox: hands connections to the relay's socket.

It runs as a script, without this package and without site-packages, and becomes the command.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from threading import Thread

_CHUNK_BYTES = 65_536


def main() -> None:
    path, port, *command = sys.argv[1:]
    listening = socket.create_server(("127.0.0.1", int(port)), backlog=64)
    if os.fork():
        listening.close()
        os.execvp(command[0], command)  # noqa: S606 - the sandbox's command
    for descriptor in (0, 1, 2):  # the command's, whose end nobody else must delay
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    while True:
        connection, _ = listening.accept()
        outer = socket.socket(socket.AF_UNIX)
        outer.connect(path)
        for one, other in ((connection, outer), (outer, connection)):
            Thread(target=_copy, args=(one, other), daemon=True).start()


def _copy(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while chunk := one.recv(_CHUNK_BYTES):
            other.sendall(chunk)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main()
