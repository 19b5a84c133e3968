"""Origin: where the function of a flow is defined, so that no other one of its name is taken for it."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path


def origin_of(function: Callable[..., object]) -> str:
    """The file and the qualified name of a function: `/home/ana/launch.py:launch`.

    A script is the same file whether it is run or imported. Where there is no file, as in an
    interpreter, it is the module: `__main__:launch`.
    """
    whole = inspect.unwrap(function)
    module = str(getattr(whole, "__module__", ""))
    name = str(getattr(whole, "__qualname__", ""))
    file = getattr(sys.modules.get(module), "__file__", None)
    place = os.path.realpath(file) if isinstance(file, str) and Path(file).is_file() else module
    return f"{place}:{name}"
