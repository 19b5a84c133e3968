"""Each setting takes what it is for; all else is refused with its file and path, in our words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import orjson
import pytest

from parallel_agents.core.budget import Budget
from parallel_agents.core.schema import Json
from parallel_agents.errors import ConfigError
from parallel_agents.setting_sources import load
from parallel_agents.setting_values import BudgetTable
from parallel_agents.settings import Environment, Settings

VALUES: Mapping[str, Json] = {
    "text": "some text",
    "word": "a",
    "empty": "",
    "blank": " ",
    "quoted": "3",
    "three": 3,
    "zero": 0,
    "minus": -1,
    "fraction": 1.5,
    "huge": 10**18,
    "true": True,
    "words": ["a"],
    "none": [],
    "numbers": [3],
    "blanks": [""],
    "table": {"a": "b"},
    "tables": {"a": {"b": 1}},
    "bare": {},
}
_COUNT, _SECONDS, _SWITCH, _NAME = "three", "three fraction", "true", "word quoted"
# What each setting takes of VALUES.
TAKEN = {
    "model": _NAME,
    "max_parallel": _COUNT,
    "timeout_seconds": _SECONDS,
    "call_timeout_seconds": _SECONDS,
    "max_turns": _COUNT,
    "max_output_tokens": _COUNT,
    "attempts": _COUNT,
    "memory_megabytes": "",
    "max_processes": _COUNT,
    "output_megabytes": _COUNT,
    "tries": _COUNT,
    "patience_seconds": _SECONDS,
    "default_agent": _NAME,
    "max_spawn_depth": "three zero",
    "max_children": _COUNT,
    "max_tree_sessions": _COUNT,
    "hand_back_tokens": _COUNT,
    "result_tokens": _COUNT,
    "session_visibility": "",
    "archive_seconds": _SECONDS,
    "day_budget_usd": _SECONDS,
    "day_budget_tokens": _COUNT,
    "agent_budgets": "bare",
    "agent_budgets.a": "",
    "agent_budgets.a.usd": _SECONDS,
    "agent_budgets.a.tokens": _COUNT,
    "agent_budgets.a.on_limit": "",
    "allow_weak_judge": _SWITCH,
    "agent_breaker": _SWITCH,
    "dead_letter_seconds": _SECONDS,
    "tags": "words none",
    "parent_session": _NAME + " text",
    "permissions": "bare",
    "permissions.allow": "words none",
    "permissions.ask": "words none",
    "permissions.deny": "words none",
    "question_seconds": _SECONDS,
    "answers": "none",
    "stuck_factor": _SECONDS,
    "stuck_least_seconds": _SECONDS,
    "stuck_seconds": _SECONDS,
    "on_stuck": "",
    "notify": "text word quoted",
    "notify_on": "",
    "notify_private_hosts": "words none",
    "alerts": "none",
    "retention_days": _SECONDS,
    "retention_bytes": "",
    "workspace_megabytes": _COUNT,
    "workspace_seconds": _SECONDS,
    "sandbox": "",
    "sandbox_folders": "none",
    "sandbox_hosts": "words none",
    "fetch_private_hosts": "words none",
    "fetch_through_proxy": _SWITCH,
    "search": "bare",
    "search.provider": "",
    "search.key": "",
    "search.url": "",
    "summaries": _SWITCH,
    "summary_model": _NAME,
    "state_keys": _COUNT,
    "state_megabytes": _COUNT,
    "artifact_megabytes": _COUNT,
    "tree_artifact_megabytes": _COUNT,
    "profiles": "bare",
    "profiles.a": "bare",
    "mcp_servers": "bare",
    "mcp_servers.a": "",
    "full_sync": _SWITCH,
    "local_slots": _COUNT,
    "local_keep_seconds": "three fraction zero",
    "local_model_file": _NAME + " text",
    "tiers": "bare",
    "tiers.small": _NAME,
    "ladders": "bare",
    "ladders.a": "words",
    "providers": "tables bare",
    "providers.a": "table tables bare",
}
_PYDANTIC = re.compile(r"[Ii]nput should|validation|tuple|dict|pydantic|Value error|\[type=")


def toml_of(path: str, value: Json) -> str:
    return f"{path} = {_toml(value)}"


def _toml(value: Json) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {_toml(part)}" for name, part in value.items()) + "}"
    return orjson.dumps(value).decode()


def read(home: Path, text: str) -> None:
    (home / "config.toml").write_text(text)
    load(Environment(home=home, variables={}))


def test_the_walk_goes_through_every_setting() -> None:
    assert {path.partition(".")[0] for path in TAKEN} == {field.name for field in fields(Settings)}
    assert {f"agent_budgets.a.{name}" for name in BudgetTable.__annotations__} <= set(TAKEN)


@pytest.mark.parametrize("path", TAKEN)
def test_a_setting_takes_what_it_is_for_and_refuses_the_rest_with_its_file_and_path(
    tmp_path: Path, path: str
) -> None:
    refused: dict[str, ConfigError] = {}
    for name, value in VALUES.items():
        try:
            read(tmp_path, toml_of(path, value))
        except ConfigError as error:
            refused[name] = error

    assert VALUES.keys() - refused.keys() == set(TAKEN[path].split())
    assert [error.message for error in refused.values() if path not in error.message] == []
    assert [e.why for e in refused.values() if str(tmp_path / "config.toml") not in e.why] == []
    assert [error.message for error in refused.values() if _PYDANTIC.search(error.message)] == []
    assert [name for name, error in refused.items() if not error.hint] == []


@pytest.mark.parametrize("field", [field.name for field in fields(Settings)])
def test_a_misspelt_setting_is_refused_with_the_right_one(tmp_path: Path, field: str) -> None:
    with pytest.raises(ConfigError, match="unknown setting") as caught:
        read(tmp_path, f"{field}x = 1")

    assert caught.value.hint == f"did you mean {field}?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("agent_budgets.a = {usdd = 1}", "unknown setting 'agent_budgets.a.usdd'"),
        ("agent_budgets.a = {}", "agent_budgets.a is invalid: it sets no limit: it takes usd"),
        ('tiers.tiny = "a/b"', "tiers.tiny is invalid: it must be 'small', 'medium' or 'large'"),
        ('ladders."a b" = ["a/b"]', "ladders.a b is invalid: a name has 1 to 64 letters"),
        ('ladders.a = ["a/b", "c d"]', "ladders.a[1] is invalid: it must be a model's name"),
        ("day_budget_usd = nan", "day_budget_usd is invalid: it must be at"),
        ("max_turns = 2020-01-01", "max_turns is invalid: it must be a whole number"),
    ],
)
def test_a_wrong_entry_of_a_table_is_named_by_its_path(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        read(tmp_path, text)


def test_a_program_may_pass_a_budget_as_itself(tmp_path: Path) -> None:
    given = {"agent_budgets": {"main": Budget(usd=1)}}

    settings = load(Environment(home=tmp_path, variables={}), given).settings

    assert settings.agent_budgets == {"main": Budget(usd=1)}


@pytest.mark.parametrize("value", ["3", True, 1.5, 0])
def test_a_refusal_names_what_a_program_passed(tmp_path: Path, value: object) -> None:
    environment = Environment(home=tmp_path, variables={})

    with pytest.raises(ConfigError) as caught:
        load(environment, {"max_parallel": value}, given="settings=")

    assert caught.value.why == "the value comes from settings="
