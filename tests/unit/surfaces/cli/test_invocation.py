"""Commands that are shown work when they are typed, also where `pagents` is not on the PATH."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.surfaces.cli.invocation import as_called, command_name


def make_command(folder: Path) -> Path:
    command = folder / "pagents"
    folder.mkdir(parents=True)
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    return command


@pytest.fixture
def command(tmp_path: Path) -> Path:
    return make_command(tmp_path / ".venv" / "bin")


def test_it_is_shown_as_a_path_from_here(command: Path, tmp_path: Path) -> None:
    for given in (str(command), ".venv/bin/pagents"):
        name = command_name(given, search="/nowhere", folder=tmp_path)

        assert name == ".venv/bin/pagents"


def test_it_is_shown_by_its_name_where_the_shell_finds_it(command: Path, tmp_path: Path) -> None:
    name = command_name(str(command), search=str(command.parent), folder=tmp_path)

    assert name == "pagents"


def test_another_of_that_name_on_the_path_is_not_meant(command: Path, tmp_path: Path) -> None:
    other = make_command(tmp_path / "bin")

    name = command_name(str(command), search=str(other.parent), folder=tmp_path)

    assert name == ".venv/bin/pagents"


def test_the_module_and_other_programs_have_names_that_work() -> None:
    module = command_name("/x/parallel_agents/__main__.py", search="/nowhere")

    assert module == "python -m parallel_agents"
    assert command_name("/usr/bin/pytest", search="/nowhere") == "pagents"


def test_calls_in_a_text_are_changed_and_nothing_else() -> None:
    text = "Next: pagents show x · `pagents list --all`, pagents[local], a pagents fan"

    shown = as_called(text, ".venv/bin/pagents")

    assert shown == (
        "Next: .venv/bin/pagents show x · `.venv/bin/pagents list --all`, pagents[local], "
        "a pagents fan"
    )
    assert as_called(text, "pagents") == text


def test_where_a_command_looks_is_said_again_with_what_is_about_the_same_home() -> None:
    text = "Next: pagents show x · pagents dlq show x · pagents docs E104 · ssh BOX pagents audit"
    url = "https://box:7333"

    assert as_called(
        text, "pagents", ["map", "--url", url, "--profile=a b", "--", "--home", "/x"]
    ) == (
        f"Next: pagents show --url {url} --profile 'a b' x · pagents dlq show --url {url} --profile 'a b' x"
        " · pagents docs E104 · ssh BOX pagents audit"
    )
    assert as_called(text, "pagents", ["run", "--url"]) == text
    assert as_called("pagents chat x", "pagents", ["--url", url]) == f"pagents chat --url {url} x"
    assert as_called(text, "pagents", []) == text
