"""Profiles: the variables that commands and servers of agents get, looked up when they start."""

from __future__ import annotations

from collections.abc import Mapping

from parallel_agents.core.profile import Profile, read_profile
from parallel_agents.core.reference import parse_reference, scheme_of
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import ConfigError, MissingKey
from parallel_agents.secrets.looking_up import LOOKUPS
from parallel_agents.settings import Environment, Settings


class Profiles:
    """The profiles of a process."""

    def __init__(self, environment: Environment, settings: Settings) -> None:
        self._environment = environment
        self.known: Mapping[str, Profile] = {
            name: read_profile(name, table) for name, table in settings.profiles.items()
        }

    def get(self, name: str) -> Profile:
        """The profile of a name.

        Raises:
            ConfigError: there is none.
        """
        profile = self.known.get(name)
        if profile is None:
            raise ConfigError(
                f"there is no profile {name!r}",
                why="an agent names it, and the settings have none of that name",
                hint=did_you_mean(name, self.known)
                if self.known
                else f"define [profiles.{name}] in config.toml, as `pagents docs safety` shows",
            )
        return profile

    async def variables(self, name: str) -> Mapping[str, str]:
        """The variables of a profile, with their values.

        Raises:
            ConfigError: there is no such profile, or a value cannot be looked up.
        """
        profile = self.get(name)
        read = self._environment.read_key
        found = {
            variable: value
            for variable in profile.pass_env
            if (value := read(variable)) is not None
        }
        for variable, text in profile.env.items():
            if not scheme_of(text):
                found[variable] = text
                continue
            try:
                found[variable] = await LOOKUPS.get(parse_reference(text), variable, read)
            except MissingKey as error:
                why = f"the profile {name} gives it to commands as {variable}"
                raise MissingKey(error.message, why=why, hint=error.hint) from None
        return found
