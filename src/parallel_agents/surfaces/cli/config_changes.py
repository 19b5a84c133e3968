"""`pagents config set`, `unset` and `edit`: the user's config.toml, changed with all else in it kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.app.usable import find_usable, problems_of_tables
from parallel_agents.configuring.config_file import ConfigFile
from parallel_agents.configuring.given_values import chosen_value
from parallel_agents.configuring.secret_values import check_no_secret
from parallel_agents.configuring.toml_text import key_steps, with_value, without_value
from parallel_agents.core.json_value import Json
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import ConfigError, Conflict
from parallel_agents.interrupts import run_cancellable
from parallel_agents.setting_sources import PROFILES, profile_names
from parallel_agents.setting_values import COMES_FROM, IS_SET_IN
from parallel_agents.settings import PROFILE_VARIABLE, Environment, Settings
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_home, find_home_of_any_profile
from parallel_agents.surfaces.cli.editor import edit_file
from parallel_agents.trust import CONFIG_NAME

Which = Annotated[
    str,
    typer.Argument(help="A setting, or a path in a table, such as tiers.small.", metavar="NAME"),
]
_Values = Annotated[
    list[str],
    typer.Argument(
        help="Its value; several are a list. TOML, such as true, or text.", metavar="VALUE"
    ),
]
_OF_MODELS = frozenset({"model", "summary_model", "tiers", "ladders"})
_EDITED = "config.edited.toml"
_NEW = """\
# Settings; `pagents config` shows all of them.
# model = "provider/model"
"""


def set_value(name: Which, values: _Values, json: AsJson = False, home: Home = None) -> None:
    """Set a setting in your config.toml; with --profile, in that profile.

    Comments and the order of the file are kept. A value that the setting does not take is refused, and
    the file stays as it was.
    """
    environment = find_home_of_any_profile(home)
    begun = _begun_profile(environment)
    steps = key_steps(name)
    check_known(steps)
    file, place = config_file(environment), (*_profile_steps(environment), *steps)
    text = file.text()

    def check(value: Json) -> None:
        check_no_secret(steps, value, environment.variables)
        try:
            file.check(with_value(text, place, value))
        except ConfigError as error:
            raise _refused(steps, error) from error

    value = chosen_value(values, check)
    if steps[0] in _OF_MODELS:
        _check_models(home, value)
    is_new = write_setting(environment, place, value)
    _report(environment, steps, value, "set" if is_new else "was set so already", is_json=json)
    if begun and not json:
        render.note(begun)


def _refused(steps: Sequence[str], error: ConfigError) -> ConfigError:
    """The refusal of a value that would make the file wrong; where it would stand is plain."""
    stays = "the file stays as it was"
    reason = "" if error.why.startswith(COMES_FROM) else error.why.partition(f"; {IS_SET_IN}")[0]
    if not reason:
        told = f"{steps[0]}: {_sentences()[steps[0]]}"
        return ConfigError(error.message, why=stays, hint=f"`pagents config` shows {told}")
    is_of_other = len(steps) > 1 and ".".join(steps) not in error.message
    table = f"set the table as a whole: pagents config set {'.'.join(steps[:-1])} '{{...}}'"
    return ConfigError(
        error.message, why=f"{reason}; {stays}", hint=table if is_of_other else error.hint
    )


def _check_models(home: Path | None, value: Json) -> None:
    """Refuse the name of a model that no provider has.

    Raises:
        UnknownModel: the provider does not exist, or the name does not have the form.
    """
    from parallel_agents.app.models import make_registry  # noqa: PLC0415 - heavy, and few ask for it

    environment = find_home_of_any_profile(home)
    # Without a word on what is wrong now, such as a profile that this command is about to begin.
    registry = make_registry(environment, find_usable(environment).settings)
    for name in _texts(value):
        registry.check_name(name)


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, Sequence):
        for part in value:
            yield from _texts(part)


def unset(name: Which, json: AsJson = False, home: Home = None) -> None:
    """Remove a setting from your config.toml; with --profile, from that profile."""
    environment = find_home(home)
    steps = key_steps(name)
    place = (*_profile_steps(environment), *steps)
    is_gone = _changed(environment, partial(without_value, steps=place))
    if not is_gone:
        check_known(steps)
    _report(environment, steps, None, "removed" if is_gone else "was not set", is_json=json)


def edit(home: Home = None) -> None:
    """Edit your config.toml in $VISUAL or $EDITOR; what is wrong is told before it takes effect."""
    environment = find_home(home)
    file = config_file(environment)
    before = file.text()
    draft = environment.home / _EDITED
    saved = edit_file(draft, file.path, before or _NEW, environment.variables, file.check)
    if saved is None or saved == before:
        draft.unlink(missing_ok=True)
        render.note(f"{file.path} stays as it was.")
        return

    def replaced(present: str) -> str:
        if present != before:
            raise Conflict(
                f"{file.path} was changed while you were editing",
                why=f"what you saved is kept in {draft}",
                hint="bring the two together by hand",
            )
        return saved

    run_cancellable(file.change(replaced))
    draft.unlink(missing_ok=True)
    render.line(f"✔ Wrote {file.path}")


def config_file(environment: Environment) -> ConfigFile:
    """The user's file of settings."""
    return ConfigFile(path=environment.home / CONFIG_NAME, problems=problems_of_tables)


def write_setting(environment: Environment, steps: Sequence[str], value: Json) -> bool:
    """Write a value into the user's file; return whether it is another one than before.

    Raises:
        PagentsError: as for `ConfigFile.change`.
    """
    return _changed(environment, partial(with_value, steps=steps, value=value))


def check_known(steps: Sequence[str]) -> None:
    """Refuse the name of what is not a setting.

    Raises:
        ConfigError: the error suggests one.
    """
    known = _sentences()
    if steps[0] not in known:
        raise ConfigError(
            f"unknown setting {steps[0]!r}",
            hint="write pagents config set NAME VALUE --profile PROFILE"
            if steps[0] == PROFILES
            else did_you_mean(steps[0], known, "`pagents config` shows all"),
        )


def _sentences() -> dict[str, str]:
    return {field.name: str(field.metadata["sentence"]) for field in fields(Settings)}


def _profile_steps(environment: Environment) -> tuple[str, ...]:
    chosen = environment.variables.get(PROFILE_VARIABLE)
    return (PROFILES, chosen) if chosen else ()


def _begun_profile(environment: Environment) -> str:
    """A sentence for whoever begins a profile, and may have misspelt another; empty if it exists."""
    chosen, names = environment.variables.get(PROFILE_VARIABLE), profile_names(environment)
    if not chosen or chosen in names:
        return ""
    others = f", beside {', '.join(names)}" if names else ""
    return f"{chosen} is a new profile{others}."


def _changed(environment: Environment, change: Callable[[str], str]) -> bool:
    return run_cancellable(config_file(environment).change(change))


def _report(
    environment: Environment, steps: Sequence[str], value: Json, done: str, *, is_json: bool
) -> None:
    """Say what was done, and if another source decides all the same."""
    file = environment.home / CONFIG_NAME
    where = " ".join((str(file), *_shown_profile(environment)))
    source = find_usable(environment).sources.get(steps[0], "default")
    is_overruled = source not in {"default", where}
    if is_json:
        item = {"name": ".".join(steps), "value": value, "done": done, "file": str(file)}
        render.envelope("setting", time.time(), [{**item, "source": source}])
        return
    render.line(f"✔ {'.'.join(steps)} {done}  {where}")
    if is_overruled and _is_below_profile(environment, source):
        render.note(f"{source} sets {steps[0]}, which decides without the profile's")
    elif is_overruled:
        render.note(f"! {source} sets {steps[0]}, too, and comes first")


def _is_below_profile(environment: Environment, source: str) -> bool:
    """Whether a profile was chosen, and the source is a file whose settings those of a profile precede."""
    files = {str(folder / CONFIG_NAME) for folder in environment.folders}
    return bool(_profile_steps(environment)) and source in files


def _shown_profile(environment: Environment) -> tuple[str, ...]:
    chosen = _profile_steps(environment)
    return (f"[{'.'.join(chosen)}]",) if chosen else ()
