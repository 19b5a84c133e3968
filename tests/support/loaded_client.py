"""The program that stands for `pagents` or Python on a PATH: `loaded` forks what it is called for.

It is called as `loaded_client.py SOCKET PROGRAM ARGUMENT...` by an interpreter that loads nothing, and
loads only what is built into that: `json`, `signal` and `socket` would take longer than all the rest. It
hands on the signals that it gets, and a lock that the program inherits, and ends as the forked process
does. A stream that is closed here is closed there.
"""

from __future__ import annotations

import _socket
import marshal
import os
import sys
from importlib import import_module

signal = import_module("_signal")
pid = 0


def hand_on(number: int, _: object) -> None:
    os.kill(pid, number)


address, *command = sys.argv[1:]
closed = [n for n, each in enumerate((sys.stdin, sys.stdout, sys.stderr)) if each is None]
for _ in closed:
    os.open(os.devnull, os.O_RDWR)  # gets the number of the lowest that is closed
request = {
    "closed": closed,
    "command": [os.fsencode(argument).decode("latin-1") for argument in command],
    "environment": dict(os.environ),
    "folder": os.getcwd(),  # noqa: PTH109 - pathlib takes longer to load than all the rest
}
lock = [int(command[command.index("--lock") + 1])] if "--lock" in command else []
reading, writing = os.pipe()
files = b"".join(file.to_bytes(4, sys.byteorder) for file in (0, 1, 2, writing, *lock))
asking = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
asking.connect(address)
asking.sendmsg([marshal.dumps(request)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
asking.close()
for file in (writing, *lock):
    os.close(file)
with os.fdopen(reading, "rb", buffering=0) as told:
    pid = int(told.readline())
    for stream in range(3):
        os.close(stream)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, hand_on)
    code = int(told.readline())
if code < 0:
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
