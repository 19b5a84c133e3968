"""Files: written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from parallel_agents.errors import InvalidInput


def write_whole(target: Path, content: bytes) -> None:
    """Replace a file in one step, and make the folders that it needs.

    Raises:
        InvalidInput: the file cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:80]}.")
        beside = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            beside.chmod(0o600)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"{target} cannot be written",
            why=str(error),
            hint="name a folder that you may write to",
        ) from error
