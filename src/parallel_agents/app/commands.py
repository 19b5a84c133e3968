"""Commands: what the commands of sessions have around them, by the settings and the environment."""

from __future__ import annotations

from pathlib import Path

from parallel_agents.sandbox.commands import Surroundings
from parallel_agents.settings import Environment, Settings


def surroundings(environment: Environment, settings: Settings) -> Surroundings:
    """What the commands of sessions have around them in this process."""
    return Surroundings(
        variables=environment.variables,
        homes=_homes(),
        private=(environment.home,),
        programs=settings.sandbox_folders or (),
        hosts=settings.sandbox_hosts or (),
    )


def _homes() -> tuple[Path, ...]:
    try:
        return (Path.home(),)
    except RuntimeError:  # a user without one, as in some containers
        return ()
