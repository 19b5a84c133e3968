"""Ending: a program that is done ends at once, and leaves it to the system to free its memory.

An interpreter that ends frees each object of each module that it has loaded. For `pagents list` that
was a fifth of its time.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

from parallel_agents.thread_pools import ThreadPoolExecutor

_MONITORING_TOOLS = 6  # which `sys.monitoring` has places for

# Executors, which a program's own tools may use, end before `atexit` calls anybody.
# Python has no public way to run earlier; its own executors use this private one. It calls the last
# registered function first: ThreadPoolExecutor is imported so that it has registered before.
_register: Callable[[Callable[[], None]], object] = getattr(
    threading, "_register_atexit", atexit.register
)
assert ThreadPoolExecutor


def before_executors_end(call: Callable[[], None]) -> bool:
    """Have `call` called when the main thread ends, while executors still accept calls.

    Returns:
        False if they have ended already, and it is not called.
    """
    try:
        _register(call)
    except RuntimeError:
        return False
    return True


def end_process(ended: SystemExit) -> NoReturn:
    """End as an interpreter does: wait for threads, call what `atexit` knows, flush the streams.

    It raises `ended` again, for the interpreter to end by itself, if the exit code is not a number, if
    somebody measures or debugs the process, and if a stream or an interrupt gets in the way.
    """
    code = 0 if ended.code is None else ended.code
    # What `multiprocessing` ends its processes with; neither has a public name.
    join_threads = getattr(threading, "_shutdown", None)
    call_exit_functions = getattr(atexit, "_run_exitfuncs", None)
    if (
        not isinstance(code, int)
        or join_threads is None
        or call_exit_functions is None
        or _is_observed()
    ):
        raise ended
    try:
        join_threads()
        call_exit_functions()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except BaseException:  # noqa: BLE001 - the interpreter meets and reports it again
        raise ended from None
    os._exit(code & 0xFF)


def _is_observed() -> bool:
    """Whether a debugger, a profiler or a measurement of coverage wants to see the end."""
    if sys.gettrace() is not None or sys.getprofile() is not None:
        return True
    if sys.version_info < (3, 12):
        return False
    return any(sys.monitoring.get_tool(number) for number in range(_MONITORING_TOOLS))
