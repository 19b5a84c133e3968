"""Process: settings of the process that let an engine hold many runs."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Generator
from contextlib import contextmanager

_YOUNG, _YOUNG_OF_A_RUN, _MIDDLE = 50_000, 200, 50
_OTHER_FILES = 256


@contextmanager
def calmer_collector(runs: int) -> Generator[None]:
    """Raise the garbage collector's thresholds while the block lasts; never lower them.

    Each run holds some hundred objects until it ends, so a pass every 700 new objects visits all of
    them again and again: that takes a quarter of the CPU of 1,000 runs that begin at once, and
    pauses everything else. The threshold therefore grows with the number of concurrent `runs`.
    """
    before = gc.get_threshold()
    if before[0]:  # zero: the collector is switched off
        gc.set_threshold(
            max(before[0], _YOUNG + _YOUNG_OF_A_RUN * runs), max(before[1], _MIDDLE), *before[2:]
        )
    try:
        yield
    finally:
        gc.set_threshold(*before)


def allow_connections(count: int) -> None:
    """Raise the process's limit of open files to fit `count` connections, as far as permitted.

    Many systems start with 1,024 and permit far more. If the limit cannot be raised, connections
    beyond it fail with an error that names it.
    """
    try:
        resource = importlib.import_module("resource")
    except ModuleNotFoundError:
        return  # Windows has no such limit
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
