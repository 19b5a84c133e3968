"""First process: the command in a container of its own, where somebody must reap what others leave.

The first process of a container gets every process whose parent has ended as its child, and the system
delivers a signal to it only if it has a handler. So there the command runs as a child of a process that
does nothing but reap, pass signals on, and end with the command's exit code.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

_FIRST = 1
# Faults of this process itself, and what concerns its terminal and its children.
_OWN = (
    "SIGKILL",
    "SIGSTOP",
    "SIGCHLD",
    "SIGSEGV",
    "SIGBUS",
    "SIGFPE",
    "SIGILL",
    "SIGABRT",
    "SIGTTIN",
    "SIGTTOU",
)


def leave_first_process() -> None:
    """Continue in a child if this is the first process; return at once if it is not.

    The first process never returns: it ends when the child has ended. It must have one thread.
    """
    if sys.platform == "win32" or os.getpid() != _FIRST:
        return
    passed = signal.valid_signals() - {getattr(signal.Signals, name) for name in _OWN}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*passed, signal.SIGCHLD})
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    os._exit(_reap(child, {*passed, signal.SIGCHLD}))


def _reap(child: int, waited: set[int]) -> int:
    """Pass signals on to the child and reap every process, until the child has ended; its exit code."""
    assert sys.platform != "win32"  # its caller has left
    while True:
        number = signal.sigwait(waited)
        if number != signal.SIGCHLD:
            with suppress(ProcessLookupError):
                os.kill(child, number)
            continue
        while (ended := _next_ended()) is not None:
            pid, status = ended
            if pid == child:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code


def _next_ended() -> tuple[int, int] | None:
    """A process that has ended and its status; None if none has."""
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return None if pid == 0 else (pid, status)
