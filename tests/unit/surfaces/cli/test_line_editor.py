from __future__ import annotations

import pytest

from parallel_agents.surfaces.cli.line_editor import Ended, Interrupted, LineEditor, Sent


@pytest.mark.parametrize(
    ("keys", "sent"),
    [
        (b"hello\r", "hello"),
        (b"one\x1b\rtwo\x0athree\r", "one\ntwo\nthree"),
        (b"\x1b[200~one\r\ntwo\rthree\x1b[201~\r", "one\ntwo\nthree"),
        (b"\x1b[200~\x03 and \x1b[A\x1b[201~\r", "\x03 and \x1b[A"),
        (b"helo\x1b[Dl\r", "hello"),
        (b"wrong word\x17\x17right\r", "right"),
        (b"end\x01be\x05.\r", "beend."),
        (b"cut here\x1bb\x0b\r", "cut "),
        (b"kept\x15gone\x1b[H\x1b[3~\r", "one"),
        ("größer\x7f\x7fß\r".encode(), "größß"),
        (b"\x1b[99;5u\x1b[<0;1;1Mx\r", "x"),
    ],
)
def test_keys_edit_what_is_sent(keys: bytes, sent: str) -> None:
    assert LineEditor().feed(keys) == [Sent(sent)]


def test_keys_may_arrive_in_pieces() -> None:
    editor = LineEditor()
    keys = "é\x1b[200~a\rb\x1b[201~\x1b[D!\r".encode()

    typed = [each for key in keys for each in editor.feed(bytes([key]))]

    assert typed == [Sent("éa\n!b")]


def test_an_arrow_brings_back_what_was_sent_before() -> None:
    editor = LineEditor()

    editor.feed(b"first\rsecond\r\x1b[A\x1b[A")

    assert editor.text == "first"
    assert editor.feed(b"\x1b[B\x1b[B\r") == [Sent("")]


def test_ctrl_c_drops_what_was_typed_and_then_interrupts() -> None:
    editor = LineEditor()

    assert editor.feed(b"typed\x03") == []
    assert editor.text == ""
    assert editor.feed(b"\x03\x04") == [Interrupted(), Ended()]


def test_the_arrows_move_between_lines_before_they_leave_the_input() -> None:
    editor = LineEditor()

    editor.feed(b"earlier\rone\nlonger\x1b[A!")

    assert editor.text == "one!\nlonger"
