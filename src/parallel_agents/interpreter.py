"""Interpreter: Python is started, and starts, without the current folder on its module path.

`python -m` puts the current folder first, so that a `typer.py` in a cloned repository would be
executed with the user's keys in its environment.
"""

from __future__ import annotations

import sys
from pathlib import Path


def python_command(module: str, *arguments: str, python: str = "") -> list[str]:
    """The command that runs a module in a new interpreter; by default in this one's environment.

    `-P` leaves `PYTHONPATH` and the user's site in force, through which this package may have been
    found; https://docs.python.org/3/using/cmdline.html#cmdoption-P
    """
    return [python or sys.executable, "-P", "-m", module, *arguments]


def isolated_command(code: str) -> list[str]:
    """The command that runs a program text in a new interpreter that has nothing but Python itself.

    https://docs.python.org/3/using/cmdline.html#cmdoption-I
    """
    return [sys.executable, "-I", "-S", "-c", code]


def leave_current_folder() -> None:
    """Take the current folder off the module path, unless this package was found in it."""
    try:
        here = Path.cwd()
    except OSError:  # it was deleted
        return
    if here != Path(__file__).parents[1]:
        sys.path[:] = [entry for entry in sys.path if Path(entry).absolute() != here]
