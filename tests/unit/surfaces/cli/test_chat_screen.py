from __future__ import annotations

import os

from parallel_agents.surfaces.cli.chat_screen import ChatScreen
from parallel_agents.surfaces.cli.line_editor import LineEditor


def shown(*pieces: str, columns: int = 20) -> str:
    written: list[str] = []
    editor = LineEditor()
    size = os.terminal_size((columns, 10))
    screen = ChatScreen(written.append, editor, size=lambda: size, has_styles=False)
    for piece in pieces:
        screen.text(piece)
    screen.end_text()
    return "".join(written)


def test_an_answer_cannot_control_the_terminal() -> None:
    hostile = "\x1b]0;title\x07\x1b[2J\x9b31mred\x1b", "[1;1Hhome\r over\x08\x07\n"

    written = shown(*hostile)

    ours = written.replace("\x1b[J", "").replace("\x1b[1A", "").replace("\x1b[2C", "")
    assert not {"\x1b", "\x9b", "\x07", "\x08"} & set(ours)
    assert "title" not in ours


def test_words_are_kept_whole_whatever_the_pieces() -> None:
    text = "a story of a fox and a hen that met by the river"

    written = shown(*text)

    for row in ("a story of a fox", "and a hen that met", "by the river"):
        assert f"{row}\r\n" in written


def test_the_cursor_is_where_the_next_character_goes() -> None:
    written: list[str] = []
    editor = LineEditor()
    size = os.terminal_size((20, 10))
    screen = ChatScreen(written.append, editor, size=lambda: size, has_styles=False)
    editor.feed(b"hello\x1b[D\x1b[D")

    screen.refresh()

    assert written[-1] == "> hello\r\x1b[5C"
