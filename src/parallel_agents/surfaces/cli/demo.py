"""`pagents demo`: a simulated team at work, for whoever has no key yet."""

from __future__ import annotations

from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.context import AsJson, Home
from parallel_agents.surfaces.cli.log_options import executes_work
from parallel_agents.surfaces.cli.output_option import Output
from parallel_agents.surfaces.cli.progress import ProgressStyle
from parallel_agents.surfaces.cli.run import run

_TEAM, _TAG = "demo", "demo"
# It refuses two calls of five, so that tries again and waits are seen.
_MODEL = "sim/overload"
_INPUTS = (
    "topic=Photo spots by the sea",
    "code=def total(prices): return sum(prices) / len(prices)",
)


@executes_work
def demo(
    style: ProgressStyle = progress.Style.AUTO,
    json: AsJson = False,
    output: Output = None,
    home: Home = None,
) -> None:
    """Watch ten simulated agents work, without a key or a network.

    Their answers are made up, and nothing is paid for. The run is kept in your store as any other.
    """
    render.note(
        "Ten agents on a simulated model, which refuses some calls: their answers and costs are made up."
    )
    render.note(
        "Nothing leaves this machine. In another terminal: pagents top, or pagents serve --open"
    )
    run(
        team=_TEAM,
        inputs=list(_INPUTS),
        model=_MODEL,
        tag=[_TAG],
        style=style,
        json=json,
        output=output,
        home=home,
    )
