"""CliContext: the options that every command takes, and the home and settings that they choose."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from parallel_agents.app.usable import find_usable
from parallel_agents.core.budget import NO_BUDGET, Budget, OnLimit
from parallel_agents.core.limits import Limits
from parallel_agents.core.notification import read_target
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.tags import check_tags
from parallel_agents.core.toml import tables_of
from parallel_agents.core.workspace import Workspace
from parallel_agents.errors import ConfigError, InvalidInput, Untrusted
from parallel_agents.setting_sources import Loaded, check_profile, load
from parallel_agents.settings import (
    MOST_RETENTION_SECONDS,
    Environment,
    Settings,
    read_environment,
    read_user_environment,
)
from parallel_agents.surfaces.cli.distant_options import refuse_at_distance

_log = logging.getLogger(__name__)


def _checked(
    flag: str, kind: Callable[..., object], name: str
) -> Callable[[float | None], float | None]:
    """A check of an option by the argument that it becomes; it is refused by the option's name."""

    def check(value: float | None) -> float | None:
        try:
            if value is not None:
                kind(**{name: value})
        except InvalidInput as error:
            raise InvalidInput(
                f"{flag} is {value}", why=error.why, hint=f"correct {flag}, or leave it out"
            ) from error
        return value

    return check


def _startable(notify: str | None) -> str | None:
    """A target of notifications; a command that cannot be started is refused before the work begins."""
    if notify is None or "://" in notify or notify.startswith("env:"):
        return notify
    from parallel_agents.containment.commands import why_not_found  # noqa: PLC0415 - few ask for it

    if why := why_not_found(read_target(notify).command, ""):
        raise InvalidInput(
            "--notify names a command that cannot be started",
            why=why,
            hint="correct the program's name, or write its path",
        )
    return notify


def _tags(given: list[str] | None) -> tuple[str, ...] | None:
    """The tags that were given; none leaves them to the settings."""
    return check_tags(given) if given else None


def _task(*, cache_seconds: float) -> object:
    """A task whose replies may be so old."""
    from parallel_agents.core.task import Task  # noqa: PLC0415 - heavy, and few ask for it

    return Task("main", "", cache_seconds=cache_seconds)


Home = Annotated[
    Path | None,
    typer.Option(
        help="The store's folder; by default PARALLEL_AGENTS_HOME, else ~/.parallel-agents."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ModelName = Annotated[
    str | None, typer.Option("--model", "-m", help="provider/model, or local.", metavar="NAME")
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input", "-i", metavar="NAME=VALUE", help="An input; NAME=@FILE reads it from a file."
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        help="Time limit in seconds.",
        metavar="SECONDS",
        callback=_checked("--timeout", Limits, "timeout_seconds"),
    ),
]
Usd = Annotated[
    float | None,
    typer.Option(
        "--budget",
        help="US dollars that the work may cost.",
        metavar="USD",
        callback=_checked("--budget", Budget, "usd"),
    ),
]
Tokens = Annotated[
    int | None,
    typer.Option(
        "--budget-tokens",
        help="Tokens that the work may use.",
        metavar="N",
        callback=_checked("--budget-tokens", Budget, "tokens"),
    ),
]
Notified = Annotated[
    str | None,
    typer.Option(
        "--notify",
        help="Tell a command or URL when the work is done, needs you or failed.",
        metavar="CMD|URL",
        callback=_startable,
    ),
]
AnswersFile = Annotated[
    Path | None,
    typer.Option(
        "--answers", help="A TOML file with [[answers]] to questions of the work.", metavar="FILE"
    ),
]
WhenUsedUp = Annotated[
    OnLimit | None,
    typer.Option(
        "--on-limit",
        help="What a run does when the budget is used up; ask waits for your answer.",
    ),
]
Cache = Annotated[
    float | None,
    typer.Option(
        help="Reuse a stored reply to the same request if it is no older than this.",
        metavar="SECONDS",
        callback=_checked("--cache", _task, "cache_seconds"),
    ),
]
WorkspaceFolder = Annotated[
    str | None,
    typer.Option(
        "--workspace",
        help="Work in a copy of this folder; `pagents merge` brings the changes back.",
        metavar="DIR",
    ),
]
Cwd = Annotated[
    str | None,
    typer.Option("--cwd", help="Work in this folder itself, without a copy.", metavar="DIR"),
]
WeakJudge = Annotated[
    bool, typer.Option("--allow-weak-judge", help="Accept a judge that is known to judge badly.")
]
SandboxMode = Annotated[
    Sandbox | None,
    typer.Option(
        "--sandbox",
        help="Where commands of agents run: require a sandbox, or off, with your own rights.",
        metavar="require|off",
    ),
]
Tags = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        help="A tag, by which `pagents cost` adds up; can be repeated.",
        metavar="TAG",
        callback=_tags,
    ),
]
MaxParallel = Annotated[
    int | None,
    typer.Option(
        help="The maximum number of runs at once.",
        metavar="N",
        callback=_checked("--max-parallel", Limits, "max_parallel"),
    ),
]
Name = Annotated[
    str,
    typer.Argument(help="An id, the start of one, a label, RUN/LABEL, or @last.", metavar="NAME"),
]


def workspace_of(workspace: str | None, cwd: str | None) -> Workspace | None:
    """The workspace that the options --workspace and --cwd ask for.

    Raises:
        InvalidInput: both are given.
    """
    if workspace is not None and cwd is not None:
        raise InvalidInput(
            "--workspace and --cwd cannot be used together",
            why="--workspace makes a copy to work in, and --cwd works in the folder itself",
            hint="leave one of them out",
        )
    folder = workspace if cwd is None else cwd
    if folder is None:
        return None
    return Workspace.own(folder) if cwd is None else Workspace.at(folder)


def answers_in(file: Path | None) -> object:
    """The rules of a file of answers, as the setting takes them; None without a file.

    Raises:
        InvalidInput: it cannot be read, or has anything else in it.
    """
    if file is None:
        return None
    try:
        from parallel_agents.database_files import open_given  # noqa: PLC0415 - few ask for it

        with open_given(file) as opened:
            tables = tables_of(opened.read().decode())
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{file} cannot be read", why=str(error), hint="correct it") from error
    if set(tables) != {"answers"}:
        raise InvalidInput(
            f"{file} has other things than answers",
            why=f"it has {', '.join(sorted(tables)) or 'nothing'}",
            hint="write [[answers]] tables into it, and nothing else",
        )
    return tables["answers"]


def budget_of(
    usd: float | None, tokens: int | None, on_limit: OnLimit | None, default: Budget = NO_BUDGET
) -> Budget:
    """The budget that the options --budget, --budget-tokens and --on-limit ask for.

    Raises:
        InvalidInput: --on-limit is given, and there is no budget.
    """
    budget = Budget(usd=usd, tokens=tokens)
    budget = budget if budget.is_bound else default
    if on_limit is None:
        return budget
    if not budget.is_bound:
        raise InvalidInput(
            "--on-limit requires a budget",
            why="without one nothing can be used up",
            hint="add --budget USD or --budget-tokens N",
        )
    return replace(budget, on_limit=on_limit)


class CliContext(NamedTuple):
    """The home and the settings of a command.

    Attributes:
        problem: the first mistake in the settings that the command goes without; None if there is
            none. A worker would not start with it.
    """

    environment: Environment
    settings: Settings
    problem: ConfigError | None = None


def find_context(home: Path | None = None, **flags: object) -> CliContext:
    """The home, the project and the settings for a command; flags that are None were not given.

    Raises:
        ConfigError: a `config.toml`, a variable or a flag is invalid.
        Untrusted: the user has not trusted the project around the current folder.
    """
    environment = read_environment(home)
    return CliContext(environment, load(environment, flags).settings)


def find_work_context(
    home: Path | None = None,
    *,
    answers: Path | None = None,
    allow_weak_judge: bool = False,
    is_here: bool = True,
    **flags: object,
) -> CliContext:
    """The home, the project and the settings for a command that starts work.

    `answers` is a file of answers to its questions, and `is_here` says whether this process executes
    it; the rest is as for `find_context`.

    Raises:
        ConfigError, Untrusted: as for `find_context`.
        InvalidInput: the answers are for work that another process executes, or cannot be read.
        NotAtDistance: a gateway is named, and what is given is not for one.
    """
    if answers is not None and not is_here:
        raise InvalidInput(
            "--answers requires --wait",
            why="a background worker takes its answers from config.toml",
            hint="add --wait, or write the [[answers]] into config.toml of the home folder",
        )
    weak = allow_weak_judge or None
    found = find_context(home, answers=answers_in(answers), allow_weak_judge=weak, **flags)
    if found.environment.gateway:
        refuse_at_distance(answers=answers, allow_weak_judge=allow_weak_judge)
        refuse_at_distance(notify=flags.get("notify"), sandbox=flags.get("sandbox"))
    return found


def find_home(home: Path | None = None) -> Environment:
    """The home for a command that starts nothing; without a project that is not trusted.

    Raises:
        ConfigError: no home is named, and the user has no folder to have one in; or the profile that
            is named does not exist.
    """
    environment = find_home_of_any_profile(home)
    check_profile(environment)
    return environment


def find_home_of_any_profile(home: Path | None = None) -> Environment:
    """As `find_home`, for a command that may begin the profile.

    Raises:
        ConfigError: no home is named, and the user has no folder to have one in.
    """
    try:
        return read_environment(home)
    except Untrusted:
        return read_user_environment(home)


def find_store(home: Path | None = None) -> CliContext:
    """The home and the settings for a command that starts nothing.

    A mistake in the settings keeps nobody from seeing, steering and ending what runs.

    Raises:
        ConfigError: as for `find_home`.
    """
    environment = find_home(home)
    loaded = load_what_works(environment)
    settings = loaded.settings
    if loaded.problems:
        # The longest retention: a default must not drop what the settings would keep.
        settings = replace(settings, dead_letter_seconds=MOST_RETENTION_SECONDS)
    return CliContext(environment, settings, next(iter(loaded.problems), None))


def find_offers(home: Path | None = None) -> CliContext:
    """The home, the project and the settings for a command that lists what runs may use.

    Raises:
        ConfigError, Untrusted: as for `read_environment`; or the profile that is named does not exist.
    """
    environment = read_environment(home)
    check_profile(environment)
    return CliContext(environment, load_what_works(environment).settings)


def load_what_works(environment: Environment) -> Loaded:
    """The settings for what calls no model: whatever is wrong in them is reported and left out."""
    loaded = find_usable(environment)
    for problem in loaded.problems:
        why = f" ({problem.why})" if problem.why else ""
        told = f"{problem.code} {problem.message}{why}; this command goes without it"
        _log.warning("%s%s", told, f": {problem.hint}" if problem.hint else "")
    return loaded
