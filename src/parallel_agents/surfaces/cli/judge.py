"""`pagents judge`: find out which models may judge, on pairs whose better half is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from parallel_agents.app.client import App
from parallel_agents.app.opening import open_app
from parallel_agents.app.parts import Parts
from parallel_agents.core.schema import Json
from parallel_agents.interrupts import run_cancellable
from parallel_agents.quality.calibration import PAIRS, Judgement, calibrate, read_pairs
from parallel_agents.quality.judge_registry import MIN_AGREEMENT, Calibration
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, ModelName, find_context
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.prepare_models import prepare_models

app = typer.Typer(no_args_is_help=True)


@app.callback()
def judge() -> None:
    """Find out which models may judge."""


@app.command("calibrate")
def calibrate_judge(
    model: ModelName = None,
    pairs: Annotated[
        int, typer.Option(help="Use only the first N pairs.", metavar="N", min=1, max=PAIRS)
    ] = PAIRS,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Have a model judge pairs in which one work has a planted defect, and store how often it was right.

    Exits with 1 if the model may not judge. A run on fewer --pairs can rule a model out; only a
    run on all of them can allow it.
    """
    context = find_context(home)

    async def calibrating() -> tuple[Calibration, list[Judgement]]:
        parts = Parts(say_left=render.note)
        async with open_app(context.environment, context.settings, parts) as opened:
            return await _calibrate(opened, model, pairs)

    found, judgements = run_cancellable(calibrating())
    is_refused = found.agreement < MIN_AGREEMENT
    if json:
        items = [_json(judgement) for judgement in judgements]
        render.envelope(
            "calibration",
            found.at,
            items,
            model=found.model,
            agreement=found.agreement,
            pairs=found.pairs,
            may_judge=not is_refused if found.counts else None,
        )
    else:
        _print(found, judgements)
    raise typer.Exit(Exit.FAILED if is_refused else Exit.DONE)


async def _calibrate(
    opened: App, model: str | None, count: int
) -> tuple[Calibration, list[Judgement]]:
    name = opened.judges.model_for(model)
    await prepare_models(opened, [name])
    pairs = read_pairs()[:count]
    render.note(f"{name} judges {len(pairs)} of {PAIRS} pairs, one work at a time …")
    return await calibrate(opened.sessions, opened.judges, name, pairs)


def _print(found: Calibration, judgements: Sequence[Judgement]) -> None:
    rows = [
        (
            "✓" if judgement.is_right else "✗",
            _score(judgement.good),
            _score(judgement.bad),
            judgement.pair["defect"],
        )
        for judgement in judgements
    ]
    render.table(("RIGHT", "GOOD", "DEFECT", "WHAT IS WRONG"), rows, right=("GOOD", "DEFECT"))
    right = sum(judgement.is_right for judgement in judgements)
    verdict = "may judge" if found.agreement >= MIN_AGREEMENT else "may not judge"
    if not found.counts:
        verdict = f"cannot be allowed on fewer than all {PAIRS} pairs"
    render.line(
        f"{found.model} {verdict}: {right} of {found.pairs} pairs judged correctly "
        f"({found.agreement:.0%}; at least {MIN_AGREEMENT:.0%} required)",
        "bold",
    )


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:g}"


def _json(judgement: Judgement) -> dict[str, Json]:
    return {
        "defect": judgement.pair["defect"],
        "good": judgement.good,
        "bad": judgement.bad,
        "is_right": judgement.is_right,
    }
