"""A setting comes from the strongest source that sets it; a wrong value is refused with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from parallel_agents.core.tier import Tier
from parallel_agents.errors import ConfigError, Untrusted
from parallel_agents.setting_sources import load
from parallel_agents.settings import (
    Environment,
    Settings,
    find_project_around,
    read_environment,
    read_user_environment,
)
from parallel_agents.trust import Project, find_project, record_trust

NOWHERE: Mapping[str, str] = {}


def found(start: Path, home: Path) -> Project:
    project = find_project(start, home, None)
    assert project is not None
    return project


def environment(
    home: Path, project: Path | None = None, variables: Mapping[str, str] = NOWHERE
) -> Environment:
    if project is None:
        return Environment(home=home, variables=variables)
    files = {"config.toml": (project / "config.toml").read_bytes()}
    trusted = Project(folder=project, files=files)
    return Environment(home=home, trusted=trusted, variables=variables)


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(text)
    return folder


def test_without_any_source_the_defaults_apply(tmp_path: Path) -> None:
    loaded = load(environment(tmp_path))

    assert loaded.settings == Settings()
    assert set(loaded.sources.values()) == {"default"}
    assert set(loaded.sources) == {field.name for field in fields(Settings)}


def test_the_stronger_source_wins_and_is_named(tmp_path: Path) -> None:
    home = write(tmp_path / "home", "max_parallel = 1\nmax_turns = 1\ntries = 1\nattempts = 1")
    project = write(tmp_path / "project", "max_turns = 2\ntries = 2\nattempts = 2")
    variables = {"PARALLEL_AGENTS_TRIES": "3", "PARALLEL_AGENTS_ATTEMPTS": "3"}

    loaded = load(environment(home, project, variables), {"attempts": 4, "model": None})

    settings = loaded.settings
    assert settings.max_parallel == 1
    assert settings.max_turns == 2
    assert settings.tries == 3
    assert settings.attempts == 4
    assert loaded.sources["max_parallel"] == str(home / "config.toml")
    assert loaded.sources["max_turns"] == str(project / "config.toml")
    assert loaded.sources["tries"] == "environment PARALLEL_AGENTS_TRIES"
    assert loaded.sources["attempts"] == "--attempts"
    assert loaded.sources["model"] == "default"


def test_tables_are_merged_by_name(tmp_path: Path) -> None:
    home = write(tmp_path / "home", '[tiers]\nsmall = "a/a"\nlarge = "a/b"')
    project = write(tmp_path / "project", '[tiers]\nsmall = "b/a"')

    settings = load(environment(home, project)).settings

    assert settings.tiers == {Tier.SMALL: "b/a", Tier.LARGE: "a/b"}


@pytest.mark.parametrize(
    ("variable", "value", "text"),
    [
        ("MAX_PARALLEL", "0", "at least 1"),
        ("MAX_PARALLEL", "many", "a whole number"),
        ("MAX_PARALLEL", "1e9", "a whole number"),
        ("TIMEOUT_SECONDS", "-1", "more than 0"),
        ("TIMEOUT_SECONDS", "nan", "at most"),
        ("TIMEOUT_SECONDS", "inf", "at most"),
        ("FULL_SYNC", "perhaps", "true or false"),
    ],
)
def test_an_invalid_value_is_refused_with_its_source(
    tmp_path: Path, variable: str, value: str, text: str
) -> None:
    name = f"PARALLEL_AGENTS_{variable}"

    with pytest.raises(ConfigError, match=text) as caught:
        load(environment(tmp_path, variables={name: value}))

    assert caught.value.why == f"the value comes from environment {name}"


def test_an_unknown_name_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    home = write(tmp_path, "max_paralel = 3")

    with pytest.raises(ConfigError, match="unknown setting 'max_paralel'") as caught:
        load(environment(home))

    assert caught.value.hint == "did you mean max_parallel?"
    assert str(home / "config.toml") in caught.value.why


@pytest.mark.parametrize("content", [b"a = ", b"\xff\xfe", b"[[["])
def test_an_unreadable_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.toml").write_bytes(content)

    with pytest.raises(ConfigError, match=r"config\.toml cannot be read"):
        load(environment(tmp_path))


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    variables = {"PARALLEL_AGENTS_MODEL": "", "PARALLEL_AGENTS_UNKNOWN": "", "OTHER": "y"}

    assert load(environment(tmp_path, variables=variables)).settings == Settings()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("DAY_BUDGET_USDD", "did you mean PARALLEL_AGENTS_DAY_BUDGET_USD?"),
        ("Max_Parallel", "did you mean PARALLEL_AGENTS_MAX_PARALLEL?"),
        ("HOEM", "did you mean PARALLEL_AGENTS_HOME?"),
        ("ZZZ", "`pagents config` shows the settings; unset PARALLEL_AGENTS_ZZZ"),
    ],
)
def test_an_unknown_variable_is_refused_with_a_suggestion(
    tmp_path: Path, name: str, hint: str
) -> None:
    variable = f"PARALLEL_AGENTS_{name}"

    with pytest.raises(ConfigError, match=f"unknown setting '{name.lower()}'") as caught:
        load(environment(tmp_path, variables={variable: "1"}))

    assert caught.value.why == f"environment {variable} sets it"
    assert caught.value.hint == hint


def test_a_table_in_a_variable_is_refused(tmp_path: Path) -> None:
    variables = {"PARALLEL_AGENTS_TIERS": "small=a/a"}

    with pytest.raises(ConfigError, match="tiers cannot be set in the environment") as caught:
        load(environment(tmp_path, variables=variables))

    assert caught.value.hint == f"set it in {tmp_path / 'config.toml'}"


@pytest.mark.parametrize("name", ["HOME", "TEST_MODELS"])
def test_a_variable_that_is_no_setting_of_ours_is_left_alone(tmp_path: Path, name: str) -> None:
    variables = {f"PARALLEL_AGENTS_{name}": "/somewhere"}

    assert load(environment(tmp_path, variables=variables)).settings == Settings()


def test_a_project_that_is_trusted_is_part_of_the_environment(tmp_path: Path) -> None:
    home, project = tmp_path / "home", write(tmp_path / ".parallel-agents", "max_turns = 2")
    record_trust(found(tmp_path, home), home)

    environment = read_environment(home, tmp_path)

    assert environment.folders == (project, home)
    assert load(environment).settings.max_turns == 2


def test_a_project_that_is_not_trusted_is_refused(tmp_path: Path) -> None:
    write(tmp_path / ".parallel-agents", "max_turns = 2")

    with pytest.raises(Untrusted, match="not trusted"):
        read_environment(tmp_path / "home", tmp_path)


def test_what_only_looks_at_the_store_reads_no_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / ".parallel-agents", "max_turns = 2")
    monkeypatch.chdir(tmp_path)

    assert read_user_environment(tmp_path / "home").project is None


def test_settings_that_changed_after_they_were_trusted_are_refused(tmp_path: Path) -> None:
    home, project = tmp_path / "home", write(tmp_path / ".parallel-agents", "max_turns = 2")
    record_trust(found(tmp_path, home), home)
    environment = read_environment(home, tmp_path)
    (project / "config.toml").write_text("max_turns = 3")

    with pytest.raises(Untrusted) as caught:
        load(environment)

    assert caught.value.why == "config.toml has changed while this process was running"


def test_printing_an_environment_hides_its_keys(tmp_path: Path) -> None:
    secret = environment(tmp_path, variables={"OPENAI_API_KEY": "sk-secret"})

    assert "sk-secret" not in repr(secret)
    assert secret.read_key("OPENAI_API_KEY") == "sk-secret"
    assert secret.read_key("OTHER") is None


@pytest.mark.parametrize(
    ("variables", "user"), [({"USER": "ana"}, "ana"), ({"USERNAME": "bo"}, "bo"), ({}, "user")]
)
def test_the_environment_names_the_user(
    tmp_path: Path, variables: Mapping[str, str], user: str
) -> None:
    assert environment(tmp_path, variables=variables).user == user


def test_every_setting_has_a_sentence() -> None:
    assert all(field.metadata["sentence"] for field in fields(Settings))
    assert Settings(max_turns=3, attempts=2).limits.max_turns == 3


def test_a_current_folder_that_was_deleted_has_no_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert read_environment(tmp_path / "home").project is None


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        ("relative", "by absolute paths or ~"),
        ("", "."),
        ("/", "not the whole machine"),
        ("~no-such-user/x", "no user 'no-such-user'"),
        ("/a\\u0000b", "NUL"),
    ],
)
def test_a_folder_for_the_sandbox_that_is_none_is_refused(
    tmp_path: Path, folder: str, why: str
) -> None:
    home = write(tmp_path, f'sandbox_folders = ["{folder}"]')

    with pytest.raises(ConfigError, match=f"sandbox_folders.*{why}"):
        load(environment(home))


@pytest.mark.parametrize("folder", ["/opt/tools", "~/.cargo", "~root/x"])
def test_a_folder_for_the_sandbox_is_absolute_or_in_a_home(tmp_path: Path, folder: str) -> None:
    home = write(tmp_path, f'sandbox_folders = ["{folder}"]')

    assert load(environment(home)).settings.sandbox_folders == (Path(folder),)


def test_values_that_are_nested_too_deep_are_told_in_words(tmp_path: Path) -> None:
    home = write(tmp_path, f"a = {'[' * 3000}")

    with pytest.raises(ConfigError) as refused:
        load(environment(home))

    assert refused.value.why == "its values are nested too deep"


@pytest.mark.parametrize(
    "line",
    [
        '[[answers]]\ntool = "shell"\nanswer = "allow"',
        'notify = "touch news"',
        'notify_on = ["done"]',
        'notify_private_hosts = ["10.0.0.1"]',
    ],
)
def test_a_project_never_sets_what_acts_for_the_user(tmp_path: Path, line: str) -> None:
    home, folder = tmp_path / "home", tmp_path / "project" / ".parallel-agents"
    for each in (home, folder):
        each.mkdir(parents=True)
        (each / "config.toml").write_text(line)

    load(Environment(home=home, variables={}))
    trusted = find_project_around(Environment(home=home, variables={}), folder.parent)
    with pytest.raises(ConfigError, match="a project cannot set"):
        load(Environment(home=home, variables={}, trusted=trusted))


@pytest.mark.parametrize("value", ["${MY_KEY}", " ${env:MY_KEY} ", "$MY_KEY"])
def test_a_key_that_a_client_did_not_fill_in_is_missing(value: str) -> None:
    environment = Environment(home=Path("/"), variables={"MY_KEY": value, "OTHER": "sk-$x"})

    assert environment.read_key("MY_KEY") is None
    assert environment.read_key("OTHER") == "sk-$x"
