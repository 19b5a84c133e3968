"""Links: where a path leads through the links in it.

`pathlib.Path.resolve` raises a RuntimeError for links that lead to each other up to Python 3.12, and
returns a path from 3.13 on. What is here does the same on each.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def real_path(path: Path) -> Path:
    """The absolute path without links, as far as it leads: to what is missing, or links in a circle."""
    return Path(os.path.realpath(path))


def existing_path(path: Path) -> Path:
    """The absolute path without links of what is there.

    Raises:
        OSError: it is missing, or links lead to each other.
    """
    return Path(os.path.realpath(path, strict=True))


def through_links(path: Path) -> Path:
    """Where a path leads if it is a link; nothing need be there.

    Raises:
        OSError: links lead to each other.
    """
    if not path.is_symlink():
        return path
    with suppress(FileNotFoundError):
        path.stat()
    return real_path(path)
