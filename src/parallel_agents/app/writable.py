"""Writable: whether this process can write what lies in a folder, found out by trying it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_PROBE = bytes(1 << 16)


def why_unwritable(path: Path) -> str:
    """Why a folder, or a file in one, cannot be written; empty if it can.

    A folder that is not there can be made if the one above it can be written. What is tried leaves
    nothing behind.
    """
    there = next(folder for folder in (path, *path.parents) if os.path.exists(folder))  # noqa: PTH110 - that of Path raises where nobody may look
    if not there.is_dir():
        return "" if os.access(there, os.W_OK) else "it is read-only"
    try:
        # A right to write does not tell of a full disk, nor of a medium that nobody can write.
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(_PROBE)
    except OSError as error:
        where = "" if there == path else f"{there}: "
        return f"{where}{error.strerror or error}"
    return ""
