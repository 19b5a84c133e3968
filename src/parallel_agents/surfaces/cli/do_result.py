"""Do result: the report on a goal, as text and as a file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import orjson

from parallel_agents.app.client import App
from parallel_agents.catalog.plan_text import plan_text
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.files import write_private
from parallel_agents.flows.plan_limits import read_plan
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.foreground import Display, Work
from parallel_agents.surfaces.cli.output_option import Form
from parallel_agents.surfaces.cli.result_files import results_folder
from parallel_agents.surfaces.cli.results_shown import print_results
from parallel_agents.views.documents import result_json
from parallel_agents.views.format import clean
from parallel_agents.views.plan_graph import as_text

REPORT_FILE = "report.md"


async def concluded_do(
    app: App, work: Work, display: Display, home: Path
) -> Callable[[], RunStatus]:
    """Write the report on a goal; the function that this returns prints it."""
    (result,) = await app.sessions.results([work.run])
    file = results_folder(home, work.name) / REPORT_FILE
    report = report_of(result)
    if report:
        await asyncio.to_thread(write_private, file, report.encode("utf-8", "replace"))
    return partial(print_do, result, work.name, report, file, display)


def report_of(result: Result) -> str:
    """The report in a result; empty if it ended without one."""
    output = result.output_json
    found = output.get("report") if isinstance(output, Mapping) else None
    return found if isinstance(found, str) else ""


def print_do(
    result: Result, name: str, report: str, file: Path | None, display: Display
) -> RunStatus:
    """Print the report on a goal, which may be a file of this machine too."""
    if display.is_json:
        render.envelope(
            "finished",
            time.time(),
            [result_json(result)],
            id=name,
            session_key=result.session_key,
            status=result.status.value,
        )
        return result.status
    if display.form is Form.TABLE or display.form is Form.ID:
        print_results([result], display.form)
        return result.status
    if report:
        render.line(clean(report))
        if file is not None:
            render.note(f"The report is also a file: {file}")
    if not report or result.status is RunStatus.FAILED:
        render.result(replace(result, output_json=None) if report else result)
    render.note(f"Next: pagents show {name} · pagents history {name} · pagents list")
    return result.status


def planned(result: Result, name: str, out: Path | None, display: Display) -> RunStatus:
    """Print the plan that is all that was wanted, or write it to a file."""
    output = result.output_json
    if not result.is_done or not isinstance(output, Mapping):
        render.result(result)
        return result.status
    plan = read_plan(output["plan"])
    text = plan_text(plan, out.stem if out else plan.name, f"A plan, made as {name}.")
    if out is not None:
        write_private(out, text.encode())
    if display.is_json:
        render.line(orjson.dumps({"schema": "pagents.plan/1", "plan": output["plan"]}).decode())
    elif out is None:
        render.line(text.rstrip())
    else:
        render.line(as_text(plan))
        render.note(f"Wrote {out}. Run it: pagents do GOAL --plan {out}")
    return result.status
