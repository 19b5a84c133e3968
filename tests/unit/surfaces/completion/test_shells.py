"""The script in a file of a shell stays between its marks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from parallel_agents.surfaces.completion.shells import (
    BEGIN,
    END,
    Shell,
    file_of,
    script_of,
    with_script,
    without_script,
)

SCRIPT = script_of(Shell.BASH)


@pytest.mark.parametrize("text", ["", "alias x=y\n", "alias x=y", "a\n\n", "a\n\n\n"])
def test_what_was_there_stays(text: str) -> None:
    installed = with_script(text, SCRIPT)

    assert installed.startswith(text)
    assert with_script(installed, SCRIPT) == installed
    assert without_script(installed).rstrip("\n") == text.rstrip("\n")


def test_an_older_script_is_replaced_in_its_place() -> None:
    text = f"a\n{BEGIN}\nold\n{END}\nb\n"

    assert with_script(text, SCRIPT) == f"a\n{SCRIPT}b\n"


@pytest.mark.parametrize(
    "text", [f"{BEGIN}\n", f"{END}\n", f"{END}\n{BEGIN}\n", f"{BEGIN}\n{BEGIN}\n{END}\n"]
)
def test_marks_that_do_not_belong_together_are_left_alone(text: str) -> None:
    with pytest.raises(ValueError, match="lines"):
        with_script(text, SCRIPT)


def test_each_shell_has_its_file() -> None:
    home = Path("/home/ana")

    assert file_of(Shell.BASH, {}, home) == home / ".bashrc"
    assert file_of(Shell.ZSH, {"ZDOTDIR": "/z"}, home) == Path("/z/.zshrc")
    assert file_of(Shell.FISH, {}, home) == home / ".config/fish/completions/pagents.fish"


def test_bash_can_read_the_script() -> None:
    subprocess.run(["bash", "-n"], input=SCRIPT.encode(), check=True)
