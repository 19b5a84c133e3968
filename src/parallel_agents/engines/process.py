"""Process: what an engine asks of the process that it runs in, so that it can hold many runs."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Generator
from contextlib import contextmanager

_YOUNG, _YOUNG_OF_A_RUN, _MIDDLE = 50_000, 200, 50
_OTHER_FILES = 256


@contextmanager
def calmer_collector(runs: int) -> Generator[None]:
    """Raise the garbage collector's thresholds for as long as the block lasts; never lower them.

    Each run holds some hundred objects until it ends, so a pass every 700 new objects looks
    through all of them again and again: a quarter of the CPU of 1,000 runs that begin at once,
    and pauses in which nothing else happens. How many may be new at a pass therefore grows with
    the number of `runs` that may be at work at once.
    """
    before = gc.get_threshold()
    if before[0]:  # zero means that somebody has switched the collector off
        gc.set_threshold(
            max(before[0], _YOUNG + _YOUNG_OF_A_RUN * runs), max(before[1], _MIDDLE), *before[2:]
        )
    try:
        yield
    finally:
        gc.set_threshold(*before)


def allow_connections(count: int) -> None:
    """Raise the process's own limit of open files to hold so many connections, as far as it may.

    Many systems begin with 1,024 and allow far more. Where there is no such limit, or it may not
    be raised, connections beyond it fail with an error that names it.
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
