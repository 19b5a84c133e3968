"""Templates: files to begin with, by name, and new files that overwrite none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import InvalidInput
from parallel_agents.files import make_folders


def find_template(name: str, templates: Mapping[str, Path], instead: str = "") -> Path:
    """The file of the template of that name.

    Args:
        name: what was asked for.
        templates: the files by name.
        instead: what else whoever names none of them may want; it ends the hint.

    Raises:
        InvalidInput: there is none.
    """
    if name not in templates:
        raise InvalidInput(
            f"there is no template {name!r}", hint=did_you_mean(name, sorted(templates), instead)
        )
    return templates[name]


def write_new(target: Path, text: str, *, hint: str) -> None:
    """Write a file that is not there yet, and make its missing folders.

    Args:
        target: its path.
        text: its content.
        hint: what to do if there is one.

    Raises:
        InvalidInput: it exists, or cannot be written.
    """
    try:
        make_folders(target.parent)
        with target.open("x", encoding="utf-8") as opened:
            try:
                opened.write(text)
                opened.flush()
            except (OSError, ValueError):
                target.unlink(missing_ok=True)  # half a file would stand in the way of the next try
                raise
    except FileExistsError as error:
        raise InvalidInput(f"{target} exists already", hint=hint) from error
    except OSError as error:
        raise InvalidInput(
            f"{target} cannot be written",
            why=error.strerror or str(error),
            hint="name a file that you can write",
        ) from error
