"""File option: `-f`, which all commands take alike that give an agent something to read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Files = Annotated[
    list[Path] | None,
    typer.Option(
        "--file",
        "-f",
        help="A text, image, PDF, folder or 'pattern' to work on, or - for stdin; can be repeated.",
        metavar="FILE",
    ),
]
Texts = Annotated[
    list[Path] | None,
    typer.Option(
        "--file",
        "-f",
        help="A text, folder or 'pattern' to work on, or - for stdin; can be repeated.",
        metavar="FILE",
    ),
]
