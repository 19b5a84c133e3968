"""Do options: what `pagents do` takes besides what other commands take as well."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.surfaces.cli.inputs import given_text

Goal = Annotated[
    str,
    typer.Argument(
        help="What is to be reached; - reads it from stdin.", metavar="GOAL", callback=given_text
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Run the plan without asking.")]
PlanOnly = Annotated[
    bool, typer.Option("--plan-only", help="Print the plan as a team file, and run nothing.")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="With --plan-only, where to write it.", metavar="FILE"),
]
PlanFile = Annotated[
    Path | None, typer.Option("--plan", help="Do this team file instead.", metavar="FILE")
]
OnlyAgents = Annotated[
    str | None, typer.Option(help="The only agents that the plan may use, as a,b.", metavar="NAMES")
]
MostSteps = Annotated[
    int | None, typer.Option(help="The most steps of the plan, up to 30.", metavar="N")
]
Parallel = Annotated[
    int | None,
    typer.Option("--parallel", "--max-parallel", min=1, help="The most at once.", metavar="N"),
]
Replans = Annotated[
    int, typer.Option(help="How often what failed is planned anew, 0 to 5.", metavar="N")
]
DoId = Annotated[
    str | None,
    typer.Option("--id", help="A name for it; the same name continues it.", metavar="ID"),
]
