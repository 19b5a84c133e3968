"""Interpreter: Python is started, and starts, without the current folder on its module path.

`python -m` puts the current folder first, so that a `typer.py` in a cloned repository would be
executed with the user's keys in its environment. Until the folder has left the path, nothing is imported
that Python has not loaded at its own start; `runpy`, which executes `-m`, is Python's.
"""

from __future__ import annotations

import os
import sys


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


def isolated_script(file: str, *arguments: str) -> list[str]:
    """The command that runs a file in the same way."""
    return [sys.executable, "-I", "-S", file, *arguments]


def leave_current_folder() -> None:
    """Take the current folder off the module path, unless this package was found in it."""
    # Not pathlib, which is not loaded yet.
    try:
        here = os.getcwd()  # noqa: PTH109
    except OSError:  # it was deleted
        return
    package = os.path.abspath(__file__)  # noqa: PTH100
    if here != os.path.dirname(os.path.dirname(package)):  # noqa: PTH120
        sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]  # noqa: PTH100


def this_python() -> str:
    """The interpreter of this process, for what a person types."""
    return sys.executable
