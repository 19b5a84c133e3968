"""Settings: every knob, with its default, its unit and a sentence; the only reader of the environment.

A setting comes from the user's `config.toml`, over it the project's, over it the environment
(`PARALLEL_AGENTS_` and the name in capitals), over it a flag.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError

from parallel_agents.core.agent import Tier
from parallel_agents.core.budget import Budget
from parallel_agents.core.dead_letter import DEAD_LETTER_SECONDS
from parallel_agents.core.limits import DAY_SECONDS, Limits
from parallel_agents.core.policy import ANY, Policy
from parallel_agents.core.schema import Json
from parallel_agents.core.session import Visibility
from parallel_agents.errors import ConfigError

PREFIX = "PARALLEL_AGENTS_"
CONFIG_NAME = "config.toml"
PROJECT_FOLDER = ".parallel-agents"

_Count = Annotated[int, Field(ge=1, le=100_000)]
_Bound = Annotated[int, Field(ge=0, le=1000)]
_Tokens = Annotated[int, Field(ge=1, le=10_000_000)]
_Amount = Annotated[int, Field(ge=1, le=10**12)]
_Money = Annotated[float, Field(gt=0, le=1e9)]
_Seconds = Annotated[float, Field(gt=0, le=30 * DAY_SECONDS)]
_Kept = Annotated[float, Field(gt=0, le=3650 * DAY_SECONDS)]


def _knob(sentence: str) -> dict[str, str]:
    return {"sentence": sentence}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The values in force; each field's sentence is what `pagents config` shows."""

    model: str | None = field(
        default=None, metadata=_knob("provider/model for agents that name none")
    )
    max_parallel: _Count = field(default=16, metadata=_knob("runs at once in a process"))
    timeout_seconds: _Seconds = field(
        default=600.0, metadata=_knob("seconds for a run, without its time in the queue")
    )
    call_timeout_seconds: _Seconds = field(
        default=300.0, metadata=_knob("seconds for one try of a model call, and for a tool call")
    )
    max_turns: _Count = field(default=25, metadata=_knob("model calls in a run"))
    max_output_tokens: _Tokens = field(default=4096, metadata=_knob("tokens of one reply"))
    attempts: _Count = field(
        default=1, metadata=_knob("how often a run may begin again after a refused answer")
    )
    tries: _Count = field(
        default=5, metadata=_knob("how often a model call is made before its error counts")
    )
    patience_seconds: _Seconds = field(
        default=300.0, metadata=_knob("seconds that a call waits for a rate limit in all")
    )
    default_agent: str = field(
        default="main", metadata=_knob("the agent of a sessions_spawn that names none")
    )
    max_spawn_depth: _Bound = field(
        default=5, metadata=_knob("how deep agents may spawn agents; 0 is not at all")
    )
    max_children: _Count = field(
        default=20, metadata=_knob("live sessions at once that one agent has spawned")
    )
    max_tree_sessions: _Count = field(
        default=200, metadata=_knob("sessions in the tree of one agent, over its whole life")
    )
    hand_back_tokens: _Tokens = field(
        default=2000, metadata=_knob("tokens of a child's output that its parent is handed")
    )
    session_visibility: Visibility = field(
        default=Visibility.TREE,
        metadata=_knob("what an agent sees of others: self, tree, agent (its own kind) or all"),
    )
    archive_seconds: _Seconds = field(
        default=3600.0, metadata=_knob("seconds after which a session that is over is archived")
    )
    day_budget_usd: _Money | None = field(
        default=None, metadata=_knob("US dollars that all calls of a UTC day may cost")
    )
    day_budget_tokens: _Amount | None = field(
        default=None, metadata=_knob("tokens that all calls of a UTC day may use")
    )
    agent_budgets: Mapping[str, Budget] = field(
        default_factory=dict[str, Budget],
        metadata=_knob("usd and tokens by agent, for its calls of a UTC day"),
    )
    allow_weak_judge: bool = field(
        default=False, metadata=_knob("a model that judges badly may be a gate, and is told of")
    )
    agent_breaker: bool = field(
        default=True, metadata=_knob("leave an agent alone whose runs keep failing by its fault")
    )
    dead_letter_seconds: _Kept = field(
        default=DEAD_LETTER_SECONDS,
        metadata=_knob("seconds that a task that failed can be retried"),
    )
    parent_session: str | None = field(
        default=None, metadata=_knob("the session that what this process spawns is under")
    )
    full_sync: bool = field(
        default=False, metadata=_knob("wait for the disk at each commit (against power loss)")
    )
    local_slots: _Count | None = field(
        default=None, metadata=_knob("calls at once of the embedded model; by machine without it")
    )
    local_model_file: Path | None = field(
        default=None, metadata=_knob("a GGUF file to use as the embedded model, unchecked")
    )
    tiers: Mapping[Tier, str] = field(
        default_factory=dict[Tier, str], metadata=_knob("provider/model for small, medium, large")
    )
    ladders: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]],
        metadata=_knob("lists of models by name, the cheapest first, for model ladder/NAME"),
    )
    providers: Mapping[str, Json] = field(
        default_factory=dict[str, Json], metadata=_knob("own providers, or changes to the built-in")
    )

    @property
    def day_budget(self) -> Budget:
        return Budget(usd=self.day_budget_usd, tokens=self.day_budget_tokens)

    @property
    def policy(self) -> Policy:
        """What any agent's own policy is shrunk to."""
        return Policy(
            spawns=(ANY,),
            max_depth=self.max_spawn_depth,
            max_children=self.max_children,
            max_total=self.max_tree_sessions,
        )

    @property
    def limits(self) -> Limits:
        return Limits(
            timeout_seconds=self.timeout_seconds,
            call_timeout_seconds=self.call_timeout_seconds,
            max_turns=self.max_turns,
            max_output_tokens=self.max_output_tokens,
            attempts=self.attempts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What this process was started with.

    Attributes:
        home: the user's folder: store, models, results, `config.toml`.
        project: the project's `.parallel-agents` folder, or None.
        variables: the environment variables.
    """

    home: Path
    project: Path | None
    variables: Mapping[str, str] = field(repr=False)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where agents and teams may be, the project's first."""
        return (self.home,) if self.project is None else (self.project, self.home)

    @property
    def user(self) -> str:
        """Who gives commands from here, as the journal names them."""
        return self.variables.get("USER") or self.variables.get("USERNAME") or "user"

    def read_key(self, variable: str) -> str | None:
        return self.variables.get(variable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The settings, and for each name where its value comes from."""

    settings: Settings
    sources: Mapping[str, str]


def read_environment(home: Path | None = None, start: Path | None = None) -> Environment:
    """The environment of this process, and the project around the folder `start`."""
    variables = dict(os.environ)
    named = variables.get(f"{PREFIX}HOME")
    where = home or (Path(named) if named else Path.home() / PROJECT_FOLDER)
    return Environment(
        home=where.expanduser().absolute(),
        project=_find_project(start or Path.cwd(), where),
        variables=variables,
    )


def _find_project(start: Path, home: Path) -> Path | None:
    for folder in (start, *start.parents):
        found = folder / PROJECT_FOLDER
        if found.is_dir() and found.resolve() != home.expanduser().resolve():
            return found
        if (folder / ".git").exists():
            return None
    return None


def load(environment: Environment, flags: Mapping[str, object] | None = None) -> Loaded:
    """Put the settings together; a flag of None was not given.

    Raises:
        ConfigError: a source can not be read, or holds an unknown name or a value that does not
            fit; the text names the source.
    """
    settings, sources = Settings(), {f.name: "default" for f in fields(Settings)}
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    for source, values in (*_files(environment), _variables(environment), ("flag", given)):
        for name, value in values.items():
            where = f"{source} {PREFIX}{name.upper()}" if source == "environment" else source
            settings = replace(settings, **{name: _parse(name, value, settings, where)})
            sources[name] = where
    return Loaded(settings=settings, sources=sources)


def _files(environment: Environment) -> list[tuple[str, Mapping[str, object]]]:
    found: list[tuple[str, Mapping[str, object]]] = []
    for folder in reversed(environment.folders):
        file = folder / CONFIG_NAME
        try:
            found.append((str(file), tomllib.loads(file.read_text("utf-8"))))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(
                f"{file} cannot be read", why=str(error), hint="correct it, or move it away"
            ) from error
    return found


def _variables(environment: Environment) -> tuple[str, Mapping[str, object]]:
    tables = {"tiers", "providers", "agent_budgets", "ladders"}
    names = {f"{PREFIX}{f.name.upper()}": f.name for f in fields(Settings) if f.name not in tables}
    given = environment.variables
    return "environment", {name: given[v] for v, name in names.items() if given.get(v, "") != ""}


def _parse(name: str, value: object, below: Settings, source: str) -> object:
    if name not in _adapters():
        close = get_close_matches(name, _adapters(), n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are: {', '.join(_adapters())}"
        raise ConfigError(f"there is no setting {name!r}", why=f"it stands in {source}", hint=hint)
    try:
        parsed = _adapters()[name].validate_python(value)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise ConfigError(
            f"setting {name} does not fit: {problem}",
            why=f"it comes from {source}",
            hint=f"correct {name} there, or leave it out to take the default",
        ) from None
    if isinstance(parsed, dict):
        return getattr(below, name) | parsed
    return parsed


@cache
def _adapters() -> Mapping[str, TypeAdapter[object]]:
    hints = get_type_hints(Settings, include_extras=True)
    return {f.name: TypeAdapter(hints[f.name]) for f in fields(Settings)}
