"""Since: the option `--since`, a span of time or a moment."""

from __future__ import annotations

from typing import Annotated

import typer

Since = Annotated[
    str | None,
    typer.Option("--since", help="30m, 2h, 7d, or an ISO date or time.", metavar="TIME"),
]
