"""Setting sources: the settings as files, variables and flags together say them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, cast, get_type_hints

from pydantic import TypeAdapter

from parallel_agents.core.json_value import Json, JsonObject
from parallel_agents.core.permission import Ruling
from parallel_agents.core.profile import NAME as PROFILE_NAME
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.toml import tables_of
from parallel_agents.errors import ConfigError
from parallel_agents.setting_values import read_value
from parallel_agents.settings import (
    HOME_VARIABLE,
    PREFIX,
    PROFILE_VARIABLE,
    Environment,
    Settings,
)
from parallel_agents.trust import CONFIG_NAME

# Variables that are not settings; the last one is read by the product's own tests.
_OTHERS = (
    "HOME",
    "PROFILE",
    "LOG",
    "LOG_FILE",
    "LOG_JSON",
    "URL",
    "TOKEN",
    "CLIENT",
    "TEST_MODELS",
)
_OTHER_VARIABLES = frozenset(f"{PREFIX}{name}" for name in _OTHERS)
# What acts for the user, and that no project may set, trusted or not.
_USER_ONLY = frozenset(
    {
        "alerts",
        "answers",
        "notify",
        "notify_on",
        "notify_private_hosts",
        "retention_bytes",
        "retention_days",
    }
)
_TABLES = frozenset(
    {
        "alerts",
        "answers",
        "tiers",
        "providers",
        "agent_budgets",
        "ladders",
        "permissions",
        "search",
        "profiles",
        "mcp_servers",
    }
)

PROFILES = "settings"  # the table of the user's file whose tables are profiles
_ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The settings, the source of each value by its name, and what could not be used."""

    settings: Settings
    sources: Mapping[str, str]
    problems: Sequence[ConfigError] = ()


def load(
    environment: Environment,
    flags: Mapping[str, object] | None = None,
    *,
    given: str | None = None,
) -> Loaded:
    """Merge the settings from all sources; a flag of None counts as absent.

    Args:
        environment: the files and variables.
        flags: the values that were passed in.
        given: what they were passed as, as errors name it; by default, the options of a command.

    Raises:
        ConfigError: a source cannot be read, or has an unknown name or an invalid value. The
            message names the source.
    """
    loaded = load_usable(environment, flags, given=given)
    for problem in loaded.problems:
        raise problem
    return loaded


def load_usable(
    environment: Environment,
    flags: Mapping[str, object] | None = None,
    *,
    given: str | None = None,
) -> Loaded:
    """The settings that can be used; a source or a value that is wrong is a problem and left out."""
    problems: list[ConfigError] = []
    passed = (
        (given or f"--{name.replace('_', '-')}", name, value)
        for name, value in (flags or {}).items()
        if value is not None
    )
    return _merged(chain(_values(environment, problems), passed), problems)


def load_tables(tables: Mapping[str, Json], source: str) -> Loaded:
    """The settings of one file of the user alone, with what is wrong in any of its profiles."""
    problems: list[ConfigError] = []
    own = ((source, name, value) for name, value in tables.items() if name != PROFILES)
    loaded = _merged(own, problems)
    try:
        for name, profile in _profiles(tables, source).items():
            of_profile = ((profile_source(source, name), *pair) for pair in profile.items())
            _merged(of_profile, problems)
    except ConfigError as problem:
        problems.append(problem)
    return loaded


def profile_names(environment: Environment) -> Sequence[str]:
    """The profiles of the user's file, in its order; none if it cannot be read.

    Raises:
        ConfigError: as for `load`.
    """
    file = environment.home / CONFIG_NAME
    return tuple(_profiles(_read_file(environment, file), str(file)))


def check_profile(environment: Environment) -> None:
    """Refuse a profile that the user's file does not have; a file that cannot be read is not judged.

    Raises:
        ConfigError: the profile that was chosen does not exist.
    """
    chosen = environment.variables.get(PROFILE_VARIABLE)
    if not chosen:
        return
    try:
        names = profile_names(environment)
    except ConfigError:
        return
    if chosen not in names:
        raise _no_profile(chosen, names, str(environment.home / CONFIG_NAME))


def _merged(values: Iterable[tuple[str, str, object]], problems: list[ConfigError]) -> Loaded:
    """Each source, setting and value as settings; later values win, and what is wrong is left out."""
    settings, sources = Settings(), {f.name: "default" for f in fields(Settings)}
    for source, name, value in values:
        try:
            settings = replace(settings, **{name: _parse(name, value, settings, source)})
        except ConfigError as problem:
            problems.append(problem)
        else:
            sources[name] = source
    return Loaded(settings=settings, sources=sources, problems=problems)


def _values(
    environment: Environment, problems: list[ConfigError]
) -> Iterator[tuple[str, str, object]]:
    """Each source, the name of a setting in it, and its value; those that come later win."""
    profiles: dict[str, Json] = {}
    for folder in reversed(environment.folders):
        try:
            found = _read_file(environment, folder / CONFIG_NAME)
        except ConfigError as problem:
            problems.append(problem)
        else:
            of_user = folder == environment.home
            for name, value in found.items():
                if not of_user and name in {*_USER_ONLY, PROFILES}:
                    problems.append(_of_project(environment, folder, name))
                elif name == PROFILES:
                    profiles[name] = value
                else:
                    yield str(folder / CONFIG_NAME), name, value
    yield from _of_profile(environment, profiles, problems)
    known = {f"{PREFIX}{f.name.upper()}": f.name for f in fields(Settings)}
    for variable, value in environment.variables.items():
        if not variable.startswith(PREFIX) or variable in _OTHER_VARIABLES or not value:
            continue
        try:
            yield f"{_ENVIRONMENT} {variable}", _setting_of(environment, variable, known), value
        except ConfigError as problem:
            problems.append(problem)


def _of_profile(
    environment: Environment, tables: Mapping[str, Json], problems: list[ConfigError]
) -> Iterator[tuple[str, str, object]]:
    """The settings of the profile that was chosen, if one was."""
    chosen = environment.variables.get(PROFILE_VARIABLE)
    if not chosen:
        return
    file = environment.home / CONFIG_NAME
    try:
        profile = _profile(tables, str(file), chosen)
    except ConfigError as problem:
        problems.append(problem)
        return
    for name, value in profile.items():
        yield profile_source(str(file), chosen), name, value


def _profile(tables: Mapping[str, Json], source: str, name: str) -> JsonObject:
    profiles = _profiles(tables, source)
    if name not in profiles:
        raise _no_profile(name, profiles, source)
    return profiles[name]


def _no_profile(name: str, names: Iterable[str], source: str) -> ConfigError:
    makes = f"`pagents config set NAME VALUE --profile {name}` begins it"
    return ConfigError(
        f"there is no profile {name!r}",
        why=f"{source} has no table [{PROFILES}.{name}]",
        hint=did_you_mean(
            name, names, f"{makes}; without one, leave out --profile and {PROFILE_VARIABLE}"
        ),
    )


def profile_source(file: str, name: str) -> str:
    """How the settings of a profile are named as a source."""
    return f"{file} [{PROFILES}.{name}]"


def _profiles(tables: Mapping[str, Json], source: str) -> Mapping[str, JsonObject]:
    """The settings of each profile, by its name.

    Raises:
        ConfigError: the profiles are not tables, or have other names than profiles can have.
    """
    found = tables.get(PROFILES, {})
    if not isinstance(found, Mapping):
        found = {PROFILES: found}
    for name, table in found.items():
        if not isinstance(table, Mapping) or not PROFILE_NAME.fullmatch(name):
            raise ConfigError(
                f"{PROFILES}.{name} is not a profile",
                why=f"{source} sets it; a profile is a table of settings, such as [{PROFILES}.work]",
                hint="its name has 1 to 64 lowercase letters, digits, dashes and underscores",
            )
    return {name: table for name, table in found.items() if isinstance(table, Mapping)}


def _of_project(environment: Environment, folder: Path, name: str) -> ConfigError:
    return ConfigError(
        f"a project cannot set {name}",
        why=f"{folder / CONFIG_NAME} sets it, and it acts for you",
        hint=f"remove it there; if you want it, set it in {environment.home / CONFIG_NAME}",
    )


def load_home(environment: Environment) -> Settings:
    """The settings in the file of the home folder alone, which all processes of its store share.

    Raises:
        ConfigError: as for `load`.
    """
    return load(replace(environment, trusted=None, variables={})).settings


def _read_file(environment: Environment, file: Path) -> Mapping[str, Json]:
    """The settings in a file; none if it is not there."""
    try:
        content = file.read_bytes()
        environment.accept(file, content)
        return tables_of(content.decode())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{file} cannot be read", why=str(error), hint="correct it, or move it elsewhere"
        ) from error


def _setting_of(environment: Environment, variable: str, known: Mapping[str, str]) -> str:
    """The setting that an environment variable sets."""
    if variable not in known:
        raise _unknown_variable(variable, sorted(known.keys() | {HOME_VARIABLE}))
    if known[variable] in _TABLES:
        raise ConfigError(
            f"{known[variable]} cannot be set in the environment",
            why=f"it is a table, and the environment sets {variable}",
            hint=f"set it in {environment.folders[0] / CONFIG_NAME}",
        )
    return known[variable]


def _unknown_variable(variable: str, known: Sequence[str]) -> ConfigError:
    close = get_close_matches(variable.upper(), known, n=1, cutoff=0.85)
    shown = f"`pagents config` shows the settings; unset {variable}"
    return ConfigError(
        f"unknown setting {variable.removeprefix(PREFIX).lower()!r}",
        why=f"environment {variable} sets it",
        hint=f"did you mean {close[0]}?" if close else shown,
    )


def _parse(name: str, value: object, below: Settings, source: str) -> object:
    if name not in _types():
        close = get_close_matches(name, _types(), n=1)
        hint = f"did you mean {close[0]}?" if close else f"use one of {', '.join(_types())}"
        raise ConfigError(f"unknown setting {name!r}", why=f"{source} sets it", hint=hint)
    is_text = source.startswith(_ENVIRONMENT)
    parsed = read_value(name, _adapter(name), value, source=source, is_text=is_text)
    if name == "sandbox" and below.sandbox is Sandbox.REQUIRE and source.endswith(CONFIG_NAME):
        return below.sandbox  # what the user requires, a project must not lift
    if not isinstance(parsed, dict):
        return parsed
    if name == "permissions":  # what one source denies, another must not allow
        added = cast("Mapping[Ruling, tuple[str, ...]]", parsed)
        return {
            ruling: (*below.permissions.get(ruling, ()), *added.get(ruling, ()))
            for ruling in Ruling
        }
    return getattr(below, name) | parsed


@cache
def _types() -> Mapping[str, Any]:
    hints = get_type_hints(Settings, include_extras=True)
    return {f.name: hints[f.name] for f in fields(Settings)}


@cache
def _adapter(name: str) -> TypeAdapter[object]:
    """What reads a setting; each takes a while to make, and few are set."""
    return TypeAdapter(_types()[name])
