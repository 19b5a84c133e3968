"""The program that stands for `pagents` or Python on a PATH: `loaded` forks what it is called for.

It is called as `loaded_client.py SOCKET PROGRAM ARGUMENT...` by an interpreter that loads nothing.
"""

from __future__ import annotations

import json
import os
import socket
import sys

address, *command = sys.argv[1:]
request = {
    "command": [os.fsencode(argument).decode("latin-1") for argument in command],
    "environment": dict(os.environ),
    "folder": os.getcwd(),  # noqa: PTH109 - pathlib takes longer to load than all the rest
}
reading, writing = os.pipe()
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
    asking.connect(address)
    socket.send_fds(asking, [json.dumps(request).encode()], [0, 1, 2, writing])
os.close(writing)
with os.fdopen(reading) as told:
    _, ended = told.read().split()
code = int(ended)
sys.exit(code if code >= 0 else 128 - code)
