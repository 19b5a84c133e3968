"""`pagents metrics`: the state of the store as text for Prometheus, or the dashboard that shows it."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated

import typer

from parallel_agents.app.reading import open_reader
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import Home, find_store
from parallel_agents.surfaces.health_look import look
from parallel_agents.views.metrics import metrics_text

_Grafana = Annotated[
    bool, typer.Option("--grafana", help="Print a dashboard for Grafana to import instead.")
]


def metrics(grafana: _Grafana = False, home: Home = None) -> None:
    """Print what is live, what needs you and what it cost, as Prometheus reads it.

    A cron job can write it to a file for the textfile collector of node_exporter.
    """
    if grafana:
        render.unwrapped(
            files("parallel_agents.views").joinpath("grafana.json").read_text("utf-8").rstrip("\n")
        )
        return
    context = find_store(home)

    async def text() -> str:
        async with open_reader(context.environment, context.settings) as reader:
            seen = await look(context.environment.home, context.settings, reader)
            costs = await reader.journal.costs()
            return metrics_text(seen, costs, await reader.journal.count_unanswered())

    render.unwrapped(run_cancellable(text()).rstrip("\n"))
