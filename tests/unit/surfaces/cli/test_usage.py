"""A command line that cannot be parsed is refused in our words; other exits keep their codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.errors import ConfigError, InvalidInput, NotFound
from parallel_agents.surfaces.cli.main import build
from parallel_agents.surfaces.cli.usage import execute

SPAWN = ("spawn", "main", "hi")


def run(*arguments: str) -> int:
    return execute(build(arguments), arguments)


@pytest.mark.parametrize(
    ("arguments", "message", "command"),
    [
        (("run", "--on-failure", "zzz"), "'--on-failure': 'zzz' is not one of", "run"),
        (("list", "--frob"), "no such option: --frob", "list"),
        (("dlq", "frob"), "no such command 'frob'", "dlq"),
        (("spawn",), "missing argument 'AGENT'", "spawn"),
    ],
)
def test_a_wrong_option_or_argument_is_refused_with_its_name(
    arguments: tuple[str, ...], message: str, command: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        run(*arguments)

    assert message in refused.value.message
    assert "nput should" not in refused.value.message
    assert refused.value.hint == f"`pagents {command} -h` shows how to use it"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("run", "--progres", "text"), "did you mean --progress? `pagents run -h` shows"),
        (("dlq", "list", "--agnet", "a"), "did you mean --agent? `pagents dlq list -h` shows"),
        (("dlq", "--all", "retry"), "options come after the command: pagents dlq retry --all"),
        (("run", "--notify"), "write it as --notify CMD|URL; `pagents run -h` shows"),
        (("list", "--json=x"), "write --json alone; `pagents list -h` shows"),
        (("dlq", "lst"), "did you mean 'list'? `pagents dlq -h` lists"),
        (("cost", "--by", "agnt"), "did you mean 'agent'? `pagents cost -h` shows"),
        (("--verson",), "did you mean --version? `pagents -h` shows"),
        (("--jsn", "list"), "did you mean --json? Options come after the command: pagents list"),
        (("list", "--since", "2h"), "it is a filter: pagents list since:2h"),
        (("list", "--state=failed"), "it is a filter: pagents list state:failed"),
        (("run", "g.yaml", "list=@x"), "an input has its -i: pagents run … -i list=@x"),
        (("ps",), "`pagents list` shows what runs and ran, `pagents health` what needs you"),
        (("lst",), "did you mean 'list'? `pagents -h` lists"),
        (("stop",), "`pagents kill NAME` ends it with all below it, `pagents pause NAME`"),
        (("version",), "`pagents --version` prints it"),
        (("agents", "create"), "`pagents agents new NAME PURPOSE` has an agent made"),
        (("run", "x", "-j", "3"), "it is called --max-parallel here; `pagents run -h`"),
        (("cost", "--format", "csv"), "it is called --output here; `pagents cost -h`"),
        (("export", "x", "--format", "md"), "each format has its option: --html, --md, --json"),
        (("map", "x", "--rows", "y", "--prompt", "z"), "it is called --text here; `pagents map"),
        (("spawn", "x", "--prompt", "y"), "the text stands alone, in quotes; `pagents spawn -h`"),
        (("show", "x", "--follow"), "`pagents watch NAME` follows live work"),
        (("history", "x", "--tail", "5"), "it is called --limit here; `pagents history -h`"),
        (("list", "--filter", "x"), "a filter stands alone: pagents list state:failed"),
        (("list", "--sort", "cost"), "the newest are first; `pagents list -o csv`"),
        (
            ("spawn", "a", "b", "--temperature", "1"),
            "an agent's file says it: `pagents agents edit",
        ),
        (("wait", "--all"), "write the name of each; `pagents list`"),
        (("report", "x", "--format", "md"), "each format has its option: --md"),
        (("undo",), "`pagents fork NAME --at N`"),
        (("workspaces", "prune"), "`pagents workspaces clean`"),
        (("serve", "--bind", "x"), "it is called --host here"),
        (("spawn", "x", "y", "--detach"), "without --wait, it returns at once"),
        (("run", "x", "--detach"), "write & behind the line; `pagents watch` follows it"),
        (("run", "main", "Write"), "it takes one team file; `pagents spawn AGENT TEXT --wait`"),
        (("list", "-n", "3"), "it is called --limit here; `pagents list -h`"),
        (("run", "x", "-n"), "it is called --dry-run here; `pagents run -h`"),
        (("do",), 'say what is to be reached, in quotes: pagents do "'),
        (("Write a poem",), "`pagents spawn main 'Write a poem' --wait` asks one agent, "),
        (("spawn", "--agent", "x"), "the agent stands alone, without --agent; `pagents spawn -h`"),
    ],
)
def test_the_hint_says_what_was_probably_meant(arguments: tuple[str, ...], hint: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        run(*arguments)

    assert refused.value.hint.startswith(hint)


@pytest.mark.parametrize("command", ["send", "steer"])
def test_a_missing_text_is_asked_for_with_an_example(command: str) -> None:
    with pytest.raises(InvalidInput, match="missing argument 'TEXT'") as refused:
        run(command, "review")

    assert f"after the name: pagents {command} " in refused.value.hint


def test_a_text_without_quotes_is_told_about_quotes() -> None:
    with pytest.raises(InvalidInput, match="unexpected extra argument") as refused:
        run("spawn", "main", "Write", "about", "tea")

    assert refused.value.hint.startswith("a text of several words stands in quotes: pagents spawn ")


def test_help_is_not_suggested_for_an_unknown_option() -> None:
    with pytest.raises(InvalidInput) as refused:
        run("show", "tea", "--label", "x")

    assert refused.value.message == "no such option: --label"


def test_a_group_without_a_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("dlq") == 2
    assert capsys.readouterr().err.startswith("Usage: pagents dlq")


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("command", [("list",), ("dlq",), ("dlq", "retry"), ()])
def test_help_is_no_error(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...], option: str
) -> None:
    assert run(*command, option) == 0
    assert " ".join(("Usage: pagents", *command)) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ((*SPAWN, "-m", "a/b", "--model", "c/d"), "--model"),
        (("spawn", "-wma/b", "main", "-m", "c/d", "hi"), "--model"),
        (("dlq", "retry", "x", "--text", "a", "--text", "b"), "--text"),
    ],
)
def test_an_option_that_takes_one_value_is_not_given_twice(
    arguments: tuple[str, ...], option: str
) -> None:
    with pytest.raises(InvalidInput, match=f"{option} is given twice"):
        run(*arguments)


def test_what_follows_two_dashes_is_no_option(tmp_path: Path) -> None:
    arguments = ("kill", "--home", str(tmp_path / "none"), "--", "--home")

    with pytest.raises(NotFound):
        run(*arguments)


@pytest.mark.parametrize("value", ["-3", "-3.5", "-.5", "-1e9"])
def test_a_negative_number_is_a_value(value: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="max_parallel is invalid"):
        run("config", "set", "max_parallel", value, "--home", str(tmp_path))
    with pytest.raises(InvalidInput, match="no such option: --jsn"):
        run("config", "set", "--jsn", "max_parallel", value)


def test_an_option_before_the_command_says_where_it_stands() -> None:
    with pytest.raises(InvalidInput) as refused:
        run("--json", "list")

    assert refused.value.hint == "options come after the command: pagents list --json"
