"""Child imports: a program that begins work while a child process imports it is told that each child does so."""

from __future__ import annotations

import sys
from functools import cache

from parallel_agents.api.opening import LOG


def note_child_import() -> None:
    """Warn if a child of `multiprocessing` is importing the main module, which begins its work anew.

    Python refuses only that such a child starts processes of its own.
    """
    process = sys.modules.get("multiprocessing.process")
    if process is not None and getattr(process.current_process(), "_inheriting", False):
        _note()


@cache
def _note() -> None:
    LOG.warning(
        "a child process imports this program, and begins and pays for its work again; put what only the first "
        'process is to do below `if __name__ == "__main__":`'
    )
