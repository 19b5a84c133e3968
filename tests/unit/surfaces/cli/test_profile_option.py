"""A profile may be named before the command."""

from __future__ import annotations

import os

import pytest

from parallel_agents.errors import InvalidInput
from parallel_agents.settings import PROFILE_VARIABLE
from parallel_agents.surfaces.cli.profile_option import take_leading_profile


@pytest.mark.parametrize("line", ["--profile work run x", "--profile=work run x"])
def test_a_profile_before_the_command_is_chosen(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROFILE_VARIABLE, "")

    assert take_leading_profile(line.split()) == ["run", "x"]
    assert os.environ[PROFILE_VARIABLE] == "work"


@pytest.mark.parametrize("line", ["", "run --profile work", "run -- --profile"])
def test_any_other_command_line_stays_as_it_is(line: str) -> None:
    assert take_leading_profile(line.split()) == line.split()


@pytest.mark.parametrize("line", ["--profile", "--profile --json", "--profile a list --profile=b"])
def test_a_profile_without_a_name_or_named_twice_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput, match="--profile"):
        take_leading_profile(line.split())
