"""Extras: the line that installs a missing extra or package into the environment of this process.

The shell's `pip` may be of another environment, where `pagents` means whatever an index has by that
name; and `uv tool`, `uv venv` and pipx make environments without one.
"""

from __future__ import annotations

import shlex
import shutil
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from parallel_agents.interpreter import this_python


def install_line(package: str) -> str:
    """What a person types to get a package or an extra, such as `pip install 'pagents[web]'`."""
    install = installer(this_python(), has_pip=find_spec("pip") is not None)
    return f"{install} {shlex.quote(package)}"


@cache
def installer(python: str, *, has_pip: bool, search: str | None = None) -> str:
    """What installs into the environment of this interpreter.

    Args:
        python: the interpreter.
        has_pip: whether its environment has pip.
        search: the folders that the shell searches; by default those of this process.
    """
    quoted, found = shlex.quote(python), shutil.which("pip", path=search)
    if has_pip:
        is_ours = found is not None and Path(found).parent == Path(python).parent
        return "pip install" if is_ours else f"{quoted} -m pip install"
    if shutil.which("uv", path=search) is not None:
        return f"uv pip install --python {quoted}"
    return f"{quoted} -m ensurepip && {quoted} -m pip install"
