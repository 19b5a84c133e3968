"""What a command writes for a terminal reaches models and people as plain text."""

from __future__ import annotations

import pytest

from parallel_agents.tools.commands.terminal import plain


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("plain\n\ttext\n", "plain\n\ttext\n"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;aGk=\x07clipboard", "clipboard"),
        ("\x1b]0;never ended\nnext line", "\nnext line"),
        ("\x1bP+q544e\x1b\\query", "query"),
        ("\x1b[2J\x1b[1;1Hcleared", "cleared"),
        ("\x1b(Bcharset\x1b=", "charset"),
        ("\x9b31mred", "red"),
        ("10%\r50%\r100%\ndone", "100%\ndone"),
        ("windows\r\nline\r\n", "windows\nline\n"),
        ("progress\r", "progress"),
        ("bell\x07 nul\x00 back\x08", "bell nul back"),
        ("abc\u202edesrever\u202c", "abcdesrever"),
        ("café 研究 🙂\u200d", "café 研究 🙂\u200d"),
        ("\x1b", ""),
    ],
)
def test_only_text_is_left(output: str, expected: str) -> None:
    assert plain(output) == expected


def test_it_takes_linear_time() -> None:
    assert plain("\x1b]" * 500_000 + "\x1b[" * 500_000) is not None
