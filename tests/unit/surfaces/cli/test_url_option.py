"""A command for this machine is refused where `--url` names a gateway, under the name by which it was called."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING

import pytest

from parallel_agents.errors import NotAtDistance
from parallel_agents.surfaces.cli.main import build
from parallel_agents.surfaces.cli.url_option import take_leading_url
from parallel_agents.surfaces.cli.usage import execute

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://box:7333"
TEAM = "name: one\ndescription: One.\ntasks:\n  - {agent: main, text: Tea}\n"


@pytest.fixture(autouse=True)
def _gateway(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PARALLEL_AGENTS_URL", URL)
    monkeypatch.setenv("PARALLEL_AGENTS_HOME", str(tmp_path / "home"))


def run(*arguments: str) -> int:
    def begin() -> int:
        rest = take_leading_url(arguments)
        return execute(build(rest), rest)

    return copy_context().run(begin)


@pytest.mark.parametrize(
    "command",
    [
        ("doctor",),
        ("models", "list"),
        ("models", "check", "sim/calm"),
        ("config", "get", "model"),
        ("config", "set", "model", "sim/calm"),
        ("validate", "team.yaml"),
        ("agents", "new", "haiku", "--blank"),
        ("store", "stats"),
        ("mcp", "list"),
    ],
    ids=" ".join,
)
def test_a_command_for_this_machine_is_refused_wherever_the_option_stands(
    command: tuple[str, ...],
) -> None:
    for line in (("--url", URL, *command), (f"--url={URL}", *command), (*command, "--url", URL)):
        with pytest.raises(NotAtDistance) as refused:
            run(*line)

        named = refused.value.message.removeprefix("`").removesuffix("` is not possible over --url")
        assert " ".join(("pagents", *command)).startswith(named)


def test_while_only_the_variable_is_set_such_a_command_is_about_this_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "team.yaml").write_text(TEAM, "utf-8")

    assert run("validate", str(tmp_path / "team.yaml")) == 0
    assert run("config", "set", "model", "sim/calm") == 0
    assert "model set" in capsys.readouterr().out
