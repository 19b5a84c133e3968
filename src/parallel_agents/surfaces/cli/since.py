"""Since: the option `--since`, a span of time, a day by its name, or a moment."""

from __future__ import annotations

from typing import Annotated

import typer

Since = Annotated[
    str | None,
    typer.Option("--since", help="30m, 2h, 7d, today, or an ISO date or time.", metavar="TIME"),
]
