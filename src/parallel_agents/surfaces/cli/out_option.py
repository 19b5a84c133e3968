"""Out option: the file that a command writes because it was told to, which replaces none unasked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.errors import InvalidInput
from parallel_agents.files import check_free

Force = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]


def check_out(out: Path | None, *, force: bool) -> None:
    """Refuse a file before the work whose result it is for; without one, there is nothing to replace.

    Raises:
        InvalidInput: the file is there, or cannot be written, or --force is given without one.
    """
    if out is not None:
        check_free(out, force=force)
    elif force:
        raise InvalidInput("--force requires --out", hint="add --out FILE, or leave out --force")
