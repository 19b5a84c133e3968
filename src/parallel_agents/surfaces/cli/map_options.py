"""Options of `pagents map` that no other command has."""

from __future__ import annotations

from typing import Annotated

import typer

from parallel_agents.core.batch import MOST_ITEMS
from parallel_agents.core.task import OnFailure
from parallel_agents.maps.source import Format
from parallel_agents.surfaces.cli.inputs import given_text

Rows = Annotated[
    str | None,
    typer.Option(
        help="The same as FILE: a CSV or JSONL file, a pattern such as 'src/**/*.py', or - for stdin.",
        metavar="ROWS",
    ),
]
RowFiles = Annotated[
    list[str] | None,
    typer.Argument(
        help="A CSV or JSONL file with the rows, a pattern, or files that are a row each.",
        metavar="FILE",
    ),
]
RowText = Annotated[
    str | None,
    typer.Option(
        help="The task of each row, with {column} and @{path}.",
        metavar="TEXT",
        callback=given_text,
    ),
]
RowInputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        metavar="NAME=TEXT",
        help="An input, with {column}; @{column} is the content of the file that it names.",
    ),
]
RowFormat = Annotated[Format | None, typer.Option("--format", help="What the rows are read from.")]
KeyColumn = Annotated[
    str | None,
    typer.Option(help="The column that identifies a row; by default its task.", metavar="COLUMN"),
]
Out = Annotated[
    str | None,
    typer.Option(
        help="The file of results, .jsonl or .csv; - is stdout. By default results/ID.jsonl in the home.",
        metavar="FILE",
    ),
]
MapId = Annotated[
    str | None,
    typer.Option("--id", help="A name for the map; the same name continues it.", metavar="ID"),
]
Failing = Annotated[OnFailure, typer.Option(help="What happens to the other rows when one fails.")]
Most = Annotated[int | None, typer.Option(help="Only the first N rows.", metavar="N", min=1)]
Reduce = Annotated[
    str | None, typer.Option(help="An agent that gets all results in the end.", metavar="AGENT")
]
ReduceText = Annotated[
    str | None, typer.Option(help="What that agent is asked to do.", metavar="TEXT")
]
Batch = Annotated[
    int,
    typer.Option(
        help="Ask for N rows in one call, so that the agent's instructions are paid for once.",
        metavar="N",
        min=1,
        max=MOST_ITEMS,
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Check the rows, and print what they cost at most.")
]
