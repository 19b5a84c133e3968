"""Warden program: what the warden of a process runs; it imports nothing but Python itself.

Each line that it reads is `GROUP MARK`, or `-GROUP` of one that has ended. When no more comes, it ends
the groups, and all processes with one of the marks among their variables.
"""

from __future__ import annotations

import os
import signal
import sys
import time

# Chrome, for one, is started in a session of its own, and outlives the group of its server.
MARK = "PAGENTS_SERVER"
_MOST_ROUNDS = 20


def end_marked(marks: set[str]) -> None:
    """Kill all processes of this user that inherited a variable with one of the marks.

    Only Linux tells the variables of a process.
    """
    wanted = [f"{MARK}={mark}\0".encode() for mark in marks]
    for _ in range(_MOST_ROUNDS):  # one may start another while they are looked for
        if not sum(_end_if_marked(pid, wanted) for pid in _processes()):
            return


def _processes() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208
    except OSError:
        return []


def _end_if_marked(pid: int, wanted: list[bytes]) -> bool:
    """Kill a process if it has one of the marks; return whether it had, and was alive."""
    try:
        descriptor = os.pidfd_open(pid)  # whatever has the number later
    except (OSError, AttributeError):
        return False
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123
            variables = file.read()
        if not any(mark in variables for mark in wanted):
            return False
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    marks: dict[int, str] = {}
    for line in sys.stdin:
        group, _, mark = line.strip().partition(" ")
        if mark:
            marks[int(group)] = mark
        else:
            marks.pop(-int(group), None)
    for number, pause in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 0.0)):
        for group in marks:
            try:
                os.killpg(group, number)
            except OSError:
                continue
        if marks:
            time.sleep(pause)
    if marks:
        end_marked(set(marks.values()))


if __name__ == "__main__":
    main()
