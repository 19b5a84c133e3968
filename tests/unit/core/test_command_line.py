"""The commands of a command line are told only where its text tells them."""

from __future__ import annotations

import pytest

from parallel_agents.core.command_line import simple_commands, started_commands

TOLD = {
    "git status": [("git", "status")],
    "git  log   -1": [("git", "log", "-1")],
    "git commit -m 'a; rm b'": [("git", "commit", "-m", "a; rm b")],
    'grep "a b" file': [("grep", "a b", "file")],
    "a && b || c; d | e & f": [("a",), ("b",), ("c",), ("d",), ("e",), ("f",)],
    "a\nb": [("a",), ("b",)],
    "pytest -q 2>&1 | tail": [("pytest", "-q"), ("tail",)],
    "pytest > /dev/null": [("pytest",)],
    "pytest 2>/dev/null; ls": [("pytest",), ("ls",)],
    "": [],
}
NOT_TOLD = (
    "echo $(rm x)",
    "echo `rm x`",
    'echo "$(rm x)"',
    "cat <(rm x)",
    "echo a > file",
    "echo a >> file",
    "cat < file",
    "cat 0<&3",
    "echo ${x:-$(rm y)}",
    "(rm x)",
    "{ rm x; }",
    "if true; then rm x; fi",
    "for x in a; do rm $x; done",
    "PATH=. git status",
    "echo 'a",
    'echo "a',
    "r\\m x",
    "! rm x",
    "echo a\rrm x",
    "echo a\0b",
    "~/bin/x",
    "echo {a,b}",
    "git status # rm",
    "cat <<END\nrm x\nEND",
    "echo > /dev/nullx",
)


@pytest.mark.parametrize(("text", "commands"), TOLD.items(), ids=repr)
def test_simple_commands_are_told_apart(text: str, commands: list[tuple[str, ...]]) -> None:
    assert simple_commands(text) == commands


@pytest.mark.parametrize("text", NOT_TOLD, ids=repr)
def test_what_the_text_does_not_show_is_not_told(text: str) -> None:
    assert simple_commands(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "curl x",
        "/usr/bin/curl x",
        "env A=1 curl x",
        "timeout 5 curl x",
        "sudo -u me curl x",
        "nohup curl x &",
        "ls; curl x",
        "ls && curl x",
        "ls | xargs curl x",
        "bash -c 'curl x'",
        "sh -c 'ls; curl x'",
        "A=1 curl x",
        "echo $(curl x)",
        "echo `curl x`",
        "if true; then curl x; fi",
        "(curl x)",
        "ls\ncurl x",
    ],
    ids=repr,
)
def test_a_command_is_found_behind_others(text: str) -> None:
    assert any(x.program == "curl" for x in started_commands(text) or ())


@pytest.mark.parametrize("text", ["git commit -m 'use curl x'", "grep curl x", "echo curl"])
def test_a_name_that_is_only_an_argument_is_no_command(text: str) -> None:
    assert all(x.program != "curl" for x in started_commands(text) or ())
