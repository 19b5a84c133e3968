"""Commands: what the commands of sessions have around them, by the settings and the environment."""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from pathlib import Path

from parallel_agents.app.profiles import Profiles
from parallel_agents.sandbox.commands import Surroundings
from parallel_agents.secrets.known import KNOWN
from parallel_agents.settings import Environment, Settings


def surroundings(environment: Environment, settings: Settings) -> Surroundings:
    """What the commands of sessions have around them in this process."""
    return Surroundings(
        variables=environment.variables,
        homes=_homes(),
        private=(environment.home,),
        programs=settings.sandbox_folders or (),
        hosts=settings.sandbox_hosts or (),
        find_variables=Profiles(environment, settings).variables,
        hiding=KNOWN.stream,
    )


def _homes() -> tuple[Path, ...]:
    """The user's home by HOME, and by the list of users, which HOME may hide."""
    found: list[Path] = []
    with suppress(RuntimeError):  # a user without one, as in some containers
        found.append(Path.home())
    with suppress(KeyError):
        found.append(Path(pwd.getpwuid(os.getuid()).pw_dir))
    return tuple(home for home in found if home != Path("/"))
