"""What can be notified is a command, an address that others cannot read along, or a variable."""

from __future__ import annotations

import pytest

from parallel_agents.core.notification import Target, read_target
from parallel_agents.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("notify-send done", ("notify-send", "done")),
        ("sh -c 'echo \"$PAGENTS_EVENT\"'", ("sh", "-c", 'echo "$PAGENTS_EVENT"')),
        ("'/my tools/bell'; rm", ("/my tools/bell;", "rm")),
    ],
)
def test_a_command_is_words_and_no_shell_reads_them(text: str, command: tuple[str, ...]) -> None:
    assert read_target(text) == Target(command=command)


@pytest.mark.parametrize(
    "text",
    [
        "https://hooks.example/a?b=c",
        "http://127.0.0.1:8080/x",
        "http://localhost:8080/x",
        "http://[::1]:1/",
    ],
)
def test_an_address_is_https_or_of_this_machine(text: str) -> None:
    assert str(read_target(text).address) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "echo 'a",
        "a\0b",
        "http://example.com/",
        "http://127.0.0.1.example.com/",
        "ftp://example.com/",
        "https://user:secret@example.com/",
        "https://",
        "env:",
        "env:a b",
    ],
)
def test_anything_else_is_refused_and_no_secret_of_it_is_told(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_target(text)

    assert "secret" not in str(refused.value)
