"""Warden program: what the warden of a process runs; it imports nothing but Python itself.

Each line that it reads is `MARK GROUP`, with 0 for a group that has not begun, or `-MARK` of one that
has ended. When no more comes, it ends whatever holds the pipe that its argument names, then the groups,
and all processes with one of the marks among their variables. A line `.` says that its owner is done:
no sandbox is left, and whatever still holds the pipe was forked by the program.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable

# Chrome, for one, is started in a session of its own, and outlives the group of its server.
MARK = "PAGENTS_SERVER"
OWNER_IS_DONE = "."
_MOST_ROUNDS = 20
_MOST_BYTES = 65_536  # of a pipe
_PAUSE_SECONDS, _LONGEST_SECONDS = 0.005, 1.0


def end_marked(marks: set[str]) -> None:
    """Kill all processes of this user that inherited a variable with one of the marks.

    Only Linux tells the variables of a process.
    """
    wanted = [f"{MARK}={mark}\0".encode() for mark in marks]

    def has_mark(pid: int) -> bool:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123
            variables = file.read()
        return any(mark in variables for mark in wanted)

    for _ in range(_MOST_ROUNDS):  # one may start another while they are looked for
        if not _end_all(has_mark):
            return


def end_holders(line: int) -> None:
    """Kill all processes that hold a pipe, of which this one reads the other end, until none does.

    Unlike a group or a variable, a process has it from the moment when it is forked. The kernel ends
    what else is in a sandbox with its first process, which holds it, too.
    """
    os.set_blocking(line, False)
    pause = _PAUSE_SECONDS
    for _ in range(_MOST_ROUNDS):
        if not _is_held(line):
            return
        wanted = os.readlink(f"/proc/self/fd/{line}")  # noqa: PTH115

        def holds(pid: int, wanted: str = wanted) -> bool:
            folder = f"/proc/{pid}/fd"
            return pid != os.getpid() and any(
                _link(f"{folder}/{name}") == wanted
                for name in os.listdir(folder)  # noqa: PTH208
            )

        _end_all(holds)
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_SECONDS)


def _is_held(line: int) -> bool:
    try:
        return bool(os.read(line, _MOST_BYTES))  # what a command wrote there means nothing
    except BlockingIOError:
        return True


def _link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115
    except OSError:  # it was closed meanwhile
        return ""


def _end_all(is_meant: Callable[[int], bool]) -> int:
    """Kill the processes that are meant, and return how many were."""
    return sum(_end_if(is_meant, pid) for pid in _processes())


def _processes() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208
    except OSError:
        return []


def _end_if(is_meant: Callable[[int], bool], pid: int) -> bool:
    """Kill a process if it is meant; return whether it was, and was alive."""
    try:
        descriptor = os.pidfd_open(pid)  # whatever has the number later
    except (OSError, AttributeError):
        return False
    try:
        if not is_meant(pid):
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
    groups: dict[str, int] = {}
    is_owner_done = False
    for line in sys.stdin:
        if line.strip() == OWNER_IS_DONE:
            is_owner_done = True
            break
        mark, _, group = line.strip().partition(" ")
        if group:
            groups[mark] = int(group)
        else:
            groups.pop(mark[1:], None)
    if not is_owner_done:
        end_holders(int(sys.argv[1]))
    begun = [group for group in groups.values() if group]
    for number, pause in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 0.0)):
        for group in begun:
            try:
                os.killpg(group, number)
            except OSError:
                continue
        if begun:
            time.sleep(pause)
    if groups:
        end_marked(set(groups))


if __name__ == "__main__":
    main()
