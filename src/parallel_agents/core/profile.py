"""Profile: what of the user's secrets and variables the commands and servers of an agent get."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parallel_agents.core.json_value import Json, JsonObject
from parallel_agents.core.key_forms import begins_as_a_key
from parallel_agents.core.reference import FORMS, Reference, parse_reference, scheme_of

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The variables that the commands of an agent get beside the few that every command has.

    Attributes:
        env: by the name of the variable, a reference to its value, such as `keyring:github/me`, or
            the value itself if it is not a secret.
        pass_env: variables of the process that are passed on, and are not secrets.
    """

    name: str
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    pass_env: tuple[str, ...] = ()

    @property
    def references(self) -> Mapping[str, Reference]:
        """Where each secret is, by the name of its variable."""
        return {name: parse_reference(text) for name, text in self.env.items() if scheme_of(text)}

    def covers(self, other: Profile) -> bool:
        """Whether all that another profile gives is given by this one."""
        return other.env.items() <= self.env.items() and {*other.pass_env} <= {
            *self.pass_env,
            *(name for name, text in self.env.items() if text == f"env:{name}"),
        }


def read_profile(name: str, table: JsonObject) -> Profile:
    """A profile from its table in a file.

    Raises:
        ValueError: a field is unknown or has a value that it does not take; no value is shown.
    """
    for unknown in table.keys() - {"env", "pass_env"}:
        raise ValueError(f"there is no field {unknown!r} of a profile; it takes env and pass_env")
    env, passed = table.get("env", {}), table.get("pass_env", [])
    if not isinstance(env, Mapping):
        raise ValueError("env must be a table of variables")  # noqa: TRY004 - for pydantic
    if isinstance(passed, str) or not isinstance(passed, Sequence):
        raise ValueError("pass_env must be a list of variables")  # noqa: TRY004 - for pydantic
    for variable in (*env, *passed):
        if not isinstance(variable, str) or not _VARIABLE.fullmatch(variable):
            raise ValueError(f"{str(variable)[:40]!r} is not the name of a variable")
    values = {variable: _checked(variable, text) for variable, text in env.items()}
    return Profile(name=name, env=values, pass_env=tuple(map(str, passed)))


def _checked(variable: str, text: Json) -> str:
    if not isinstance(text, str) or "\0" in text:
        raise ValueError(f"env.{variable} must be text")
    if scheme_of(text):
        try:
            return str(parse_reference(text))
        except ValueError as error:
            raise ValueError(f"env.{variable}: {error}") from None
    if begins_as_a_key(text):
        raise ValueError(f"env.{variable} has a key itself; write {FORMS}")
    return text
