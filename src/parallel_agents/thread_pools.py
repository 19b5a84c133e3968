"""Thread pools: Python's own executor, which can be imported even after the main thread has ended.

Its module asks to be called when the main thread ends. After that it refuses to load, and with it
would this package, for a thread that the main thread did not wait for.
"""

from __future__ import annotations

import threading
from importlib import import_module

try:
    from concurrent.futures.thread import ThreadPoolExecutor as ThreadPoolExecutor
except RuntimeError:
    # Python has no public way to load it now. It is loaded as if it had been there in time: its
    # executors refuse all calls, and an idle one keeps no process.
    setattr(threading, "_SHUTTING_DOWN", False)  # noqa: B010 - type checkers do not know it
    try:
        _late = import_module("concurrent.futures.thread")
    finally:
        setattr(threading, "_SHUTTING_DOWN", True)  # noqa: B010
    _late._python_exit()  # noqa: SLF001 - see above
    from concurrent.futures.thread import ThreadPoolExecutor as ThreadPoolExecutor
