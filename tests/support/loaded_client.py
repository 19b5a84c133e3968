"""The program that stands for `pagents` or Python on a PATH: `loaded` forks what it is called for.

It is called as `loaded_client.py SOCKET PROGRAM ARGUMENT...` by an interpreter that loads nothing. It
hands on the signals that it gets, and a lock that the program inherits, and ends as the forked process does.
A stream that is closed here is closed there.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys

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
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
    asking.connect(address)
    socket.send_fds(asking, [json.dumps(request).encode()], [0, 1, 2, writing, *lock])
for file in (writing, *lock):
    os.close(file)
with os.fdopen(reading, "rb", buffering=0) as told:
    pid = int(told.readline())
    for stream in range(3):
        os.close(stream)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: os.kill(pid, number))
    code = int(told.readline())
if code < 0:
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
