"""Setting values: which values a setting takes, and the refusal of all others with their place.

Numbers and switches are strict: a text stands for one only in the environment, which has only texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Required

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetPydanticSchema,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)
from typing_extensions import TypedDict

from parallel_agents.core.alert import Alert
from parallel_agents.core.answer_rules import AnswerRule
from parallel_agents.core.budget import Budget, OnLimit
from parallel_agents.core.json_value import Json, JsonObject
from parallel_agents.core.limits import DAY_SECONDS, LEAST_MEMORY_MEGABYTES
from parallel_agents.core.mcp_names import MOST_SERVER_CHARACTERS, is_server_name
from parallel_agents.core.mcp_server import read_server
from parallel_agents.core.notification import Occasion, read_target
from parallel_agents.core.permission import parse_rule
from parallel_agents.core.private_hosts import PrivateHosts
from parallel_agents.core.problems import Found, as_path, find_problem
from parallel_agents.core.profile import NAME as PROFILE_NAME, read_profile
from parallel_agents.core.question import QuestionKind
from parallel_agents.core.reference import parse_reference
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.tags import check_tags
from parallel_agents.core.texts import ModelName as ModelName, NonEmpty as NonEmpty, check_text
from parallel_agents.core.web_address import WebAddress
from parallel_agents.core.web_search import SearchProvider
from parallel_agents.errors import ConfigError, InvalidInput

# How errors say in which file or variable a wrong value stands.
COMES_FROM, IS_SET_IN = "the value comes from", "it is set in"
MOST_RETENTION_SECONDS = 3650 * DAY_SECONDS
_KEY_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Count = Annotated[int, Field(strict=True, ge=1, le=100_000)]
Bound = Annotated[int, Field(strict=True, ge=0, le=1000)]
Tokens = Annotated[int, Field(strict=True, ge=1, le=10_000_000)]
Amount = Annotated[int, Field(strict=True, ge=1, le=10**12)]
Money = Annotated[float, Field(strict=True, ge=1e-9, le=1e9)]
Seconds = Annotated[float, Field(strict=True, gt=0, le=30 * DAY_SECONDS)]
KeepSeconds = Annotated[float, Field(strict=True, ge=0, le=DAY_SECONDS)]
RetentionSeconds = Annotated[float, Field(strict=True, gt=0, le=MOST_RETENTION_SECONDS)]
RetentionDays = Annotated[float, Field(strict=True, ge=1, le=3650)]
RetentionBytes = Annotated[int, Field(strict=True, ge=10_000_000, le=10**15)]
Megabytes = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
SessionMegabytes = Annotated[int, Field(strict=True, ge=LEAST_MEMORY_MEGABYTES, le=1_000_000)]
QuestionSeconds = Annotated[float, Field(strict=True, gt=0, lt=DAY_SECONDS)]
Factor = Annotated[float, Field(strict=True, ge=1, le=10_000)]
Switch = Annotated[bool, Field(strict=True)]


def _check_file(value: object) -> object:
    return check_text(value) if isinstance(value, str) else value


def _check_folder(folder: Path) -> Path:
    if "\0" in str(folder):
        raise ValueError("a folder's name has no NUL")
    try:
        path = folder.expanduser()
    except RuntimeError:
        raise ValueError(f"there is no user {folder.parts[0].removeprefix('~')!r}") from None
    if not path.is_absolute() or path == Path("/"):
        raise ValueError("it takes folders by absolute paths or ~, and not the whole machine")
    return folder


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            "a name has 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first"
        )
    return name


def _check_rule(rule: str) -> str:
    try:
        parse_rule(rule)
    except InvalidInput as error:
        raise ValueError(f"it is not a permission; {error.hint}") from None
    return rule


def _check_private_host(text: str) -> str:
    PrivateHosts.parse((text,))
    return text


def _check_target(text: str) -> str:
    try:
        read_target(text)
    except InvalidInput as error:
        raise ValueError(f"it cannot be notified: {error.why}") from None
    return text


Name = Annotated[str, AfterValidator(_check_name)]


def _check_tag_names(tags: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return check_tags(tags)
    except InvalidInput as error:
        raise ValueError(f"{error.message}: {error.why}") from None


Tags = Annotated[tuple[str, ...], AfterValidator(_check_tag_names)]
NotifyTarget = Annotated[str, AfterValidator(_check_target)]
Occasions = Annotated[tuple[Occasion, ...], Field(min_length=1)]


File = Annotated[Path, BeforeValidator(_check_file)]
Folder = Annotated[File, AfterValidator(_check_folder)]
Folders = Annotated[tuple[Folder, ...], Field(max_length=100)]
Hosts = Annotated[tuple[NonEmpty, ...], Field(max_length=1000)]
PrivateHostName = Annotated[str, AfterValidator(_check_private_host)]
PrivateHostNames = Annotated[tuple[PrivateHostName, ...], Field(max_length=1000)]
Rule = Annotated[str, AfterValidator(_check_rule)]
Rules = tuple[Rule, ...]
Models = Annotated[tuple[ModelName, ...], Field(min_length=1)]


def _check_server_name(name: str) -> str:
    if not is_server_name(name):
        raise ValueError(
            "a server's name has letters, digits, dashes and single underscores, at most "
            f"{MOST_SERVER_CHARACTERS}, since its tools are called mcp__NAME__TOOL"
        )
    return name


def _check_server(table: JsonObject) -> JsonObject:
    read_server("NAME", table)
    return table


def _check_profile_name(name: str) -> str:
    if not PROFILE_NAME.fullmatch(name):
        raise ValueError(
            "a profile's name has 1 to 64 lowercase letters, digits, dashes and underscores"
        )
    return name


def _check_profile(table: JsonObject) -> JsonObject:
    read_profile("NAME", table)
    return table


ProfileName = Annotated[str, AfterValidator(_check_profile_name)]
ProfileTable = Annotated[JsonObject, AfterValidator(_check_profile)]
ServerName = Annotated[str, AfterValidator(_check_server_name)]
ServerTable = Annotated[JsonObject, AfterValidator(_check_server)]


class BudgetTable(TypedDict, total=False):
    """A budget as a file has it."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # pyright: ignore[reportGeneralTypeIssues]

    usd: Money
    tokens: Amount
    on_limit: OnLimit


class AnswerTable(TypedDict, total=False):
    """A rule of `[[answers]]` as a file has it."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # pyright: ignore[reportGeneralTypeIssues]

    answer: Required[str]
    kind: QuestionKind
    tool: str
    agent: str
    text: str
    times: Annotated[int, Field(strict=True, ge=1, le=1000)]


def _read_answer(table: AnswerTable) -> AnswerRule:
    try:
        return AnswerRule(**table)
    except InvalidInput as error:
        raise ValueError(f"{error.message}; {error.hint}") from None


class AlertTable(TypedDict, total=False):
    """An alert of `[[alerts]]` as a file has it."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # pyright: ignore[reportGeneralTypeIssues]

    when: Required[str]
    to: str


def _read_alert(table: AlertTable) -> Alert:
    try:
        return Alert(**table)
    except InvalidInput as error:
        raise ValueError(f"{error.message}; {error.hint}") from None


def _check_key(reference: str) -> str:
    return str(parse_reference(reference))


def _check_url(url: str) -> str:
    return url if _KEY_REFERENCE.fullmatch(url) else str(WebAddress.parse(url))


class SearchTable(TypedDict, total=False):
    """The engine of web_search as a file has it."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # pyright: ignore[reportGeneralTypeIssues]

    provider: SearchProvider
    key: Annotated[str, AfterValidator(_check_key)]
    url: Annotated[str, AfterValidator(_check_url)]


def _as_table(value: object) -> object:
    """The Budget of a program as the table that a file would have."""
    if not isinstance(value, Budget):
        return value
    return {name: each for name, each in asdict(value).items() if each is not None}


def _read_budget(table: BudgetTable) -> Budget:
    budget = Budget(**table)
    if not budget.is_bound:
        raise ValueError("it sets no limit: it takes usd, tokens or both")
    if budget.on_limit is OnLimit.ASK:
        raise ValueError(
            "a day's budget is raised here; ask is for those of tasks, agents and teams"
        )
    return budget


_BUDGET = Annotated[BudgetTable, BeforeValidator(_as_table), AfterValidator(_read_budget)]
SetBudget = Annotated[Budget, GetPydanticSchema(lambda _, make: make(_BUDGET))]
_ANSWER = Annotated[AnswerTable, AfterValidator(_read_answer)]
SetAnswer = Annotated[AnswerRule, GetPydanticSchema(lambda _, make: make(_ANSWER))]
_ALERT = Annotated[AlertTable, AfterValidator(_read_alert)]
SetAlert = Annotated[Alert, GetPydanticSchema(lambda _, make: make(_ALERT))]
_NESTED_NAMES = {
    "alerts": tuple(AlertTable.__annotations__),
    "answers": tuple(AnswerTable.__annotations__),
    "agent_budgets": tuple(BudgetTable.__annotations__),
    "search": tuple(SearchTable.__annotations__),
}


class SourcedTable(dict[str, Json]):
    """A table whose values are checked later, with where it is from."""

    def __init__(self, values: Mapping[str, Json], source: str) -> None:
        super().__init__(values)
        self.source = source


def _with_source(table: JsonObject, info: ValidationInfo) -> SourcedTable:
    return SourcedTable(table, str(info.context))


ProviderTable = Annotated[JsonObject, AfterValidator(_with_source)]


def read_value(
    name: str, kind: TypeAdapter[object], value: object, *, source: str, is_text: bool
) -> object:
    """A setting's value as it is kept.

    Args:
        name: the setting.
        kind: what it takes.
        value: what `source` sets.
        source: where the value is from, as the error names it.
        is_text: whether the source has only texts.

    Raises:
        ConfigError: the value is not one of the setting's; the error names it by its path.
    """
    try:
        return (
            kind.validate_strings(value) if is_text else kind.validate_python(value, context=source)
        )
    except ValidationError as error:
        raise _refusal(name, find_problem(error), source) from None


def _refusal(name: str, found: Found, source: str) -> ConfigError:
    path = as_path((name, *found.steps))
    if found.is_unknown:
        return ConfigError(
            f"unknown setting {path!r}",
            why=f"{source} sets it",
            hint=did_you_mean(found.field, _NESTED_NAMES.get(name, ())),
        )
    instead = " to use the default" if not found.steps else ""
    return ConfigError(
        f"setting {path} is invalid: {found.words}",
        why=f"{COMES_FROM} {source}",
        hint=f"correct {path} there, or remove it{instead}",
    )
