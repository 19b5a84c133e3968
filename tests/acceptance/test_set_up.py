"""Agents, teams, models, settings and the doctor: what is at hand, and where it comes from."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents

AGENT = """\
---
name: {name}
description: Says hello.
---
Say hello.
"""


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['pagents', '--help']\n"
        "from parallel_agents.surfaces.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n"
        "    print(*sorted({'aiohttp', 'pydantic', 'rich', 'yaml'} & sys.modules.keys()))"
    )

    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert shown.stdout.decode().startswith("Usage: pagents")
    assert shown.stdout.decode().endswith("\n\n")


def test_help_names_every_command_and_its_own_help_shows_its_options(shared: Pagents) -> None:
    whole = shared("--help")

    assert whole.code == 0
    assert len([line for line in whole.out.splitlines() if line.startswith("  ")]) > 16
    for command in ("run", "models"):
        assert f"Usage: pagents {command}" in shared(command, "-h").out


def test_the_version_is_told(shared: Pagents) -> None:
    assert shared("--version").out.startswith("pagents ")


def test_an_agent_is_shown_with_what_its_file_sets(pagents: Pagents) -> None:
    pagents.project(
        "agents/builder.md",
        "---\nname: builder\ndescription: Builds.\ntools: [shell]\non_limit: ask\n"
        "limits: {memory_megabytes: 100}\npermissions: {deny: ['shell(curl *)']}\n---\nBuild it.\n",
    )

    shown = pagents("agents", "show", "builder").out

    for line in ("  - shell", "on_limit: ask", "  memory_megabytes: 100", "    - shell(curl *)"):
        assert line in shown.splitlines()
    assert "temperature" not in shown


def test_agents_are_listed_and_shown(shared: Pagents) -> None:
    listed = shared.items("agents", "list")
    shown = shared("agents", "show", "code_reviewer")

    assert len(listed) == 34
    assert "code:" in shown.out
    assert "instructions" in shown.out


def test_a_project_adds_agents_and_a_broken_one_is_named(pagents: Pagents) -> None:
    pagents.project("agents/greeter.md", AGENT.format(name="greeter"))
    broken = pagents.project("agents/broken.md", AGENT.format(name="other"))

    listed = pagents("agents", "list")
    examined = pagents("doctor")

    assert "greeter" in listed.out
    assert "35 agents" in listed.err
    assert "✖ PA-E103" in listed.err
    assert broken in listed.err
    assert examined.code == 10
    assert "broken.md" in examined.out


def test_teams_are_listed_and_shown(shared: Pagents) -> None:
    listed = shared("teams", "list")
    shown = shared("teams", "show", "content")

    assert [name in listed.out for name in ("content", "development", "review")] == [True] * 3
    assert "content_writer_funny" in shown.out
    assert "topic" in shown.out


def test_models_are_listed_with_the_state_of_their_keys(shared: Pagents) -> None:
    listed = shared("models", "list")
    items = {item["provider"]: item for item in shared.items("models", "list")}

    assert "OPENAI_API_KEY not set" in listed.out
    assert items["bench"]["key_variable"] is None
    assert items["openai"]["key_is_set"] is False
    assert items["local"]["path"] is None


def test_the_path_of_a_model_that_is_not_fetched_is_no_path(shared: Pagents) -> None:
    ended = shared("models", "path")

    assert ended.code == 1
    assert ended.out == ""
    assert "pagents models pull" in ended.err


def test_each_setting_comes_from_the_strongest_source(pagents: Pagents) -> None:
    pagents.configure("tries = 2\nmax_turns = 3\nattempts = 4")
    project = pagents.project("config.toml", "max_turns = 5\nattempts = 6\n")

    ended = pagents("config", "--json", PARALLEL_AGENTS_ATTEMPTS="7")

    settings = {item["name"]: item for item in ended.documents[0]["items"]}
    found = {name: (item["value"], item["source"]) for name, item in settings.items()}
    assert found["max_parallel"] == (16, "default")
    assert found["tries"] == (2, str(pagents.home / "config.toml"))
    assert found["max_turns"] == (5, str(pagents.folder / project))
    assert found["attempts"] == (7, "environment PARALLEL_AGENTS_ATTEMPTS")


def test_settings_are_a_table_with_a_sentence_each(shared: Pagents) -> None:
    ended = shared("config")

    assert ended.code == 0
    assert "model calls in one run" in ended.out
    assert str(shared.home) in ended.err


def test_the_doctor_is_content_with_a_home_that_works(pagents: Pagents) -> None:
    ended = pagents("doctor")

    assert ended.code == 0
    assert "✔ store" in ended.out
    assert "agents that name no model run on bench/good" in ended.out


@pytest.mark.parametrize(
    ("text", "words"),
    [('model = "keyed/good"', "BENCH_KEY"), ('model = "nowhere/x"', "PA-E111")],
    ids=["without its key", "of no provider"],
)
def test_the_doctor_exits_with_10_for_a_model_that_cannot_be_used(
    pagents: Pagents, text: str, words: str
) -> None:
    config = pagents.home / "config.toml"
    config.write_text(config.read_text("utf-8").replace('model = "bench/good"', text), "utf-8")

    ended = pagents("doctor")

    assert ended.code == 10
    assert words in ended.out


def test_the_doctor_exits_with_10_for_a_store_that_cannot_be_used(pagents: Pagents) -> None:
    pagents.file("other/store.db", "no store" * 200)

    ended = pagents("doctor", "--home", "other")

    assert ended.code == 10
    assert "PA-E401" in ended.out


def test_the_doctor_says_what_will_not_work_where_nothing_can_be_written(pagents: Pagents) -> None:
    ended = pagents("doctor", "--home", "/proc/nowhere")

    assert ended.code == 10
    assert "✖ /proc/nowhere cannot be written" in ended.out
    assert "nothing can be started" in ended.out


def test_the_doctor_goes_on_where_the_configuration_is_wrong(pagents: Pagents) -> None:
    pagents.configure("tries = 0")

    ended = pagents("doctor")

    assert ended.code == 10
    assert "✔ store" in ended.out
    assert "✖ PA-E110 setting tries is invalid" in ended.out
    assert "pagents config" not in ended.out


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("model", "foo", "PA-E111"),
        ("tiers.small", "foo/bar", "PA-E111"),
        ("ladders.reviews", "foo/bar", "PA-E111"),
        ("max_parallel", "many", "PA-E110"),
        ("max_paralel", "3", "PA-E110"),
    ],
)
def test_a_setting_of_which_nothing_could_come_is_refused_and_the_file_stays(
    pagents: Pagents, setting: str, value: str, code: str
) -> None:
    before = (pagents.home / "config.toml").read_bytes()

    ended = pagents("config", "set", setting, value)

    assert ended.code == 10
    assert code in ended.err
    assert (pagents.home / "config.toml").read_bytes() == before


def test_what_a_table_lacks_is_said_and_how_to_set_it_as_a_whole(pagents: Pagents) -> None:
    lacking = pagents("config", "set", "providers.mine.wire", "chat")
    whole = pagents(
        "config", "set", "providers.mine", '{wire="chat", base_url="http://127.0.0.1:9/v1"}'
    )

    lacking.assert_refused("PA-E110", "it is missing; the file stays as it was", exits=10)
    assert "pagents config set providers.mine '{...}'" in lacking.err
    assert whole.code == 0


def test_a_profile_begins_with_its_first_setting(pagents: Pagents) -> None:
    ended = pagents("config", "set", "model", "bench/good", "--profile", "work")

    assert ended.code == 0
    assert "[settings.work]" in ended.out
    assert ended.err == "work is a new profile.\n"
    assert pagents("--profile", "work", "config", "get", "model").out == "bench/good\n"

    gone = pagents("config", "unset", "model", "--profile", "work")
    config = pagents.home / "config.toml"
    assert gone.err == f"{config} sets model, which decides without the profile's\n"


@pytest.mark.parametrize(
    "command",
    [
        ("config",),
        ("config", "get", "model"),
        ("config", "unset", "model"),
        ("list",),
        ("mcp",),
    ],
)
def test_a_profile_that_does_not_exist_is_refused_by_what_reads_settings(
    pagents: Pagents, command: tuple[str, ...]
) -> None:
    ended = pagents(*command, "--profile", "wrok")

    ended.assert_refused("PA-E110", "there is no profile 'wrok'", exits=10)


def test_a_setting_is_set_got_and_removed_and_the_comments_stay(pagents: Pagents) -> None:
    file = pagents.home / "config.toml"
    file.write_text("# mine\n" + file.read_text())
    before = file.read_text().split()

    assert pagents("config", "set", "max_parallel", "3").code == 0
    assert pagents("config", "get", "max_parallel").out == "3\n"
    assert pagents("config", "unset", "max_parallel").code == 0

    assert file.read_text().split() == before
