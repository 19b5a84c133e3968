"""Prepare models: fetch and start them before any task's clock starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from parallel_agents.app.client import App, Client
from parallel_agents.core.session import Session
from parallel_agents.core.store import SessionPlan
from parallel_agents.core.task import TeamTask
from parallel_agents.errors import Ambiguous, NotFound
from parallel_agents.models.choice import LOCAL
from parallel_agents.models.local.known import known_models
from parallel_agents.models.simulated import days
from parallel_agents.surfaces.cli import render


async def prepare_models(app: Client, models: Iterable[str]) -> None:
    """Fetch and start models, by name.

    Raises:
        PagentsError: a model cannot be started.
    """
    for name in sorted(set(models)):
        if name.partition("/")[0] == LOCAL:
            _describe(app, name)
        warn_if_simulated(app, name)
        await app.models.get(name).start()


def warn_if_simulated(client: Client, name: str) -> None:
    """Warn that the answers are made up, if the model is a simulation."""
    if name.partition("/")[0] != days.PROVIDER:
        return
    notice = client.models.get(name).capabilities.notice
    if notice:
        render.note(f"▲ {name} is {notice}.", "bold red")


async def prepare_team(app: App, team: TeamTask, plans: Sequence[SessionPlan]) -> None:
    """Fetch and start the models that a team was planned on, or that it began with if it is there already.

    Of a plan that only asks people there are none.

    Raises:
        PagentsError: a model cannot be started.
    """
    if not plans:
        return
    if app.is_embedded_by_default(team, plans):
        render.note("No model was chosen and no key is set: using the embedded one.")
        render.note("Set ANTHROPIC_API_KEY or OPENAI_API_KEY, or use --model, for better answers.")
    await prepare_planned(app, plans)


async def prepare_planned(app: App, plans: Sequence[SessionPlan]) -> None:
    """Fetch and start the models that these plans will use; what has begun under their keys keeps its own.

    Raises:
        PagentsError: a model cannot be started.
    """
    begun = await _begun(app, plans[0].session)
    models = (begun.get(plan.session.spawn_key, plan.model) for plan in plans)
    await prepare_models(app, filter(None, models))


async def _begun(app: App, planned: Session) -> Mapping[str, str]:
    """The models of what has begun under the key of a session or a team, by their keys; none if nothing has."""
    try:
        row = await app.sessions.find(planned.spawn_key)
    except (NotFound, Ambiguous):
        return {}
    if row.session.parent != planned.parent or row.session.spawn_key != planned.spawn_key:
        return {}
    rows = [row, *await app.sessions.members(row)]
    return {each.session.spawn_key: each.run.model for each in rows}


def _describe(app: Client, name: str) -> None:
    """Print which model it is, and what a model of its size is good for."""
    known = {model.model_name: model for model in known_models()}
    if name not in known or app.settings.local_model_file is not None:
        return
    model = known[name]
    render.note(f"{name} is {model.title}, a real model on this machine. {model.licence}.", "dim")
    render.note(f"  good for {model.good_for}", "dim")
    render.note(f"  not for  {model.not_for}", "dim")
    if at_once := app.models.get(name).capabilities.max_parallel:
        calls = "one call" if at_once == 1 else f"{at_once} calls"
        render.note(f"  {calls} at once; a team takes a few minutes on a small machine", "dim")
